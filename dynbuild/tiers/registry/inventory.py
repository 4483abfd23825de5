"""The inventory of a registry tier, as ``inventory.Inventory``.

A registry removes blobs by itself, when no manifest names them any more.
"""

import time
from collections.abc import Collection, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from dynbuild.digest import BlobDigest, Digest
from dynbuild.inventory import RECORDS, Root, StoredObject
from dynbuild.tiers.codec import record_name
from dynbuild.tiers.daemon_threads import parallel_map
from dynbuild.tiers.oci.errors import RegistryError
from dynbuild.tiers.registry.artifact import PackedRecord, step_of, tag_of
from dynbuild.tiers.registry.tier import AT_ONCE, Registry, refusals

_NOT_OFFERED = 405


class RegistryInventory(Registry):
    """Implements ``inventory.Inventory`` on the repository of a registry tier."""

    def things(self) -> Iterator[StoredObject]:
        now = time.time()
        blobs: dict[BlobDigest, tuple[int, float]] = {}
        with refusals():
            tags = self.client.tags(self.repository)
            steps = [step for tag in tags if (step := step_of(tag))]
            by_step = parallel_map(self.entries, steps, AT_ONCE)
        for entry in (record for records in by_step for record in records):
            age = max(0.0, now - entry.made) if entry.made is not None else 0.0
            yield StoredObject(_key(entry), len(entry.text), age)
            for digest, size in _blobs(entry):
                previous = blobs.get(digest, (size, age))
                blobs[digest] = (size, min(age, previous[1]))
        for digest, (size, age) in blobs.items():
            yield StoredObject(
                f"blobs/sha256/{digest.removeprefix('sha256:')}", size, age
            )

    def root(self, key: str) -> Root | None:
        step = StoredObject(key, 0, 0.0).step
        if step is None:
            return None
        with refusals():
            matches = [entry for entry in self.entries(step) if _key(entry) == key]
        if not matches:
            return None
        names = frozenset(digest for digest, _ in _blobs(matches[0]))
        return Root(names, matches[0].record)

    def is_whole(self, blob: BlobDigest) -> bool:
        with TemporaryDirectory() as folder:
            return self.fetch(blob, str(Path(folder) / "blob"))

    def remove(self, keys: Collection[str]) -> None:
        gone = set(keys)
        steps = {step for key in keys if (step := StoredObject(key, 0, 0.0).step)}
        with refusals():
            for step in sorted(steps):
                self._remove(step, gone)

    def remaining(self, step: Digest, gone: Collection[str]) -> list[PackedRecord]:
        """Return the records of a step that stay. Raises RegistryError."""
        return [entry for entry in self.entries(step) if _key(entry) not in gone]

    def _remove(self, step: Digest, gone: Collection[str]) -> None:
        remaining = self.remaining(step, gone)
        if not remaining:
            try:
                self.client.delete_manifest(self.repository, tag_of(step))
            except RegistryError as error:
                if error.status != _NOT_OFFERED:
                    raise
            else:
                return
        # If nothing may be deleted, the manifest under the tag keeps no blobs in use.
        self.put_entries(tag_of(step), remaining)


def _key(entry: PackedRecord) -> str:
    step = entry.record.step.removeprefix("sha256:")
    return f"{RECORDS}/{step}/{record_name(entry.record)}"


def _blobs(entry: PackedRecord) -> Iterator[tuple[BlobDigest, int]]:
    yield entry.writes, entry.size
    for layer in entry.record.layers:
        yield layer.digest, layer.size
