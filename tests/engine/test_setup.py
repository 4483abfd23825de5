"""What is set up before anything is installed is there for all that is."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.space import Space

DECLARATION = """\
base = "{base}"
env_scripts = ["cat /etc/one /etc/two /etc/conf.d/x /data/f > /script"]

[[setup]]
copy = [{{ from = "data", to = "/data", mode = "u=rwX,go=" }}]
files = {{ "/etc/conf.d/x" = {{ text = "x", owner = "1:2" }} }}
commands = ["cd /etc", "cp /data/f one"]

[[setup]]
commands = ["cat /etc/one > /etc/two"]

[stages.app]
commands = ["cat /script /etc/two > /app"]
"""


def test_all_stands_on_it(
    built: Space, busybox_base: str, docker: Callable[..., str]
) -> None:
    built.write("data/f", "data\n")
    built.write("dynbuild.toml", DECLARATION.format(base=busybox_base))
    tag = "dynbuild-test-setup"
    look = "cat /app; stat -c '%a %u %g' /etc/conf.d/x /data/f"
    try:
        built.ok("build", "-t", tag)
        found = docker("run", "--rm", "--network", "none", tag, "sh", "-c", look)
        built.ok("realize", "--frozen", "--linear", "-t", tag)
        linear = docker("run", "--rm", "--network", "none", tag, "sh", "-c", look)
    finally:
        docker("image", "rm", tag)
    assert found == "data\ndata\nx\ndata\ndata\n644 1 2\n600 0 0\n"
    assert linear == found
    assert "0 ran" in built.ok("realize").err
    # Its content is in the lock: another one makes that stale, and all is built again.
    built.write("data/f", f"other, of {uuid4()}\n")
    assert built.run("realize").status == 1
    built.ok("lock")
    assert "4 ran" in built.ok("realize").err
