"""``packages``: what the images of a lock have installed, as their layers tell."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from dynbuild.emit.bases import base_step, is_base
from dynbuild.explain.installed import (
    BASE,
    Contents,
    ContentsDiff,
    Part,
    compared,
    compared_files,
    contents,
)
from dynbuild.explain.view import stand_ins
from dynbuild.inheritance import Steps, above_of, plan_image, steps_of
from dynbuild.inside.model import Readings
from dynbuild.link.choice import Held
from dynbuild.link.model import Inside, Record, WriteSet
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import Placed, install_order
from dynbuild.lockfile.platform import of_platform
from dynbuild.lockfile.resolved import ResolvedLock, resolve
from dynbuild.plan import Plan, Reuse
from dynbuild.ports import Base, Files, Images, Machine, Stack, Tier
from dynbuild.realization.contents import existing_live_digests, unpinned_digests
from dynbuild.steps.model import OwnBase
from dynbuild.values import dataclass

ReadInstalled = Callable[[Stack, WriteSet, Inside | None], Readings | None]
"""Returns what layers say is installed; None if they are nowhere to be had.

It is given all that the layers write, and what a record knows of it.
"""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where realizations are looked up: the tiers, near to far, and what reads them."""

    files: Files
    tiers: Sequence[Tier]
    machine: Machine
    read: ReadInstalled
    images: Callable[[], Images]


@dataclass(frozen=True, slots=True)
class Image:
    """An image as it would be made of what tiers hold: its plan, and its bases."""

    order: tuple[Placed, ...]
    plan: Plan
    bases: Mapping[OwnBase | None, Base | None]
    read: ReadInstalled

    def contents(self, step: str | None = None) -> Contents:
        """Return what the image has installed, or the stack of one of its steps."""
        return contents(self._parts(step))

    def contents_with(self, placed: Placed, image: Contents) -> Contents:
        """Return the contents in which a step stands: the image's, or its own stack."""
        return image if placed.linked else self.contents(placed.id)

    @property
    def made(self) -> int:
        """When the newest of its steps was built, in milliseconds since 1970."""
        chosen = (self.plan.choices[digest] for digest in self.plan.places.image)
        times = (one.record.made for one in chosen if isinstance(one, Reuse))
        return max(times, default=0)

    def records(self) -> Iterator[tuple[str, Record]]:
        """Yield the steps that the image holds, with their records, lowest first."""
        for digest in self.plan.places.image:
            choice = self.plan.choices[digest]
            if isinstance(choice, Reuse):
                yield self.plan.places.places[digest].id, choice.record

    def trees(self) -> tuple[WriteSet, ...] | None:
        """Return what base and steps write, lowest first; None if one is unknown."""
        base = self.bases[None]
        records = [self.plan.choices[digest] for digest in self.plan.places.image]
        if base is None or not all(isinstance(one, Reuse) for one in records):
            return None
        writes = (one.record.writes for one in records if isinstance(one, Reuse))
        return (base.writes, *writes)

    def _parts(self, step: str | None) -> Iterator[Part]:
        places = self.plan.places
        digests, own = places.image, None
        if step is not None:
            place = places.places[places.final[step]]
            digests = (*place.closure, place.digest)
            own = next(one.own_base for one in self.order if one.id == step)
        base = self.bases.get(own)
        if base is None:
            yield Part(BASE, {}, None)
        else:
            readings = self.read(base.layers, base.writes, base.inside())
            yield Part(BASE, base.writes, readings)
        for digest in digests:
            choice, id_ = self.plan.choices[digest], places.places[digest].id
            if not isinstance(choice, Reuse):
                yield Part(id_, {}, None)
                continue
            record = choice.record
            readings = self.read(record.layers, record.writes, record.inside())
            yield Part(id_, record.writes, readings)


def packages(lock: Lock, shelf: Shelf, platform: str) -> Image:
    """Return the image of a lock, as far as tiers hold it; nothing is built.

    Files that are missing now are left open. Raises DeclarationError for a platform
    that the lock lacks, LockError, UnreachableError.
    """
    return _image(_held(lock, shelf, platform), shelf)


def read_now(image: Image) -> Image:
    """Return an image of which all was read: its layers may be gone later."""
    readings: dict[Stack, Readings | None] = {}

    def read(layers: Stack, writes: WriteSet, inside: Inside | None) -> Readings | None:
        if layers not in readings:
            readings[layers] = image.read(layers, writes, inside)
        return readings[layers]

    found = replace(image, read=read)
    found.contents()
    return found


def changed(
    before: Lock, after: Lock, shelf: Shelf, platform: str, *, files: bool
) -> ContentsDiff | None:
    """Return how the contents of two images differ; None if one is not known whole.

    Raises as ``packages``.
    """
    sides = [_held(lock, shelf, platform) for lock in (before, after)]
    if not all(side.is_whole for side in sides):
        return None
    was, now = (_image(side, shelf) for side in sides)
    old, new = was.contents(), now.contents()
    if old.unknown or new.unknown:
        return None
    trees = (was.trees(), now.trees()) if files else (None, None)
    differ = None
    if trees[0] is not None and trees[1] is not None:
        differ = compared_files(trees[0], trees[1])
    return ContentsDiff(compared(old, new), differ)


@dataclass(frozen=True, slots=True)
class _Held:
    """A lock with what tiers hold of its steps."""

    resolved: ResolvedLock
    above: tuple[Steps, ...]
    records: tuple[Held, ...]

    @property
    def is_whole(self) -> bool:
        """Whether tiers may hold every step of the image, in whatever place.

        What is inherited may come from another image's place, which the plan tells.
        """
        there = {one.record.step for one in self.records}
        digests = self.resolved.digests
        linked = (one.id for one in self.resolved.order if one.linked)
        inherited = bool(self.above)
        return inherited or all(digests.get(id_) in there for id_ in linked)


def _held(lock: Lock, shelf: Shelf, platform: str) -> _Held:
    lock = of_platform(lock, platform)
    order = install_order(lock)
    live, images = stand_ins(lock, order)
    live |= existing_live_digests(order, shelf.files.content)
    unpinned = {**images, **unpinned_digests(lock, shelf.images)}
    resolved = resolve(lock, platform, live, unpinned)
    above = above_of(resolved)
    every = (steps_of(resolved), *above)
    steps = [*dict.fromkeys(digest for one in every for digest in one.digests.values())]
    held = (
        Held(record, distance)
        for distance, tier in enumerate(shelf.tiers)
        for record in tier.find(steps)
    )
    return _Held(resolved, above, tuple(held))


def _image(side: _Held, shelf: Shelf) -> Image:
    resolved = side.resolved
    order, platform = resolved.order, resolved.platform
    owns = {placed.own_base for placed in order} | {None}
    bases = {own: _base(resolved, own, shelf) for own in owns}
    base = bases[None]
    below = base.writes if base else {}
    steps = steps_of(resolved)
    planned = plan_image(steps, side.above, platform, side.records, below).plan
    return Image(order, planned, bases, shelf.read)


def _base(resolved: ResolvedLock, own: OwnBase | None, shelf: Shelf) -> Base | None:
    """Return the base of an image or a stage, if it is here or a tier has it."""
    platform = (own and own.platform) or resolved.platform
    pin = resolved.lock.on(own).base
    unpinned = resolved.unpinned
    digest = pin.platforms.get(platform) if pin.digest else unpinned.get(pin.image)
    if digest is None:
        return None
    if (here := shelf.machine.base(digest)) is not None:
        return here
    for tier in shelf.tiers:
        for record in tier.find([base_step(digest)]):
            if is_base(record):
                layers = record.layers[2:]  # the first are its manifest and config
                return Base(layers, record.writes, {}, record.inside)
    return None
