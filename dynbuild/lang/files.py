"""The language's file access: a port, and two of its implementations.

Paths are absolute, with ``/``. The port's implementation decides what is inside the
project; the default refuses everything, the one for tests has its files in memory.
"""

from collections.abc import Mapping
from typing import Literal, Protocol, TypeAlias

from dynbuild.lang.paths import base, join, normalise, parent

FileKind: TypeAlias = Literal["regular", "directory", "symlink", "unknown"]


class FileRefused(Exception):  # noqa: N818  # a refusal, not an error of dynbuild
    """A file that is missing, unreadable, or off limits for the declaration."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class FileAccess(Protocol):
    """File access for the language. Each method may raise ``FileRefused``."""

    def resolve(self, path: str) -> str:
        """Return the path without symbolic links; refuse one outside the project."""
        ...

    def kind(self, path: str) -> FileKind | None:
        """Return the kind of file, not following a final link; None if missing."""
        ...

    def link(self, path: str) -> str:
        """Return the target of a symbolic link, not followed further."""
        ...

    def read(self, path: str) -> bytes:
        """Return the content of a regular file."""
        ...

    def list(self, path: str) -> Mapping[str, FileKind]:
        """Return the names in a directory."""
        ...


class NoFiles:
    """A port that refuses every file."""

    def _refuse(self, path: str) -> FileRefused:
        return FileRefused(f"'{path}' cannot be read: this evaluation has no files")

    def resolve(self, path: str) -> str:
        raise self._refuse(path)

    def kind(self, path: str) -> FileKind | None:
        raise self._refuse(path)

    def link(self, path: str) -> str:
        raise self._refuse(path)

    def read(self, path: str) -> bytes:
        raise self._refuse(path)

    def list(self, path: str) -> Mapping[str, FileKind]:
        raise self._refuse(path)


class MemoryFiles:
    """Files in memory: contents and link targets (``"-> target"``) by path."""

    def __init__(self, contents: Mapping[str, bytes | str]) -> None:
        self._files: dict[str, bytes] = {}
        self._links: dict[str, str] = {}
        self._directories: set[str] = {"/"}
        for path, content in contents.items():
            if isinstance(content, str) and content.startswith("-> "):
                self._links[path] = content[3:]
            else:
                text = content.encode() if isinstance(content, str) else content
                self._files[path] = text
            while path != "/":
                path = parent(path)  # noqa: PLW2901  # climbs to the root
                self._directories.add(path)

    def resolve(self, path: str) -> str:
        resolved = "/"
        for part in path.split("/"):
            resolved = join(resolved, part)
            for _ in range(40):
                if resolved not in self._links:
                    break
                target = join(parent(resolved), self._links[resolved])
                resolved = self.resolve(target)
            else:
                raise FileRefused(f"'{path}' has too many symbolic links")
        return resolved

    def kind(self, path: str) -> FileKind | None:
        path = self._place(path)
        if path in self._links:
            return "symlink"
        if path in self._files:
            return "regular"
        return "directory" if path in self._directories else None

    def link(self, path: str) -> str:
        return join(parent(path), self._links[self._place(path)])

    def read(self, path: str) -> bytes:
        path = self.resolve(path)
        if path in self._directories:
            raise FileRefused(f"'{path}' is a directory")
        if path not in self._files:
            raise FileRefused(f"'{path}' does not exist")
        return self._files[path]

    def list(self, path: str) -> Mapping[str, FileKind]:
        path = self.resolve(path)
        if path not in self._directories:
            raise FileRefused(f"'{path}' is not a directory")
        paths = [*self._files, *self._links, *self._directories]
        names = {
            base(other): self.kind(other) or "unknown"
            for other in paths
            if other != "/" and parent(other) == path
        }
        return dict(sorted(names.items()))

    def _place(self, path: str) -> str:
        """Resolve the path except for its last component."""
        return join(self.resolve(parent(path)), base(normalise(path)))
