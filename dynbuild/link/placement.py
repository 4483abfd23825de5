"""What each step stands on once those that do not commute are put on one another.

DESIGN 8.4. Steps are settled in lock order, each against the settled ones before it
and all its conflicts at once, until none is left: the later is put on the earlier,
which joins its closure. The image holds all linked steps; a build-only stage has a
stack of its own, of all that it declares, and what is found in it holds there and in
the stacks of build-only stages that stand on it.

A copy is of its source in a stack of that one's own, linked or not: it sees what the
source declares, and not what the image put it on. That is another place only where
something was put on another. Sources come before what copies from them, so that one
pass in lock order settles everything.

The placed digest of a step is its own digest where nothing is placed that it stands on
or copies from. Any other covers the step's digest, the placed digests of the last steps
that it stands on, each of which covers what that one stands on (the closure as a set),
and those of its sources.

A step is also put on an earlier one that writes what it is known to read.

What a step writes and reads is known from records, by placed digest. A step conflicts
where any of its records does: machines may differ in what they built, and no choice
among their records may break an image. Where a step was never built in its place, what
it wrote in the place before stands for it; so all that can be known without building is
known at once, and the placement is a function of lock and records. The cost of this
caution is that a record which conflicts places the step even where another does not.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal, TypeAlias

from dynbuild.digest import Digest, Field, digest_of
from dynbuild.link.claims import claims
from dynbuild.link.commute import agree, database_of, seen
from dynbuild.link.entries import ancestors
from dynbuild.link.model import WriteSet, Written
from dynbuild.link.reads import is_read, root_of


@dataclass(frozen=True, slots=True)
class Standing:
    """A step as the lock places it: what it stands on, what it is known to touch.

    ``on`` and ``sources``, which it copies from, hold ids of steps before it;
    ``touches`` names databases, ``reads`` what it is known to read (``link.reads``).
    """

    id: str
    digest: Digest
    on: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    linked: bool = True
    touches: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Join:
    """Why a step was put on an earlier one: the paths that both write.

    Paths of known databases are told by the database alone, and need no warning; nor do
    the paths of the earlier one that the step ``reads``.
    """

    onto: str
    paths: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Placement:
    """A step in its place: the unit of what is built, recorded and reused.

    ``closure`` holds placed digests in lock order; the stack of the step is the base
    and the layers of these. ``on`` has the last of them, which no other stands on;
    ``sources`` has the places that the step copies from.
    """

    id: str
    step: Digest
    digest: Digest
    closure: tuple[Digest, ...] = ()
    on: tuple[Digest, ...] = ()
    sources: tuple[Digest, ...] = ()
    joins: tuple[Join, ...] = ()


@dataclass(frozen=True, slots=True)
class Placements:
    """All places by placed digest, each after its closure and its sources.

    ``final`` maps a step's id to its place in the image, or by itself if it is
    build-only; ``image`` holds the places of the linked steps in lock order.
    """

    places: Mapping[Digest, Placement]
    final: Mapping[str, Digest]
    image: tuple[Digest, ...]


def place(
    order: Sequence[Standing],
    wrote: Mapping[Digest, Collection[WriteSet]],
    read: Mapping[Digest, Collection[Sequence[str]]] | None = None,
) -> Placements:
    """Settle all steps; what was written and read is given by placed digest."""
    at = {step.id: here for here, step in enumerate(order)}
    lock = _Lock(
        order,
        tuple(_mask(at[other] for other in step.on) for step in order),
        tuple(tuple(at[other] for other in step.sources) for step in order),
        wrote,
        read or {},
        {},
    )
    copied = {source for sources in lock.sources for source in sources}
    image: dict[int, _Settled] = {}
    ground = _Ground()
    places: dict[Digest, Placement] = {}
    final: dict[str, Digest] = {}

    def add(stack: Mapping[int, _Settled], members: Iterable[int]) -> None:
        for member in members:
            if stack[member].digest not in places:
                places[stack[member].digest] = _placement(lock, stack, member)

    stacks: dict[int, Mapping[int, _Settled]] = {}
    for here, step in enumerate(order):
        if step.linked:
            _settle(lock, here, image, ground, {})
            add(image, [here])
            final[step.id] = image[here].digest
        if not step.linked or here in copied:
            stacks[here] = _own_stack(lock, here, image, stacks)
            add(stacks[here], sorted(stacks[here]))
            lock.source[here] = stacks[here][here].digest
            final.setdefault(step.id, lock.source[here])
    linked = (final[step.id] for step in order if step.linked)
    return Placements(places, final, tuple(dict.fromkeys(linked)))


def _own_stack(
    lock: "_Lock",
    here: int,
    image: Mapping[int, "_Settled"],
    stacks: Mapping[int, Mapping[int, "_Settled"]],
) -> Mapping[int, "_Settled"]:
    """The stack of a step by itself: all that it declares, settled for it."""
    members = _reach(lock, here)
    inner = [other for other in members if not lock.order[other].linked]
    if not inner and not any(image[other].joins for other in members):
        stack = {other: image[other] for other in members}
        if here in image and not image[here].joins:
            stack[here] = image[here]
        else:
            _settle(lock, here, stack, _Ground(), {})
        return stack
    joined: dict[int, _Joins] = {}
    for other in inner:
        for member, one in stacks[other].items():
            joined[member] = _both(joined.get(member, {}), one.joins)
    stack, ground = {}, _Ground()
    for member in (*members, here):
        _settle(lock, member, stack, ground, joined.get(member, {}))
    return stack


_Reason: TypeAlias = tuple[Literal["database", "path", "read"], str]
"""A database that both change, a path that both write, or that the later one reads."""

_Joins: TypeAlias = Mapping[int, frozenset[_Reason]]
"""Why a step is put on others, by their positions in the order."""


@dataclass(frozen=True, slots=True)
class _Lock:
    """The steps, the positions that each stands on as bits, and what is on record.

    ``sources`` has the positions that each copies from, ``source`` the places that
    these have by themselves, as far as they are settled.
    """

    order: Sequence[Standing]
    on: tuple[int, ...]
    sources: tuple[tuple[int, ...], ...]
    wrote: Mapping[Digest, Collection[WriteSet]]
    read: Mapping[Digest, Collection[Sequence[str]]]
    source: dict[int, Digest]


@dataclass(frozen=True, slots=True)
class _Settled:
    """A settled step: the positions of its closure as bits, and its placed digest.

    ``last`` has those of the closure that no other of it stands on. It is placed where
    it, or a step that it stands on or copies from, was put on another.
    """

    closure: int
    last: int
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
    known: dict[int, Collection[WriteSet]] = field(default_factory=dict)

    def add(self, here: int, step: Standing, writes: Collection[WriteSet]) -> None:
        for database in step.touches:
            self.touched[database] = self.touched.get(database, 0) | 1 << here
        self.unread[here] = self.known[here] = writes

    def _read(self, closure: int) -> None:
        for here in [other for other in self.unread if not closure >> other & 1]:
            for one in self.unread.pop(here):
                for path, written in chain(one.items(), claims(one).items()):
                    counts = seen(path, written)
                    those = self.written.setdefault(path, {})
                    those[counts] = those.get(counts, 0) | 1 << here

    def shared(self, step: Standing, closure: int) -> _Joins:
        """The steps outside of a closure that touch what this one touches."""
        found: dict[int, frozenset[_Reason]] = {}
        for database in step.touches:
            for other in _bits(self.touched.get(database, 0) & ~closure):
                reason: _Reason = ("database", database)
                found[other] = found.get(other, frozenset()) | {reason}
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
                if those is None:
                    continue
                mine = seen(path, written)
                for theirs, steps in those.items():
                    outside = steps & ~closure
                    if outside and not agree(mine, theirs):
                        database = database_of(path)
                        reason: _Reason = (
                            ("database", database) if database else ("path", path)
                        )
                        for other in _bits(outside):
                            found.setdefault(other, set()).add(reason)
        return {other: frozenset(reasons) for other, reasons in found.items()}

    def written_for(self, reads: Iterable[str], closure: int) -> _Joins:
        """The steps outside of a closure that write what a step reads."""
        found: dict[int, frozenset[_Reason]] = {}
        for read in sorted(set(reads)):
            self._read(closure)
            root = root_of(read)
            near = 0
            for above in (root, *ancestors(root)):
                for written, steps in self.written.get(above, {}).items():
                    if above == root or written.kind != "directory":
                        near |= steps
            for other in _bits(near & ~closure):
                if path := self._first(other, read):
                    found[other] = found.get(other, frozenset()) | {("read", path)}
        return found

    def _first(self, here: int, read: str) -> str | None:
        """The first of the paths that a step writes and another one reads."""
        found = (
            path
            for one in self.known[here]
            for path, written in one.items()
            if is_read(read, path, written)
        )
        return min(found, default=None)


def _settle(
    lock: _Lock,
    here: int,
    settled: dict[int, _Settled],
    ground: _Ground,
    joins: _Joins,
) -> None:
    """Settle a step on those of a stack that are settled, with the joins given."""
    step = lock.order[here]
    moved = any(lock.source[o] != lock.order[o].digest for o in lock.sources[here])
    closure = _closure(settled, lock.on[here] | _mask(joins))
    found = _both(ground.shared(step, closure), ground.written_for(step.reads, closure))
    writes: Collection[WriteSet] = ()
    reads: Collection[Sequence[str]] = ()
    while True:
        joins = _both(joins, found)
        on = lock.on[here] | _mask(joins)
        closure = _closure(settled, on)
        deeper = _closure(settled, on, itself=False)
        placed = bool(joins) or moved or any(settled[o].placed for o in _bits(on))
        last = on & ~deeper
        digest = _digest(lock, here, settled, last) if placed else step.digest
        one = _Settled(closure, last, digest, placed, joins)
        writes = lock.wrote.get(one.digest) or writes
        reads = lock.read.get(one.digest) or reads
        found = _both(
            ground.conflicts(writes, closure),
            ground.written_for(chain.from_iterable(reads), closure),
        )
        if not found:
            break
    settled[here] = one
    ground.add(here, step, writes)


def _closure(settled: Mapping[int, _Settled], on: int, *, itself: bool = True) -> int:
    """What steps stand on, and they themselves."""
    closure = on if itself else 0
    for other in _bits(on):
        closure |= settled[other].closure
    return closure


def _digest(lock: _Lock, here: int, below: Mapping[int, _Settled], last: int) -> Digest:
    """The placed digest; what the others stand on already adds nothing to it."""
    fields: dict[str, Field] = {
        "step": lock.order[here].digest,
        "on": sorted({below[other].digest for other in _bits(last)}),
    }
    if sources := {lock.source[other] for other in lock.sources[here]}:
        fields["sources"] = sorted(sources)
    return digest_of(fields)


def _reach(lock: _Lock, here: int) -> list[int]:
    """All that a step stands on, in lock order."""
    todo = lock.on[here]
    reached = 0
    while todo:
        other = todo.bit_length() - 1
        reached |= 1 << other
        todo |= lock.on[other]
        todo &= ~reached
    return list(_bits(reached))


def _placement(lock: _Lock, stack: Mapping[int, _Settled], here: int) -> Placement:
    order, one = lock.order, stack[here]
    closure = dict.fromkeys(stack[other].digest for other in _bits(one.closure))
    joins = tuple(
        Join(
            order[other].id,
            *(
                tuple(sorted(what for kind, what in reasons if kind == of))
                for of in ("path", "database", "read")
            ),
        )
        for other, reasons in sorted(one.joins.items())
    )
    return Placement(
        id=order[here].id,
        step=order[here].digest,
        digest=one.digest,
        closure=tuple(closure),
        on=tuple(dict.fromkeys(stack[other].digest for other in _bits(one.last))),
        sources=tuple(dict.fromkeys(lock.source[o] for o in lock.sources[here])),
        joins=joins,
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
