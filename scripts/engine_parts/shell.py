"""Where the private engine lives, and how its commands and daemons are run."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

# Linux allows a unix socket's path so many bytes, and containerd's lies this deep.
SOCKET_LIMIT = 107
LONGEST_SOCKET = "/run/containerd/containerd.sock.ttrpc"


class EngineError(Exception):
    """What went wrong, where, and what to do next."""


@dataclass(frozen=True, slots=True)
class Places:
    """One private folder; nothing is written outside it."""

    root: Path

    @property
    def engine(self) -> Path:
        return self.root / "engine"

    @property
    def tools(self) -> Path:
        return self.root / "tools"

    @property
    def signer(self) -> Path:
        return self.root / "signer"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def socket(self) -> Path:
        return self.run / "docker.sock"

    @property
    def docker_config(self) -> Path:
        return self.root / "docker-config"

    @property
    def bases(self) -> Path:
        return self.root / "bases"

    @property
    def published(self) -> Path:
        return self.root / "bases.json"


def find_places() -> Places:
    chosen = os.environ.get("DYNBUILD_ENGINE_DIR")
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    root = Path(chosen or Path(cache) / "dynbuild-engine").absolute()
    if len(os.fsencode(str(root) + LONGEST_SOCKET)) > SOCKET_LIMIT:
        raise EngineError(
            f"{root}: the path is too long for the engine's sockets; "
            "name a shorter folder in DYNBUILD_ENGINE_DIR"
        )
    return Places(root)


def say(sentence: str) -> None:
    # On stderr, since stdout of `env` is for the shell.
    print(f"engine: {sentence}", file=sys.stderr, flush=True)


def run(
    argv: Sequence[str | Path],
    *,
    advice: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> str:
    """Return what the command printed, or raise with its last words and the advice."""
    words = [str(word) for word in argv]
    try:
        done = subprocess.run(
            words,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise EngineError(f"{words[0]}: {error.strerror}; {advice}") from error
    if done.returncode != 0:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
        raise EngineError(
            f"`{' '.join(words)}` failed with status {done.returncode}:\n{last}\n"
            f"{advice}"
        )
    return done.stdout


@contextmanager
def locked(places: Places) -> Iterator[None]:
    """Hold the folder for one `up` or `down` at a time."""
    path = places.root / "lock"
    while True:
        try:
            places.root.mkdir(parents=True, exist_ok=True)
            file = path.open("w")
        except OSError as error:
            raise EngineError(
                f"{error.filename}: {error.strerror}; name a folder that can be "
                "written in DYNBUILD_ENGINE_DIR"
            ) from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("another run holds the lock; waiting for it")
                fcntl.flock(file, fcntl.LOCK_EX)
            # A purge may have removed the file while this run waited for it.
            with suppress(FileNotFoundError):
                if path.stat().st_ino == os.fstat(file.fileno()).st_ino:
                    yield
                    return


def running_pid(pidfile: Path, places: Places) -> int | None:
    """Return the daemon's process id, unless the number now belongs to another."""
    try:
        pid = int(pidfile.read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if os.fsencode(places.root) in command else None


def start_daemon(
    argv: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str],
    answers: Callable[[], bool],
    pidfile: Path | None = None,
) -> int:
    """Start a process of its own session and wait until it answers."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(word) for word in argv],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=env,
            start_new_session=True,
        )
    if pidfile is not None:
        # At once, so that an interrupted `up` leaves nothing that `down` cannot find.
        pidfile.write_text(f"{process.pid}\n")
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if answers():
            return process.pid
        time.sleep(0.1)
    status = process.poll()
    if status is None:
        process.terminate()
        process.wait()
    last = "\n".join(log.read_text(errors="replace").strip().splitlines()[-12:])
    what = "did not answer within 60 s" if status is None else f"ended with {status}"
    raise EngineError(
        f"{Path(argv[0]).name} {what}; the end of {log}:\n{last}\n"
        "Mend what it names, or point DOCKER_HOST at an engine that runs"
    )


def stop_daemon(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 30
    while _alive(pid):
        if time.monotonic() > deadline:
            raise EngineError(
                f"process {pid} did not stop within 30 s; look at its log, then "
                f"stop it by hand: kill -9 {pid}"
            )
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    # A finished process whose parent has not looked yet is a zombie.
    return stat.rpartition(")")[2].split()[0] != "Z"
