"""The files whose content nobody misses: managers write them again and again.

This is all that is left out of a comparison, and of these files only what is in them:
a file with another mode or owner, a symlink or a directory in its place, a file that
is removed count as everywhere. ``tests/engine/test_uncounted.py`` has the real tool
write the files of each row.
"""

import re
from collections.abc import Mapping

from dynbuild.link.model import WriteSet, Written

ROWS: Mapping[str, str] = {
    # Logs, and an index of lists that apt makes of them whenever it looks for it.
    "apt": r"var/log/apt/(?:(?:history|term)\.log|eipp\.log\.xz)"
    r"|var/cache/apt/(?:src)?pkgcache\.bin",
    "dpkg": r"var/log/dpkg\.log",
    "update-alternatives": r"var/log/alternatives\.log",
    "dnf": r"var/log/(?:dnf(?:\.librepo|\.rpm)?|hawkey)\.log",
    # What ldconfig knows of the inodes and times of libraries.
    "ldconfig": r"var/cache/ldconfig/aux-cache",
    # When pip asked for a newer pip, and what servers answered, by address.
    "pip": r"(?:.+/)?\.cache/pip/(?:selfcheck/[0-9a-f]+"
    r"|http(?:-v2)?/(?:[0-9a-f]/)+[0-9a-f]+)",
    # A log for each run, named by its time; the index of what servers answered.
    "npm": r"(?:.+/)?\.npm/(?:_logs/[^/]+-debug-\d+\.log"
    r"|_cacache/index-v5/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]+)",
    # Made of its source, whose time it holds: see ``byte_code``.
    "python": r"(?:.+/)?__pycache__/[^/]+\.[^/.]+(?:\.opt-[^/.]+)?\.pyc",
}
"""What each tool writes, as patterns of whole paths."""

_ROW = re.compile(f"(?:{'|'.join(ROWS.values())})\\Z", re.DOTALL)
_BYTE_CODE = re.compile(
    r"(?P<folder>.+/|)__pycache__/(?P<name>[^/]+?)\.[^/.]+(?:\.opt-[^/.]+)?\.pyc\Z",
    re.DOTALL,
)


def uncounted(path: str) -> bool:
    """Whether it does not matter what is in a file at a path."""
    return _ROW.match(path) is not None


def compiled_from(path: str, written: Written) -> tuple[str, Written] | None:
    """What a source says to byte-code of it that another step makes, of another one."""
    folder, _, name = path.rpartition("/")
    if not name.endswith(".py") or written.kind in {"directory", "opaque"}:
        return None
    at = f"{folder}/__pycache__/{name[:-3]}.*".lstrip("/")
    return at, Written("file", content=f"{written.kind} {written.content}", new=True)


def byte_code(path: str, writes: WriteSet) -> tuple[str, Written] | None:
    """What byte-code says of its source: two kinds of it are the same if that is.

    It is given at a path of its own, and says which source is written beside it, or
    that none is.
    """
    found = _BYTE_CODE.match(path)
    if found is None:
        return None
    source = writes.get(f"{found['folder']}{found['name']}.py")
    content = "" if source is None else f"{source.kind} {source.content}"
    at = f"{found['folder']}__pycache__/{found['name']}.*"
    return at, Written("file", content=content, new=True)
