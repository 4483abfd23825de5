"""Files that are found by their name in a checkout, which may be a stranger's.

A declaration, a lock, a .dockerignore: whoever made the checkout chose what lies under
the name. It counts only where it is a regular file inside of the project and no larger
than such a file can be. What the user names on the command line is the user's word.
"""

import os
import stat
from pathlib import Path


class NotTakenError(Exception):
    """Why a file that was found is not read, as the end of a sentence."""


def real(path: Path, root: Path) -> str:
    """Where a file of the project really is. Raises NotTakenError outside of it."""
    # realpath leaves a link to itself, and what is not there, to who opens it.
    place, inside = os.path.realpath(path), os.path.realpath(root)
    if os.path.commonpath([place, inside]) != inside:
        raise NotTakenError("it leads out of the project, through a link")
    return place


def is_inside(path: Path, root: Path) -> bool:
    """Whether a file of the project really is there."""
    try:
        real(path, root)
    except NotTakenError:
        return False
    return True


def read(path: Path, root: Path, most: int) -> bytes:
    """What a file of the project holds. Raises NotTakenError, OSError."""
    place = real(path, root)
    # Before it is opened: opening alone can wait for ever, or do something.
    _check(os.lstat(place).st_mode)
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    with open(os.open(place, flags), "rb") as file:  # noqa: PTH123 - no path any more
        _check(os.fstat(file.fileno()).st_mode)
        # One byte more tells a file of the size limit from a larger one.
        data = file.read(most + 1)
    if len(data) > most:
        raise NotTakenError(f"it has more than {most // 1024**2} MiB")
    return data


def _check(mode: int) -> None:
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise NotTakenError("it is a pipe, a socket or a device")
