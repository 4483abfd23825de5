"""Layers that stand for stages on another base than they were built on.

They are noted in tiers that keep nothing, each by the place that its stage has there,
which is of no ordinary lock.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from dynbuild.closure import closure
from dynbuild.digest import PlacedDigest, StepDigest
from dynbuild.explain.past import BuildSummary, History, Past, PastBuild
from dynbuild.link.choice import Held
from dynbuild.link.model import Record
from dynbuild.plan import Plan, Reuse, plan
from dynbuild.realization.above import records_of
from dynbuild.realization.inputs import RealizeInputs
from dynbuild.realization.model import Backends, Recipe
from dynbuild.realization.onto_facts import is_same_on
from dynbuild.realization.run import begin
from dynbuild.steps.model import Stage
from dynbuild.values import dataclass


def standing_for(
    new: RealizeInputs,
    aside: Backends,
    was: Recipe,
    there: Plan,
    kept: Mapping[str, Record],
) -> tuple[RealizeInputs, Recipe, dict[str, str]]:
    """Let layers stand for stages; return also why some have no place for it."""
    unnoted = _Unnoted(aside.history)
    backends = replace(aside, history=unnoted, earlier=tuple)
    rebased = {id_: record.id for id_, record in kept.items()}

    def inputs(expected: Mapping[StepDigest, StepDigest]) -> RealizeInputs:
        return RealizeInputs(
            new.lock,
            new.platform,
            backends,
            new.options,
            new.folder,
            new.line,
            of_several=new.of_several,
            narrowed=new.narrowed,
            rebased=rebased,
            expected=expected,
        )

    recipe, _ = begin(inputs({}), new.order)
    found = inputs(
        {
            digest: was.digests[id_]
            for id_, digest in recipe.digests.items()
            if id_ in was.digests and isinstance(recipe.steps[id_].step, Stage)
        }
    )
    recipe, _ = begin(found, found.order)
    gone = {
        id_: "what it copies changed meanwhile"
        for id_ in kept
        if not is_same_on(recipe, was, id_)
    }
    if gone:
        return found, recipe, gone
    held = records_of(recipe, backends)
    made: list[Held] = []
    while True:
        planned = plan(
            recipe.order,
            recipe.digests,
            recipe.platform,
            held,
            made=made,
            previous=recipe.previous,
        )
        more, moved = _stand_ins(kept, planned, there)
        if moved:
            return found, recipe, dict.fromkeys(moved, "it stands on other steps there")
        if not more:
            break
        made += more
    for one in made:
        backends.tier.record(one.record)
    return found, recipe, {}


def _stand_ins(
    kept: Collection[str], planned: Plan, there: Plan
) -> tuple[list[Held], set[str]]:
    """Return records for the next of the places where layers stand for stages.

    And the stages that stand on other steps than they did, or have no record for it.
    """
    more: list[Held] = []
    waiting: set[str] = set()
    steps = {one.id: one.step for one in planned.places.places.values()}
    for id_ in kept:
        for mine, theirs in (
            (planned.places.final, there.places.final),
            (planned.places.sources, there.places.sources),
        ):
            if id_ not in mine or isinstance(planned.choices[mine[id_]], Reuse):
                continue
            place = planned.places.places[mine[id_]]
            old = theirs.get(id_)
            choice = None if old is None else there.choices[old]
            if old is None or not isinstance(choice, Reuse):
                return [], {id_}
            below = there.places.places[old].closure
            on = [planned.places.places[one].id for one in place.closure]
            if on != [there.places.places[one].id for one in below]:
                return [], {id_}
            every = _needed(place.digest, planned)
            if not all(isinstance(planned.choices[one], Reuse) for one in every):
                waiting.add(id_)
                continue
            record = replace(
                choice.record,
                placed=place.digest,
                step=place.step,
                on=planned.ids(place.on),
                sources=planned.sources(place.digest),
                joins=tuple(sorted({steps[one.onto] for one in place.joins})),
                signatures=(),
            )
            more.append(Held(record, choice.distance))
    return more, (set() if more else waiting)


def _needed(digest: PlacedDigest, planned: Plan) -> set[PlacedDigest]:
    """Return all that a place stands on or copies from, and these in turn."""

    def needs(one: PlacedDigest) -> tuple[PlacedDigest, ...]:
        place = planned.places.places[one]
        return (*place.closure, *place.sources)

    return closure([digest], needs) - {digest}


@dataclass(frozen=True, slots=True)
class _Unnoted:
    """Implements ``explain.past.History``: what is of another base explains nothing."""

    history: History

    def keep(self, build: PastBuild) -> None:
        """Keep nothing: the next run is compared with the last on the lock's base."""

    def seconds(self, platform: str) -> Mapping[str, float]:
        return self.history.seconds(platform)

    def past(self, platform: str) -> Past:
        return self.history.past(platform)

    def builds(self) -> tuple[BuildSummary, ...]:
        return self.history.builds()
