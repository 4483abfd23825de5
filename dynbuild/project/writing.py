"""Writing files, never through a symlink: whoever made a checkout may have put it."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

_SYSTEM = ("/dev/", "/proc/")
"""Where the shell's open files appear as links: /dev/stdout, /dev/fd/3."""


def replace(path: Path, text: str) -> None:
    """Write a file atomically: a reader sees the old text or the new. Raises OSError.

    A link of that name is replaced; its target stays as it is.
    """
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(_mode(path))
        Path(temporary).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise


def put(path: Path, text: str) -> None:
    """Write to a file, pipe or device that the user named. Raises OSError.

    A link is refused: a checkout may have put it there. Links in parent directories
    are followed, as part of the name.
    """
    handle = os.open(path, _flags(path), 0o666)
    # The text may contain the name of a directory that is not valid text.
    with open(handle, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
        file.write(text.encode("utf-8", "backslashreplace"))


def is_refused(path: Path) -> bool:
    """Whether ``put`` would refuse a path for being a link."""
    return path.is_symlink() and not str(path).startswith(_SYSTEM)


def _flags(path: Path) -> int:
    follow = 0 if str(path).startswith(_SYSTEM) else os.O_NOFOLLOW
    return os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | follow


def _mode(path: Path) -> int:
    """Return the mode of the file that is replaced, else the default."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return 0o644
    return stat.S_IMODE(mode) & 0o777 if stat.S_ISREG(mode) else 0o644
