"""The progress of a realization: the state of each step, and every change of it.

A value, as is the plan: what happened goes into a function (those of ``results`` for
what jobs tell), and the next value comes out. States are never set: they follow from
the plan and from the running jobs, so that they cannot contradict them.
docs/design/states.md has the picture.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from enum import Enum

from dynbuild import quote
from dynbuild.building import BuildFailed, StepResult
from dynbuild.digest import PlacedDigest, RealizationId, StepDigest
from dynbuild.errors import DynbuildError
from dynbuild.inheritance import ImagePlan, Steps, plan_image
from dynbuild.link.choice import Held
from dynbuild.link.placement import Placement
from dynbuild.lockfile.order import Placed
from dynbuild.plan import Build, Plan, Reuse
from dynbuild.ports import LostError
from dynbuild.realization.model import BuiltStep, ChainResult, How, Kept, Recipe
from dynbuild.steps.recipe import inputs_of
from dynbuild.values import dataclass


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
    results. ``results`` is what was reported to the user, by step id. ``early``: images
    above still build what this one wants of them. ``paths`` has the longest time from
    the start of each step to the end of all.
    """

    recipe: Recipe
    how: How
    held: tuple[Held, ...]
    image: ImagePlan
    states: Mapping[PlacedDigest, StepState]
    running: Mapping[str, tuple[Placement, ...]] = field(default_factory=dict)
    unread: Mapping[str, ChainResult] = field(default_factory=dict)
    built: tuple[BuiltStep, ...] = ()
    results: Mapping[str, StepResult] = field(default_factory=dict)
    unbuilt: frozenset[PlacedDigest] = frozenset()
    """The places whose builds failed."""
    failed: BuildFailed | DynbuildError | LostError | None = None
    early: bool = False
    paths: Mapping[str, float] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        """The plan as it is now."""
        return self.image.plan

    @property
    def refused(self) -> frozenset[StepDigest]:
        """The digests of the steps that are built although records exist."""
        return _refused(self.recipe, self.how)

    @property
    def unkept(self) -> tuple[BuiltStep, ...]:
        """The steps that are not kept whole yet, in the order of their results."""
        return tuple(one for one in self.built if one.kept is not Kept.WHOLE)

    @property
    def in_builder(self) -> frozenset[RealizationId]:
        """The ids of records whose layers are still in the builder alone."""
        return frozenset(
            one.held.record.id for one in self.built if one.kept is Kept.NOTHING
        )

    @property
    def withheld(self) -> frozenset[str]:
        """The steps that wait for what images above build: it may serve here."""
        wanted = self.image.wanted.values() if self.early else ()
        return frozenset(id_ for some in wanted for id_ in some)

    @property
    def missing(self) -> tuple[Placement, ...]:
        """The places that have to be built, each after those it stands on."""
        places = self.plan.places.places
        return tuple(
            places[digest] for digest, state in self.states.items() if state in _WANTED
        )


def begin(
    recipe: Recipe,
    how: How,
    held: tuple[Held, ...],
) -> Progress:
    """Return the progress when nothing was built yet."""
    usable = _usable(recipe, how, held)
    image = _plan(recipe, how, usable, ())
    paths = longest_paths(recipe.order, how.seconds)
    return stated(Progress(recipe, how, usable, image, {}, paths=paths))


def looked_up(progress: Progress, recipe: Recipe, held: tuple[Held, ...]) -> Progress:
    """Return the progress with a recipe that knows more, and the records for it."""
    usable = _usable(recipe, progress.how, held)
    paths = longest_paths(recipe.order, progress.how.seconds)
    return planned(replace(progress, recipe=recipe, held=usable, paths=paths))


def waiting(progress: Progress, *, early: bool) -> Progress:
    """Return the progress that waits, or no more, for what images above build."""
    return stated(replace(progress, early=early))


def reported(progress: Progress) -> tuple[Progress, tuple[StepResult, ...]]:
    """Return the progress, and the steps that turn out to be reused, each once."""
    final = progress.plan.places.final.items()
    reused = {
        id_: StepResult(
            quote.stage(id_),
            0.0,
            ran=False,
            platform=progress.recipe.told,
            image=progress.recipe.images.get(id_),
        )
        for id_, digest in final
        if isinstance(progress.plan.choices[digest], Reuse)
        and id_ not in progress.results
    }
    results = {**progress.results, **reused}
    return replace(progress, results=results), tuple(reused.values())


def started(progress: Progress, chain: tuple[Placement, ...]) -> Progress:
    """Return the progress with a job for a chain, whose key is its first place."""
    running = {**progress.running, chain[0].digest: chain}
    return stated(replace(progress, running=running))


def _usable(recipe: Recipe, how: How, held: tuple[Held, ...]) -> tuple[Held, ...]:
    """Leave out the records of steps that are to be built again."""
    refused = _refused(recipe, how)
    return tuple(found for found in held if found.record.step not in refused)


def _refused(recipe: Recipe, how: How) -> frozenset[StepDigest]:
    return frozenset(recipe.digests[step] for step in how.anew)


def planned(changed: Progress) -> Progress:
    """Return the progress with a new plan: what it depends on has changed."""
    image = _plan(changed.recipe, changed.how, changed.held, changed.built)
    return stated(replace(changed, image=image))


def _plan(
    recipe: Recipe, how: How, held: tuple[Held, ...], built: tuple[BuiltStep, ...]
) -> ImagePlan:
    return plan_image(
        Steps(recipe.order, recipe.described, recipe.digests),
        recipe.above,
        recipe.platform,
        held,
        recipe.base.writes,
        before=how.before,
        only=how.only,
        anew=how.anew,
        made=[step.held for step in built],
        previous=recipe.previous,
    )


def stated(changed: Progress) -> Progress:
    """Return the progress with the states that follow from the plan and the jobs."""
    wanted = {
        digest
        for digest, choice in changed.plan.choices.items()
        if isinstance(choice, Build)
    }
    made = {step.held.record.id for step in changed.built}
    withheld = changed.withheld
    jobs: dict[PlacedDigest, StepState] = {}
    for key, chain in changed.running.items():
        result = changed.unread.get(key)
        state = StepState.BUILDING if result is None else StepState.READING
        ids = {one.step for one in result.built} if result else None
        jobs |= {one.digest: state for one in chain if ids is None or one.id in ids}

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
                waits = place.id in withheld or any(one in wanted for one in needs)
                return StepState.WAITING if waits else StepState.READY
            case _:
                return StepState.UNNEEDED

    places = changed.plan.places.places
    states = {digest: state_of(place) for digest, place in places.items()}
    return replace(changed, states=states)


def longest_paths(
    order: Sequence[Placed], seconds: Mapping[str, float]
) -> dict[str, float]:
    """Return the longest time from the start of each step to the end of all steps.

    In seconds; a step that never ran counts as one second.
    """
    path: dict[str, float] = {}
    behind: dict[str, float] = {}
    for placed in reversed(order):
        path[placed.id] = behind.get(placed.id, 0.0) + seconds.get(placed.id, 1.0)
        sources = (copy.stage for copy in inputs_of(placed.step) if copy.stage)
        for below in (*placed.on, *sources):
            behind[below] = max(behind.get(below, 0.0), path[placed.id])
    return path
