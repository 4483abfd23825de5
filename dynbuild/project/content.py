"""The content of files that stages copy: hashed, and gathered for the builder.

A file is read once, so what is hashed is what is copied. The final digest is computed
from the context alone, whatever happened to the project meanwhile. It covers only what
a Dockerfile's COPY would take: paths, types, contents, modes, link targets, and which
names are hard links of one file; never times, owners, or the umask of a checkout. Times
are copied nevertheless: tools compare them, and web servers send them to browsers.
"""

import os
import posixpath
import re
import stat
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path

from dynbuild.digest import Digest, Field, digest_of
from dynbuild.ports import Noted, NotThereError
from dynbuild.project import named
from dynbuild.project.cache.facts import FileObservations
from dynbuild.project.context import Context, hash_file, make_directory
from dynbuild.project.discovery import LOCK, NAMES
from dynbuild.project.glob import glob_of
from dynbuild.project.ignore import Ignored, PatternError, dockerignore, ignored
from dynbuild.project.links import ResolvedPath, follow
from dynbuild.project.modes import USUAL, change, gives_others, image_mode
from dynbuild.project.named import NotTakenError, is_inside
from dynbuild.project.names import GIT, check_content, check_name
from dynbuild.values import dataclass

_DEEPEST = 256
_IGNORE_FILE = ".dockerignore"
_RULES = 1 << 20
"""The maximum size of a .dockerignore, in bytes."""


@dataclass(frozen=True, slots=True)
class Tree:
    """Implements ``ports.Files`` on a directory."""

    root: Path
    facts: FileObservations = field(default_factory=FileObservations)
    """What was looked at, except for the contents of directories."""
    hashes: dict[Path, str] = field(default_factory=dict)
    """The hashes of files in contexts, which nobody else writes to."""
    rules: dict[Path, Ignored] = field(default_factory=dict)
    """The rules of .dockerignore by root: read once, so that all answers agree."""
    own: frozenset[str] = frozenset({*NAMES, LOCK})
    """The declaration and its lock, which no stage copies."""
    hashed: Callable[[Path], str] = hash_file
    """Returns the hash of a file; whoever asks again and again remembers it."""
    left_out: set[str] = field(default_factory=set)
    """The sockets, pipes and devices that were encountered."""
    contexts: dict[str, Context] = field(default_factory=dict)

    def is_directory(self, path: str) -> bool:
        """Return whether a path is a directory. Raises NotThereError if missing."""
        with self._reading():
            source = self.root / self._find(path).path
            self.facts.see("mode", of=str(source))
            return source.is_dir()

    def matching(self, pattern: str) -> tuple[str, ...]:
        """Return the paths that a pattern matches, without what is left out."""
        with self._reading():
            found = [""]
            for part in posixpath.normpath(pattern).split("/"):
                try:
                    glob = glob_of(part)
                except ValueError:
                    why = "[ has no end"
                    if re.search(r"\[.*\]", part):
                        why = "what is between [ and ] is no range, as in [a-z]"
                    raise NotThereError(f"it is no pattern: {why}") from None
                plain = not re.search(r"[*?\[\\]", part)
                found = [
                    posixpath.join(path, name)
                    for path in found
                    for name in ([part] if plain else self._names(path))
                    if glob.matches(name)
                ]
            return tuple(sorted(filter(self._is_there, found)))

    def _names(self, path: str) -> list[str]:
        """Return the names in a directory, or none where it is something else."""
        directory = follow(self.root, path or ".").path
        self.facts.see("names", of=str(self.root / directory))
        if not (self.root / directory).is_dir():
            return []
        return [name for name, _ in self._children(directory, "")]

    def _is_there(self, path: str) -> bool:
        """Whether a path leads to something that .dockerignore does not leave out."""
        self.facts.see("real", "mode", of=str(self.root / path))
        resolved = follow(self.root, path)
        rules = self._ignored()
        left_out = any(one in rules for one in (resolved.path, *resolved.links))
        return (self.root / resolved.path).exists() and not left_out

    def content(self, path: str, exclude: tuple[str, ...]) -> Digest:
        """Return the digest of a path's content. Raises NotThereError."""
        with self._reading():
            resolved = self._find(path)
            source = self.root / resolved.path
            self.facts.see("mode", "content", of=str(source))
            if source.is_dir():
                self.facts.complete = False
            return self._read(resolved, exclude, None)

    def gather(self, path: str, exclude: tuple[str, ...], into: str) -> Digest:
        """Copy a path into a build context; return the digest of what was copied.

        Everything keeps its path from the project, as do the links that lead there, so
        that one context can hold any set of copies. Files that it already has are not
        read again, so that two copies of one file agree. Raises NotThereError.
        """
        with self._reading():
            resolved = self._find(path)
            if into not in self.contexts:
                self.contexts[into] = Context(
                    Path(into), self.hashes, self.is_private()
                )
            context = self.contexts[into]
            for link in resolved.links:
                context.take(self.root, link)
            return self._read(resolved, exclude, context)

    def gathered(self, path: str, exclude: tuple[str, ...], into: str) -> Digest:
        """Return the digest of a path in a context. Raises NotThereError.

        Other copies may have added files to those gathered for this one.
        """
        return self._of(Path(into)).content(path, exclude)

    def _of(self, context: Path) -> "Tree":
        """Return a context as a tree with the project's .dockerignore."""
        rules = {context: self._ignored()}
        return Tree(context, hashes=self.hashes, rules=rules, own=frozenset())

    def takes_any(
        self,
        path: str,
        exclude: tuple[str, ...],
        names: Collection[str],
    ) -> bool:
        """Whether a copy of a path takes, or took, what has any of some names.

        Raises NotThereError.
        """
        with self._reading():
            resolved = self._find(path)
            top, rules, own = resolved.path, self._ignored(), ignored(exclude)
            is_directory = (self.root / top).is_dir()

        def is_taken(name: str) -> bool:
            if name in resolved.links or (is_directory and name == _IGNORE_FILE):
                return True
            if not _is_below(name, top):
                return _is_below(top, name)
            inside = posixpath.relpath(name, top or ".")
            left_out = name in self.own or name in rules or inside in own
            return name == top or not left_out

        return any(map(is_taken, names))

    def survey(self, path: str, exclude: tuple[str, ...]) -> tuple[Noted, ...]:
        """Return the paths that will differ in an image. Raises NotThereError."""
        with self._reading():
            top = self._find(path).path
            source = self.root / top
            if not source.is_dir():
                check_name(top)
                return self._changes([top])
            met = set(self.left_out)
            self.left_out.clear()
            inside = [
                posixpath.join(top, p) for p in self._inside(top, ignored(exclude))
            ]
            special = sorted(self.left_out)
            self.left_out.update(met)
            what = "a socket, a pipe or a device, which no image has: it is left out"
            gone = (Noted(name, what, left_out=True) for name in special)
            return (*gone, *self._changes(inside))

    def _changes(self, paths: Sequence[str]) -> tuple[Noted, ...]:
        """Return the modes that will change in the image without a umask as reason."""
        private = self.is_private()
        if private:
            what = (
                "closed to others, as is the whole checkout, so which files are meant "
                "to be is not known: all will be 644 or 755"
            )
            return (Noted(self._own()[0], what),)
        reference = 0
        for name in self._own():
            reference |= (self.root / name).stat().st_mode
        noted = []
        for path in paths:
            mode = (self.root / path).lstat().st_mode
            difference = None if stat.S_ISLNK(mode) else change(mode, reference)
            if difference is not None:
                noted.append(Noted(path, difference))
        return tuple(noted)

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

    def _find(self, path: str) -> ResolvedPath:
        """Resolve a path as COPY would: inside the project, and not ignored.

        Raises NotThereError.
        """
        self.facts.see("real", of=str(self.root / path))
        resolved = follow(self.root, path)
        source = self.root / resolved.path
        check_content(resolved.path, self.own)
        rules = self._ignored()
        if any(link in rules for link in resolved.links) or (
            resolved.path in rules
            and not (source.is_dir() and any(self._inside(resolved.path, Ignored())))
        ):
            raise NotThereError(".dockerignore leaves it out")
        if not source.exists():
            raise NotThereError("there is no such file or directory")
        if not source.is_dir() and not source.is_file():
            message = "it is a socket, a pipe or a device"
            hint = "only files, directories and links can be copied"
            raise NotThereError(message, hint)
        return resolved

    def _ignored(self) -> Ignored:
        if self.root not in self.rules:
            self.rules[self.root] = self._dockerignore()
        return self.rules[self.root]

    def _dockerignore(self) -> Ignored:
        path = self.root / _IGNORE_FILE
        self.facts.see("real", of=str(path))
        if is_inside(path, self.root):
            self.facts.see("content", of=str(path))
        try:
            return dockerignore(self._rules_text())
        except (FileNotFoundError, IsADirectoryError):
            return Ignored()
        except NotTakenError as error:
            raise NotThereError(f".dockerignore is not read: {error}") from None
        except PatternError as error:
            raise NotThereError(f".dockerignore has a {error}") from None
        except UnicodeDecodeError:
            raise NotThereError(".dockerignore is not UTF-8") from None
        except OSError as error:
            reason = (error.strerror or "error").lower()
            raise NotThereError(f".dockerignore cannot be read: {reason}") from None

    def rules_text(self) -> str:
        """Return the text of the .dockerignore, or nothing if it is missing."""
        try:
            return self._rules_text()
        except OSError:
            return ""

    def _rules_text(self) -> str:
        path = self.root / _IGNORE_FILE
        return named.read(path, self.root, _RULES).decode("utf-8")

    def is_private(self) -> bool:
        """Whether the umask of the checkout closed all of it to others.

        The declaration and the lock reveal that: nobody closes them on purpose. One of
        them is enough, since a lock that was just written may be open to all.
        """
        modes = [(self.root / name).stat().st_mode for name in self._own()]
        return not all(map(gives_others, modes))

    def _own(self) -> list[str]:
        """Return the names of the declaration and the lock that exist."""
        for name in sorted(self.own):
            self.facts.see("mode", of=str(self.root / name))
        return [name for name in sorted(self.own) if (self.root / name).is_file()]

    def _read(
        self, resolved: ResolvedPath, exclude: tuple[str, ...], into: Context | None
    ) -> Digest:
        source = self.root / resolved.path
        if not source.is_dir():
            check_name(resolved.path)
            if into is not None:
                into.take(self.root, resolved.path)
            return self._digest({"": resolved.path}, into)
        own = ignored(exclude)
        paths = {
            inside: posixpath.join(resolved.path, inside)
            for inside in self._inside(resolved.path, own)
        }
        if into is not None:
            make_directory(into.root / resolved.path)
            for path in paths.values():
                into.take(self.root, path)
            for path in reversed([resolved.path, *paths.values()]):
                into.keep_time(self.root, path)
        return self._digest(paths, into)

    def _digest(self, paths: Mapping[str, str], context: Context | None) -> Digest:
        """Return the digest of some paths, keyed by their names within the copy."""
        root = self.root if context is None else context.root
        private = context is None and self.is_private()
        first: dict[tuple[int, int], str] = {}
        entries: list[Field] = []
        for inside, path in paths.items():
            place = root / path
            entry = place.lstat()
            if stat.S_ISREG(entry.st_mode) and entry.st_nlink > 1:
                first_name = first.setdefault((entry.st_dev, entry.st_ino), inside)
                if first_name != inside:
                    entries.append([inside, "name of", first_name])
                    continue
            entries.append(self._entry(inside, place, entry.st_mode, private=private))
        return digest_of({"entries": entries})

    def _entry(self, inside: str, place: Path, mode: int, *, private: bool) -> Field:
        """Return the fields of one path that the digest covers."""
        if stat.S_ISLNK(mode):
            return [inside, "link", str(place.readlink())]
        new = image_mode(mode, private=private)
        unusual_mode: list[Field] = [] if new in USUAL else [f"{new:o}"]
        if stat.S_ISDIR(mode):
            return [inside, "directory", *unusual_mode]
        content = self.hashes.get(place) or self.hashed(place)
        return [inside, "file", bool(mode & 0o111), content, *unusual_mode]

    def _inside(self, top: str, own: Ignored) -> Iterator[str]:
        """Yield the paths below a directory that are not left out.

        Their order is the same on every machine.
        """
        project = self._ignored()
        deeper = project.may_take_back or own.may_take_back
        ahead = self._children(top, "")
        while ahead:
            path, kind = ahead.pop()
            if path.count("/") > _DEEPEST:
                start = "/".join(path.split("/")[:3])
                raise NotThereError(
                    f"{start}/... has over {_DEEPEST} levels: flatten it"
                )
            whole = posixpath.join(top, path)
            left_out = whole in project or path in own
            if not left_out:
                check_name(whole)
                if kind == "special":
                    self.left_out.add(whole)
                else:
                    yield path
            if (deeper or not left_out) and kind == "directory":
                ahead += self._children(top, path)

    def _children(self, top: str, path: str) -> list[tuple[str, str]]:
        """Return the entries of a directory with their kinds, in reverse order."""
        place = self.root / top / path
        self.facts.see("names", of=str(place))
        with os.scandir(place) as scanned:
            entries = sorted(
                ((entry.name, _kind(entry)) for entry in scanned), reverse=True
            )
        folder = posixpath.join(top, path)
        return [
            (posixpath.join(path, name), kind)
            for name, kind in entries
            if name != GIT and posixpath.join(folder, name) not in self.own
        ]


def _is_below(path: str, directory: str) -> bool:
    """Whether a path is a directory, or below it; the project's own is empty."""
    return not directory or f"{path}/".startswith(f"{directory}/")


def _kind(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "link"
    if entry.is_dir():
        return "directory"
    return "file" if entry.is_file() else "special"
