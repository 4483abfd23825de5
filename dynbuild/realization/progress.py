"""The progress of a realization: the state of each step, and every change of it.

A value, as is the plan: what happened goes into a function, and the next value comes
out. States are never set: they follow from the plan and from the running jobs, so that
they cannot contradict them. docs/design/states.md has the picture.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from dynbuild import quote
from dynbuild.building import BuildFailed, StepResult
from dynbuild.digest import PlacedDigest, StepDigest
from dynbuild.link.choice import Held
from dynbuild.link.model import Record
from dynbuild.link.placement import Placement
from dynbuild.link.reads import reads_of
from dynbuild.plan import Build, Plan, Reuse, plan
from dynbuild.ports import JobEnded, JobResult, LostError
from dynbuild.realization.diagnosis import forgotten, lacking
from dynbuild.realization.model import (
    BuiltStep,
    ChainResult,
    How,
    RealizeResult,
    Recipe,
)


class StepState(Enum):
    """The life of a step in its place. A new plan may begin it again."""

    UNNEEDED = "unneeded"
    """No usable record; it is not asked for, and nothing that is built needs it."""

    REUSED = "reused"
    """The plan chose a record of it that existed before."""

    WAITING = "waiting"
    """It has to be built; something that it stands on or copies from is not there."""

    READY = "ready"
    """It has to be built; all that it stands on and copies from is REUSED or BUILT."""

    BUILDING = "building"
    """A job builds it. It was READY, or follows a step of the same chain."""

    READING = "reading"
    """It is built, and what it wrote is being read: the next plan depends on that."""

    BUILT = "built"
    """The plan chose a record of it that was made meanwhile, here or by another
    process."""

    FAILED = "failed"
    """Its build failed. Nothing more is started; what runs is let end."""


_WANTED = {
    StepState.WAITING,
    StepState.READY,
    StepState.BUILDING,
    StepState.READING,
    StepState.FAILED,
}


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known so far; ``held`` are the records that tiers have.

    ``running`` maps the key of each job, the placed digest of its first step, to its
    chain; ``unread`` has the results of those that are READING. ``built`` has the steps
    that were built meanwhile, here or by another process, in the order of their
    results. ``results`` is what was reported to the user, by step id.
    """

    recipe: Recipe
    how: How
    held: tuple[Held, ...]
    plan: Plan
    states: Mapping[PlacedDigest, StepState]
    running: Mapping[str, tuple[Placement, ...]] = field(default_factory=dict)
    unread: Mapping[str, ChainResult] = field(default_factory=dict)
    built: tuple[BuiltStep, ...] = ()
    results: Mapping[str, StepResult] = field(default_factory=dict)
    unbuilt: frozenset[PlacedDigest] = frozenset()
    """The places whose builds failed."""
    failed: BuildFailed | LostError | None = None

    @property
    def refused(self) -> frozenset[StepDigest]:
        """The digests of the steps that are built although records exist."""
        return _refused(self.recipe, self.how)

    @property
    def missing(self) -> tuple[Placement, ...]:
        """The places that have to be built, each after those it stands on."""
        places = self.plan.places.places
        return tuple(
            places[digest] for digest, state in self.states.items() if state in _WANTED
        )


def begin(recipe: Recipe, how: How, held: tuple[Held, ...]) -> Progress:
    """Return the progress when nothing was built yet."""
    usable = _usable(recipe, how, held)
    return _stated(Progress(recipe, how, usable, _plan(recipe, how, usable, ()), {}))


def looked_up(progress: Progress, recipe: Recipe, held: tuple[Held, ...]) -> Progress:
    """Return the progress with a recipe that knows more, and the records for it."""
    usable = _usable(recipe, progress.how, held)
    return _planned(replace(progress, recipe=recipe, held=usable))


def reported(progress: Progress) -> tuple[Progress, tuple[StepResult, ...]]:
    """Return the progress, and the steps that turn out to be reused, each once."""
    final = progress.plan.places.final.items()
    reused = {
        id_: StepResult(quote.stage(id_), 0.0, ran=False)
        for id_, digest in final
        if isinstance(progress.plan.choices[digest], Reuse)
        and id_ not in progress.results
    }
    results = {**progress.results, **reused}
    return replace(progress, results=results), tuple(reused.values())


def started(progress: Progress, chain: tuple[Placement, ...]) -> Progress:
    """Return the progress with a job for a chain, whose key is its first place."""
    running = {**progress.running, chain[0].digest: chain}
    return _stated(replace(progress, running=running))


def took(progress: Progress, event: JobResult | JobEnded) -> Progress:
    """Return the progress after the result or the end of a job.

    Raises what a job raised, unless that is BuildFailed or LostError.
    """
    key = event.key
    match event:
        case JobResult(result=ChainResult() as result):
            if _is_compared(progress, progress.running[key]):
                return _stated(
                    replace(
                        progress,
                        unread={**progress.unread, key: result},
                        unbuilt=progress.unbuilt | _unbuilt(progress, key, result),
                        failed=progress.failed or result.failed,
                    )
                )
            return _noted(progress, key, result)
        case JobEnded(error=BuildFailed() | LostError() as error):
            first = {place.digest for place in progress.running.get(key, ())[:1]}
            running, unread = _without(progress, key)
            return _stated(
                replace(
                    progress,
                    running=running,
                    unread=unread,
                    unbuilt=progress.unbuilt | first,
                    failed=progress.failed or error,
                )
            )
        case JobEnded(error=BaseException() as error):
            raise error
        case _ if key in progress.unread:
            return _noted(progress, key, progress.unread[key])
        case _:
            # Noted as soon as it was built, or no chain: the base's layers are kept.
            return progress


def result_of(progress: Progress) -> RealizeResult:
    """Return what came of it, once no job runs. Raises LostError."""
    failed, recipe = progress.failed, progress.recipe
    if isinstance(failed, LostError):
        raise failed
    results = tuple(
        progress.results[placed.id]
        for placed in recipe.order
        if placed.id in progress.results
    )
    if failed is not None:
        failed = replace(
            failed,
            steps=results,
            lacking=lacking(failed, recipe.order, progress.plan),
            forgotten=forgotten(failed, recipe.order),
        )
    here = frozenset(made.held.record.placed for made in progress.built if made.here)
    return RealizeResult(
        recipe, progress.plan, results, here, _beside(progress), failed
    )


def _is_compared(progress: Progress, chain: tuple[Placement, ...]) -> bool:
    """Whether a plan would read what these steps wrote.

    Reading takes a while, and the scheduler must not wait for it.
    """
    last = chain[-1]
    below = {*last.closure, last.digest}
    return any(
        digest not in below and last.digest not in other.closure
        for digest, other in progress.plan.places.places.items()
        if isinstance(progress.plan.choices[digest], Reuse)
        or reads_of(progress.recipe.steps[other.id].step)
    )


def _noted(progress: Progress, key: str, result: ChainResult) -> Progress:
    """Return the progress with what a chain built, and a plan that knows it."""
    results = dict(progress.results)
    for built in result.built:
        if built.here:
            before = results.get(built.step)
            results[built.step] = StepResult(
                quote.stage(built.step),
                (before.seconds if before else 0.0) + built.held.record.seconds,
                built.ran or (before is not None and before.ran),
            )
    running, unread = _without(progress, key)
    return _planned(
        replace(
            progress,
            running=running,
            unread=unread,
            results=results,
            built=(*progress.built, *result.built),
            unbuilt=progress.unbuilt | _unbuilt(progress, key, result),
            failed=progress.failed or result.failed,
        )
    )


def _unbuilt(
    progress: Progress, key: str, result: ChainResult
) -> frozenset[PlacedDigest]:
    """Return the place of a chain whose build failed, if any."""
    rest = progress.running[key][len(result.built) :]
    return frozenset({rest[0].digest}) if result.failed and rest else frozenset()


def _without(
    progress: Progress, key: str
) -> tuple[dict[str, tuple[Placement, ...]], dict[str, ChainResult]]:
    running = {name: one for name, one in progress.running.items() if name != key}
    unread = {name: one for name, one in progress.unread.items() if name != key}
    return running, unread


def _usable(recipe: Recipe, how: How, held: tuple[Held, ...]) -> tuple[Held, ...]:
    """Leave out the records of steps that are to be built again."""
    refused = _refused(recipe, how)
    return tuple(found for found in held if found.record.step not in refused)


def _refused(recipe: Recipe, how: How) -> frozenset[StepDigest]:
    return frozenset(recipe.digests[step] for step in how.anew)


def _planned(changed: Progress) -> Progress:
    """Return the progress with a new plan: what it depends on has changed."""
    planned = _plan(changed.recipe, changed.how, changed.held, changed.built)
    return _stated(replace(changed, plan=planned))


def _plan(
    recipe: Recipe, how: How, held: tuple[Held, ...], built: tuple[BuiltStep, ...]
) -> Plan:
    return plan(
        recipe.order,
        recipe.digests,
        recipe.platform,
        held,
        before=how.before,
        anew=how.anew,
        made=[step.held for step in built],
        previous=recipe.previous,
    )


def _stated(changed: Progress) -> Progress:
    """Return the progress with the states that follow from the plan and the jobs."""
    wanted = {
        digest
        for digest, choice in changed.plan.choices.items()
        if isinstance(choice, Build)
    }
    made = {step.held.record.id for step in changed.built}
    jobs: dict[PlacedDigest, StepState] = {}
    for key, chain in changed.running.items():
        result = changed.unread.get(key)
        state = StepState.BUILDING if result is None else StepState.READING
        built = chain if result is None else chain[: len(result.built)]
        jobs |= {place.digest: state for place in built}

    def state_of(place: Placement) -> StepState:
        match changed.plan.choices[place.digest]:
            case Reuse(record):
                return StepState.BUILT if record.id in made else StepState.REUSED
            case Build():
                if place.digest in changed.unbuilt:
                    return StepState.FAILED
                if place.digest in jobs:
                    return jobs[place.digest]
                needs = (*place.closure, *place.sources)
                waits = any(digest in wanted for digest in needs)
                return StepState.WAITING if waits else StepState.READY
            case _:
                return StepState.UNNEEDED

    places = changed.plan.places.places
    states = {digest: state_of(place) for digest, place in places.items()}
    return replace(changed, states=states)


def _beside(progress: Progress) -> tuple[Record, ...]:
    """Return the nearest tier's records of places that no step ended up in."""
    places = progress.plan.places
    passed = {*places.passed} - places.places.keys()
    every = (*(step.held for step in progress.built), *progress.held)
    return tuple(
        held.record
        for held in every
        if held.record.placed in passed and held.distance == 0
    )
