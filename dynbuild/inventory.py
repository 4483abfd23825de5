"""What is asked of all that a tier holds: list it, verify it, remove some."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Protocol

from dynbuild.digest import Digest
from dynbuild.link.model import Record

RECORDS = "realizations"
"""Where stores keep records of this version, by step and id."""

OLD_RECORDS = "records"
"""Where version 1 kept its own. Each version sees only what lies in its place, so that
neither takes the other's records for damaged ones."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """Something that a tier holds: its key, its bytes, its age in seconds."""

    key: str
    size: int
    age: float

    @property
    def blob(self) -> Digest | None:
        """The digest that it goes by, where it is a blob."""
        folder, _, name = self.key.rpartition("/")
        whole = folder == "blobs/sha256" and not name.startswith(".")
        return Digest(f"sha256:{name}") if whole else None

    @property
    def step(self) -> Digest | None:
        """The step that it is a record of."""
        folder, _, name = self.key.partition("/")
        if folder != RECORDS:
            return None
        return Digest(f"sha256:{name.partition('/')[0]}")


@dataclass(frozen=True, slots=True)
class Root:
    """What keeps blobs in use: a record, or what a machine knows of an image."""

    names: frozenset[Digest]
    record: Record | None = None


class Inventory(Protocol):
    """All that a tier holds. A shared one may raise TierError from every method."""

    def things(self) -> Iterator[StoredObject]:
        """Everything, in no order."""

    def root(self, key: str) -> Root | None:
        """What a record or a note names; None where it cannot be read, or is gone."""

    def is_whole(self, blob: Digest) -> bool:
        """Read a blob to its end: whether it is there and what its name says."""

    def remove(self, keys: Collection[str]) -> None:
        """Remove things; what is gone already is no error."""
