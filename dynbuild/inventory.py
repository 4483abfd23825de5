"""The inventory of a tier: list all that it holds, verify it, remove parts of it."""

from collections.abc import Collection, Iterator
from typing import Protocol

from dynbuild.digest import BlobDigest, Digest, StepDigest
from dynbuild.link.model import Record
from dynbuild.values import dataclass

RECORDS = "realizations"
"""Folder in which stores keep records of this version, by step and id."""

OLD_RECORDS = "records"
"""Folder in which version 1 kept its records. Each version sees only its own folder, so
that neither takes the other's records for damaged ones."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object that a tier holds: its key, size in bytes and age in seconds."""

    key: str
    size: int
    age: float

    @property
    def blob(self) -> BlobDigest | None:
        """The digest that names it, if it is a blob."""
        folder, _, name = self.key.rpartition("/")
        whole = folder == "blobs/sha256" and not name.startswith(".")
        return BlobDigest(Digest(f"sha256:{name}")) if whole else None

    @property
    def step(self) -> StepDigest | None:
        """The digest of the step that it is a record of, if it is a record."""
        folder, _, name = self.key.partition("/")
        if folder != RECORDS:
            return None
        return StepDigest(Digest(f"sha256:{name.partition('/')[0]}"))


@dataclass(frozen=True, slots=True)
class Root:
    """A root that keeps blobs in use: a record, or a machine's note of an image."""

    names: frozenset[BlobDigest]
    record: Record | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The records that a shared tier has, or in words why it did not answer."""

    name: str
    place: str
    records: tuple[Record, ...] = ()
    away: str | None = None


class Inventory(Protocol):
    """All that a tier holds. A shared one may raise TierError from every method."""

    def things(self) -> Iterator[StoredObject]:
        """Yield all stored objects, in no order."""

    def root(self, key: str) -> Root | None:
        """Return what a record or note names; None if it is unreadable or gone."""

    def is_whole(self, blob: BlobDigest) -> bool:
        """Read a blob to its end: whether it is there and matches its digest."""

    def remove(self, keys: Collection[str]) -> None:
        """Remove stored objects; one that is already gone is no error."""
