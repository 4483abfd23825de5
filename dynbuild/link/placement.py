"""What each step stands on once those that do not commute are put on one another.

DESIGN 8.4. Steps are settled in lock order, each against the settled ones before it
and all its conflicts at once, until none is left: the later is put on the earlier,
which joins its closure. The image holds all linked steps; a build-only stage has a
stack of its own, and what is found in it holds there and in the stacks of build-only
stages that stand on it.

The placed digest of a step that has nothing placed in its closure is its own digest.
Any other covers the step's digest and the placed digests of the last steps that it
stands on, each of which covers what that one stands on: the closure as a set.

What a step writes is known from records, by placed digest. A step conflicts where any
of its records does: machines may differ in what they built, and no choice among their
records may break an image. Where a step was never built in its place, what it wrote
in the place before stands for it; so all that can be known without building is known
at once, and the placement is a function of lock and records. The cost of this caution
is that a record which conflicts places the step even where another does not.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeAlias

from dynbuild.digest import Digest, digest_of
from dynbuild.link.claims import claims
from dynbuild.link.commute import agree, database_of, seen
from dynbuild.link.model import WriteSet, Written


@dataclass(frozen=True, slots=True)
class Standing:
    """A step as the lock places it: what it stands on, what it is known to touch.

    ``on`` holds ids of steps before it; ``touches`` names databases.
    """

    id: str
    digest: Digest
    on: tuple[str, ...] = ()
    linked: bool = True
    touches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Join:
    """Why a step was put on an earlier one: the paths that both write.

    Paths of known databases are told by the database alone, and need no warning.
    """

    onto: str
    paths: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Placement:
    """A step in its place: the unit of what is built, recorded and reused.

    ``closure`` holds placed digests in lock order; the stack of the step is the base
    and the layers of these.
    """

    id: str
    step: Digest
    digest: Digest
    closure: tuple[Digest, ...] = ()
    joins: tuple[Join, ...] = ()


@dataclass(frozen=True, slots=True)
class Placements:
    """All places by placed digest, each after its closure.

    ``final`` maps a step's id to its place in the image, or in its own stack if it is
    build-only; ``image`` holds the places of the linked steps in lock order.
    """

    places: Mapping[Digest, Placement]
    final: Mapping[str, Digest]
    image: tuple[Digest, ...]


def place(
    order: Sequence[Standing], wrote: Mapping[Digest, Collection[WriteSet]]
) -> Placements:
    """Settle all steps; ``wrote`` has what was written by placed digest."""
    at = {step.id: here for here, step in enumerate(order)}
    lock = _Lock(
        order,
        tuple(_mask(at[other] for other in step.on) for step in order),
        wrote,
    )
    linked = [here for here, step in enumerate(order) if step.linked]
    image = _settle(lock, linked, {}, {})
    in_image = {here: one.joins for here, one in image.items()}
    stacks: dict[int, dict[int, _Settled]] = {}
    for here, step in enumerate(order):
        if step.linked:
            continue
        members = _reach(lock, in_image, here)
        inner = [other for other in members if other in stacks]
        given = dict(in_image)
        for other in inner:
            for member, one in stacks[other].items():
                given[member] = _both(given.get(member, {}), one.joins)
        if inner:
            stacks[here] = _settle(lock, [*members, here], {}, given)
        else:
            below = {other: image[other] for other in members}
            stacks[here] = _settle(lock, [here], below, {})
    places: dict[Digest, Placement] = {}
    for stack in (image, *stacks.values()):
        for here, one in stack.items():
            if one.digest not in places:
                places[one.digest] = _placement(order, stack, here)
    final = {
        step.id: (image if step.linked else stacks[here])[here].digest
        for here, step in enumerate(order)
    }
    return Placements(
        places, final, tuple(dict.fromkeys(image[here].digest for here in linked))
    )


_Reason: TypeAlias = tuple[str, str]
"""A database and no path, or no database and a path."""

_Joins: TypeAlias = Mapping[int, frozenset[_Reason]]
"""Why a step is put on others, by their positions in the order."""


@dataclass(frozen=True, slots=True)
class _Lock:
    """The steps, the positions that each stands on as bits, and what is on record."""

    order: Sequence[Standing]
    on: tuple[int, ...]
    wrote: Mapping[Digest, Collection[WriteSet]]


@dataclass(frozen=True, slots=True)
class _Settled:
    """A settled step: the positions of its closure as bits, and its placed digest.

    It is placed where a step of its closure, or it, was put on another.
    """

    closure: int
    digest: Digest
    placed: bool
    joins: _Joins


@dataclass(frozen=True, slots=True)
class _Ground:
    """What the settled steps write and touch: by path and by database, bits of steps.

    A step meets only those that write the same paths: settling all steps takes time
    in what they write, not in the pairs of steps. What a step writes is looked at when
    the first one comes that does not stand on it: for most of the system chain, never.
    """

    written: dict[str, dict[Written, int]] = field(default_factory=dict)
    touched: dict[str, int] = field(default_factory=dict)
    unread: dict[int, Collection[WriteSet]] = field(default_factory=dict)

    def add(self, here: int, step: Standing, writes: Collection[WriteSet]) -> None:
        for database in step.touches:
            self.touched[database] = self.touched.get(database, 0) | 1 << here
        self.unread[here] = writes

    def _read(self, closure: int) -> None:
        for here in [other for other in self.unread if not closure >> other & 1]:
            for one in self.unread.pop(here):
                for path, written in chain(one.items(), claims(one).items()):
                    counts = seen(path, written)
                    if counts is not None:
                        those = self.written.setdefault(path, {})
                        those[counts] = those.get(counts, 0) | 1 << here

    def shared(self, step: Standing, closure: int) -> _Joins:
        """The steps outside of a closure that touch what this one touches."""
        found: dict[int, frozenset[_Reason]] = {}
        for database in step.touches:
            for other in _bits(self.touched.get(database, 0) & ~closure):
                found[other] = found.get(other, frozenset()) | {(database, "")}
        return found

    def conflicts(self, writes: Collection[WriteSet], closure: int) -> _Joins:
        """The steps outside of a closure that do not commute with what is written."""
        if not writes:
            return {}
        self._read(closure)
        found: dict[int, set[_Reason]] = {}
        for one in writes if self.written else ():
            for path, written in chain(one.items(), claims(one).items()):
                those = self.written.get(path)
                mine = seen(path, written)
                if those is None or mine is None:
                    continue
                for theirs, steps in those.items():
                    outside = steps & ~closure
                    if outside and not agree(mine, theirs):
                        database = database_of(path)
                        reason = (database, "") if database else ("", path)
                        for other in _bits(outside):
                            found.setdefault(other, set()).add(reason)
        return {other: frozenset(reasons) for other, reasons in found.items()}


def _settle(
    lock: _Lock,
    members: Iterable[int],
    below: Mapping[int, _Settled],
    given: Mapping[int, _Joins],
) -> dict[int, _Settled]:
    """Settle members in order on those below, each with the joins that are given."""
    settled = dict(below)
    ground = _Ground()
    for here in members:
        step = lock.order[here]
        joins = given.get(here, {})
        found = ground.shared(step, _closure(settled, lock.on[here] | _mask(joins)))
        writes: Collection[WriteSet] = ()
        while True:
            joins = _both(joins, found)
            on = lock.on[here] | _mask(joins)
            bare = not joins and not any(settled[o].placed for o in _bits(on))
            digest = step.digest if bare else _digest(step, settled, on)
            one = _Settled(_closure(settled, on), digest, not bare, joins)
            writes = lock.wrote.get(one.digest) or writes
            found = ground.conflicts(writes, one.closure)
            if not found:
                break
        settled[here] = one
        ground.add(here, step, writes)
    return settled


def _closure(settled: Mapping[int, _Settled], on: int) -> int:
    closure = on
    for other in _bits(on):
        closure |= settled[other].closure
    return closure


def _digest(step: Standing, below: Mapping[int, _Settled], on: int) -> Digest:
    """The placed digest; what the others stand on already adds nothing to it."""
    deeper = 0
    for other in _bits(on):
        deeper |= below[other].closure
    last = {below[other].digest for other in _bits(on & ~deeper)}
    return digest_of({"step": step.digest, "on": sorted(last)})


def _reach(lock: _Lock, joined: Mapping[int, _Joins], here: int) -> list[int]:
    """All that a step stands on when the joins found so far count, in lock order."""
    todo = lock.on[here]
    reached = 0
    while todo:
        other = todo.bit_length() - 1
        reached |= 1 << other
        todo |= lock.on[other] | _mask(joined.get(other, {}))
        todo &= ~reached
    return list(_bits(reached))


def _placement(
    order: Sequence[Standing], stack: Mapping[int, _Settled], here: int
) -> Placement:
    one = stack[here]
    closure = dict.fromkeys(stack[other].digest for other in _bits(one.closure))
    joins = tuple(
        Join(
            order[other].id,
            tuple(sorted(path for _, path in reasons if path)),
            tuple(sorted(database for database, _ in reasons if database)),
        )
        for other, reasons in sorted(one.joins.items())
    )
    return Placement(
        order[here].id, order[here].digest, one.digest, tuple(closure), joins
    )


def _both(some: _Joins, more: _Joins) -> _Joins:
    return {
        other: some.get(other, frozenset()) | more.get(other, frozenset())
        for other in some.keys() | more.keys()
    }


def _mask(positions: Iterable[int]) -> int:
    mask = 0
    for position in positions:
        mask |= 1 << position
    return mask


def _bits(mask: int) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
