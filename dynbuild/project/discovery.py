"""Discovery of the declaration and its lock, and reading of the declaration."""

import os
import stat
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from dynbuild.declaration.syntax import MAX_SIZE, SUFFIXES, decode
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.owners import stranger
from dynbuild.project import named
from dynbuild.project.cache.facts import FileObservations
from dynbuild.project.named import NotTakenError
from dynbuild.spans import Source
from dynbuild.values import dataclass

NAMES = tuple(f"dynbuild{suffix}" for suffix in SUFFIXES)


LOCK = "dynbuild.lock"

_GIVEN = ("/dev/stdin", "/dev/fd/", "/proc/self/fd/")
"""Paths of files that the shell has opened, as in ``dynbuild eval <(…)``."""

_MAKE_ONE = "run `dynbuild init` to make one"


@dataclass(frozen=True, slots=True)
class ProjectPaths:
    """The location of a project: its declaration, its lock, and its root directory.

    ``config`` and ``lock`` are spelled relative to the current directory, for messages.
    ``…_within`` is the directory that each has to be in; None for a file that the user
    named, which may be anywhere.
    """

    root: Path
    config: str
    lock: str
    config_within: Path | None = None
    lock_within: Path | None = None


def find(start: Path, config: str | None) -> ProjectPaths:
    """Find the declaration that ``-c`` names, else the one here or in a parent.

    Raises DeclarationError if there is none, or more than one in a directory.
    """
    try:
        return _find(start, config)
    except OSError as error:
        raise _unreadable(error, config or str(error.filename), _MAKE_ONE) from None


def find_lock(start: Path, config: str | None) -> ProjectPaths:
    """Find a project where a lock is enough, even without a declaration.

    ``-c`` may name the lock. Raises DeclarationError likewise.
    """
    if config is None:
        for directory in (start, *start.parents):
            if any((directory / name).is_file() for name in NAMES):
                break
            if (directory / LOCK).is_file():
                place = _searched_paths(
                    Path(os.path.relpath(directory / LOCK, start)), start
                )
                _refuse_strangers(place.config, start, directory)
                return place
    return find(start, config)


def _find(start: Path, config: str | None) -> ProjectPaths:
    if config is not None:
        path = Path(config)
        return (
            _only_one(path, start)
            if (start / path).is_dir()
            else _named_paths(path, start)
        )
    for directory in (start, *start.parents):
        if any((directory / name).is_file() for name in NAMES):
            place = _only_one(Path(os.path.relpath(directory, start)), start)
            _refuse_strangers(place.config, start, directory)
            return place
    raise DeclarationError(
        Diagnostic(
            "DB0310",
            f"no declaration in {start} or above",
            hint=f"run `dynbuild init`, or name one with -c ({', '.join(NAMES)})",
        )
    )


def _refuse_strangers(config: str, start: Path, directory: Path) -> None:
    """Refuse another user's file in a parent directory that the user did not choose."""
    if directory == start:
        return
    owner = stranger(start / config, os.environ)
    if owner is not None:
        message = f"{config} or its directory belongs to {owner}, who can say anything"
        hint = f"if you trust it, name it: -c {config}"
        raise DeclarationError(Diagnostic("DB0343", message, hint=hint))


def root_of(directory: Path, start: Path) -> Path:
    """Return the root of the project that a source in a directory belongs to.

    That is the nearest directory with a declaration; else the current directory, if the
    source is below it; else the source's own directory.
    """
    for above in (directory, *directory.parents):
        if any((above / name).is_file() for name in NAMES):
            return above.resolve()
    current, directory = start.resolve(), directory.resolve()
    return current if current in directory.parents else directory


def read(place: ProjectPaths, start: Path) -> Source:
    """Read the text of the declaration. Raises DeclarationError."""
    path = start / place.config
    if place.config_within is None:
        return _decoded(place.config, path, None, _MAKE_ONE)
    try:
        return decode(place.config, named.read(path, place.config_within, MAX_SIZE))
    except NotTakenError as error:
        message = f"{place.config} is not read: {error}"
        hint = f"put the file itself there, or name it with -c {place.config}"
        raise DeclarationError(Diagnostic("DB0340", message, hint=hint)) from None
    except OSError as error:
        raise _unreadable(error, place.config, _MAKE_ONE) from None


def read_source(name: str, stream: BinaryIO | None = None) -> Source:
    """Read the text of a source, from a stream if given. Raises DeclarationError."""
    return _decoded(name, Path(name), stream, None)


def _decoded(
    name: str, path: Path, stream: BinaryIO | None, hint: str | None
) -> Source:
    if stream is None and not name.startswith(_GIVEN) and is_special(path):
        message = f"cannot read {name}: it is a pipe, a socket or a device"
        raise DeclarationError(
            Diagnostic("DB0311", message, hint="a declaration is a regular file")
        )
    try:
        with nullcontext(stream) if stream else path.open("rb") as file:
            # One more byte distinguishes a file at the size limit from a larger one.
            data = file.read(MAX_SIZE + 1)
            size = max(len(data), 0 if stream else os.fstat(file.fileno()).st_size)
    except OSError as error:
        raise _unreadable(error, name, hint) from None
    if size > MAX_SIZE:
        raise DeclarationError(
            Diagnostic(
                "DB0107",
                f"{name}: {size:,} bytes are too many for a declaration",
                hint=f"a declaration has at most {MAX_SIZE // 1024**2} MiB",
            )
        )
    return decode(name, data)


def is_special(path: Path) -> bool:
    """Whether reading could block for ever: the path is a pipe, socket or device."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _unreadable(error: OSError, config: str, missing: str | None) -> DeclarationError:
    return DeclarationError(
        Diagnostic(
            "DB0311",
            f"cannot read {config}: {(error.strerror or 'error').lower()}",
            hint=missing
            if isinstance(error, FileNotFoundError)
            else "name another with -c, or make this one readable",
        )
    )


def declarations_of(directory: Path, start: Path) -> list[str]:
    """Return the declaration in a directory, if any. Two are a DeclarationError."""
    names = [name for name in NAMES if (start / directory / name).is_file()]
    if len(names) > 1:
        raise DeclarationError(
            Diagnostic(
                "DB0312",
                f"two declarations in {start / directory}: {' and '.join(names)}",
                hint=f"name the one you mean, `-c {names[0]}`, or remove the others",
            )
        )
    return names


def _only_one(directory: Path, start: Path) -> ProjectPaths:
    names = declarations_of(directory, start)
    if not names:
        raise DeclarationError(
            Diagnostic(
                "DB0310",
                f"no declaration in {start / directory}",
                hint=f"it would be one of {', '.join(NAMES)}",
            )
        )
    return _searched_paths(directory / names[0], start)


def _searched_paths(path: Path, start: Path) -> ProjectPaths:
    """Return the place of a file that was found rather than named by the user."""
    place = _named_paths(path, start)
    return replace(place, config_within=place.root, lock_within=place.root)


def _named_paths(path: Path, start: Path) -> ProjectPaths:
    """Return the place of a path, spelled as given: ``link/..`` follows the link."""
    # realpath, unlike resolve in Python 3.11, leaves a link to itself for open to
    # report.
    root = Path(os.path.realpath((start / path).parent))
    lock = path.with_suffix(".lock")
    return ProjectPaths(
        root, str(path), str(lock), None, None if path == lock else root
    )


def see_search(facts: FileObservations, start: Path) -> None:
    """Record where a declaration is looked for, and whether there is one."""
    for directory in (start, *start.parents):
        facts.see("mode", of=str(directory))
        for name in NAMES:
            facts.see("mode", of=str(directory / name))
