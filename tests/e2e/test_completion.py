"""Completion as a real shell asks for it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.space import Space

ASK = """\
source <(dynbuild completion bash)
COMP_WORDS=(dynbuild "$@")
COMP_CWORD=$#
_dynbuild_completion dynbuild
printf '%s\\n' "${COMPREPLY[@]}"
"""
LOCK = '[[stages]]\nname = "assets"\ncommands = ["true"]\n'


@pytest.fixture
def locked(space: Space) -> Space:
    space.write("dynbuild.toml", f"base = 'scratch'\n{LOCK}")
    space.write(
        "dynbuild.lock",
        "version = 1\n[stages.assets]\nseq = 1\n[stages.app]\nseq = 2\n",
    )
    return space


def completed(space: Space, *words: str) -> list[str]:
    folder = str(Path(sys.executable).parent)
    done = subprocess.run(
        ["bash", "-c", ASK, "-", *words],
        cwd=space.root,
        env={**space.environment, "PATH": f"{folder}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not done.stderr
    return done.stdout.split()


def test_commands_options_and_stages(locked: Space) -> None:
    assert completed(locked, "wh") == ["why"]
    assert completed(locked, "why", "a") == ["assets", "app"]
    assert completed(locked, "lock", "--bump", "as") == ["assets"]
    assert completed(locked, "realize", "--no-cache-s") == ["--no-cache-stage"]


@pytest.mark.parametrize("text", ["", "version = \n", "stages = 1\n"])
def test_a_lock_that_cannot_be_read_completes_nothing(space: Space, text: str) -> None:
    space.write("dynbuild.toml", LOCK)
    space.write("dynbuild.lock", text)
    assert completed(space, "why", "a") == []
    (space.root / "dynbuild.toml").unlink()
    (space.root / "dynbuild.lock").unlink()
    assert completed(space, "why", "a") == []


def test_every_shell_has_a_script_and_another_is_told(space: Space) -> None:
    for shell in ("bash", "zsh", "fish"):
        named = space.ok("completion", shell).out
        assert "_DYNBUILD_COMPLETE" in named
        assert space.ok("completion", SHELL=f"/usr/bin/{shell}").out == named
    failed = space.run("completion", SHELL="/bin/tcsh")
    assert failed.status == 2
    assert "bash, zsh, fish" in failed.err
