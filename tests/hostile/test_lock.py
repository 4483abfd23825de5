"""A lock that a stranger edited: what it may not use up, or make dynbuild do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from dynbuild.emit.dockerfile import emit
from dynbuild.errors import LockError
from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import install_order
from dynbuild.steps.image import Healthcheck, RuntimeConfig
from dynbuild.steps.model import User
from tests.e2e.locks import START, lock
from tests.hostile.growing import growing
from tests.pins import pinned

if TYPE_CHECKING:
    from tests.space import Space


def test_a_lock_whose_variables_grow_without_bound(space: Space) -> None:
    """A lock that was edited so is refused by every command that reads it."""
    lock(space, growing("$B"))
    path = space.root / "dynbuild.lock"
    path.write_text(path.read_text().replace('B = "$B"', 'B = "$B$B$B$B"'))
    for words in (["realize", "--print", "--frozen"], ["graph"], ["diff"]):
        done = space.run(*words)
        assert done.status in (1, 2, 3)
        assert "Traceback" not in done.err


def test_a_lock_whose_variables_need_one_another(space: Space) -> None:
    """A circle is a message, whatever command reads the lock."""
    lock(space, growing("$B"))
    path = space.root / "dynbuild.lock"
    circle = 'A = "$B"\nB = "$A"'
    path.write_text(path.read_text().replace('B = "$B"', circle, 1))
    done = space.run("realize", "--print", "--frozen")
    assert (done.status, "DB0416" in done.err) == (3, True), done.err


LONG = "9" * 5000
ODD = {
    "a number of thousands of digits": ("seq = ", f"seq = {LONG} # "),
    "endless nesting": ("[base]", f"x = {'[' * 100_000}\n[base]"),
    "a newer version": ("version = 1", "version = 99"),
    "no digest": ("sha256:", "sha256:x\\nRUN evil #"),
    "a tag that is an instruction": ("debian:bookworm", "x\\nRUN evil\\n:bookworm"),
    "a stage that is an instruction": ("[stages.tools]", '[stages."a\\nRUN evil"]'),
    "a variable that is an instruction": (
        "[base.env]",
        '[base.env]\n"A\\nRUN evil" = "x"',
    ),
    "a null byte": ("make tools", "make\\u0000tools"),
    "a seq of another kind": ("seq = ", 'seq = "x" # '),
    "a table in place of a text": ("make tools", '", {a = "'),
}


@pytest.mark.parametrize(
    "text",
    [
        ".".join("a" * 300_000) + " = 1",
        'x = "' + '\\"' * 300_000,
        'x = """' + '\\"' * 300_000,
        f"x = {'[' * 300_000}",
        f"x = {'{a=' * 300_000}",
        f"x = {'[' * 60}{']' * 60}",
    ],
    ids=["dots", "open text", "open lines", "lists", "tables", "closed lists"],
)
@pytest.mark.timeout(20)
def test_a_lock_that_takes_long_to_read(text: str) -> None:
    """What is refused is refused in time linear in its length."""
    with pytest.raises(LockError, match="is not valid TOML"):
        loads(text)


@pytest.mark.parametrize("name", ODD)
def test_a_lock_of_odd_values(name: str, space: Space) -> None:
    """Every command says what is wrong; no line of a Dockerfile is a stranger's own."""
    lock(space, START)
    text = space.read("dynbuild.lock")
    was, now = ODD[name]
    assert was in text
    space.write("dynbuild.lock", text.replace(was, now, 1))
    done = space.run("realize", "--print", "--frozen")
    assert done.status in (0, 1, 2, 3), done.err
    assert not re.search("^RUN evil", done.out, re.MULTILINE)
    assert done.out or "error" in done.err


def test_a_command_that_ends_its_here_document(space: Space) -> None:
    """A command is one text of the step's script, whatever lines it has."""
    lock(space, START)
    text = space.read("dynbuild.lock")
    lines = "\\n".join(
        ["true", *(f"{end}\\nRUN evil" for end in ("EOF", "SCRIPT", "END"))]
    )
    space.write("dynbuild.lock", text.replace("make tools", lines, 1))
    out = space.ok("realize", "--print", "--frozen").out
    ends: list[str] = []
    for line in out.splitlines():
        if ends:
            ends = ends[1:] if line == ends[0] else ends
        else:
            assert line != "RUN evil"
            ends = re.findall(r"<<-?[\"']?(\w+)", line)
    assert not ends


def test_a_lock_of_hundreds_of_thousands_of_changes() -> None:
    """It is refused once it is read: what follows would take minutes."""
    events = ", ".join(f'"{at} {"-" if at % 2 else "x"}"' for at in range(1, 20_000))
    text = dumps(Lock(pinned("debian:12"))) + f"\n[apt]\ncurl = [{events}]\n"
    with pytest.raises(LockError, match="too many to put in order"):
        loads(text)
    names = "".join(f'p{at} = ["{at} x"]\n' for at in range(1, 6000))
    with pytest.raises(LockError, match="too many to put in order"):
        loads(dumps(Lock(pinned("debian:12"))) + f"\n[apt]\n{names}")


STAGE = """
[stages.a]
seq = 1
mounts = [
    { from = "x", to = "/x", digest = "sha256:DIGEST", MORE },
]
commands = ["true"]
""".replace("DIGEST", "0" * 64)


@pytest.mark.parametrize(
    "more", ['owner = "me"', 'mode = "644"', 'exclude = ["*.o"]', 'files = ["x"]']
)
def test_what_is_said_of_copies_is_not_said_of_mounts(more: str) -> None:
    """It would be read and mean nothing."""
    text = dumps(Lock(pinned("debian:12"))) + STAGE.replace("MORE", more)
    with pytest.raises(LockError, match="which this dynbuild does not know"):
        loads(text)


@pytest.mark.parametrize(
    ("lock", "why"),
    [
        (Lock(pinned("debian:12"), user=User("app", 0, "/bin/sh"), user_seq=1), "root"),
        (
            Lock(
                pinned("debian:12"),
                config=RuntimeConfig(healthcheck=Healthcheck(("a",), interval="often")),
            ),
            "is not a duration",
        ),
    ],
    ids=["uid", "interval"],
)
def test_what_no_declaration_could_say(lock: Lock, why: str) -> None:
    """Nothing is built of what no image can be, whoever wrote it into a lock."""
    with pytest.raises(LockError, match=why):
        emit(lock, install_order(lock), "linux/amd64", {})
