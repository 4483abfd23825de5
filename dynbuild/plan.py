"""The plan of an image: which steps are reused, and which are built.

DESIGN 8.2 and 8.4. It is a function of the lock and of the records that tiers hold:
the steps are settled in their places (``link/placement``), and for each place a record
is chosen (``link/choice``). Steps that nobody has to build and nobody needs are left
alone: where all that the image holds is held, nothing is built.

A step whose writes no record tells may turn out not to commute once it is built. So a
plan is made again after each build, until there is none left to do; what was built
stays usable, and the order of builds does not matter.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from dynbuild.digest import Digest
from dynbuild.link.budget import Member, groups, height_of
from dynbuild.link.choice import Held, choose, preferred
from dynbuild.link.commute import databases_of
from dynbuild.link.model import Layer, Record, WriteSet
from dynbuild.link.placement import Placements, Standing, place
from dynbuild.lock.order import Placed
from dynbuild.steps.model import Stage

__all__ = [
    "Build",
    "Choice",
    "Held",
    "Plan",
    "Reuse",
    "Unneeded",
    "needed",
    "plan",
    "shared_layers",
    "standing",
]


@dataclass(frozen=True, slots=True)
class Reuse:
    """The step is taken from a record, held at a distance."""

    record: Record
    distance: int


@dataclass(frozen=True, slots=True)
class Build:
    """The step has to be built on its closure."""


@dataclass(frozen=True, slots=True)
class Unneeded:
    """No record of it is usable, and nothing that has to be built needs it."""


Choice: TypeAlias = Reuse | Build | Unneeded


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of every step in its place, by placed digest, closures first."""

    places: Placements
    choices: Mapping[Digest, Choice]

    def layers(self, digests: Iterable[Digest]) -> tuple[Layer, ...] | None:
        """The layers of places in the order given, or None where one is not built."""
        found: list[Layer] = []
        for digest in digests:
            choice = self.choices[digest]
            if not isinstance(choice, Reuse):
                return None
            found += choice.record.layers
        return tuple(found)


def plan(  # noqa: PLR0913 - what is known of the steps, and what they are for
    order: Sequence[Placed],
    digests: Mapping[str, Digest],
    base: Sequence[Digest],
    platform: str,
    held: Iterable[Held],
    *,
    before: str | None = None,
) -> Plan:
    """Plan the steps whose digests are known; ``base`` has the base's diff ids.

    With ``before`` the aim is not the image, but all that this step stands on.
    """
    by_place: dict[Digest, list[Held]] = {}
    wrote: dict[Digest, list[WriteSet]] = {}
    seen: set[tuple[object, ...]] = set()
    for one in sorted(held, key=preferred):
        record = one.record
        same = (record.placed, record.stack, record.layers)
        if record.platform == platform and same not in seen:
            seen.add(same)
            by_place.setdefault(record.placed, []).append(one)
            wrote.setdefault(record.placed, []).append(record.writes)
    places = place(standing(order, digests), wrote)
    chosen = choose(places.places.values(), base, by_place)
    choices: dict[Digest, Choice] = {
        digest: Reuse(chosen[digest].record, chosen[digest].distance)
        if digest in chosen
        else Build()
        for digest in places.places
    }
    aims = (
        places.image if before is None else places.places[places.final[before]].closure
    )
    return Plan(places, needed(order, places, choices, aims))


def standing(
    order: Sequence[Placed], digests: Mapping[str, Digest]
) -> tuple[Standing, ...]:
    """The steps of a lock whose digests are known, as ``place`` takes them."""
    return tuple(
        Standing(
            id=one.id,
            digest=digests[one.id],
            on=one.on,
            linked=one.linked,
            touches=databases_of(one.step),
        )
        for one in order
        if one.id in digests
    )


def shared_layers(
    stack: Iterable[Placed], moves: Mapping[str, int], room: int
) -> tuple[tuple[str, ...], ...]:
    """The steps of a stack in lock order, those together that share a squashed layer.

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
    order: Sequence[Placed],
    places: Placements,
    choices: Mapping[Digest, Choice],
    aims: Iterable[Digest],
) -> dict[Digest, Choice]:
    """Build only what is an aim, and what something to be built needs."""
    copied = {
        one.id: [copy.stage for copy in one.step.copies if copy.stage]
        for one in order
        if isinstance(one.step, Stage)
    }
    todo = list(aims)
    found = set(todo)
    while todo:
        digest = todo.pop()
        if isinstance(choices[digest], Build):
            place = places.places[digest]
            sources = [places.final[stage] for stage in copied.get(place.id, ())]
            more = {*place.closure, *sources} - found
            found |= more
            todo += more
    return {
        digest: Unneeded()
        if isinstance(choice, Build) and digest not in found
        else choice
        for digest, choice in choices.items()
    }
