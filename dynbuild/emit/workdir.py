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
    current = ""
    missing: list[str] = []
    links = 0
    while waiting:
        name = waiting.pop(0)
        if name == "..":
            current = posixpath.dirname(current)
            continue
        below = f"{current}/{name}".lstrip("/")
        entry = look_up(below, stack)
        if entry is not None and entry.kind == "symlink" and links < _LINKS:
            links += 1
            waiting = _names(entry.content) + waiting
            current = "" if entry.content.startswith("/") else current
            continue
        if entry is None:
            missing.append(below)
        current = below
    return tuple(missing)


def look_up(path: str, stack: Sequence[WriteSet]) -> Written | None:
    """Look up a path that has no symbolic link before its last component."""
    above = [path]
    while "/" in above[-1]:
        above.append(posixpath.dirname(above[-1]))
    for writes in reversed(stack):
        entry = writes.get(path)
        if entry is not None:
            return None if entry.kind == "whiteout" else entry
        for folder in above[1:]:
            hidden = writes.get(folder)
            if hidden is not None and hidden.kind != "directory":
                return None
    return None


def _names(path: str) -> list[str]:
    return [name for name in path.split("/") if name not in ("", ".")]
