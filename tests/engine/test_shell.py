"""`realize --shell` opens a shell on all that a stage stands on and nothing else."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.space import TELLING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.space import Done, Space

DECLARATION = """\
base = "{base}"
[[stages]]
name = "tool"
build_only = true
commands = ["echo tool > /tool"]
[[stages]]
name = "made"
build_only = true
dependencies = ["tool"]
commands = ["cat /tool > /made"]
[[stages]]
name = "below"
copy = [{{ stage = "made", from = "/made", to = "/own/" }}]
commands = ["cat /own/made > /own/below"]
[[stages]]
name = "beside"
commands = ["echo > /beside; exit {status}"]
[[stages]]
name = "last"
dependencies = ["below"]
env = {{ LAST = "here" }}
commands = ["echo it says {status} >&2; exit {status}"]
"""
ASK = """\
for it in /tool /made /own/made /own/below /beside; do
  test -e $it && echo $it
done
echo "$LAST"
exit 7
"""


@pytest.mark.parametrize("status", [0, 3], ids=["whole", "failing"])
@pytest.mark.parametrize(
    ("stage", "there"),
    [
        ("last", ["/own/made", "/own/below", "here"]),
        ("below", [""]),
        ("made", ["/tool", ""]),
        ("tool", [""]),
    ],
)
def test_shell_where_a_stage_begins(
    built: Space, busybox_base: str, stage: str, there: list[str], status: int
) -> None:
    """Cold, then where all that could be built is held."""
    text = DECLARATION.format(base=busybox_base, status=status)
    built.write("dynbuild.toml", text)
    built.ok("lock")
    cold = asked(built, stage)
    assert (cold.status, cold.out.splitlines()) == (7, there)
    built.run("realize")
    warm = asked(built, stage)
    assert (warm.status, warm.out.splitlines()) == (7, there)


def asked(space: Space, stage: str, *more: str) -> Done:
    """What comes of a shell that reads its commands from a file."""
    space.write("ask", ASK)
    command = [sys.executable, "-m", "dynbuild", "realize", "--shell", stage, *more]
    return space.command("sh", "-c", 'exec "$@" < ask', "-", *command)


def test_a_stage_below_that_fails(built: Space, busybox_base: str) -> None:
    text = DECLARATION.format(base=busybox_base, status=0)
    built.write("dynbuild.toml", text.replace("cat /tool", "cat /missing"))
    built.ok("lock")
    failed = asked(built, "last")
    assert failed.status == 1
    assert "made" in failed.err
    assert "/missing" in failed.err


def test_a_stage_that_is_not_there(built: Space, busybox_base: str) -> None:
    built.write("dynbuild.toml", DECLARATION.format(base=busybox_base, status=0))
    built.ok("lock")
    failed = asked(built, "lost")
    assert failed.status == 2
    assert "the lock has no stage 'lost'" in failed.err


def test_files_of_later_stages_do_not_matter(built: Space, busybox_base: str) -> None:
    """Where no declaration is read, which has to have them all."""
    text = DECLARATION.format(base=busybox_base, status=0)
    later = '[[stages]]\nname = "later"\ncopy = [{ from = "dist", to = "/dist" }]\n'
    built.write("dynbuild.toml", text + later)
    built.write("dist", "made by hand\n")
    built.ok("lock")
    (built.root / "dist").unlink()
    assert asked(built, "below", "--frozen").status == 7
    missing = asked(built, "later", "--frozen")
    assert missing.status != 7
    assert "dist" in missing.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_when_it_is_told_to(
    built: Space, busybox_base: str, docker: Callable[..., str], number: int
) -> None:
    built.write("dynbuild.toml", DECLARATION.format(base=busybox_base, status=0))
    built.ok("lock")
    process = subprocess.Popen(
        [sys.executable, "-m", "dynbuild", "realize", "--shell", "tool"],
        cwd=built.root,
        env={**built.environment, **TELLING},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("echo ready\n")
    process.stdin.flush()
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    assert process.wait(60) == 130
    name = f"name=dynbuild-shell-{process.pid}-"
    # The engine removes it, and may still be at it.
    while docker("ps", "--all", "--quiet", "--filter", name):
        time.sleep(0.2)
    process.communicate()
