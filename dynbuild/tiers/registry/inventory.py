"""The inventory of a registry tier, as ``inventory.Inventory``.

A registry removes blobs by itself, when no manifest names them any more.
"""

import json
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from dynbuild.digest import BlobDigest, Digest, sha256
from dynbuild.inventory import RECORDS, Root, StoredObject
from dynbuild.tiers.codec import record_name
from dynbuild.tiers.daemon_threads import parallel_map
from dynbuild.tiers.oci.errors import RegistryError
from dynbuild.tiers.registry.artifact import PackedRecord, step_of, tag_of
from dynbuild.tiers.registry.linked import LinkedTag, latest, linked_in
from dynbuild.tiers.registry.tier import AT_ONCE, Registry, refusals
from dynbuild.values import dataclass

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
            linked = [tags[0] for tags in latest(tags).values()]
            images = parallel_map(self._image, linked, AT_ONCE)

        def used(named: Iterable[tuple[BlobDigest, int]], age: float) -> None:
            for digest, size in named:
                previous = blobs.get(digest, (size, age))
                blobs[digest] = (size, min(age, previous[1]))

        for entry in (record for records in by_step for record in records):
            age = max(0.0, now - entry.made) if entry.made is not None else 0.0
            yield StoredObject(_key(entry), len(entry.text), age)
            used(entry.blobs.items(), age)
        for tag, image in zip(linked, images, strict=True):
            if image is not None:
                yield StoredObject(tag.key, image.size, tag.age(now))
                used(image.blobs, tag.age(now))
        for digest, (size, age) in blobs.items():
            yield StoredObject(
                f"blobs/sha256/{digest.removeprefix('sha256:')}", size, age
            )

    def root(self, key: str) -> Root | None:
        if tag := linked_in(key):
            with refusals():
                image = self._image(tag)
            if image is None:
                return None
            return Root(frozenset(digest for digest, _ in image.blobs))
        step = StoredObject(key, 0, 0.0).step
        if step is None:
            return None
        with refusals():
            matches = [entry for entry in self.entries(step) if _key(entry) == key]
        if not matches:
            return None
        return Root(frozenset(matches[0].blobs), matches[0].record)

    def is_whole(self, blob: BlobDigest) -> bool:
        with TemporaryDirectory() as folder:
            return self.fetch(blob, str(Path(folder) / "blob"))

    def remove(self, keys: Collection[str]) -> None:
        gone = set(keys)
        steps = {step for key in keys if (step := StoredObject(key, 0, 0.0).step)}
        with refusals():
            for step in sorted(steps):
                self._remove(step, gone)
            for tags in self.going(keys):
                self._remove_image(tags)

    def going(self, keys: Collection[str]) -> list[list[LinkedTag]]:
        """Return all tags of each linked image that is to go. Raises RegistryError."""
        gone = {tag.digest for key in keys if (tag := linked_in(key))}
        tags = latest(self.client.tags(self.repository)) if gone else {}
        return [tags[digest] for digest in sorted(gone & tags.keys())]

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

    def _remove_image(self, tags: Sequence[LinkedTag]) -> None:
        try:
            # It is removed by its digest, and with it all of its tags.
            self.client.delete_manifest(self.repository, tags[0].tag)
        except RegistryError as error:
            if error.status != _NOT_OFFERED:
                raise
            self.keep_empty()
            for tag in tags:
                self.put_entries(tag.tag, [])

    def _image(self, tag: LinkedTag) -> "_Image | None":
        """Return a linked image; None where its tag names something else by now."""
        data = self.client.manifest(self.repository, tag.tag)
        if data is None or sha256(data) != tag.digest:
            return None
        try:
            manifest = json.loads(data)
            named = [manifest["config"], *manifest["layers"]]
            return _Image(
                len(data),
                tuple((BlobDigest(one["digest"]), int(one["size"])) for one in named),
            )
        except (KeyError, TypeError, ValueError, RecursionError):
            return None


@dataclass(frozen=True, slots=True)
class _Image:
    """A linked image: the bytes of its manifest, and the blobs that it names."""

    size: int
    blobs: tuple[tuple[BlobDigest, int], ...]


def _key(entry: PackedRecord) -> str:
    step = entry.record.step.removeprefix("sha256:")
    return f"{RECORDS}/{step}/{record_name(entry.record)}"
