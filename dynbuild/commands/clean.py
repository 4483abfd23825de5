"""``clean``: removes unused objects from a tier; those in use, or young, stay.

Mark and sweep. Roots are records, and a machine's notes about images; a root stays
because of its age or because a lock names its step. Records that a record stands on or
copies from count as young as that record: otherwise a build might have to make them
again. A blob stays while a root that stays names it, or while it is so young that its
record may still be on its way.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from dynbuild.digest import BlobDigest, Digest, StepDigest
from dynbuild.emit.bases import base_step, is_base
from dynbuild.errors import DeclarationError, Diagnostic, DynbuildError
from dynbuild.explain.view import platforms
from dynbuild.inventory import Inventory, Root, StoredObject
from dynbuild.lockfile.codec import read
from dynbuild.lockfile.images import as_images
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import Placed, install_order
from dynbuild.lockfile.resolved import bases_of, resolve
from dynbuild.ports import Files, Locks, NotThereError
from dynbuild.steps.model import Copy
from dynbuild.steps.recipe import inputs_of
from dynbuild.values import dataclass

DAY = 86400.0
USUAL_AGE = 30 * DAY
"""The default age in seconds after which unused objects are removed."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The roots that stay: those not older than ``age`` seconds, or of some steps.

    With steps and no age, roots of other steps are removed, whatever their age. The
    rest is limited to ``size`` bytes: the oldest goes first, never what the steps need.
    """

    age: float | None
    size: int | None = None
    steps: frozenset[StepDigest] | None = None


@dataclass(frozen=True, slots=True)
class Sweep:
    """The objects to remove, records before blobs; ``left`` is the bytes that stay."""

    roots: tuple[StoredObject, ...]
    blobs: tuple[StoredObject, ...]
    left: int

    @property
    def bytes(self) -> int:
        return sum(thing.size for thing in (*self.roots, *self.blobs))


def sweep_of(inventory: Inventory, policy: Policy, grace: float) -> Sweep:
    """Find the objects to remove from a tier, none younger than ``grace`` seconds."""
    everything = [*inventory.things()]
    blobs = [t for t in everything if t.key.startswith("blobs/")]
    roots = _as_young_as_used(
        {t: inventory.root(t.key) for t in everything if not t.key.startswith("blobs/")}
    )
    things = [*blobs, *roots]
    stay = {
        thing: root or Root(frozenset())
        for thing, root in roots.items()
        if thing.age < grace or (root is not None and _stays(thing, root, policy))
    }
    if policy.size is not None:
        stay = _within(policy.size, stay, blobs, policy, grace)
    named = frozenset().union(*(root.names for root in stay.values()))
    going = [t for t in blobs if t.age >= grace and t.blob not in named]
    gone = {*going, *(t for t in roots if t not in stay)}
    return Sweep(
        tuple(sorted((t for t in roots if t not in stay), key=lambda t: t.key)),
        tuple(sorted(going, key=lambda t: t.key)),
        sum(t.size for t in things if t not in gone),
    )


def sweep(inventory: Inventory, plan: Sweep) -> None:
    """Remove the planned objects, records first: none ever names a missing blob."""
    for things in (plan.roots, plan.blobs):
        if things:
            inventory.remove([thing.key for thing in things])


def kept_steps(
    names: Iterable[str],
    locks: Locks,
    files: Files,
    lock_files: Callable[[str], Collection[str]],
) -> frozenset[StepDigest]:
    """Return the steps of the locks named by git revisions or file patterns.

    ``lock_files`` returns the texts of the files that match a pattern. Steps that copy
    live directories count with their current content. Raises DeclarationError,
    LockError.
    """
    steps: set[StepDigest] = set()
    for name in names:
        texts = lock_files(name)
        if not texts:
            locks.require(name)
            text = locks.committed(name)
            if text is None:
                message = f"the revision {name!r} has no lock"
                hint = "name revisions that have one, or a pattern of lock files"
                raise DeclarationError(Diagnostic("DB0610", message, hint=hint))
            texts = [text]
        for text in texts:
            several = as_images(read(text))
            for image in several.images:
                steps |= _steps(several.whole(image), files)
    return frozenset(steps)


def _steps(lock: Lock, files: Files) -> set[StepDigest]:
    order = install_order(lock)
    live_digests = _live(order, files)
    steps: set[StepDigest] = set()
    for platform in sorted(platforms(lock) or ()):
        steps |= {base_step(digest) for digest in bases_of(lock, platform)}
        try:
            digests = resolve(lock, platform, live_digests, {}).digests
        except DeclarationError:
            # It adds what is not there for the platform: it cannot be built for it.
            continue
        steps |= set(digests.values())
    return steps


def _live(order: Iterable[Placed], files: Files) -> dict[Copy, Digest]:
    live_digests: dict[Copy, Digest] = {}
    for placed in order:
        for copy in inputs_of(placed.step):
            if copy.of_project and copy.live:
                try:
                    live_digests[copy] = files.content(copy.path, copy.exclude)
                except (NotThereError, DynbuildError):
                    continue
    return live_digests


def _as_young_as_used(
    roots: Mapping[StoredObject, Root | None],
) -> dict[StoredObject, Root | None]:
    """Return the roots, none of them older than the records that were made from it."""
    ages = {thing.key: thing.age for thing in roots}
    records = {
        root.record.id: (thing, root.record)
        for thing, root in roots.items()
        if root is not None and root.record is not None
    }
    todo = [*records]
    while todo:
        thing, record = records[todo.pop()]
        for below in (*record.on, *(id_ for _, id_ in record.sources)):
            if below in records and ages[records[below][0].key] > ages[thing.key]:
                ages[records[below][0].key] = ages[thing.key]
                todo.append(below)
    return {replace(t, age=ages[t.key]): root for t, root in roots.items()}


def _stays(thing: StoredObject, root: Root, policy: Policy) -> bool:
    if _is_needed(thing, policy):
        return True
    # A squash, or a base: remaking it runs no step.
    record = root.record
    floating = record is None or bool(record.parts) or is_base(record)
    age = policy.age
    if age is None and (floating or policy.steps is None):
        age = USUAL_AGE
    return age is not None and thing.age <= age


def _is_needed(thing: StoredObject, policy: Policy) -> bool:
    return policy.steps is not None and thing.step in policy.steps


def _within(
    size: int,
    stay: dict[StoredObject, Root],
    blobs: Collection[StoredObject],
    policy: Policy,
    grace: float,
) -> dict[StoredObject, Root]:
    """Reduce the roots that stay to those that fit; the oldest goes first."""
    sizes = {blob.blob: blob.size for blob in blobs if blob.blob and blob.age >= grace}
    uses: dict[BlobDigest, int] = {}
    for root in stay.values():
        for name in root.names:
            uses[name] = uses.get(name, 0) + 1
    total = sum(sizes.get(name, 0) for name in uses) + sum(t.size for t in stay)
    total += sum(blob.size for blob in blobs if blob.age < grace)
    remaining = dict(stay)
    for thing in sorted(stay, key=lambda item: (-item.age, item.key)):
        if total <= size:
            break
        if thing.age < grace or _is_needed(thing, policy):
            continue
        total -= thing.size
        for name in remaining.pop(thing).names:
            uses[name] -= 1
            total -= 0 if uses[name] else sizes.get(name, 0)
    return remaining
