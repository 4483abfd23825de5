"""Files found by their well-known name in a checkout, which may be a stranger's.

A declaration, a lock, a .dockerignore: whoever made the checkout chose what has that
name. It is accepted only if it is a regular file inside the project, within the size
limit for such a file. Paths that the user names on the command line are trusted.
"""

import os
import stat
from pathlib import Path


class NotTakenError(Exception):
    """The reason why a file that was found is not read, worded to end a sentence."""


def real(path: Path, root: Path) -> str:
    """Return the real path of a file. Raises NotTakenError outside of the project."""
    # realpath leaves links to themselves and missing files for open to report.
    place, inside = os.path.realpath(path), os.path.realpath(root)
    if os.path.commonpath([place, inside]) != inside:
        raise NotTakenError("it leads out of the project, through a link")
    return place


def is_inside(path: Path, root: Path) -> bool:
    """Whether the real path of a file is inside the project."""
    try:
        real(path, root)
    except NotTakenError:
        return False
    return True


def read(path: Path, root: Path, most: int) -> bytes:
    """Read a file of the project. Raises NotTakenError, OSError."""
    place = real(path, root)
    # Checked before opening: open alone can block for ever, or have side effects.
    _check(os.lstat(place).st_mode)
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    with open(os.open(place, flags), "rb") as file:  # noqa: PTH123 - not a path
        _check(os.fstat(file.fileno()).st_mode)
        # One more byte distinguishes a file at the size limit from a larger one.
        data = file.read(most + 1)
    if len(data) > most:
        raise NotTakenError(f"it has more than {most // 1024**2} MiB")
    return data


def _check(mode: int) -> None:
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise NotTakenError("it is a pipe, a socket or a device")
