"""Finding the declaration and its lock, and reading the declaration."""

import os
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from dynbuild.declaration.syntax import MAX_SIZE, SUFFIXES, decode
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.spans import Source

NAMES = tuple(f"dynbuild{suffix}" for suffix in SUFFIXES)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a project is: its declaration, its lock, and its root directory.

    ``config`` and ``lock`` are spelled as people see them from where they are.
    """

    root: Path
    config: str
    lock: str


def find(start: Path, config: str | None) -> Place:
    """The declaration that ``-c`` names, else the one here or in a directory above.

    Raises DeclarationError when there is none or more than one in a directory.
    """
    if config is not None:
        path = start / config
        if path.is_dir():
            return _only_one(path, start)
        return _place(path, start)
    for directory in (start, *start.parents):
        if any((directory / name).is_file() for name in NAMES):
            return _only_one(directory, start)
    raise DeclarationError(
        Diagnostic(
            "DB0310",
            f"no declaration in {start} or above",
            hint=f"run `dynbuild init`, or name one with -c ({', '.join(NAMES)})",
        )
    )


def root_of(directory: Path, start: Path) -> Path:
    """The project that a source in a directory belongs to.

    The nearest directory with a declaration; else the one that we are in, if the
    source is below it.
    """
    for above in (directory, *directory.parents):
        if any((above / name).is_file() for name in NAMES):
            return above.resolve()
    here, directory = start.resolve(), directory.resolve()
    return here if here in directory.parents else directory


def read(place: Place, start: Path) -> Source:
    """The text of the declaration. Raises DeclarationError."""
    hint = "run `dynbuild init` to make one"
    return _decoded(place.config, start / place.config, None, hint)


def read_source(name: str, stream: BinaryIO | None = None) -> Source:
    """The text of a source, from a stream if one is given. Raises DeclarationError."""
    return _decoded(name, Path(name), stream, None)


def _decoded(
    name: str, path: Path, stream: BinaryIO | None, hint: str | None
) -> Source:
    try:
        with nullcontext(stream) if stream else path.open("rb") as file:
            # One byte more tells a file of the size limit from a larger one.
            data = file.read(MAX_SIZE + 1)
            size = max(len(data), 0 if stream else os.fstat(file.fileno()).st_size)
    except OSError as error:
        is_missing = isinstance(error, FileNotFoundError)
        raise DeclarationError(
            Diagnostic(
                "DB0311",
                f"cannot read {name}: {(error.strerror or 'error').lower()}",
                hint=hint if is_missing else None,
            )
        ) from None
    if size > MAX_SIZE:
        raise DeclarationError(
            Diagnostic(
                "DB0107",
                f"{name}: {size:,} bytes are too many for a declaration",
                hint=f"a declaration has at most {MAX_SIZE // 1024**2} MiB",
            )
        )
    return decode(name, data)


def _only_one(directory: Path, start: Path) -> Place:
    found = [name for name in NAMES if (directory / name).is_file()]
    if len(found) > 1:
        raise DeclarationError(
            Diagnostic(
                "DB0312",
                f"two declarations in {directory}: {' and '.join(found)}",
                hint=f"name the one you mean, `-c {found[0]}`, or remove the others",
            )
        )
    if not found:
        raise DeclarationError(
            Diagnostic(
                "DB0310",
                f"no declaration in {directory}",
                hint=f"it would be one of {', '.join(NAMES)}",
            )
        )
    return _place(directory / found[0], start)


def _place(path: Path, start: Path) -> Place:
    lock = path.with_suffix(".lock")
    return Place(path.parent.resolve(), _seen(path, start), _seen(lock, start))


def _seen(path: Path, start: Path) -> str:
    """A path as people see it from where they are: relative where that is short."""
    relative = os.path.relpath(path, start)
    return str(path) if relative.startswith("../../..") else relative
