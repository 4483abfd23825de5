"""A tier in memory, as real as the others: for tests, and for trying things out."""

from collections.abc import Collection
from dataclasses import field
from pathlib import Path

from dynbuild.digest import BlobDigest, Digest, StepDigest, sha256
from dynbuild.link.model import Origin, Record
from dynbuild.tiers.codec import record_name
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class MemoryTier:
    """Implements ``ports.Tier`` with dictionaries."""

    blobs: dict[Digest, bytes] = field(default_factory=dict)
    records: dict[Digest, dict[str, Record]] = field(default_factory=dict)

    def find(self, steps: Collection[StepDigest]) -> tuple[Record, ...]:
        return tuple(
            record
            for step in sorted(set(steps))
            for _, record in sorted(self.records.get(step, {}).items())
            if all(self._whole(layer.digest) for layer in record.layers)
        )

    def fetch(self, blob: BlobDigest, path: str) -> bool:
        if not self._whole(blob):
            return False
        Path(path).write_bytes(self.blobs[blob])
        return True

    def has(self, blob: BlobDigest) -> bool:
        return self._whole(blob)

    def keep(self, blob: BlobDigest, path: str) -> None:
        data = Path(path).read_bytes()
        if sha256(data) != blob:
            raise ValueError(f"{path} is not {blob}")
        self.blobs[blob] = data

    def adopt(self, blob: BlobDigest, path: str) -> None:
        self.keep(blob, path)

    def used(self, records: Collection[Record]) -> None:
        del records

    def record(self, record: Record) -> None:
        self.records.setdefault(record.step, {})[record_name(record)] = record

    def take(self, record: Record) -> None:
        self.record(record)

    def doubt(self, *origins: Origin) -> None:
        """Do nothing: nothing of this outlives the run that doubts."""

    def doubts(self) -> tuple[Origin, ...]:
        return ()

    def _whole(self, blob: BlobDigest) -> bool:
        return blob in self.blobs and sha256(self.blobs[blob]) == blob
