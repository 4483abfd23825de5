"""Verification of a whole store: damaged objects are removed, to be built again.

Concurrent writes of other processes do no harm: blobs come before the records that
name them, and both come by rename.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from dynbuild.digest import Digest, sha256
from dynbuild.inventory import RECORDS
from dynbuild.tiers.codec import (
    OtherVersionError,
    UnreadableError,
    load_record,
    parsed,
    record_name,
)
from dynbuild.tiers.local.tier import BLOBS, NOTES, digest_of_file
from dynbuild.tiers.origin import parted
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Verified:
    """The result of reading a whole store: its sound objects, and the removed ones.

    ``size`` is that of its blobs in bytes; ``damaged`` describes each removed object.
    """

    blobs: int
    records: int
    size: int
    damaged: tuple[str, ...]


def verify(root: Path) -> Verified:
    """Read every blob, record and note of a store. Raises OSError."""
    damaged: list[str] = []
    blobs = records = size = 0
    for path in _files(root / BLOBS):
        with suppress(FileNotFoundError):
            actual = digest_of_file(path).removeprefix("sha256:")
            if actual == path.name:
                blobs, size = blobs + 1, size + path.stat().st_size
            else:
                damaged.append(_gone(path, f"the blob sha256:{path.name} is damaged"))
    for folder in _folders(root / RECORDS):
        for path in _files(folder):
            with suppress(FileNotFoundError):
                why = _wrong(root, path)
                if why is None:
                    records += 1
                else:
                    damaged.append(_gone(path, f"the record {path} {why}"))
    for path in _files(root / NOTES):
        with suppress(FileNotFoundError):
            head, _, data = path.read_bytes().partition(b"\n")
            if sha256(data).encode() != head.partition(b" ")[0]:
                damaged.append(_gone(path, f"the note {path} is damaged"))
    return Verified(blobs, records, size, tuple(damaged))


def _wrong(root: Path, path: Path) -> str | None:
    """Return what is wrong with a record, if anything is."""
    try:
        record, writes = load_record(parted(path.read_bytes())[0])
    except OtherVersionError:
        return None
    except UnreadableError:
        return "is damaged"
    step = record.step.removeprefix("sha256:")
    if (path.parent.name, path.name) != (step, record_name(record)):
        return "is not the one that its name says"
    for blob in (writes, *(layer.digest for layer in record.layers)):
        if not _blob(root, blob).exists():
            return f"names {blob}, which is not there"
    try:
        parsed(_blob(root, writes).read_bytes())
    except UnreadableError:
        return "does not say what its step wrote"
    return None


def _blob(root: Path, digest: Digest) -> Path:
    return root / BLOBS / digest.removeprefix("sha256:")


def _gone(path: Path, why: str) -> str:
    path.unlink(missing_ok=True)
    return why


def _files(folder: Path) -> Iterator[Path]:
    """Return the files of a folder except those that are being written."""
    return (path for path in _entries(folder) if not path.name.startswith("."))


def _folders(folder: Path) -> Iterator[Path]:
    return (path for path in _entries(folder) if path.is_dir())


def _entries(folder: Path) -> Iterator[Path]:
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - all at once, in order
    except FileNotFoundError:
        return
    yield from (folder / name for name in names)
