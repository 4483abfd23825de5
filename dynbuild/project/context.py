"""The build context: a directory that files of a project are gathered into."""

import hashlib
import os
import stat
from contextlib import suppress
from dataclasses import field
from pathlib import Path

from dynbuild.project.modes import image_mode
from dynbuild.values import dataclass

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Context:
    """The gathered files; each keeps its path from the project.

    ``private``: the checkout they come from is closed to others as a whole.
    """

    root: Path
    hashes: dict[Path, str]
    private: bool
    names: dict[tuple[int, int], Path] = field(default_factory=dict)
    """The gathered copies of files with several hard links, by device and inode."""

    def take(self, project: Path, path: str) -> None:
        """Copy one path unless it exists; copy a directory without its contents."""
        source, target = project / path, self.root / path
        if os.path.lexists(target):
            return
        make_directory(target.parent)
        status = source.lstat()
        if stat.S_ISLNK(status.st_mode):
            target.symlink_to(source.readlink())
            _set_time(target, status.st_mtime_ns)
            return
        mode = image_mode(status.st_mode, private=self.private)
        if stat.S_ISDIR(status.st_mode):
            make_directory(target)
            target.chmod(mode)
            return
        first_copy = self.names.get((status.st_dev, status.st_ino))
        if first_copy is not None:
            target.hardlink_to(first_copy)
            self.hashes[target] = self.hashes[first_copy]
            return
        self.hashes[target] = hash_file(source, target)
        target.chmod(mode)
        # The time is read after the content: an earlier one could be older than that.
        _set_time(target, source.stat().st_mtime_ns)
        if status.st_nlink > 1:
            self.names[status.st_dev, status.st_ino] = target

    def keep_time(self, project: Path, path: str) -> None:
        """Set the time of a directory, once nothing more is put there."""
        target = self.root / path
        if target.is_dir() and not target.is_symlink():
            _set_time(target, (project / path).stat().st_mtime_ns)


def hash_file(source: Path, target: Path | None = None) -> str:
    """Return the digest of a file's content; copy it to ``target`` if given."""
    hasher = hashlib.sha256()
    with source.open("rb") as file:
        copy = None if target is None else target.open("wb")
        try:
            while chunk := file.read(_CHUNK):
                hasher.update(chunk)
                if copy is not None:
                    copy.write(chunk)
        finally:
            if copy is not None:
                copy.close()
    return hasher.hexdigest()


def make_directory(path: Path) -> None:
    """Create a directory and its parents with mode 755, whatever the umask."""
    missing = []
    while not path.is_dir():
        missing.append(path)
        path = path.parent
    for directory in reversed(missing):
        with suppress(FileExistsError):
            directory.mkdir()
        directory.chmod(0o755)


def _set_time(path: Path, time: int) -> None:
    os.utime(path, ns=(time, time), follow_symlinks=False)
