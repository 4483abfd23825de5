"""The inventory of the local tier, as ``inventory.Inventory``."""

import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from dynbuild.digest import BlobDigest, sha256
from dynbuild.inventory import OLD_RECORDS, RECORDS, Root, StoredObject
from dynbuild.tiers.codec import (
    UnreadableError,
    load_base,
    load_record,
    named_in,
    names_in,
)
from dynbuild.tiers.local.tier import digest_of_file
from dynbuild.tiers.origin import ANY, Trust, origins_in, parted
from dynbuild.values import dataclass

_ROOTS = (RECORDS, OLD_RECORDS, "notes")


@dataclass(frozen=True, slots=True)
class LocalInventory:
    """Implements ``inventory.Inventory`` on the directory of a local tier."""

    directory: Path
    trust: Trust = ANY

    def things(self) -> Iterator[StoredObject]:
        now = time.time()
        for folder in ("blobs", *_ROOTS):
            for path in (self.directory / folder).glob("**/*"):
                with suppress(FileNotFoundError):
                    status = path.lstat()
                    if not path.is_dir():
                        key = str(path.relative_to(self.directory))
                        yield StoredObject(key, status.st_size, now - status.st_mtime)

    def root(self, key: str) -> Root | None:
        try:
            data = (self.directory / key).read_bytes()
        except OSError:
            return None
        if key.startswith("notes/"):
            return _note(key, data)
        if key.startswith(f"{OLD_RECORDS}/"):
            return Root(named_in(data))
        try:
            data, origin_data = parted(data)
            record, writes = load_record(data)
        except UnreadableError:
            return None
        blobs = {layer.digest for layer in record.layers}
        origins = origins_in(origin_data, data, record, writes, self.trust)
        names = frozenset({writes, *blobs, *names_in(record.inside())})
        return Root(names, replace(record, origins=origins))

    def is_whole(self, blob: BlobDigest) -> bool:
        name = blob.removeprefix("sha256:")
        try:
            return digest_of_file(self.directory / "blobs" / "sha256" / name) == blob
        except OSError:
            return False

    def remove(self, keys: Collection[str]) -> None:
        for key in keys:
            path = self.directory / key
            path.unlink(missing_ok=True)
            if key.startswith((f"{RECORDS}/", f"{OLD_RECORDS}/")):
                with suppress(OSError):
                    path.parent.rmdir()


def _note(key: str, data: bytes) -> Root | None:
    """Return what a note names: that of a base, its layers and their write set."""
    head, _, text = data.partition(b"\n")
    if sha256(text).encode() != head.partition(b" ")[0]:
        return None
    if not key.startswith("notes/base-"):
        return Root(frozenset())
    try:
        return Root(load_base(text.decode("utf-8", "replace")).names)
    except UnreadableError:
        return None
