"""The plan of an image: which steps are reused, and which are built.

See docs/design/stacking.md. It is a function of the lock and of the records that tiers
hold: the steps are settled in their places (``link/placement``), and for each place a
record is chosen (``link/choice``). A step without a usable record that is neither an
aim nor needed by a build is left alone: if tiers hold all that the image holds, nothing
is built.

A step whose writes are in no record may turn out not to commute once it is built. So
the plan is made again after each build, until no build is left; what was built stays
usable, and the order of builds does not matter.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import TypeAlias

from dynbuild.closure import closure
from dynbuild.digest import PlacedDigest, RealizationId, StepDigest
from dynbuild.link.budget import Member, groups, height_of
from dynbuild.link.choice import Held, choose, preferred
from dynbuild.link.commute import databases_of
from dynbuild.link.model import Layer, Record
from dynbuild.link.placement import Expected, Placements, Standing, place
from dynbuild.link.reads import reads_of
from dynbuild.lockfile.order import Placed
from dynbuild.steps.managers.left_out import lacks, may_lack
from dynbuild.steps.model import Group, Stage, Step
from dynbuild.values import dataclass

__all__ = [
    "Build",
    "Choice",
    "Held",
    "Plan",
    "Reuse",
    "Unneeded",
    "needed",
    "plan",
    "reached",
    "shared_layers",
    "sources_of",
    "standing",
]

_LOOKED_AT = 64
"""Maximum number of records considered per place, the nearest and youngest: no tier
may make planning slow by holding many."""


@dataclass(frozen=True, slots=True)
class Reuse:
    """The step is reused from a record, which a tier at ``distance`` holds."""

    record: Record
    distance: int


@dataclass(frozen=True, slots=True)
class Build:
    """The step has to be built on its closure."""


@dataclass(frozen=True, slots=True)
class Unneeded:
    """The step has no usable record, and nothing that has to be built needs it."""


Choice: TypeAlias = Reuse | Build | Unneeded


@dataclass(frozen=True, slots=True)
class Plan:
    """The choice for every step in its place, by placed digest, closures first."""

    places: Placements
    choices: Mapping[PlacedDigest, Choice]

    def layers(self, digests: Iterable[PlacedDigest]) -> tuple[Layer, ...] | None:
        """Return the layers of places in the order given; None if one is not built."""
        found: list[Layer] = []
        for digest in digests:
            choice = self.choices[digest]
            if not isinstance(choice, Reuse):
                return None
            found += choice.record.layers
        return tuple(found)

    def ids(self, digests: Iterable[PlacedDigest]) -> tuple[RealizationId, ...]:
        """Return the ids of built places, sorted: the ``on`` of a record."""
        return tuple(sorted(self._record(digest).id for digest in digests))

    def sources(
        self, digest: PlacedDigest
    ) -> tuple[tuple[PlacedDigest, RealizationId], ...]:
        """Return the ``sources`` of a record of a place, all of which are built.

        A linked step has to be present wherever the image is made, so its own record
        says what it came from; for all other sources, this value says so.
        """
        image = {*self.places.image}
        todo = [*self.places.places[digest].sources]
        found: dict[PlacedDigest, RealizationId] = {}
        while todo:
            source = todo.pop()
            if source in found:
                continue
            record = self._record(source)
            found[source] = record.id
            if source not in image:
                todo += self.places.places[source].on
                found |= {one: id_ for one, id_ in record.sources if one not in found}
        return tuple(sorted(found.items()))

    def _record(self, digest: PlacedDigest) -> Record:
        choice = self.choices[digest]
        assert isinstance(choice, Reuse)
        return choice.record


def plan(  # noqa: PLR0913 - what is known of the steps, and what they are for
    order: Sequence[Placed],
    digests: Mapping[str, StepDigest],
    platform: str,
    held: Iterable[Held],
    *,
    before: str | None = None,
    only: Collection[str] | None = None,
    anew: Collection[str] = (),
    made: Sequence[Held] = (),
    previous: Mapping[StepDigest, StepDigest] | None = None,
) -> Plan:
    """Plan the steps whose digests are known.

    A step is expected to do what it did in another place, or else what its ``previous``
    version did; ``held`` has the records of both.

    With ``before`` the aim is not the image, but all that this step stands on; with
    ``only``, these steps, and what is copied from them. The steps ``anew`` are aims of
    an image as well, whether or not it needs them; for these, ``held`` has only what
    was built since. Records ``made`` in this run are considered before all others,
    whatever tiers hold: this makes every run terminate. A record that states another
    platform than its step runs on, in an image for ``platform``, is none of it.
    """
    # What a group may lack is not part of its digest: its layers say what they lack.
    spare = {
        digests[p.id]: may_lack(p.step).keys()
        for p in order
        if p.id in digests and isinstance(p.step, Group)
    }
    runs_on = {digests[p.id]: p.runs_on(platform) for p in order if p.id in digests}
    by_place: dict[PlacedDigest, dict[RealizationId, Held]] = {}
    for has in (*made, *sorted(held, key=preferred)):
        known = by_place.setdefault(has.record.placed, {})
        allowed = spare.get(has.record.step)
        whole = allowed is None or lacks(has.record.writes) <= allowed
        its_own = has.record.platform == runs_on.get(has.record.step, platform)
        if whole and its_own and len(known) < _LOOKED_AT:
            known.setdefault(has.record.id, has)
    held_at = {placed: tuple(known.values()) for placed, known in by_place.items()}
    wrote = {
        placed: [one.record.writes for one in those]
        for placed, those in held_at.items()
    }
    read = {
        placed: [one.record.reads for one in those] for placed, those in held_at.items()
    }
    joined: dict[StepDigest, list[Sequence[StepDigest]]] = {}
    for has in chain.from_iterable(held_at.values()):
        if has.record.joins:
            joined.setdefault(has.record.step, []).append(has.record.joins)
    expected = _expected(chain.from_iterable(held_at.values()), previous or {})
    places = place(standing(order, digests), wrote, read, joined, expected)
    final = places.final
    if before is not None:
        aims = {*places.places[final[before]].closure}
    elif only is not None:
        every = (final, places.sources)
        aims = {at[id_] for at in every for id_ in only if id_ in at}
    else:
        aims = {*places.image, *(final[id_] for id_ in anew if id_ in final)}
    # What is needed has to be present, so none of it may count as a gone source.
    again = {digests[id_] for id_ in anew if id_ in digests}
    lost = aims | {one.digest for one in places.places.values() if one.step in again}
    below = _below(places, aims)
    while True:
        chosen = _chosen(places, below, held_at, lost)
        choices: dict[PlacedDigest, Choice] = {
            digest: Reuse(one.record, one.distance)
            if (one := chosen.get(digest)) is not None
            else Build()
            for digest in places.places
        }
        left = needed(places, choices, aims)
        asked = {digest for digest, one in left.items() if isinstance(one, Build)}
        if asked <= lost:
            return Plan(places, left)
        lost |= asked


def _expected(
    held: Iterable[Held], previous: Mapping[StepDigest, StepDigest]
) -> dict[StepDigest, Expected]:
    """Return what steps are expected to do, by their youngest records in any place."""
    youngest: dict[StepDigest, Record] = {}
    for record in sorted((has.record for has in held), key=lambda r: (r.made, r.id)):
        youngest[record.step] = record
    versions = {**previous, **{step: step for step in youngest}}
    return {
        step: Expected(youngest[version].writes, youngest[version].reads)
        for step, version in versions.items()
        if version in youngest
    }


def _chosen(
    places: Placements,
    below: Collection[PlacedDigest],
    held: Mapping[PlacedDigest, Sequence[Held]],
    lost: Collection[PlacedDigest],
) -> Mapping[PlacedDigest, Held | None]:
    """Choose the records to reuse: for places ``below`` the aims first, then the rest.

    Places that nothing needs have no influence on what the image is made of: so what
    was built anew stays, even if a place that nobody asked for was not built with it.
    """
    every = places.places.values()
    first = choose([place for place in every if place.digest in below], held, lost)
    if len(below) == len(every):
        return first
    fixed = {digest: [one] if (one := first.get(digest)) else [] for digest in below}
    used = {digest for digest, one in fixed.items() if one}
    # Gone sources are settled as well, by the records of what was copied from them.
    settled: dict[PlacedDigest, RealizationId] = {}
    for one in filter(None, first.values()):
        settled |= {one.record.placed: one.record.id, **dict(one.record.sources)}
    agreeing = {
        place.digest: [
            one
            for one in held.get(place.digest, ())
            if all(settled.get(at, id_) == id_ for at, id_ in one.record.sources)
        ]
        for place in every
    }
    return choose(every, {**agreeing, **fixed}, used | {*lost}) | first


def _below(places: Placements, aims: Iterable[PlacedDigest]) -> set[PlacedDigest]:
    """Return the aims and all that they stand on or copy from."""

    def needs(digest: PlacedDigest) -> tuple[PlacedDigest, ...]:
        place = places.places[digest]
        return (*place.closure, *place.sources)

    return closure(aims, needs)


def standing(
    order: Sequence[Placed], digests: Mapping[str, StepDigest]
) -> tuple[Standing, ...]:
    """Return the steps of a lock whose digests are known, as ``place`` takes them."""
    return tuple(
        Standing(
            id=one.id,
            digest=digests[one.id],
            on=one.on,
            sources=sources_of(one.step),
            linked=one.linked,
            touches=databases_of(one.step),
            reads=reads_of(one.step),
        )
        for one in order
        if one.id in digests
    )


def sources_of(step: Step) -> tuple[str, ...]:
    """Return the stages that a step takes files from, each once."""
    return step.sources if isinstance(step, Stage) else ()


def reached(order: Sequence[Placed]) -> frozenset[str]:
    """Return the steps that the image contains, and all that these were made from."""
    found: set[str] = set()
    for one in reversed(order):
        if one.linked or one.id in found:
            found |= {one.id, *one.on, *sources_of(one.step)}
    return frozenset(found)


def shared_layers(
    stack: Iterable[Placed], moves: Mapping[str, int], room: int
) -> tuple[tuple[str, ...], ...]:
    """Group the steps of a stack, in lock order, by the squashed layer they share.

    ``moves`` says how often each stage changed; ``room`` is what the layer budget
    leaves for steps (``link/budget``).
    """
    return groups(
        [
            Member(
                id=one.id,
                seq=one.seq,
                layers=height_of(one.step),
                moves=moves.get(one.id, 0),
                system=not isinstance(one.step, Stage),
                live=one.live,
            )
            for one in stack
        ],
        room,
    )


def needed(
    places: Placements,
    choices: Mapping[PlacedDigest, Choice],
    aims: Iterable[PlacedDigest],
) -> dict[PlacedDigest, Choice]:
    """Build only the aims and what a build needs; any other build is ``Unneeded``."""
    todo = list(aims)
    found = set(todo)
    while todo:
        digest = todo.pop()
        if isinstance(choices[digest], Build):
            place = places.places[digest]
            more = {*place.closure, *place.sources} - found
            found |= more
            todo += more
    return {
        digest: Unneeded()
        if isinstance(choice, Build) and digest not in found
        else choice
        for digest, choice in choices.items()
    }
