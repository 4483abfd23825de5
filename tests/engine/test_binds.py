"""What is bound into a stage is seen by its commands, decides, and is in no layer."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.engine.progress import steps_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.space import Space

DECLARATION = """\
base = "{base}"

[[stages]]
name = "wheels"
build_only = true
commands = ["mkdir /wheels", "echo wheel > /wheels/a.whl # {unique}"]

[[stages]]
name = "all"
mounts = [
    {{ from = "one.txt", to = "/deep/er/one.txt" }},
    {{ from = "src", to = "/mnt/src" }},
    {{ stage = "wheels", from = "/wheels", to = "/wheels" }},
    {{ image = "{base}", from = "/etc", to = "/run/other" }},
]
commands = [
    "cat /deep/er/one.txt /mnt/src/in/two.txt /wheels/a.whl > /seen",
    "test -f /run/other/passwd",
    "! touch /mnt/src/three.txt # {unique}",
]

[[stages]]
name = "beside"
commands = ["echo > /beside # {unique}"]
"""


@pytest.fixture
def bound(built: Space, busybox_base: str) -> Space:
    built.write("dynbuild.toml", DECLARATION.format(base=busybox_base, unique=uuid4()))
    built.write("one.txt", "one\n")
    built.write("src/in/two.txt", "two\n")
    built.ok("lock")
    return built


@pytest.mark.parametrize("linear", [False, True])
def test_commands_see_what_is_bound_and_no_layer_has_it(
    bound: Space, docker: Callable[..., str], *, linear: bool
) -> None:
    tag = f"dynbuild-test-binds:{linear}".lower()
    bound.ok("realize", "-t", tag, *(["--linear"] if linear else []))
    look = "cat /seen; ls -d /deep /mnt/src /wheels /run/other; true"
    try:
        found = docker("run", "--rm", "--network", "none", tag, "sh", "-c", look)
    finally:
        docker("image", "rm", tag)
    assert found.split() == ["one", "two", "wheel"]


def ran(project: Space) -> set[str]:
    """Return the stages that a realization ran."""
    told = project.ok("realize", "--progress", "rawjson").err
    return {name for name, count in steps_run(told).items() if count}


def test_what_is_bound_decides(bound: Space) -> None:
    assert ran(bound) == {"wheels", "all", "beside"}
    assert ran(bound) == set()

    bound.write("one.txt", f"{uuid4()}\n")
    assert "DB0411" in bound.run("realize").err
    assert "content of one.txt" in bound.ok("lock").out
    assert ran(bound) == {"all"}

    bound.write("src/in/two.txt", f"{uuid4()}\n")
    assert ran(bound) == {"all"}

    text = bound.read("dynbuild.toml")
    bound.write("dynbuild.toml", text.replace("echo wheel", "echo other"))
    bound.ok("lock")
    assert "wheels" in bound.ok("why", "all").out
    assert ran(bound) == {"wheels", "all"}


def test_a_file_is_not_mounted_below_a_directory(bound: Space) -> None:
    text = bound.read("dynbuild.toml")
    bound.write("dynbuild.toml", text.replace('/deep/er/one.txt" }', '/deep/" }'))
    done = bound.run("lock")
    assert "DB0138" in done.err
    assert "write '/deep/one.txt'" in done.err
