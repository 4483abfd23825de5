"""The files that the language may read: those in one directory, and no others."""

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import field
from difflib import get_close_matches
from pathlib import Path, PurePosixPath

from dynbuild.declaration.inputs import ROOT
from dynbuild.declaration.syntax import MAX_SIZE
from dynbuild.lang.files import FileKind, FileRefused
from dynbuild.project.cache.facts import FileObservations
from dynbuild.values import dataclass

_OUTSIDE = "only files in the directory of the project, and below, can be read"


@dataclass(frozen=True, slots=True)
class Sources:
    """Implements ``lang.Files`` on a directory, which the language calls ``ROOT``.

    ``shown`` is the directory relative to the current one, for messages: "." or
    "../.."; ``facts`` records everything that is looked at; ``open`` has the texts of
    files that an editor has open, which count instead of what is saved.
    """

    root: Path
    shown: str = "."
    facts: FileObservations = field(default_factory=FileObservations)
    open: Mapping[Path, str] = field(default_factory=dict)

    def name(self, path: str) -> str:
        """Return the display name of a path of the language."""
        inside = _inside(path)
        return path if inside is None else os.path.normpath(f"{self.shown}/{inside}")

    def directory(self, place: Path) -> str:
        """Return the language's path of a directory; ``ROOT`` for one outside of it."""
        real = place.resolve()
        if self.root not in real.parents:
            return ROOT
        return f"{ROOT}/{real.relative_to(self.root).as_posix()}"

    def resolve(self, path: str) -> str:
        real = self._real(path)
        inside = real.relative_to(self.root)
        return ROOT if inside == Path() else f"{ROOT}/{inside.as_posix()}"

    def kind(self, path: str) -> FileKind | None:
        place = self._place(path)
        self.facts.see("mode", of=str(place))
        try:
            return _kind(place.lstat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._refused(path, error) from None

    def link(self, path: str) -> str:
        place = self._place(path)
        self.facts.see("link", of=str(place))
        target = place.readlink()
        if target.is_absolute():
            return self.resolve(path)
        return os.path.normpath(PurePosixPath(path).parent / target)

    def read(self, path: str) -> bytes:
        place = self._real(path)
        if (text := self.open.get(place)) is not None:
            self.facts.see("mode", of=str(place))
            return text.encode()
        self.facts.see("mode", "content", of=str(place))
        try:
            mode = place.stat().st_mode
            if stat.S_ISDIR(mode):
                raise FileRefused(f"'{self.name(path)}' is a directory")
            if not stat.S_ISREG(mode):
                message = f"'{self.name(path)}' is a pipe, a socket or a device"
                raise FileRefused(message)
            with place.open("rb") as file:
                data = file.read(MAX_SIZE + 1)
        except OSError as error:
            raise self._refused(path, error) from None
        if len(data) > MAX_SIZE:
            size = f"more than {MAX_SIZE // 1024**2} MiB"
            raise FileRefused(f"'{self.name(path)}' has {size}, too much to read")
        return data

    def read_files(self) -> set[Path]:
        """Return the files that were read, or would have been."""
        seen = self.facts.observations
        return {Path(path) for question, path in seen if question == "mode"}

    def list(self, path: str) -> Mapping[str, FileKind]:
        place = self._real(path)
        self.facts.see("names", of=str(place))
        try:
            return {
                child.name: _kind(child.lstat().st_mode)
                for child in sorted(place.iterdir(), key=lambda child: child.name)
            }
        except NotADirectoryError:
            raise FileRefused(f"'{self.name(path)}' is not a directory") from None
        except OSError as error:
            raise self._refused(path, error) from None

    def _place(self, path: str) -> Path:
        """Return the path on this machine, links followed except in its last part."""
        if path == ROOT:
            return self.root
        return self._real(str(PurePosixPath(path).parent)) / PurePosixPath(path).name

    def _real(self, path: str) -> Path:
        """Return the path on this machine, links followed.

        Raises FileRefused outside of the root.
        """
        inside = _inside(path)
        if inside is None:
            message = f"'{path}' is not in the project"
            raise FileRefused(message, _OUTSIDE)
        self.facts.see("real", of=str(self.root / inside))
        try:
            real = (self.root / inside).resolve()
            # resolve() alone follows any number of links: a file that imports itself
            # through a link to a parent directory would add ever more of them.
            with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
                (self.root / inside).stat()
        except (OSError, RuntimeError):
            message = f"'{self.name(path)}' is a link in a circle"
            raise FileRefused(message) from None
        except ValueError:
            raise FileRefused("a path has a null byte") from None
        if real != self.root and self.root not in real.parents:
            message = f"'{self.name(path)}' leads out of the project, through a link"
            raise FileRefused(message, _OUTSIDE)
        return real

    def _refused(self, path: str, error: OSError) -> FileRefused:
        name = self.name(path)
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            return FileRefused(f"'{name}' does not exist", self._near(path))
        reason = (error.strerror or "error").lower()
        return FileRefused(f"'{name}' cannot be read: {reason}")

    def _near(self, path: str) -> str | None:
        """Return a hint naming a similar sibling of a path that does not exist."""
        try:
            names = sorted(child.name for child in self._place(path).parent.iterdir())
        except OSError:
            return None
        # Names with the same suffix are all somewhat similar: only close ones count.
        near = get_close_matches(PurePosixPath(path).name, names, n=1, cutoff=0.8)
        return f"did you mean '{near[0]}'?" if near else None


def _inside(path: str) -> str | None:
    """Return a path of the language relative to the project, or None outside of it."""
    if path == ROOT:
        return "."
    return path[len(ROOT) + 1 :] if path.startswith(f"{ROOT}/") else None


def _kind(mode: int) -> FileKind:
    if stat.S_ISLNK(mode):
        return "symlink"
    if stat.S_ISDIR(mode):
        return "directory"
    return "regular" if stat.S_ISREG(mode) else "unknown"
