"""The content of files that stages copy: hashed, and gathered for the builder.

A file is read once: what is hashed is what is copied. What a context holds in the end
is told by the context alone, whatever became of the project meanwhile. Only what a
Dockerfile's COPY would take counts: paths, types, contents, executable bits, link
targets; never times, owners, or the umask of a checkout.
"""

import hashlib
import os
import posixpath
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from dynbuild.digest import Digest, Field
from dynbuild.digest import digest_of as digest_of_fields
from dynbuild.ports import NotThereError
from dynbuild.project import named
from dynbuild.project.facts import Facts
from dynbuild.project.ignore import Ignored, PatternError, dockerignore, ignored
from dynbuild.project.named import NotTakenError, is_inside

_CHUNK = 1 << 20


_MOST_LINKS = 40
_DEEPEST = 256
_RULES = 1 << 20
"""Bytes of a .dockerignore."""


@dataclass(frozen=True, slots=True)
class _Found:
    """Where a path leads within the project, and the links that lead there."""

    path: str
    links: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """Implements ``ports.Files`` on a directory."""

    root: Path
    facts: Facts = field(default_factory=Facts)
    """What was looked at; what directories hold is not among it."""
    hashes: dict[Path, str] = field(default_factory=dict)
    """Of the files of contexts, which nobody else writes to."""
    rules: dict[Path, Ignored] = field(default_factory=dict)
    """Of a .dockerignore: read once, so that all that is asked agrees."""

    def is_directory(self, path: str) -> bool:
        """Whether a path is a directory. Raises NotThereError when it is nothing."""
        with self._reading():
            source = self.root / self._find(path).path
            self.facts.see("mode", of=str(source))
            return source.is_dir()

    def content(self, path: str, exclude: tuple[str, ...]) -> Digest:
        """The digest of a path's content. Raises NotThereError."""
        with self._reading():
            found = self._find(path)
            source = self.root / found.path
            self.facts.see("mode", "content", of=str(source))
            if source.is_dir():
                self.facts.complete = False
            return self._read(found, exclude, None)

    def gather(self, path: str, exclude: tuple[str, ...], into: str) -> Digest:
        """Copy a path into a build context and give the digest of what was copied.

        Everything is where it is in the project, links on the way too, so that a
        context can hold any copies together. What it has already is not read again,
        so that two copies of one file agree. Raises NotThereError.
        """
        with self._reading():
            found = self._find(path)
            for link in found.links:
                _entry(link, self.root / link, Path(into) / link, self.hashes)
            return self._read(found, exclude, Path(into))

    def gathered(self, path: str, exclude: tuple[str, ...], into: str) -> Digest:
        """The digest of what a context holds of a path. Raises NotThereError.

        Other copies may have put more there than was gathered of this one.
        """
        rules = {Path(into): self._ignored()}
        context = Tree(Path(into), hashes=self.hashes, rules=rules)
        return context.content(path, exclude)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise NotThereError(f"{error.filename} went away meanwhile") from None
        except OSError as error:
            shown = os.path.relpath(error.filename or self.root, self.root)
            reason = (error.strerror or "error").lower()
            raise NotThereError(f"{shown} cannot be read: {reason}") from None

    def _find(self, path: str) -> _Found:
        """What COPY would take: neither outside of the project nor ignored."""
        self.facts.see("real", of=str(self.root / path))
        found = self._follow(path)
        source = self.root / found.path
        rules = self._ignored()
        if any(link in rules for link in found.links) or (
            found.path in rules
            and not (source.is_dir() and any(self._inside(found.path, Ignored())))
        ):
            raise NotThereError(".dockerignore leaves it out")
        if not source.exists():
            raise NotThereError("there is no such file or directory")
        return found

    def _follow(self, path: str) -> _Found:
        """Follow all links of a path as BuildKit does in a context."""
        links: list[str] = []
        real, ahead = "", posixpath.normpath(path)
        while ahead:
            if ahead.startswith("/"):
                link = f": the link {links[-1]} has to be relative" if links else ""
                raise NotThereError(f"an absolute path leads out of the project{link}")
            name, _, ahead = ahead.partition("/")
            ahead = ahead.lstrip("/")
            here = posixpath.normpath(posixpath.join(real, name))
            if here == "..":
                raise NotThereError("it leads out of the project")
            if not (self.root / here).is_symlink():
                real = here
                continue
            links.append(here)
            if len(links) > _MOST_LINKS:
                raise NotThereError(f"the links at {here} go round in a circle")
            ahead = posixpath.join((self.root / here).readlink(), ahead)
        return _Found("" if real == "." else real, tuple(links))

    def _ignored(self) -> Ignored:
        if self.root not in self.rules:
            self.rules[self.root] = self._dockerignore()
        return self.rules[self.root]

    def _dockerignore(self) -> Ignored:
        path = self.root / ".dockerignore"
        self.facts.see("real", of=str(path))
        if is_inside(path, self.root):
            self.facts.see("content", of=str(path))
        try:
            return dockerignore(named.read(path, self.root, _RULES).decode("utf-8"))
        except (FileNotFoundError, IsADirectoryError):
            return Ignored()
        except NotTakenError as error:
            raise NotThereError(f".dockerignore is not read: {error}") from None
        except PatternError as error:
            raise NotThereError(f".dockerignore has a {error}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise NotThereError(f".dockerignore cannot be read: {error}") from None

    def _read(
        self, found: _Found, exclude: tuple[str, ...], into: Path | None
    ) -> Digest:
        source = self.root / found.path
        place = None if into is None else into / found.path
        if not source.is_dir():
            return _digest([_entry("", source, place, self.hashes)])
        if place is not None:
            _make_directory(place)
        return _digest(
            [
                _entry(inside, source / inside, place and place / inside, self.hashes)
                for inside in self._inside(found.path, ignored(exclude))
            ]
        )

    def _inside(self, top: str, own: Ignored) -> Iterator[str]:
        """Paths below a directory in one order everywhere, without what is left out."""
        project = self._ignored()
        deeper = project.may_take_back or own.may_take_back
        ahead = self._children(top, "")
        while ahead:
            path = ahead.pop()
            if path.count("/") > _DEEPEST:
                start = "/".join(path.split("/")[:3])
                raise NotThereError(
                    f"{start}/... has over {_DEEPEST} levels: flatten it"
                )
            child = self.root / top / path
            left_out = posixpath.join(top, path) in project or path in own
            if not left_out:
                yield path
            if (deeper or not left_out) and child.is_dir() and not child.is_symlink():
                ahead += self._children(top, path)

    def _children(self, top: str, path: str) -> list[str]:
        """The last comes first."""
        names = [child.name for child in (self.root / top / path).iterdir()]
        return [posixpath.join(path, name) for name in sorted(names, reverse=True)]


def _digest(entries: list[Field]) -> Digest:
    return digest_of_fields({"entries": entries})


def _entry(
    inside: str, source: Path, target: Path | None, hashes: dict[Path, str]
) -> Field:
    """What counts of one path; copied to the target unless that is there."""
    if target is not None:
        if os.path.lexists(target):
            return _entry(inside, target, None, hashes)
        _make_directory(target.parent)
    mode = source.lstat().st_mode
    if stat.S_ISLNK(mode):
        link = source.readlink()
        if target is not None:
            target.symlink_to(link)
        return [inside, "link", str(link)]
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
    content = hashes.get(source) or _hash_file(source, target)
    if target is not None:
        hashes[target] = content
        target.chmod(0o755 if executable else 0o644)
    return [inside, "file", executable, content]


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
