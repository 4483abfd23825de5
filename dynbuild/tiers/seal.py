"""The key of a user on a machine, which seals what was built here.

It lies in the state directory, never in a store: a store may be shared or restored from
elsewhere, and what it brings along was not built here.
"""

import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp

from dynbuild.owners import fault

_SIZE = 32
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def seal_key(path: Path | None, tell: Callable[[str], None]) -> bytes | None:
    """Return the key in a file, created if absent; None if there is no safe one.

    ``tell`` gets the reason, except on a machine without a state directory.
    """
    if path is None:
        return None
    try:
        with suppress(FileNotFoundError):
            return _read(path, tell)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if why := fault(path.parent):
            # No key is written where others could read or replace it.
            tell(f"{path.parent} {why}")
            return None
        _make(path)
        return _read(path, tell)
    except OSError as error:
        tell(f"{path}: {(error.strerror or 'error').lower()}")
        return None


def _read(path: Path, tell: Callable[[str], None]) -> bytes | None:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        key = file.read(_SIZE + 1) if stat.S_ISREG(status.st_mode) else b""
    if why := fault(path.parent):
        tell(f"{path.parent} {why}")
    elif status.st_uid != os.geteuid() or status.st_mode & _OTHERS:
        tell(f"{path} is not yours, or others may read it")
    elif len(key) != _SIZE:
        tell(f"{path} holds no key")
    else:
        return key
    return None


def _make(path: Path) -> None:
    """Write a new key atomically; if another process was faster, its key stays."""
    handle, name = mkstemp(prefix=".seal", dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(_SIZE))
    with suppress(FileExistsError):
        Path(path).hardlink_to(name)
    Path(name).unlink()
