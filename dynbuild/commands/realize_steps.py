"""Realize step by step: what is held is taken, what is missing is built.

What is missing is built on the layers that the plan chose for its closure. After every
step the plan is made anew: only then is known what the step wrote, and whether it has
to stand on more than it declares.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from dynbuild import quote
from dynbuild.commands.realize_failure import lacking
from dynbuild.digest import Digest
from dynbuild.link.choice import Held
from dynbuild.link.model import Record, WriteSet
from dynbuild.link.placement import Placement
from dynbuild.link.writes import stacked
from dynbuild.lock.order import Placed
from dynbuild.plan import Build, Plan, Reuse, plan
from dynbuild.ports import (
    Base,
    BuildFailed,
    BuildRequest,
    Config,
    Ended,
    Jobs,
    LostError,
    Machine,
    Report,
    Stack,
    StepFinished,
    StepRequest,
    StepResult,
    Tier,
    Working,
    Workshop,
)
from dynbuild.steps.recipe import copies_of
from dynbuild.steps.run import BASE_STEP


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is to be realized: the steps in lock order, and what each is built from.

    ``parents`` holds the build stage that each build stage of the Dockerfile stands
    on; ``request`` is what all builds have in common; ``locked`` are the mounts that
    one step at a time may have.
    """

    order: tuple[Placed, ...]
    digests: Mapping[str, Digest]
    platform: str
    base: Base
    config: Config
    request: BuildRequest
    parents: Mapping[str, str]
    locked: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class How:
    """How it is realized: how much at once, which records do not count.

    ``seconds`` says how long steps took before.
    """

    jobs: int
    anew: frozenset[str] = frozenset()
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Site:
    """Where it is realized."""

    tier: Tier
    machine: Machine
    workshop: Workshop
    jobs: Jobs
    report: Report


@dataclass(frozen=True, slots=True)
class Outcome:
    """A plan in which nothing is left to build, and what became of each step."""

    plan: Plan
    steps: tuple[StepResult, ...]

    @property
    def records(self) -> tuple[Record, ...]:
        """Those of the image, in lock order."""
        return self._records(self.plan.places.image)

    @property
    def all_records(self) -> tuple[Record, ...]:
        """Those of all steps, build-only ones as well, in lock order."""
        return self._records(self.plan.places.final.values())

    def _records(self, digests: Iterable[Digest]) -> tuple[Record, ...]:
        choices = (self.plan.choices[digest] for digest in digests)
        return tuple(one.record for one in choices if isinstance(one, Reuse))


class Gather(Protocol):
    """Puts what steps copy in its place; what the recipe is then."""

    def __call__(self, steps: Collection[str]) -> Recipe: ...


def realize_steps(recipe: Recipe, how: How, site: Site, gather: Gather) -> Outcome:
    """Build what is missing until every step has its record.

    Live files may change until they are gathered, and with them the recipe. Raises
    BuildFailed when a step failed, LostError when the tier lost what it had; all that
    succeeded is recorded by then.
    """
    work = _Work(recipe, how, site)
    gathered: set[str] = set()
    while True:
        # A placement that only a build brings to light may ask for more to be built.
        while missing := {place.id for place in work.missing()} - gathered:
            gathered |= missing
            work.look_up(gather(gathered))
        work.tell_held()
        work.start_ready()
        if not site.jobs.keys():
            break
        work.take(site.jobs.wait())
    if isinstance(work.failed, LostError):
        raise work.failed
    if work.failed is not None:
        lacks = lacking(work.failed, work.recipe.order, work.plan)
        raise replace(work.failed, steps=work.results(), lacking=lacks)
    return Outcome(work.plan, work.results())


class _Work:
    """A realization under way; its jobs go by the placed digests of what they build."""

    def __init__(self, recipe: Recipe, how: How, site: Site) -> None:
        self.how = how
        self.site = site
        self.built: list[Held] = []
        self.results_of: dict[str, StepResult] = {}
        self.failed: BuildFailed | LostError | None = None
        self.look_up(recipe)

    def look_up(self, recipe: Recipe) -> None:
        """Ask the tier which records there are, and make the plan anew."""
        self.recipe = recipe
        self.steps = {placed.id: placed for placed in recipe.order}
        self.paths = _paths(recipe.order, self.how.seconds)
        found = self.site.tier.find([*recipe.digests.values()], recipe.platform)
        refused = {recipe.digests[step] for step in self.how.anew}
        self.held = [Held(record) for record in found if record.step not in refused]
        self.held += self.built
        self.make_plan()

    def make_plan(self) -> None:
        recipe = self.recipe
        base = [layer.diff_id for layer in recipe.base.layers]
        self.plan = plan(recipe.order, recipe.digests, base, recipe.platform, self.held)

    def missing(self) -> list[Placement]:
        """What has to be built, each after what it stands on."""
        return [
            place
            for digest, place in self.plan.places.places.items()
            if isinstance(self.plan.choices[digest], Build)
        ]

    def tell_held(self) -> None:
        """Tell of the steps that are there without having been built."""
        for id_, digest in self.plan.places.final.items():
            if id_ not in self.results_of and isinstance(
                self.plan.choices[digest], Reuse
            ):
                result = StepResult(quote.stage(id_), 0.0, ran=False)
                self.results_of[id_] = result
                self.site.report(StepFinished(result.step, 0.0, ran=False))

    def results(self) -> tuple[StepResult, ...]:
        done = self.results_of
        return tuple(done[one.id] for one in self.recipe.order if one.id in done)

    def start_ready(self) -> None:
        """Start as many steps as may run now, those with the most behind them first."""
        if self.failed is not None:
            return
        busy = set(self.site.jobs.keys())
        missing = self.missing()
        awaited = {place.digest for place in missing}
        locks = self.recipe.locked
        taken = {lock for p in missing if p.digest in busy for lock in locks[p.id]}
        for place in sorted(missing, key=lambda place: -self.paths[place.id]):
            if len(busy) >= self.how.jobs:
                return
            needs = {*place.closure, *self.sources(place).values()}
            if place.digest in busy or needs & awaited or locks[place.id] & taken:
                continue
            busy.add(place.digest)
            taken |= locks[place.id]
            self.site.jobs.start(place.digest, self.job(place))

    def take(self, ended: Ended) -> None:
        """Note what came of a job."""
        match ended.error:
            case None:
                assert isinstance(ended.result, _Built)
                self.note(ended.result)
            case BuildFailed() | LostError():
                self.failed = self.failed or ended.error
            case _:
                raise ended.error

    def note(self, built: "_Built") -> None:
        held = Held(built.record)
        self.built.append(held)
        self.held.append(held)
        self.make_plan()
        if built.here:
            before = self.results_of.get(built.step)
            spent = before.seconds if before else 0.0
            self.results_of[built.step] = StepResult(
                quote.stage(built.step),
                spent + built.record.seconds,
                built.ran or (before is not None and before.ran),
            )

    def sources(self, place: Placement) -> dict[str, Digest]:
        """The stages that a step copies from, and where they are."""
        step = self.steps[place.id].step
        final = self.plan.places.final
        return {copy.stage: final[copy.stage] for copy in copies_of(step) if copy.stage}

    def job(self, place: Placement) -> Callable[[], "_Built"]:
        recipe, site = self.recipe, self.site
        request = self.request(place)
        below = tuple(layer.diff_id for layer in request.on)
        anew = place.id in self.how.anew

        def waiting() -> None:
            site.report(Working(f"waiting for another dynbuild to build {place.id}"))

        def job() -> _Built:
            with site.machine.alone([place.step], waiting):
                if not anew:
                    for record in site.tier.find([place.step], recipe.platform):
                        if record.placed == place.digest and record.stack == below:
                            return _Built(place.id, record, here=False, ran=False)
                made = site.workshop.step(request, site.report)
                record = Record(
                    placed=place.digest,
                    step=place.step,
                    platform=recipe.platform,
                    stack=below,
                    layers=made.layers,
                    writes=made.writes,
                    seconds=made.seconds,
                )
                site.tier.record(record)
                return _Built(place.id, record, here=True, ran=made.ran)

        return job

    def request(self, place: Placement) -> StepRequest:
        recipe = self.recipe
        name = quote.stage(place.id)
        parent = recipe.parents[name]
        on, below = self.stack(place.closure)
        stacks = {BASE_STEP: recipe.base.layers}
        for source, digest in self.sources(place).items():
            closure = self.plan.places.places[digest].closure
            stacks[quote.stage(source)], _ = self.stack((*closure, digest))
        build = recipe.request
        if parent in stacks and parent != BASE_STEP:
            # The Dockerfile has it stand on what it copies from; by itself it does not.
            old, new = (f"FROM {under} AS {name}\n" for under in (parent, BASE_STEP))
            build = replace(build, dockerfile=build.dockerfile.replace(old, new))
            parent = BASE_STEP
        anew = (name,) if place.id in self.how.anew else ()
        return StepRequest(
            build=replace(build, no_cache_steps=anew),
            step=name,
            on=on,
            below=below,
            stacks={**stacks, parent: on},
            config=recipe.config,
            copies=tuple(c.of_project for c in copies_of(self.steps[place.id].step)),
        )

    def stack(self, digests: Collection[Digest]) -> tuple[Stack, WriteSet]:
        """The layers of places in lock order on the base, and what they hold."""
        order = {p.id: number for number, p in enumerate(self.recipe.order)}
        places = self.plan.places.places
        records = []
        for digest in sorted(digests, key=lambda digest: order[places[digest].id]):
            choice = self.plan.choices[digest]
            assert isinstance(choice, Reuse)
            records.append(choice.record)
        base = self.recipe.base
        layers = (base.layers, *(record.layers for record in records))
        writes = (base.writes, *(record.writes for record in records))
        return tuple(layer for part in layers for layer in part), stacked(writes)


@dataclass(frozen=True, slots=True)
class _Built:
    """A step that is there now: built here, or by another process meanwhile."""

    step: str
    record: Record
    here: bool
    ran: bool


def _paths(order: tuple[Placed, ...], seconds: Mapping[str, float]) -> dict[str, float]:
    """The longest time from the start of each step to the end of all."""
    path: dict[str, float] = {}
    behind: dict[str, float] = {}
    for placed in reversed(order):
        path[placed.id] = behind.get(placed.id, 0.0) + seconds.get(placed.id, 1.0)
        sources = (copy.stage for copy in copies_of(placed.step) if copy.stage)
        for below in (*placed.on, *sources):
            behind[below] = max(behind.get(below, 0.0), path[placed.id])
    return path
