"""Resolution of a path in a stack of layers, as the kernel would do it."""

import posixpath
from collections.abc import Sequence

from dynbuild.link.model import WriteSet, Written

_LINKS = 40
"""The number of symbolic links that the kernel follows in one path."""


def missing_directories(path: str, stack: Sequence[WriteSet]) -> tuple[str, ...]:
    """Return the directories to create so that a path exists, topmost first.

    ``stack`` holds what the layers write, the lowest first. ``..`` of the path itself
    is taken by name, as BuildKit does, that of a link as the kernel does.
    """
    waiting = _names(posixpath.normpath(path))
    at = ""
    missing: list[str] = []
    links = 0
    while waiting:
        name = waiting.pop(0)
        if name == "..":
            at = posixpath.dirname(at)
            continue
        below = f"{at}/{name}".lstrip("/")
        found = look_up(below, stack)
        if found is not None and found.kind == "symlink" and links < _LINKS:
            links += 1
            waiting = _names(found.content) + waiting
            at = "" if found.content.startswith("/") else at
            continue
        if found is None:
            missing.append(below)
        at = below
    return tuple(missing)


def look_up(path: str, stack: Sequence[WriteSet]) -> Written | None:
    """Look up a path that has no symbolic link before its last component."""
    above = [path]
    while "/" in above[-1]:
        above.append(posixpath.dirname(above[-1]))
    for writes in reversed(stack):
        found = writes.get(path)
        if found is not None:
            return None if found.kind == "whiteout" else found
        for folder in above[1:]:
            hidden = writes.get(folder)
            if hidden is not None and hidden.kind != "directory":
                return None
    return None


def _names(path: str) -> list[str]:
    return [name for name in path.split("/") if name not in ("", ".")]
