"""A project in a directory, and the real command line on it: a pytest plugin."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import forks

GIT_ALONE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}

TELLING = {"PYTHONFAULTHANDLER": "1"}
"""With it a process that is aborted says where it was."""

LONGEST = 400
"""Seconds after which a process hangs; slow tests start none that takes longer."""


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What a process wrote until it ended; one that hangs fails the test."""
    try:
        return process.communicate(timeout=LONGEST)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
    try:
        _, err = process.communicate(timeout=20)
    except subprocess.TimeoutExpired as left:
        err = f"{left.stderr!r}, and what it started holds its pipes"
    pytest.fail(f"it hangs: {process.args}\n{err}")


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Space:
    """A directory with a declaration, in which commands run (after n2's TestSpace)."""

    root: Path
    environment: Mapping[str, str]

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def read(self, name: str) -> str:
        return (self.root / name).read_text()

    def run(self, *arguments: str, **variables: str) -> Done:
        environment = {**self.environment, **TELLING, **variables}
        if not forks.fits(environment):
            return self.command(
                sys.executable, "-m", "dynbuild", *arguments, **variables
            )
        try:
            done = Done(*forks.run(arguments, self.root, environment, LONGEST))
        except forks.Hangs as hanging:
            pytest.fail(f"it hangs: {hanging}")
        assert "Traceback" not in done.err, done.err
        return done

    def command(self, *words: str, **variables: str) -> Done:
        process = subprocess.Popen(
            words,
            cwd=self.root,
            env={**self.environment, **TELLING, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        out, err = ended(process)
        assert "Traceback" not in err, err
        return Done(process.returncode, out, err)

    def ok(self, *arguments: str, **variables: str) -> Done:
        done = self.run(*arguments, **variables)
        assert done.status == 0, done.err
        return done

    def git(self, *arguments: str) -> str:
        # Neither the user's configuration nor a repository that a hook runs in counts.
        kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        done = subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@localhost", *arguments],
            cwd=self.root,
            env=kept | GIT_ALONE,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def commit(self) -> None:
        if not (self.root / ".git").exists():
            self.git("init", "-q", "-b", "main")
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "x")


@pytest.fixture
def space(tmp_path: Path) -> Space:
    """A project without an engine: what needs one says so."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    alone = {
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": f"{tmp_path}-cache",
        "DOCKER_HOST": "unix:///nowhere.sock",
        **GIT_ALONE,
    }
    return Space(tmp_path, kept | alone)


@pytest.fixture
def built(tmp_path: Path, engine: dict[str, str]) -> Space:
    """A project on a machine with an engine."""
    alone = {
        "CACHE_LOCAL_PATH": f"{tmp_path}-store",
        "XDG_STATE_HOME": f"{tmp_path}-state",
        **GIT_ALONE,
    }
    return Space(tmp_path, engine | alone)


@pytest.fixture
def docker(engine: dict[str, str]) -> Callable[..., str]:
    """The docker command on the engine of the tests."""

    def run(*arguments: str) -> str:
        done = subprocess.run(
            ["docker", *arguments],
            env=engine,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
