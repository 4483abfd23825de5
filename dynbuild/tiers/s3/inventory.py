"""The inventory of an S3 tier, as ``inventory.Inventory``."""

import time
from collections.abc import Collection, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from minio.deleteobjects import DeleteObject

from dynbuild.digest import BlobDigest
from dynbuild.inventory import OLD_RECORDS, RECORDS, Root, StoredObject
from dynbuild.ports import TierError
from dynbuild.tiers.codec import named_in, names_in
from dynbuild.tiers.s3.client import MissingError, answers
from dynbuild.tiers.s3.tier import S3


class S3Inventory(S3):
    """Implements ``inventory.Inventory`` on the bucket of an S3 tier."""

    def things(self) -> Iterator[StoredObject]:
        now = time.time()
        for prefix in (f"{RECORDS}/", f"{OLD_RECORDS}/", "blobs/"):
            try:
                with answers(self.clients):
                    for item in self.clients.probe.list_objects(
                        self.settings.bucket,
                        prefix=self.settings.object_of(prefix),
                        recursive=True,
                    ):
                        since = item.last_modified
                        age = now - since.timestamp() if since else 0.0
                        key = self.settings.key_of(str(item.object_name))
                        yield StoredObject(key, item.size or 0, age)
            except MissingError:
                return

    def root(self, key: str) -> Root | None:
        if key.startswith(f"{OLD_RECORDS}/"):
            try:
                return Root(named_in(self._read(key)))
            except MissingError:
                return None
        record = self.record_at(key)
        if record is None:
            return None
        layers = (layer.digest for layer in record.layers)
        return Root(frozenset({*layers, *names_in(record.inside())}), record)

    def is_whole(self, blob: BlobDigest) -> bool:
        with TemporaryDirectory() as folder:
            return self.fetch(blob, str(Path(folder) / "blob"))

    def remove(self, keys: Collection[str]) -> None:
        objects = (DeleteObject(self.settings.object_of(key)) for key in keys)
        with answers(self.clients):
            errors = [
                *self.clients.transfer.remove_objects(self.settings.bucket, objects)
            ]
        if errors:
            why = f"{errors[0].code}: {errors[0].message}"
            raise TierError(why, refused=True)
