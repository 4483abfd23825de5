"""Private directories beside a store, and locks against duplicate work of processes."""

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from dynbuild.digest import Digest

_POLL = 0.1
_YOUNG = 60.0
"""Seconds between attempts at a lock; seconds until an unowned directory may go."""


@contextmanager
def private(root: Path) -> Iterator[Path]:
    """Provide a directory for one process, on the file system of the store.

    It is removed at the end; what a killed process left is removed when the next one
    comes. A read-only store can still be used: then the directory is among temporary
    files.
    """
    parent = root / "tmp"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        _sweep(parent)
        folder = Path(mkdtemp(prefix="", dir=parent))
    except OSError as error:
        if not is_read_only(error):
            raise
        with TemporaryDirectory(prefix="dynbuild-") as elsewhere:
            yield Path(elsewhere)
        return
    # Renamed only once it is locked, or another process could take it for abandoned.
    owner = os.open(folder / "new", os.O_CREAT | os.O_RDWR)
    fcntl.flock(owner, fcntl.LOCK_EX)
    (folder / "new").rename(folder / "owner")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(owner)


@contextmanager
def exclusive(
    root: Path,
    steps: Sequence[Digest],
    pause: Callable[[float], None],
    waiting: Callable[[], None],
) -> Iterator[None]:
    """Hold the locks of some steps; ``waiting`` is called if another process does.

    Locks are taken in the same order everywhere, so that no two processes wait for one
    another. A killed process holds none.
    """
    folder = root / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    handles: list[int] = []
    try:
        for step in sorted(set(steps)):
            path = folder / step.removeprefix("sha256:")
            handles.append(os.open(path, os.O_CREAT | os.O_RDWR))
            announced = False
            while not _try(handles[-1]):
                if not announced:
                    announced = True
                    waiting()
                pause(_POLL)
        yield
    finally:
        for handle in handles:
            os.close(handle)


def is_read_only(error: OSError) -> bool:
    """Whether an error means that this user cannot write to a store."""
    return error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}


def _try(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sweep(parent: Path) -> None:
    """Remove the directories whose owners are gone."""
    for folder in parent.iterdir():
        with suppress(OSError):
            try:
                owner = os.open(folder / "owner", os.O_RDWR)
            except FileNotFoundError:
                # Its process has not locked it yet, or was killed before it could.
                if time.time() - folder.stat().st_mtime > _YOUNG:
                    shutil.rmtree(folder, ignore_errors=True)
                continue
            try:
                if _try(owner):
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(owner)
