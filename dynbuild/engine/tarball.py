"""The tar archives of layers: their write sets, and layers with normalized times."""

import hashlib
import io
import tarfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, cast

from dynbuild.building import Compression
from dynbuild.compression import media_type, packing
from dynbuild.digest import BlobDigest, DiffId, Digest, sha256
from dynbuild.engine.archives import CHUNK, content_of, normal, opened, path_of
from dynbuild.engine.installed import Installed
from dynbuild.link.entries import TarEntry, entry_of
from dynbuild.link.model import Layer, WriteSet
from dynbuild.link.reads import TELLING
from dynbuild.link.squash import squash
from dynbuild.link.timeless import (
    HEAD,
    is_of_its_run,
    may_be_cached,
    may_tell_time,
    timeless,
)
from dynbuild.link.writes import stacked, write_set
from dynbuild.steps.run import EPOCH

_TEXT = 16 << 20
"""The largest text that is looked at: dpkg's database of twelve thousand packages."""

_XATTR = "SCHILY.xattr."
_MOUNTS = frozenset({"proc", "sys"})
"""Mount points that runc creates where a base has none; they never belong to a step.

Files below them belong to the step that copied them."""


def written(
    layers: Iterable[Path],
    below: WriteSet,
    texts: dict[str, str] | None = None,
    inside: Installed | None = None,
) -> WriteSet:
    """Return the combined write set of layers over ``below``, lowest first.

    Texts that reveal what steps did are put into ``texts``, by digest; what the layers
    say is installed into ``inside``.
    """
    tree = dict(below)
    sets: list[WriteSet] = []
    for layer in layers:
        sets.append(write_set(_entries(layer, texts, inside), tree))
        tree = stacked([tree, sets[-1]])
    return stacked(sets)


def keep_texts(layer: Path, texts: dict[str, str]) -> None:
    """Add the texts of a layer that reveal what steps did to ``texts``, by digest."""
    with opened(layer) as archive:
        for info in archive:
            if _tells(info):
                _keep(content_of(archive, info), texts)


def is_empty(layer: Path) -> bool:
    """Whether a layer has no entries."""
    with opened(layer) as archive:
        return archive.next() is None


def holds_files(layer: Path) -> bool:
    """Whether a layer has an entry that is no directory."""
    with opened(layer) as archive:
        return any(not entry.isdir() for entry in archive)


def copied(
    source: Path, folder: Path, latest: int | None, compression: Compression = "zstd"
) -> tuple[Layer, Path]:
    """Write the layer of a copy, independent of its build time, to a file in a folder.

    Directories get EPOCH: COPY does not tell which of them it created on the way. All
    other entries keep their time from the project, but at most ``latest``.
    """

    def copy(new: tarfile.TarFile) -> None:
        for entry in old:
            time = EPOCH if entry.isdir() else int(entry.mtime)
            _plain(entry, time if latest is None else min(time, latest))
            new.addfile(entry, old.extractfile(entry) if entry.isreg() else None)

    with opened(source) as old:
        return _layer(folder, copy, compression)


def reproducible(
    source: Path,
    folder: Path,
    time: int,
    compression: Compression = "zstd",
    *,
    of_project: bool,
) -> tuple[Layer, Path]:
    """Write a layer that does not tell when it was made to a file in a folder.

    What is ``of_project`` has the times of one checkout: all of it gets ``time``, and
    its content is what was asked for. Of anything else that is the latest time, and
    what is about the run alone is left out.
    """

    def copy(new: tarfile.TarFile) -> None:
        members = old.getmembers()
        linked = {normal(one.linkname) for one in members if one.islnk()}
        for entry in members:
            path = path_of(entry)
            file = old.extractfile(entry) if entry.isreg() else None
            if file is not None and path not in linked and not of_project:
                head = file.read(HEAD) if may_be_cached(path) else b""
                file.seek(0)
                if is_of_its_run(path, head):
                    continue
            _plain(entry, time if of_project else min(int(entry.mtime), time))
            told = not of_project and may_tell_time(path)
            if file is not None and entry.size <= _TEXT and told:
                data = timeless(path, file.read(), time)
                entry.size, file = len(data), io.BytesIO(data)
            new.addfile(entry, file)

    with opened(source) as old:
        return _layer(folder, copy, compression)


def _plain(entry: tarfile.TarInfo, time: int) -> None:
    """Leave an entry its attributes, and nothing that depends on who packed it."""
    entry.pax_headers = {
        name: value
        for name, value in entry.pax_headers.items()
        if name.startswith(_XATTR)
    }
    entry.uname = entry.gname = ""
    entry.mtime = time


def directories(
    paths: tuple[str, ...], folder: Path, compression: Compression = "zstd"
) -> tuple[Layer, Path]:
    """Write a layer of directories owned by root to a file in a folder."""

    def make(new: tarfile.TarFile) -> None:
        for path in paths:
            entry = tarfile.TarInfo(f"{path}/")
            entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o755, EPOCH
            new.addfile(entry)

    return _layer(folder, make, compression)


def squashed(
    sources: Sequence[Path],
    needless: Collection[str],
    folder: Path,
    compression: Compression = "zstd",
) -> tuple[Layer, Path]:
    """Squash layers, lowest first, into one equivalent layer in a file in a folder.

    ``needless`` holds the paths whose whiteouts are dropped.
    """
    with ExitStack() as stack:
        archives = [stack.enter_context(opened(path)) for path in sources]
        members = [[(entry_of(info), info) for info in tar] for tar in archives]
        infos = {id(entry): info for layer in members for entry, info in layer}

        def read(number: int, entry: TarEntry) -> Iterator[bytes]:
            file = archives[number].extractfile(infos[id(entry)])
            assert file is not None, entry.name
            while chunk := file.read(CHUNK):
                yield chunk

        entries = [[entry for entry, _ in layer] for layer in members]
        with _packed(folder, compression) as packed:
            for chunk in squash(entries, read, frozenset(needless)):
                packed.write(chunk)
    return packed.layer()


def _layer(
    folder: Path, fill: Callable[[tarfile.TarFile], None], compression: Compression
) -> tuple[Layer, Path]:
    """Write a layer whose bytes depend only on its entries."""
    with (
        _packed(folder, compression) as packed,
        tarfile.open(
            fileobj=cast("IO[bytes]", packed), mode="w|", format=tarfile.PAX_FORMAT
        ) as new,
    ):
        fill(new)
    return packed.layer()


@contextmanager
def _packed(folder: Path, compression: Compression) -> Iterator["_Packed"]:
    """Open a compressed file in a folder to write a layer to."""
    target = folder / "layer"
    with target.open("wb") as raw, packing(raw, compression) as packed:
        yield _Packed(packed, target, media_type(compression))


class _Packed:
    """A writer that compresses, and computes the digests of both forms."""

    def __init__(self, packed: IO[bytes], target: Path, media_type: str) -> None:
        self._packed = packed
        self._target = target
        self._media_type = media_type
        self._hasher = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self._hasher.update(data)
        return self._packed.write(data)

    def layer(self) -> tuple[Layer, Path]:
        """Return the layer that was written and its path, once its file is closed."""
        digest = _digest(self._target)
        path = self._target.rename(
            self._target.with_name(digest.removeprefix("sha256:"))
        )
        diff_id = DiffId(Digest(f"sha256:{self._hasher.hexdigest()}"))
        size = path.stat().st_size
        return Layer(diff_id, BlobDigest(digest), size, self._media_type), path


def _entries(
    layer: Path, texts: dict[str, str] | None, inside: Installed | None
) -> Iterator[TarEntry]:
    with opened(layer) as archive:
        for info in archive:
            if info.isdir() and path_of(info) in _MOUNTS:
                continue
            tells = texts is not None and _tells(info)
            wanted = inside is not None and inside.wants(info)
            if tells or wanted:
                data = content_of(archive, info)
                yield entry_of(info, sha256(data))
                if texts is not None and tells:
                    _keep(data, texts)
                if inside is not None and wanted:
                    inside.see(info, data)
                continue
            file = archive.extractfile(info) if info.isreg() else None
            yield entry_of(info, "" if file is None else _content(file))
    if inside is not None:
        inside.follow(layer)


def _tells(info: tarfile.TarInfo) -> bool:
    """Whether an entry is a text that reveals what a step did, and small enough."""
    return info.isreg() and info.size <= _TEXT and bool(TELLING.match(path_of(info)))


def _keep(data: bytes, texts: dict[str, str]) -> None:
    texts[sha256(data)] = data.decode("utf-8", "replace")


def _content(file: IO[bytes]) -> str:
    hasher = hashlib.sha256()
    while chunk := file.read(CHUNK):
        hasher.update(chunk)
    return f"sha256:{hasher.hexdigest()}"


def _digest(path: Path) -> Digest:
    with path.open("rb") as file:
        return Digest(f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}")
