"""``cache``: moving and inspecting the contents of tiers by hand."""

from collections.abc import Callable, Collection
from tempfile import TemporaryDirectory

from dynbuild.digest import BlobDigest, StepDigest
from dynbuild.emit.bases import base_step
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.explain.view import platforms
from dynbuild.inventory import Inventory, StoredObject
from dynbuild.link.model import Record
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.resolved import bases_of, resolve
from dynbuild.ports import Files, Tiers
from dynbuild.realization.contents import contents
from dynbuild.values import dataclass

Each = Callable[
    [Callable[[StoredObject], bool], Collection[StoredObject]], Collection[bool]
]
"""Applies a predicate to many stored objects, several at once."""


@dataclass(frozen=True, slots=True)
class Holding:
    """The contents of a tier: the numbers of records and blobs, and all bytes."""

    records: int
    blobs: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Harm:
    """A damaged stored object, or a record that lacks a blob."""

    key: str
    what: str


def steps_of_all(locks: Collection[Lock], files: Files) -> frozenset[StepDigest]:
    """Return the steps of some locks; raises as ``steps_of``."""
    return frozenset().union(*(steps_of(lock, files) for lock in locks))


def steps_of(lock: Lock, files: Files) -> frozenset[StepDigest]:
    """Return the steps of a lock, and its base, for every platform of it.

    Live files count as they are now. Raises DeclarationError for an image without a
    pin: steps on it are never shared.
    """
    for pin in (lock.base, *lock.images.values()):
        if pin.digest is None:
            message = (
                f"what stands on {pin.image} is shared with nobody: no pin names it"
            )
            hint = "push it to a registry and run `dynbuild lock --upgrade-base`"
            raise DeclarationError(Diagnostic("DB0609", message, hint=hint))
    order = install_order(lock)
    live_digests = contents(order, files.content)
    found: set[StepDigest] = set()
    for platform in sorted(platforms(lock) or ()):
        found |= {base_step(pin) for pin in bases_of(lock, platform)}
        found |= {*resolve(lock, platform, live_digests, {}).digests.values()}
    return frozenset(found)


def steps_in(inventory: Inventory) -> frozenset[StepDigest]:
    """Return the steps of all records in a tier."""
    return frozenset(record.step for record in _records(inventory))


def push(tiers: Tiers, steps: Collection[StepDigest]) -> int:
    """Share the nearest tier's records with shared tiers; return how many they lack."""
    near = [match.record for match in tiers.held(steps) if match.distance == 0]
    return tiers.share(near)


def pull(tiers: Tiers, steps: Collection[StepDigest]) -> int:
    """Copy the shared tiers' records to the nearest; return how many were copied."""
    count = 0
    matches = tiers.held(steps)
    near = {match.record.id for match in matches if not match.distance}
    for match in matches:
        if match.record.id not in near and _fetch(tiers, match.record):
            near.add(match.record.id)
            count += 1
    return count


def holding(inventory: Inventory) -> Holding:
    """Count the contents of a tier."""
    things = [*inventory.things()]
    return Holding(
        sum(thing.step is not None for thing in things),
        sum(thing.blob is not None for thing in things),
        sum(thing.size for thing in things),
    )


def records(inventory: Inventory) -> tuple[tuple[Record, StoredObject], ...]:
    """Return the records in a tier, the youngest first."""
    pairs = [
        (root.record, thing)
        for thing in inventory.things()
        if thing.step and (root := inventory.root(thing.key)) and root.record
    ]
    return tuple(sorted(pairs, key=lambda pair: (pair[1].age, pair[1].key)))


def verify(inventory: Inventory, each: Each) -> tuple[Harm, ...]:
    """Read everything in a tier; return what is damaged or incomplete, by key."""
    things = [*inventory.things()]
    blobs = {thing.blob: thing for thing in things if thing.blob}
    whole = each(lambda thing: inventory.is_whole(_blob(thing)), [*blobs.values()])
    good = {blob for blob, sound in zip(blobs, whole, strict=True) if sound}
    harm = [
        Harm(thing.key, "damaged") for blob, thing in blobs.items() if blob not in good
    ]
    for thing in things:
        if thing.step is None:
            continue
        root = inventory.root(thing.key)
        if root is None:
            harm.append(Harm(thing.key, "damaged"))
        elif lost := sorted(root.names - good):
            harm.append(Harm(thing.key, f"without its blob {lost[0]}"))
    return tuple(sorted(harm, key=lambda entry: entry.key))


def _records(inventory: Inventory) -> list[Record]:
    roots = (inventory.root(thing.key) for thing in inventory.things() if thing.step)
    return [root.record for root in roots if root and root.record]


def _fetch(tiers: Tiers, record: Record) -> bool:
    with TemporaryDirectory(prefix="dynbuild-") as folder:
        return all(
            tiers.fetch(layer.digest, f"{folder}/{number}")
            for number, layer in enumerate(record.layers)
        )


def _blob(thing: StoredObject) -> BlobDigest:
    assert thing.blob is not None
    return thing.blob
