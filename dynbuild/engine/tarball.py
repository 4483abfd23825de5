"""The tar archives of layers: what one writes, and one with its times made equal."""

import gzip
import hashlib
import tarfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, cast

from dynbuild.digest import Digest
from dynbuild.link.model import Layer, WriteSet, Written

EPOCH = 315_619_200
"""The time of what is copied from a project: 1980-01-02, the first day of which every
time zone can make a zip archive."""

_CHUNK = 1 << 20
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_XATTR = "SCHILY.xattr."
_MOUNTS = ("proc", "sys")
"""Directories that runc makes where a base has none; never of a step."""


def written(layers: Iterable[Path]) -> WriteSet:
    """What some layers together write, the lowest first."""
    merged: dict[str, Written] = {}
    for layer in layers:
        with tarfile.open(layer, mode="r:*") as archive:
            _add(merged, archive)
    return merged


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


def _add(merged: dict[str, Written], archive: tarfile.TarFile) -> None:
    """Put what an archive writes over what was written before."""
    layer: dict[str, Written] = {}
    for entry in archive:
        path = entry.name.strip("/").removeprefix("./")
        folder, _, name = path.rpartition("/")
        if path in ("", ".") or path.split("/", 1)[0] in _MOUNTS:
            continue
        if name == _OPAQUE:
            above = layer.get(folder, Written("directory", 0o755))
            layer[folder] = Written(
                "opaque", above.mode, above.uid, above.gid, "", above.xattrs
            )
            _forget_below(merged, folder)
        elif name.startswith(_WHITEOUT):
            gone = f"{folder}/{name[4:]}".lstrip("/")
            layer[gone] = Written("whiteout")
            _forget_below(merged, gone)
        else:
            layer[path] = _over(layer.get(path), _entry(entry, path, archive, layer))
    for path, now in layer.items():
        before = merged.get(path)
        if now.kind not in ("directory", "opaque", "whiteout"):
            _forget_below(merged, path)
        if before and before.kind == "opaque" and now.kind == "directory":
            now = _over(before, now)
        merged[path] = now


def _over(before: Written | None, now: Written) -> Written:
    """A directory that hides what lies below it stays one when it is told again."""
    if before is None or before.kind != "opaque" or now.kind != "directory":
        return now
    return Written("opaque", now.mode, now.uid, now.gid, "", now.xattrs)


def _forget_below(merged: dict[str, Written], folder: str) -> None:
    for path in [path for path in merged if path.startswith(f"{folder}/")]:
        del merged[path]


def _entry(
    entry: tarfile.TarInfo,
    path: str,
    archive: tarfile.TarFile,
    layer: dict[str, Written],
) -> Written:
    xattrs = tuple(
        sorted(
            (name.removeprefix(_XATTR), value)
            for name, value in entry.pax_headers.items()
            if name.startswith(_XATTR)
        )
    )
    facts = (entry.mode & 0o7777, entry.uid, entry.gid)
    if entry.isdir():
        return Written("directory", *facts, "", xattrs)
    if entry.issym():
        return Written("symlink", *facts, entry.linkname, xattrs)
    if entry.islnk():
        target = entry.linkname.strip("/").removeprefix("./")
        return layer.get(target, Written("file", *facts, "", xattrs))
    if entry.isreg():
        file = archive.extractfile(entry)
        assert file is not None, path
        hasher = hashlib.sha256()
        while chunk := file.read(_CHUNK):
            hasher.update(chunk)
        return Written("file", *facts, f"sha256:{hasher.hexdigest()}", xattrs)
    kind = {tarfile.CHRTYPE: "c", tarfile.BLKTYPE: "b"}.get(entry.type, "p")
    numbers = f"{kind} {entry.devmajor}:{entry.devminor}"
    return Written("device", *facts, numbers, xattrs)


def _digest(path: Path) -> Digest:
    with path.open("rb") as file:
        return Digest(f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}")
