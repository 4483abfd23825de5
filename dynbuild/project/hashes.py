"""Hashes of files that are remembered as long as a file's status is the same."""

from dataclasses import field
from pathlib import Path

from dynbuild.project.context import hash_file
from dynbuild.values import dataclass

_Status = tuple[int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Hashes:
    """The hashes of files by path, each with the status that the file had.

    A file that was changed within the resolution of its time, by as many bytes, may be
    missed: good enough for an estimate, for nothing else.
    """

    known: dict[Path, tuple[_Status, str]] = field(default_factory=dict)

    def of(self, path: Path) -> str:
        now = path.lstat()
        status = (
            now.st_dev,
            now.st_ino,
            now.st_size,
            now.st_mtime_ns,
            now.st_ctime_ns,
        )
        found = self.known.get(path)
        if found is None or found[0] != status:
            found = self.known[path] = status, hash_file(path)
        return found[1]
