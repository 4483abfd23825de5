"""Foreign text on a terminal or in a log: it appears, and does nothing."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.e2e.locks import START, committed, lock

if TYPE_CHECKING:
    from tests.space import Space

EVIL = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202egnp.exe\u2066\u200b\x08\x7f"
CONTROLS = set(EVIL) - set("[2J]0;owned31mgnp.exe")


def declared(evil: str) -> str:
    """A lock may hold all but what no Dockerfile can, in its commands."""
    return START.replace('"make tools"', json.dumps(f"echo {evil}"))


def shown(text: str) -> set[str]:
    return CONTROLS & set(text)


FORMS = """\
why
why tools
diff HEAD~1
diff HEAD~1 --format markdown
diff HEAD~1 --json
diff --textconv dynbuild.lock
graph
graph --format html
graph --format svg
graph --format mermaid
graph --format dot
graph --json
lock --show-order
blame tools
blame tools --json
"""


def test_commands_that_steer_the_terminal(space: Space) -> None:
    """No command of dynbuild shows what a terminal would obey, in any form."""
    committed(space, START)
    committed(space, declared("\x9b31m\u202egnp.exe\u2066\u200b"), "\x1b[2Jx")
    for line in FORMS.splitlines():
        done = space.ok(*line.split())
        assert not shown(done.out + done.err), line


def test_a_mistake_that_quotes_its_source(space: Space) -> None:
    """The excerpt of a declaration or lock is shown without what a terminal obeys."""
    space.write("dynbuild.nix", f'{{ x = "{EVIL}"; y = }}')
    done = space.run("check")
    assert done.status == 2
    assert not shown(done.err)
    (space.root / "dynbuild.nix").unlink()
    space.write("dynbuild.toml", "")
    space.write("dynbuild.lock", f'x = "{EVIL}')
    done = space.run("realize", "--print")
    assert done.status in (2, 3)
    assert not shown(done.err)


def test_a_trace_of_the_language(space: Space) -> None:
    """What a source has traced, thrown or aborted with is shown likewise."""
    for call in ("builtins.trace", "builtins.throw", "builtins.abort"):
        more = " 1" if call.endswith("trace") else ""
        done = space.run("eval", "-E", f'{call} "{EVIL}"{more}')
        assert not shown(done.out + done.err), call


def test_a_file_whose_name_steers_the_terminal(space: Space) -> None:
    """Names of files are shown likewise."""
    space.write("\x1b[2J\u202e.nix", "{")
    done = space.run("fmt", "--check")
    assert done.status == 2
    assert not shown(done.err)


def test_a_value_on_a_terminal(space: Space) -> None:
    """What a program would get as it is, a terminal gets as it can only appear."""
    space.write("x.nix", f'"{EVIL}"')
    lock(space, declared("\x9b31m"))
    for words in (["eval", "x.nix"], ["realize", "--print"], ["eval", "x.nix"]):
        ours, theirs = pty.openpty()
        done = subprocess.run(
            [sys.executable, "-m", "dynbuild", *words],
            cwd=space.root,
            env=dict(space.environment),
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            check=False,
        )
        os.close(theirs)
        told = os.read(ours, 1 << 16).decode()
        os.close(ours)
        assert done.returncode == 0, told
        assert told
        assert not shown(told)
