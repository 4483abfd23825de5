"""How cosign is called, and what is made of how it ends: a script stands in for it."""

import os
import time
from pathlib import Path

import pytest

from dynbuild.engine import process
from dynbuild.engine.cosign import Cosign, UnsignedError, found

SUBJECT = f"a.example/b@sha256:{'0' * 64}"


def script(folder: Path, text: str) -> str:
    path = folder / "cosign"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def unsigned(cosign: Cosign) -> str:
    with pytest.raises(UnsignedError) as caught:
        cosign.sign([SUBJECT], {"PATH": "/usr/bin:/bin"})
    return str(caught.value)


@pytest.mark.parametrize("terminal", [False, True])
def test_what_it_is_asked(tmp_path: Path, *, terminal: bool) -> None:
    program = script(tmp_path, f'echo "$*" >> {tmp_path}/said; echo $X >> {tmp_path}/x')
    for key in (None, "env://K"):
        Cosign(program, key, terminal=terminal).sign(
            [SUBJECT], {"X": "y", **os.environ}
        )
    assert (tmp_path / "said").read_text().splitlines() == [
        f"sign --recursive {SUBJECT}",
        f"sign --recursive --key env://K {SUBJECT}",
    ]
    assert (tmp_path / "x").read_text() == "y\ny\n"


@pytest.mark.parametrize(
    ("does", "told"),
    [
        ("echo 'Error: no key' >&2; exit 2", "status 2: no key"),
        (
            "echo 'Password: Error: signing [a@b]: signing digest: no key' >&2; exit 1",
            "status 1: no key",
        ),
        ("printf 'one\\ntwo\\033[2J\\n' >&2; exit 1", "1: one\n    two\\x1b[2J"),
        ("yes | head -c 9999 | tr -d '\\n' >&2; exit 1", f"1: {'y' * 300}"),
        (
            "echo at https://me:hunter2@kms.example >&2; exit 1",
            "at https://kms.example",
        ),
        ("exit 9", "status 9: it said nothing"),
        ("read x || exit 7", "status 7: it said nothing"),
    ],
)
def test_why_it_failed(tmp_path: Path, does: str, told: str) -> None:
    assert unsigned(Cosign(script(tmp_path, does), None, terminal=False)).endswith(told)


def test_what_it_said_on_a_terminal_was_seen(tmp_path: Path) -> None:
    why = unsigned(Cosign(script(tmp_path, "exit 3"), None, terminal=True))
    assert why == "cosign ended with status 3, see above"


def test_one_that_does_not_end(tmp_path: Path) -> None:
    program = script(tmp_path, "trap '' TERM; sleep 30 & wait; wait")
    why = unsigned(Cosign(program, None, terminal=False, seconds=0.4))
    assert why == "cosign did not end in 0 seconds, and was stopped"


def test_what_it_leaves_behind_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds the output open, and takes no notice of a gentle signal."""
    monkeypatch.setattr(process, "GRACE", 0.2)
    left = "(trap '' TERM INT; exec sleep 60) &"
    began = time.monotonic()
    program = script(tmp_path, f"{left} exit 0")
    Cosign(program, None, terminal=False, seconds=0.2).sign([SUBJECT], os.environ)
    program = script(tmp_path, f"{left} sleep 60")
    why = unsigned(Cosign(program, None, terminal=False, seconds=0.2))
    assert "was stopped" in why
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("terminal", [False, True])
def test_one_that_is_no_program(tmp_path: Path, *, terminal: bool) -> None:
    path = tmp_path / "cosign"
    path.write_bytes(b"\0")
    path.chmod(0o755)
    assert "does not run: exec format error" in unsigned(
        Cosign(str(path), None, terminal=terminal)
    )


def test_where_it_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    program = script(tmp_path, "true")
    assert found({"PATH": f"/nowhere:{tmp_path}"}) == program
    for here in ("", ".", "./", f"../{tmp_path.name}"):
        assert found({"PATH": f"{here}:/nowhere"}) is None
