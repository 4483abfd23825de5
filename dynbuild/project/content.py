"""The content of files that stages copy: hashed, and gathered for the builder.

A file is read once: what is hashed is what is copied. Only what a Dockerfile's COPY
would take counts: paths, types, contents, executable bits, link targets; never
times, owners, or the umask of a checkout.
"""

import hashlib
import os
import posixpath
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from dynbuild.digest import Digest, Field
from dynbuild.digest import digest_of as digest_of_fields
from dynbuild.ports import NotThereError
from dynbuild.project.facts import Facts
from dynbuild.project.ignore import Ignored, dockerignore, ignored

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Tree:
    """Implements ``ports.Files`` on a directory."""

    root: Path
    facts: Facts = field(default_factory=Facts)
    """What was looked at; what directories hold is not among it."""

    def is_directory(self, path: str) -> bool:
        """Whether a path is a directory. Raises NotThereError when it is nothing."""
        source = self._source(path)
        self.facts.see("mode", of=str(source))
        return source.is_dir()

    def content(self, path: str, exclude: tuple[str, ...]) -> Digest:
        """The digest of a path's content. Raises NotThereError."""
        source = self._source(path)
        self.facts.see("mode", "content", of=str(source))
        if source.is_dir():
            self.facts.complete = False
        return _digest(self._entries(path, exclude, None))

    def gather(self, path: str, exclude: tuple[str, ...], into: str) -> Digest:
        """Copy a path into a build context and give the digest of what was copied.

        What the context has already is not read again, so that two copies of one
        file agree. Raises NotThereError.
        """
        return _digest(self._entries(path, exclude, Path(into)))

    def _source(self, path: str) -> Path:
        """The path with its own links followed, which may not lead out."""
        self.facts.see("real", of=str(self.root / path))
        source = (self.root / path).resolve()
        if source != self.root and self.root not in source.parents:
            raise NotThereError("it leads out of the project")
        if path != "." and posixpath.normpath(path) in self._ignored():
            raise NotThereError(".dockerignore leaves it out")
        if not source.exists():
            raise NotThereError("there is no such file or directory")
        return source

    def _ignored(self) -> Ignored:
        self.facts.see("content", of=str(self.root / ".dockerignore"))
        try:
            return dockerignore((self.root / ".dockerignore").read_text("utf-8"))
        except (FileNotFoundError, IsADirectoryError):
            return Ignored()
        except (OSError, UnicodeDecodeError) as error:
            raise NotThereError(f".dockerignore cannot be read: {error}") from None

    def _entries(
        self, path: str, exclude: tuple[str, ...], into: Path | None
    ) -> list[Field]:
        source = self._source(path)
        place = None if into is None else into / posixpath.normpath(path)
        try:
            return self._read(source, path, ignored(exclude), place)
        except FileNotFoundError as error:
            raise NotThereError(f"{error.filename} went away meanwhile") from None
        except OSError as error:
            shown = os.path.relpath(error.filename or source, self.root)
            reason = (error.strerror or "error").lower()
            raise NotThereError(f"{shown} cannot be read: {reason}") from None

    def _read(
        self, source: Path, path: str, own: Ignored, place: Path | None
    ) -> list[Field]:
        if not source.is_dir():
            return [_entry("", source, place)]
        if place is not None:
            _make_directory(place)
        top = "" if path == "." else posixpath.normpath(path) + "/"
        return [
            _entry(inside, source / inside, None if place is None else place / inside)
            for inside in _walk(source, "", top, (self._ignored(), own))
        ]


def _digest(entries: list[Field]) -> Digest:
    return digest_of_fields({"entries": entries})


def _walk(
    directory: Path, inside: str, top: str, rules: tuple[Ignored, Ignored]
) -> Iterator[str]:
    """Paths below a directory in one order everywhere, without what is left out."""
    project, own = rules
    for child in sorted(directory.iterdir(), key=lambda child: child.name):
        path = f"{inside}{child.name}"
        left_out = f"{top}{path}" in project or path in own
        is_directory = child.is_dir() and not child.is_symlink()
        if not left_out:
            yield path
        if is_directory and (
            not left_out or project.may_take_back or own.may_take_back
        ):
            yield from _walk(child, f"{path}/", top, rules)


def _entry(inside: str, source: Path, target: Path | None) -> Field:
    """What counts of one path; copied to the target on the way."""
    mode = source.lstat().st_mode
    if stat.S_ISLNK(mode):
        link = str(source.readlink())
        if target is not None and not target.is_symlink():
            _make_directory(target.parent)
            target.symlink_to(link)
        return [inside, "link", link]
    if stat.S_ISDIR(mode):
        if target is not None:
            _make_directory(target)
        return [inside, "directory"]
    if not stat.S_ISREG(mode):
        raise NotThereError(
            f"{inside or source.name} is a socket, a pipe or a device: only files, "
            "directories and links can be copied"
        )
    executable = bool(mode & 0o111)
    if target is None:
        return [inside, "file", executable, _hash_file(source)]
    if not target.exists():
        _make_directory(target.parent)
        content = _hash_file(source, target)
        target.chmod(0o755 if executable else 0o644)
        return [inside, "file", executable, content]
    return [inside, "file", executable, _hash_file(target)]


def _hash_file(source: Path, target: Path | None = None) -> str:
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


def _make_directory(path: Path) -> None:
    """A directory with the mode that every checkout gives it."""
    missing = []
    while not path.is_dir():
        missing.append(path)
        path = path.parent
    for directory in reversed(missing):
        with suppress(FileExistsError):
            directory.mkdir()
        directory.chmod(0o755)
