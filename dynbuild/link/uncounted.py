"""Files whose content nobody misses: managers write them again and again.

Nothing else is left out of a comparison, and of these files only their content: a
different mode or owner, a symlink or directory in the file's place, and its removal
count as everywhere. ``tests/engine/test_uncounted.py`` has the real tool write the
files of each row.
"""

import re
from collections.abc import Mapping

from dynbuild.link.model import WriteSet, Written
from dynbuild.steps.managers import MANAGERS

ROWS: Mapping[str, str] = {
    **{tool: rule for row in MANAGERS.values() for tool, rule in row.uncounted.items()},
    "update-alternatives": r"var/log/alternatives\.log",
    # The inodes and times of libraries, as cached by ldconfig.
    "ldconfig": r"var/cache/ldconfig/aux-cache",
    # Compiled from its source, whose mtime it holds: see ``byte_code``.
    "python": r"(?:.+/)?__pycache__/[^/]+\.[^/.]+(?:\.opt-[^/.]+)?\.pyc",
}
"""The files that each tool writes, as patterns of whole paths."""

_ROW = re.compile(f"(?:{'|'.join(ROWS.values())})\\Z", re.DOTALL)
_BYTE_CODE = re.compile(
    r"(?P<folder>.+/|)__pycache__/(?P<name>[^/]+?)\.[^/.]+(?:\.opt-[^/.]+)?\.pyc\Z",
    re.DOTALL,
)


def uncounted(path: str) -> bool:
    """Whether the content of a file at this path does not matter."""
    return _ROW.match(path) is not None


def compiled_from(path: str, written: Written) -> tuple[str, Written] | None:
    """Return the implied path of a source, None for any other file.

    It conflicts with byte-code that another step compiled from another source.
    """
    folder, _, name = path.rpartition("/")
    if not name.endswith(".py") or written.kind in {"directory", "opaque"}:
        return None
    at = f"{folder}/__pycache__/{name[:-3]}.*".lstrip("/")
    return at, Written("file", content=f"{written.kind} {written.content}", new=True)


def byte_code(path: str, writes: WriteSet) -> tuple[str, Written] | None:
    """Return the implied path of byte-code: two are equal if their sources are.

    It is a path of its own, and its content says which source the same step writes for
    it, or that it writes none.
    """
    found = _BYTE_CODE.match(path)
    if found is None:
        return None
    source = writes.get(f"{found['folder']}{found['name']}.py")
    content = "" if source is None else f"{source.kind} {source.content}"
    at = f"{found['folder']}__pycache__/{found['name']}.*"
    return at, Written("file", content=content, new=True)
