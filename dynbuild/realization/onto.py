"""An image on another base than its lock's: stages stay where that can be right.

See docs/decisions/0057-onto.md. The packages, sources and scripts of the image run on
the new base. Then facts are gathered of each stage as it was built on the lock's own
base, and ``link/onto`` says which of them stay. Their layers stand for steps with
digests of their own: no other run looks for these, nor for those of what is built on
them, and what is built here once stages stay is kept in no tier.
"""

import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cache

from dynbuild.closure import closure
from dynbuild.digest import PlacedDigest, StepDigest
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.explain.past import BuildSummary, History, Past, PastBuild
from dynbuild.inheritance import is_alike
from dynbuild.link.choice import Held
from dynbuild.link.commute import databases_of
from dynbuild.link.entries import MalformedLayerError
from dynbuild.link.model import Record
from dynbuild.link.onto import Layered, Moved, judged
from dynbuild.link.programs import Program, leading, names_of
from dynbuild.link.reads import reads_of
from dynbuild.link.writes import stacked
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import Placed
from dynbuild.lockfile.unresolved import refuse_unresolved
from dynbuild.plan import Plan, Reuse, plan
from dynbuild.ports import Stack
from dynbuild.realization.above import beside, records_of
from dynbuild.realization.images import Linked, RealizedSteps, made
from dynbuild.realization.inputs import RealizeInputs
from dynbuild.realization.model import Asked, Backends, How, RealizeResult, Recipe
from dynbuild.realization.noted import NotedOnto
from dynbuild.realization.request import platforms_of, refuse_host_network
from dynbuild.realization.run import ImageRequest, begin, lasting
from dynbuild.realization.steps import realize_steps
from dynbuild.steps.model import Pin, Stage
from dynbuild.values import dataclass

LABEL_BASE = "dev.dynbuild.onto"
LABEL_STAGES = "dev.dynbuild.rebased"


@dataclass(frozen=True, slots=True)
class Put:
    """An image on another base; for each stage why it was built, None if it stayed."""

    linked: Linked
    base: Pin
    verdicts: Mapping[str, str | None]


def put_onto(image: ImageRequest, aside: Backends, base: Pin) -> Put:
    """Make the image of a lock on another base. ``aside`` keeps nothing.

    Raises as ``run.realize``; DeclarationError for several platforms, and for an image
    that extends others or has no base.
    """
    lock, backends, options = image.lock, image.backends, image.options
    if lock.above is not None or lock.base.empty:
        message = "--onto is for an image that has a base, and extends no other image"
        hint = "change the base in the declaration, and run `dynbuild lock`"
        raise DeclarationError(Diagnostic("DB0450", message, hint=hint))
    refuse_host_network(lock, options)
    platform = cache(backends.builder.platform)
    loads_several = backends.builder.loads_several
    platforms, _ = platforms_of(lock, platform, loads_several, options)
    if len(platforms) > 1:
        message = f"--onto is for one platform, and the image is for {len(platforms)}"
        hint = f"pass --platform {platforms[0]}"
        raise DeclarationError(Diagnostic("DB0450", message, hint=hint))
    if not options.unresolved:
        refuse_unresolved(lock, platforms)
    with tempfile.TemporaryDirectory(prefix="dynbuild-") as folder:

        def inputs(one: Lock) -> RealizeInputs:
            return RealizeInputs(
                one, platforms[0], backends, options, folder, image.line
            )

        new = replace(lock, base=base)
        return lasting(lambda: _put(inputs(lock), inputs(new), aside, base))


def _put(old: RealizeInputs, new: RealizeInputs, aside: Backends, base: Pin) -> Put:
    was, _ = begin(old, old.order)
    held = records_of(was, old.backends)
    there = plan(was.order, was.digests, was.platform, held)
    chain = _chain(new)
    stages, moved = _facts(was, there, chain, new.backends)
    while True:
        verdicts = judged(stages, moved)
        kept = {
            one.id: one.record
            for one in stages
            if verdicts[one.id] is None and one.record is not None
        }
        inputs, recipe, gone = _standing(new, aside, was, there, kept)
        if not gone:
            break
        why = "it stands on other steps there"
        stages = [replace(s, hindrance=why) if s.id in gone else s for s in stages]
    _, gather = begin(inputs, inputs.order)
    seconds = new.backends.history.seconds(new.platform)
    how = How(new.options.jobs, frozenset(), seconds)
    outcome = realize_steps(Asked(recipe, how, inputs.backends, gather)).whole()
    outcome = replace(outcome, steps=beside(chain.steps, outcome.steps))
    for id_, record in kept.items():
        choice = outcome.plan.choices[outcome.plan.places.final[id_]]
        if isinstance(choice, Reuse) and choice.record.layers != record.layers:
            verdicts[id_] = "what was built below it wrote where it does"
    stayed = tuple(id_ for id_, why in verdicts.items() if why is None)
    config = inputs.lock.config
    named = f"{base.image}@{base.digest}" if base.digest else base.image
    labels = {**config.labels, LABEL_BASE: named, LABEL_STAGES: " ".join(stayed)}
    inputs.lock = replace(inputs.lock, config=replace(config, labels=labels))
    inputs.onto = NotedOnto(named, stayed)
    return Put(made([RealizedSteps(inputs, outcome, gather)]), base, verdicts)


def _chain(new: RealizeInputs) -> RealizeResult:
    """Realize what no stage is of the image, on the new base, as ever."""
    recipe, gather = begin(new, new.order)
    seconds = new.backends.history.seconds(new.platform)
    how = How(new.options.jobs, frozenset(), seconds, only=frozenset(_system(recipe)))
    outcome = realize_steps(Asked(recipe, how, new.backends, gather)).whole()
    new.backends.tier.share(outcome.held_here)
    return outcome


def _system(recipe: Recipe) -> tuple[str, ...]:
    """Return the steps of the image that are no stages, in lock order."""
    return tuple(
        one.id for one in recipe.order if one.linked and not isinstance(one.step, Stage)
    )


def _facts(
    was: Recipe, there: Plan, chain: RealizeResult, backends: Backends
) -> tuple[list[Layered], Moved]:
    """Gather what is known of the stages on one base, and of the other."""
    system = _system(was)
    now = chain.recipe
    before, after = (_records(system, one) for one in (there, chain.plan))
    assert after is not None
    trees = [
        stacked([recipe.base.writes, *(one.writes for one in records or ())])
        for recipe, records in ((was, before), (now, after))
    ]
    moved = Moved(trees[0], trees[1], {})
    lost = "no tier has the packages of the image on its own base"
    stages = [
        _layered(placed, was, there, chain, None if before is not None else lost)
        for placed in now.order
        if isinstance(placed.step, Stage)
        and was.digests.get(placed.id) != now.digests.get(placed.id)
    ]
    hopeful = judged([replace(one, programs=()) for one in stages], moved)
    stages = [
        replace(one, programs=backends.programs(one.record.layers, None))
        if hopeful[one.id] is None and one.record is not None
        else one
        for one in stages
    ]
    programs = [found for one in stages for found in one.programs or ()]
    layers = (*now.base.layers, *(x for one in after for x in one.layers))
    return stages, replace(moved, defined=_defined(programs, moved, layers, backends))


def _defined(
    programs: Sequence[Program], moved: Moved, layers: Stack, backends: Backends
) -> dict[str, tuple[str, ...]]:
    """Return the versions of symbols of the libraries that programs need."""
    names = names_of(programs)
    try:
        ends = [*leading(names, moved.after).values()] if names else []
    except MalformedLayerError:
        return {}
    files = {end.rpartition("/")[2] for end in ends}
    found = backends.programs(layers, files) if files else ()
    return {one.content: one.defines for one in found or ()}


def _layered(
    placed: Placed, was: Recipe, there: Plan, chain: RealizeResult, lost: str | None
) -> Layered:
    id_, step, now = placed.id, placed.step, chain.recipe
    places = there.places
    at = places.final.get(id_)
    if at is None or id_ not in now.digests:
        return Layered(id_, hindrance="it is not known what it copies")
    place = places.places[at]
    system = {*_system(was)}
    own = [places.places[one].id for one in (*place.closure, *place.sources)]
    needs = [one for one in own if isinstance(was.steps[one].step, Stage)]
    assert isinstance(step, Stage)
    hindrance = lost
    if not is_alike(
        step, {**was.described[id_], "base": ""}, {**now.described[id_], "base": ""}
    ):
        hindrance = "the base gives it another environment"
    elif any(
        one not in system and not isinstance(was.steps[one].step, Stage) for one in own
    ):
        hindrance = "it stands on packages of its own"
    elif places.sources.get(id_, at) != at:
        hindrance = "it is in the image and copied from"
    elif any(id_ in _below(plan_, system) for plan_ in (there, chain.plan)):
        hindrance = "packages of the image stand on it"
    choice = there.choices[at]
    record = choice.record if isinstance(choice, Reuse) else None
    below = [there.choices[one] for one in place.closure]
    return Layered(
        id=id_,
        record=record,
        needs=tuple(needs),
        below=tuple(
            one.record.writes
            for digest, one in zip(place.closure, below, strict=True)
            if isinstance(one, Reuse) and places.places[digest].id not in system
        ),
        reads=(*reads_of(step), *(record.reads if record else ())),
        touches=databases_of(step),
        hindrance=hindrance,
    )


def _below(planned: Plan, system: Collection[str]) -> set[str]:
    """Return all that the packages of an image stand on."""
    places = planned.places
    return {
        places.places[digest].id
        for id_ in system
        for digest in places.places[places.final[id_]].closure
    }


def _records(ids: Sequence[str], planned: Plan) -> tuple[Record, ...] | None:
    """Return the records of steps in their places; None if one is not held."""
    choices = [planned.choices[planned.places.final[id_]] for id_ in ids]
    found = tuple(one.record for one in choices if isinstance(one, Reuse))
    return found if len(found) == len(ids) else None


def _standing(
    new: RealizeInputs,
    aside: Backends,
    was: Recipe,
    there: Plan,
    kept: Mapping[str, Record],
) -> tuple[RealizeInputs, Recipe, set[str]]:
    """Let layers stand for stages; return also the stages that have no place for it."""
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
        more, gone = _stand_ins(kept, planned, there)
        if gone or not more:
            break
        made += more
    if not gone:
        for one in made:
            backends.tier.record(one.record)
    return found, recipe, gone


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
