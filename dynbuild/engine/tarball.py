"""The tar archives of layers: what one writes, and one with its times made equal."""

import gzip
import hashlib
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, cast

from dynbuild.digest import Digest
from dynbuild.link.entries import Entry, entry_of
from dynbuild.link.model import Layer, WriteSet
from dynbuild.link.writes import stacked, write_set

EPOCH = 315_619_200
"""The time of what is copied from a project: 1980-01-02, the first day of which every
time zone can make a zip archive."""

_CHUNK = 1 << 20
_XATTR = "SCHILY.xattr."
_MOUNTS = ("proc", "sys")
"""Directories that runc makes where a base has none; never of a step."""


def written(layers: Iterable[Path], below: WriteSet) -> WriteSet:
    """What some layers together write over what lies below, the lowest first."""
    tree = dict(below)
    sets: list[WriteSet] = []
    for layer in layers:
        sets.append(write_set(_entries(layer), tree))
        tree = stacked([tree, sets[-1]])
    return stacked(sets)


def is_empty(layer: Path) -> bool:
    """Whether a layer holds nothing at all."""
    with tarfile.open(layer, mode="r:*") as archive:
        return archive.next() is None


def timeless(source: Path, folder: Path) -> tuple[Layer, Path]:
    """The layer with every directory's time set to EPOCH, in a file of a folder."""

    def copy(new: tarfile.TarFile) -> None:
        for entry in old:
            entry.pax_headers = {
                name: value
                for name, value in entry.pax_headers.items()
                if name.startswith(_XATTR)
            }
            entry.uname = entry.gname = ""
            entry.mtime = EPOCH if entry.isdir() else int(entry.mtime)
            new.addfile(entry, old.extractfile(entry) if entry.isreg() else None)

    with tarfile.open(source, mode="r:*") as old:
        return _layer(folder, copy)


def directories(paths: tuple[str, ...], folder: Path) -> tuple[Layer, Path]:
    """A layer of directories that root owns, in a file of a folder."""

    def make(new: tarfile.TarFile) -> None:
        for path in paths:
            entry = tarfile.TarInfo(f"{path}/")
            entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o755, EPOCH
            new.addfile(entry)

    return _layer(folder, make)


def _layer(folder: Path, fill: Callable[[tarfile.TarFile], None]) -> tuple[Layer, Path]:
    """A layer whose bytes depend on its entries alone."""
    target = folder / "layer"
    with ExitStack() as stack:
        raw = stack.enter_context(target.open("wb"))
        packed = stack.enter_context(
            gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0)
        )
        hashed = _Hashed(packed)
        new = stack.enter_context(
            tarfile.open(
                fileobj=cast("IO[bytes]", hashed), mode="w|", format=tarfile.PAX_FORMAT
            )
        )
        fill(new)
    digest = _digest(target)
    layer = Layer(hashed.digest, digest, target.stat().st_size)
    final = folder / digest.removeprefix("sha256:")
    target.rename(final)
    return layer, final


class _Hashed:
    """Passes bytes on and hashes them."""

    def __init__(self, target: gzip.GzipFile) -> None:
        self._target = target
        self._hasher = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self._hasher.update(data)
        return self._target.write(data)

    @property
    def digest(self) -> Digest:
        return Digest(f"sha256:{self._hasher.hexdigest()}")


def _entries(layer: Path) -> Iterator[Entry]:
    with tarfile.open(layer, mode="r:*") as archive:
        for info in archive:
            if info.name.strip("./").split("/", 1)[0] in _MOUNTS:
                continue
            file = archive.extractfile(info) if info.isreg() else None
            yield entry_of(info, "" if file is None else _content(file))


def _content(file: IO[bytes]) -> str:
    hasher = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        hasher.update(chunk)
    return f"sha256:{hasher.hexdigest()}"


def _digest(path: Path) -> Digest:
    with path.open("rb") as file:
        return Digest(f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}")
