"""Placement: steps that do not commute are put on one another.

See docs/design/stacking.md. Steps are settled in lock order, each against the settled
ones before it, with all its conflicts at once, until none is left: the later step is
put on the earlier, which joins its closure. The image holds all linked steps; a
build-only stage has a stack of its own, of all that it declares, and the conflicts
found in it apply there and in the stacks of build-only stages that stand on it.

A copy is taken from its source in the source's own stack, linked or not: it sees what
the source declares, and not what the image put the source on. That is a different place
only where a step was put on another. Sources come before what copies from them, so that
one pass in lock order settles everything.

The placed digest of a step is its own digest if neither the step nor anything that it
stands on or (in the source's own stack) copies from was put on another. Otherwise it
covers the step's digest, the placed digests of the last steps that it stands on, each
of which covers what that one stands on (the closure as a set), and those of its
sources.

A step is also put on an earlier one that writes what it is known to read.

What a step writes and reads is known from records, by placed digest. A step conflicts
if any of its records does: machines may differ in what they built, and no choice among
their records may break an image. If a step was never built in its place, what it wrote
in its previous place stands for it, or what is expected of it; so all that can be known
without building is known at once, and the placement is a function of lock and records.
The cost of this caution is that a record which conflicts places the step even if
another one does not.

A place without a record is passed over if a record tells what the step was put on, and
all of that is in the stack too; of several, the one that stands on least is taken. So
no expectation, right or wrong, makes a step that was built run again; and a machine
that took only this record from a tier need not build the step in the previous place
just to find out the same again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field, replace
from itertools import chain

from dynbuild.digest import Field, PlacedDigest, StepDigest, digest_of
from dynbuild.link.ground import Ground, Joins, bits_of, both, mask_of
from dynbuild.link.model import WriteSet
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """A step as the lock places it: what it stands on, what it is known to touch.

    ``on`` and ``sources``, which it copies from, hold ids of earlier steps; ``touches``
    names databases, ``reads`` is what it is known to read (``link.reads``).
    """

    id: str
    digest: StepDigest
    on: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    linked: bool = True
    touches: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Expected:
    """What a step is expected to write and read, until a record of its place says."""

    writes: WriteSet
    reads: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Join:
    """The reason why a step was put on an earlier one: the paths that both write.

    Paths of known databases are given by the database alone, and need no warning; nor
    do the paths of the earlier step that the later one ``reads``.
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
    step: StepDigest
    digest: PlacedDigest
    closure: tuple[PlacedDigest, ...] = ()
    on: tuple[PlacedDigest, ...] = ()
    sources: tuple[PlacedDigest, ...] = ()
    joins: tuple[Join, ...] = ()


@dataclass(frozen=True, slots=True)
class Placements:
    """All places by placed digest, each after its closure and its sources.

    ``final`` maps a step's id to its place in the image, or in its own stack if it is
    build-only; ``image`` holds the places of the linked steps in lock order. ``passed``
    has the places for which a record showed that the step has to stand on more.
    ``sources`` maps steps that are copied from to the places in their own stacks.
    ``unforeseen`` has the places of steps of which nothing says what they will write,
    beside others that change a database: they may turn out to have to be put on these.
    """

    places: Mapping[PlacedDigest, Placement]
    final: Mapping[str, PlacedDigest]
    image: tuple[PlacedDigest, ...]
    passed: tuple[PlacedDigest, ...] = ()
    sources: Mapping[str, PlacedDigest] = field(default_factory=dict)
    unforeseen: frozenset[PlacedDigest] = frozenset()


def place(
    order: Sequence[Standing],
    wrote: Mapping[PlacedDigest, Collection[WriteSet]],
    read: Mapping[PlacedDigest, Collection[Sequence[str]]] | None = None,
    joined: Mapping[StepDigest, Collection[Sequence[StepDigest]]] | None = None,
    expected: Mapping[StepDigest, Expected] | None = None,
) -> Placements:
    """Settle all steps; what they wrote and read is given by placed digest.

    By their own digests, ``joined`` has what steps were put on when they were built,
    ``expected`` what those will do that were never built in their place.
    """
    at = {step.id: here for here, step in enumerate(order)}
    lock = _Lock(
        order,
        tuple(mask_of(at[other] for other in step.on) for step in order),
        tuple(tuple(at[other] for other in step.sources) for step in order),
        wrote,
        read or {},
        {
            step: sorted({*map(tuple, told)}, key=lambda those: (len(those), those))
            for step, told in (joined or {}).items()
        },
        expected or {},
        {},
        {},
        set(),
    )
    copied = {source for sources in lock.sources for source in sources}
    image: dict[int, _Settled] = {}
    ground = Ground()
    places: dict[PlacedDigest, Placement] = {}
    final: dict[str, PlacedDigest] = {}

    def add(stack: Mapping[int, _Settled], members: Iterable[int]) -> None:
        for member in members:
            if stack[member].digest not in places:
                places[stack[member].digest] = _placement(lock, stack, member, places)

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
    image_places = tuple(dict.fromkeys(linked))
    sources = {order[here].id: digest for here, digest in lock.source.items()}
    return Placements(
        places,
        final,
        image_places,
        tuple(lock.passed),
        sources,
        frozenset(lock.unforeseen),
    )


def _own_stack(
    lock: "_Lock",
    here: int,
    image: Mapping[int, "_Settled"],
    stacks: Mapping[int, Mapping[int, "_Settled"]],
) -> Mapping[int, "_Settled"]:
    """Return a step's own stack: all that it declares, settled for it."""
    members = _reach(lock, here)
    inner = [other for other in members if not lock.order[other].linked]
    if not inner and not any(image[other].joins for other in members):
        stack = {other: image[other] for other in members}
        if here in image and not image[here].joins:
            stack[here] = image[here]
        else:
            _settle(lock, here, stack, Ground(), {})
        return stack
    joined: dict[int, Joins] = {}
    for other in inner:
        for member, one in stacks[other].items():
            joined[member] = both(joined.get(member, {}), one.joins)
    stack, ground = {}, Ground()
    for member in (*members, here):
        _settle(lock, member, stack, ground, joined.get(member, {}))
    return stack


@dataclass(frozen=True, slots=True)
class _Lock:
    """The steps, the positions that each stands on as bits, and what is on record.

    ``sources`` has the positions that each step copies from, ``source`` the places of
    these in their own stacks, as far as they are settled; ``passed`` the places in
    which no step was left.
    """

    order: Sequence[Standing]
    on: tuple[int, ...]
    sources: tuple[tuple[int, ...], ...]
    wrote: Mapping[PlacedDigest, Collection[WriteSet]]
    read: Mapping[PlacedDigest, Collection[Sequence[str]]]
    joined: Mapping[StepDigest, Sequence[Sequence[StepDigest]]]
    expected: Mapping[StepDigest, Expected]
    source: dict[int, PlacedDigest]
    passed: dict[PlacedDigest, None]
    unforeseen: set[PlacedDigest]


@dataclass(frozen=True, slots=True)
class _Settled:
    """A settled step: the positions of its closure as bits, and its placed digest.

    ``last`` has those of the closure on which no other of it stands. The step is placed
    if it, or a step that it stands on or copies from, was put on another.
    """

    closure: int
    last: int
    digest: PlacedDigest
    placed: bool
    joins: Joins


def _settle(
    lock: _Lock,
    here: int,
    settled: dict[int, _Settled],
    ground: Ground,
    joins: Joins,
) -> None:
    """Settle a step on the settled ones of a stack, with the joins given."""
    step = lock.order[here]
    closure = _closure(settled, lock.on[here] | mask_of(joins))
    found = both(
        ground.shared(step.touches, closure), ground.written_for(step.reads, closure)
    )
    foreseen = lock.expected.get(step.digest)
    writes: Collection[WriteSet] = [foreseen.writes] if foreseen else ()
    reads: Collection[Sequence[str]] = [foreseen.reads] if foreseen else ()
    while True:
        one = _put_on(lock, here, settled, both(joins, found))
        told = None if lock.wrote.get(one.digest) else _told(lock, here, settled, one)
        on_record = (told or one).digest
        writes = lock.wrote.get(on_record) or writes
        reads = lock.read.get(on_record) or reads
        found = both(
            ground.conflicts(writes, one.closure),
            ground.written_for(chain.from_iterable(reads), one.closure),
        )
        if told:
            # The record tells what the step was put on, and its writes tell why.
            known = {other: found.get(other, frozenset()) for other in told.joins}
            one = replace(told, joins=both(one.joins, known))
            found = {o: why for o, why in found.items() if not one.closure >> o & 1}
        joins = one.joins
        if not found:
            break
        lock.passed[one.digest] = None
    settled[here] = one
    if not (writes or step.touches) and ground.changes_databases(one.closure):
        lock.unforeseen.add(one.digest)
    ground.add(here, step.touches, writes)


def _put_on(
    lock: _Lock, here: int, settled: Mapping[int, _Settled], joins: Joins
) -> _Settled:
    """Return the step in the place that its dependencies and the joins determine."""
    on = lock.on[here] | mask_of(joins)
    last = on & ~_closure(settled, on, itself=False)
    moved = any(
        lock.source[other] != PlacedDigest(lock.order[other].digest)
        for other in lock.sources[here]
    )
    placed = bool(joins) or moved or any(settled[o].placed for o in bits_of(on))
    own = PlacedDigest(lock.order[here].digest)
    digest = _digest(lock, here, settled, last) if placed else own
    return _Settled(_closure(settled, on), last, digest, placed, joins)


def _told(
    lock: _Lock, here: int, settled: Mapping[int, _Settled], one: _Settled
) -> _Settled | None:
    """Return a place on record that stands on more than the given one, all settled.

    Of several, the one that was put on least.
    """
    if not (all_told := lock.joined.get(lock.order[here].digest)):
        return None
    at = {lock.order[other].digest: other for other in settled}
    for those in all_told:
        if all(other in at for other in those):
            joins = both(one.joins, {at[other]: frozenset() for other in those})
            more = _put_on(lock, here, settled, joins)
            if more.digest != one.digest and lock.wrote.get(more.digest):
                return more
    return None


def _closure(settled: Mapping[int, _Settled], on: int, *, itself: bool = True) -> int:
    """Return what steps stand on, and with ``itself`` the steps themselves."""
    closure = on if itself else 0
    for other in bits_of(on):
        closure |= settled[other].closure
    return closure


def _digest(
    lock: _Lock, here: int, below: Mapping[int, _Settled], last: int
) -> PlacedDigest:
    """Return the placed digest; what the ``last`` steps stand on adds nothing to it."""
    fields: dict[str, Field] = {
        "step": lock.order[here].digest,
        "on": sorted({below[other].digest for other in bits_of(last)}),
    }
    if sources := {lock.source[other] for other in lock.sources[here]}:
        fields["sources"] = sorted(sources)
    return PlacedDigest(digest_of(fields))


def _reach(lock: _Lock, here: int) -> list[int]:
    """Return all that a step stands on, in lock order."""
    todo = lock.on[here]
    reached = 0
    while todo:
        other = todo.bit_length() - 1
        reached |= 1 << other
        todo |= lock.on[other]
        todo &= ~reached
    return list(bits_of(reached))


def _placement(
    lock: _Lock,
    stack: Mapping[int, _Settled],
    here: int,
    places: Mapping[PlacedDigest, Placement],
) -> Placement:
    order, one = lock.order, stack[here]
    last = [stack[other].digest for other in bits_of(one.last)]
    if len(last) == 1:
        # It stands on what that one stands on: a chain is not walked again each time.
        closure = dict.fromkeys((*places[last[0]].closure, *last))
    else:
        closure = dict.fromkeys(stack[other].digest for other in bits_of(one.closure))
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
        on=tuple(dict.fromkeys(last)),
        sources=tuple(dict.fromkeys(lock.source[o] for o in lock.sources[here])),
        joins=joins,
    )
