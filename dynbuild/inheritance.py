"""Inherited stages: what an image takes of the layers of those that it extends.

See docs/design/stacking.md. In the plan of an image every step stands on all that is
below it there. Where an image has other packages below an inherited stage than the
stage's owner, the stage has another digest in it; and yet what it built on its owner's
packages is what it would build here, if these left the same (``link/inherited``). Then
the owner's record stands in for one that was made here. Such a record is never kept:
each plan derives it anew from those of both images.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import TypeAlias

from dynbuild.digest import Description, Field, PlacedDigest, RealizationId, StepDigest
from dynbuild.link.inherited import (
    Differences,
    copied_alike,
    differences,
    left_alike,
)
from dynbuild.link.model import Layer, Record, WriteSet
from dynbuild.link.placement import Placement
from dynbuild.lockfile.order import Placed
from dynbuild.lockfile.resolved import ResolvedLock, resolve
from dynbuild.plan import Build, Choice, Held, Plan, Reuse, plan
from dynbuild.steps.model import Copy, Stage
from dynbuild.steps.recipe import copies_of
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of an image in lock order, and what decides each, as far as known."""

    order: tuple[Placed, ...]
    described: Mapping[str, Description]
    digests: Mapping[str, StepDigest]
    placed: Mapping[str, Placed] = field(init=False, compare=False, repr=False)
    """The steps by id."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "placed", {one.id: one for one in self.order})


Above: TypeAlias = Sequence[Steps]
"""The images that an image extends, the root first."""


def steps_of(resolved: ResolvedLock) -> Steps:
    return Steps(resolved.order, resolved.descriptions, resolved.digests)


def above_of(resolved: ResolvedLock) -> tuple[Steps, ...]:
    """Return the images that a resolved lock extends, with the same content."""
    return tuple(
        steps_of(resolve(lock, resolved.platform, resolved.contents, resolved.unpinned))
        for lock in resolved.lock.line[:-1]
    )


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """The plan of an image, and which of its records stand in for those of others.

    ``taken`` has, by the id of such a record, the records of the owner's image that it
    follows from, that of the stage itself last. ``wanted`` has the stages that have to
    be built and may serve here if their owner's image builds them, by its position;
    ``awaited`` those that it has built, and that may serve once more is built here.
    """

    plan: Plan
    taken: Mapping[RealizationId, tuple[Record, ...]] = field(default_factory=dict)
    wanted: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    awaited: frozenset[str] = frozenset()

    @property
    def built(self) -> frozenset[str]:
        """The steps that there are records of in their places."""
        choices = self.plan.choices
        final = self.plan.places.final.items()
        return frozenset(id_ for id_, at in final if isinstance(choices[at], Reuse))


def plan_image(  # noqa: PLR0913 - as ``plan``, and what is above the image
    image: Steps,
    above: Above,
    platform: str,
    held: Iterable[Held],
    base: WriteSet,
    *,
    before: str | None = None,
    only: Collection[str] | None = None,
    anew: Collection[str] = (),
    made: Sequence[Held] = (),
    previous: Mapping[StepDigest, StepDigest] | None = None,
) -> ImagePlan:
    """Plan an image that may extend others; all else is as ``plan`` takes it.

    ``base`` is what the base holds. Of the images above, records count that are
    ``held``.
    """
    owners = _owners(image, above)
    held = tuple(held)
    last = max(owners.values(), default=-1)
    theirs = [
        plan_image(one, above[:at], platform, held, base)
        for at, one in enumerate(above[: last + 1])
    ]
    expected = {
        image.digests[id_]: above[at].digests[id_] for id_, at in owners.items()
    }
    taken: dict[RealizationId, tuple[Held, tuple[Record, ...]]] = {}
    while True:
        planned = plan(
            image.order,
            image.digests,
            platform,
            held,
            before=before,
            only=only,
            anew=anew,
            made=(*made, *(one for one, _ in taken.values())),
            previous={**(previous or {}), **expected},
        )
        here = _Image(image, planned, dict(planned.choices), base)
        more = {
            one.record.id: (one, of)
            for id_, at in owners.items()
            if id_ not in anew
            for one, of in _taken(id_, here, theirs[at])
        }
        if more.keys() <= taken.keys():
            break
        taken |= more
    used = {
        choice.record.id
        for choice in planned.choices.values()
        if isinstance(choice, Reuse)
    }
    wanted: dict[int, tuple[str, ...]] = {}
    awaited: set[str] = set()
    for id_ in _open(owners, here, theirs, anew):
        at = owners[id_]
        if id_ in theirs[at].built:
            awaited.add(id_)
        else:
            wanted[at] = (*wanted.get(at, ()), id_)
    return ImagePlan(
        planned,
        {id_: of for id_, (_, of) in taken.items() if id_ in used},
        wanted,
        frozenset(awaited),
    )


def _owners(image: Steps, above: Above) -> dict[str, int]:
    """Return the position of the owner of inherited stages, in lock order.

    Of those that have another digest here than there.
    """
    found: dict[str, int] = {}
    for placed in image.order:
        id_, stage = placed.id, placed.step
        if not isinstance(stage, Stage) or id_ not in image.digests:
            continue
        digest = image.digests[id_]
        at = next((at for at, one in enumerate(above) if id_ in one.digests), None)
        if at is None or above[at].digests[id_] == digest:
            continue
        same = above[at].placed[id_].step == stage
        if same and is_alike(stage, image.described[id_], above[at].described[id_]):
            found[id_] = at
    return found


def is_alike(stage: Stage, one: Description, other: Description) -> bool:
    """Whether a stage is the same in two images but for the steps that it needs."""

    def alone(described: Description) -> Description:
        told: dict[str, Field] = {**described, "stands_on": []}
        for name, inputs in (("copies", copies_of(stage)), ("mounted", stage.mounts)):
            told[name] = [
                content if taken.stage is None else None
                for content, taken in zip(_list(described, name), inputs, strict=False)
            ]
        return told

    return alone(one) == alone(other)


def _list(described: Description, name: str) -> Sequence[Field]:
    found = described.get(name, [])
    assert isinstance(found, list)
    return found


@dataclass(frozen=True, slots=True)
class _Image:
    """An image as it is planned so far; ``choices`` has what is taken over as well."""

    steps: Steps
    plan: Plan
    choices: dict[PlacedDigest, Choice]
    base: WriteSet

    def stack(self, digest: PlacedDigest) -> tuple[Record, ...] | None:
        """Return the records of a place and all that it stands on, lowest first."""
        place = self.plan.places.places[digest]
        return _records((*place.closure, digest), self.choices)


def _taken(
    id_: str, here: _Image, theirs: ImagePlan
) -> Iterator[tuple[Held, tuple[Record, ...]]]:
    """Yield the records that stand in for those of an inherited stage in its places.

    Each with what it follows from. They count among the choices from now on.
    """
    mine, others = here.plan.places, theirs.plan.places
    pairs = {
        mine.final[id_]: others.final.get(id_),
        **({at: others.sources.get(id_)} if (at := mine.sources.get(id_)) else {}),
    }
    there = _Image(here.steps, theirs.plan, dict(theirs.plan.choices), here.base)
    for digest, other in pairs.items():
        if other is None or isinstance(here.choices[digest], Reuse):
            continue
        record = _standing_in(mine.places[digest], other, here, there)
        if record is None:
            continue
        stack, chosen = there.stack(other), theirs.plan.choices[other]
        assert stack
        assert isinstance(chosen, Reuse)
        here.choices[digest] = Reuse(record, chosen.distance)
        of = [real for one in stack for real in theirs.taken.get(one.id, (one,))]
        yield Held(record, chosen.distance), tuple(of)


def _standing_in(
    place: Placement, other: PlacedDigest, here: _Image, there: _Image
) -> Record | None:
    """Return the record of another image's place as one of this place, if it serves."""
    stack = there.stack(other)
    below = _records(place.closure, here.choices)
    if stack is None or below is None:
        return None
    *lower, record = stack
    placed = here.steps.placed[place.id]
    # What a base of its own holds is known only where something is built on it.
    if placed.own_base is not None and _layers(lower) != _layers(below):
        return None
    differ = differences(here.base, lower, below)
    if not left_alike(record, differ, _brought(differ, place, other, here, there)):
        return None
    stage = placed.step
    assert isinstance(stage, Stage)
    if not all(_is_same_copy(one, here, there) for one in stage.inputs):
        return None
    now = Plan(here.plan.places, here.choices)
    onto = {here.steps.digests[join.onto] for join in place.joins}
    return replace(
        record,
        placed=place.digest,
        step=place.step,
        on=now.ids(place.on),
        sources=now.sources(place.digest),
        joins=tuple(sorted(onto)),
        signatures=(),
        origins=tuple(sorted({origin for one in stack for origin in one.origins})),
    )


def _brought(
    differ: Differences,
    place: Placement,
    other: PlacedDigest,
    here: _Image,
    there: _Image,
) -> set[str]:
    """Return what is here alone, of steps that are below the stage in both images."""
    places = there.plan.places.places
    known = {places[digest].id for digest in places[other].closure}
    ids = [here.plan.places.places[digest].id for digest in place.closure]
    below = _records(place.closure, here.choices) or ()
    alone = [path for path, found in differ.there.items() if found is None]
    return {
        path
        for id_, record in zip(ids, below, strict=True)
        if id_ in known
        for path in alone
        if path in record.writes
    }


def _is_same_copy(taken: Copy, here: _Image, there: _Image) -> bool:
    """Whether a copy has the same content in both images."""
    if taken.stage is None:
        return True
    one = there.stack(there.plan.places.sources[taken.stage])
    other = here.stack(here.plan.places.sources[taken.stage])
    if one is None or other is None:
        return False
    if here.steps.placed[taken.stage].own_base is not None:
        return _layers(one) == _layers(other)
    return all(copied_alike(path, here.base, one, other) for path in taken.paths)


def _open(
    owners: Mapping[str, int],
    here: _Image,
    theirs: Sequence[ImagePlan],
    anew: Collection[str],
) -> Iterator[str]:
    """Yield the stages that have to be built and might be taken over after all."""
    final = here.plan.places.final
    refused: set[str] = set()
    for id_, at in owners.items():
        place = here.plan.places.places[final[id_]]
        if not isinstance(here.choices[place.digest], Build):
            continue
        others = theirs[at].plan
        other = others.places.final.get(id_)
        if other is not None and id_ not in anew:
            there = _records(others.places.places[other].closure, others.choices)
            below = _records(place.closure, here.choices)
            every = (*place.closure, *place.sources)
            needs = {here.plan.places.places[digest].id for digest in every}
            unlike = (
                there is not None
                and below is not None
                and not differences(here.base, there, below).alike()
            )
            if refused.isdisjoint(needs) and not unlike:
                yield id_
                continue
        refused.add(id_)


def _layers(stack: Iterable[Record]) -> list[Layer]:
    return [layer for record in stack for layer in record.layers]


def _records(
    digests: Iterable[PlacedDigest], choices: Mapping[PlacedDigest, Choice]
) -> tuple[Record, ...] | None:
    """Return the records of some places; None unless there is one of each."""
    found: list[Record] = []
    for digest in digests:
        choice = choices[digest]
        if not isinstance(choice, Reuse):
            return None
        found.append(choice.record)
    return tuple(found)
