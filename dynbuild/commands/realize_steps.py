"""Realize step by step: what is held is taken, what is missing is built, all linked.

What is missing is built on the layers that the plan chose for its closure. After every
step the plan is made anew: only then is known what the step wrote.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from dynbuild import quote
from dynbuild.commands.realize_plan import Build, Reuse, plan
from dynbuild.digest import Digest
from dynbuild.link.model import Record
from dynbuild.lock.order import Placed
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

RETRIES = 3


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is to be realized: the steps in lock order, and what each is built from.

    ``parents`` holds the build stage that each build stage of the Dockerfile stands
    on; ``request`` is what all builds have in common.
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
    """How it is realized: how much at once, and which records do not count."""

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
    """All steps with their records, and what became of each."""

    records: Mapping[str, Record]
    steps: tuple[StepResult, ...]


class Gather(Protocol):
    """Puts what steps copy in its place; what the recipe is then."""

    def __call__(self, steps: Collection[str]) -> Recipe: ...


def realize_steps(recipe: Recipe, how: How, site: Site, gather: Gather) -> Outcome:
    """Build what is missing until every step has its record.

    Live files may change until they are gathered, and with them the recipe. Raises
    BuildFailed when a step failed; all that succeeded is recorded by then.
    """
    work = _Work(recipe, how, site)
    gathered: set[str] = set()
    while missing := work.missing() - gathered:
        gathered |= missing
        work.look_up(gather(gathered))
    work.tell_held()
    while work.missing():
        work.start_ready()
        if not site.jobs.keys():
            break
        work.take(site.jobs.wait())
    if work.failed is not None:
        raise replace(work.failed, steps=work.results())
    return Outcome(
        {
            id_: step.record
            for id_, step in work.plan.items()
            if isinstance(step, Reuse)
        },
        work.results(),
    )


class _Work:
    """A realization under way."""

    def __init__(self, recipe: Recipe, how: How, site: Site) -> None:
        self.how = how
        self.site = site
        self.done: dict[str, StepResult] = {}
        self.built: list[Record] = []
        self.failed: BuildFailed | None = None
        self.lost = 0
        self.look_up(recipe)

    def look_up(self, recipe: Recipe) -> None:
        """Ask the tier which records there are, and make the plan anew."""
        self.recipe = recipe
        found = self.site.tier.find([*recipe.digests.values()], recipe.platform)
        refused = {recipe.digests[step] for step in self.how.anew}
        self.records = [record for record in found if record.step not in refused]
        self.records += self.built
        self.path = self._paths()
        self.make_plan()

    def make_plan(self) -> None:
        recipe = self.recipe
        base = tuple(layer.diff_id for layer in recipe.base.layers)
        self.plan = plan(recipe.order, recipe.digests, base, self.records)

    def missing(self) -> set[str]:
        return {id_ for id_, step in self.plan.items() if isinstance(step, Build)}

    def tell_held(self) -> None:
        """Tell of the steps that are held from the start."""
        for placed in self.recipe.order:
            if isinstance(self.plan[placed.id], Reuse):
                self.finish(placed.id, 0.0, ran=False)

    def finish(
        self, step: str, seconds: float, *, ran: bool, told: bool = False
    ) -> None:
        name = quote.stage(step)
        self.done[step] = StepResult(name, seconds, ran)
        if not told:
            self.site.report(StepFinished(name, seconds, ran))

    def results(self) -> tuple[StepResult, ...]:
        order = (placed.id for placed in self.recipe.order)
        return tuple(self.done[id_] for id_ in order if id_ in self.done)

    def start_ready(self) -> None:
        """Start as many steps as may run now, those with the most behind them first."""
        if self.failed is not None:
            return
        busy = set(self.site.jobs.keys())
        taken = {lock for step in busy for lock in self.recipe.locked[step]}
        missing = self.missing()
        ready = [
            placed
            for placed in self.recipe.order
            if placed.id in missing - busy
            and not missing & {*self.plan[placed.id].closure, *_sources(placed)}
        ]
        for placed in sorted(ready, key=lambda placed: -self.path[placed.id]):
            if len(busy) >= self.how.jobs:
                return
            if self.recipe.locked[placed.id] & taken:
                continue
            busy.add(placed.id)
            taken |= self.recipe.locked[placed.id]
            self.site.jobs.start(placed.id, self._job(placed))

    def take(self, ended: Ended) -> None:
        """Note what came of a step."""
        match ended.error:
            case None:
                assert isinstance(ended.result, Record | _Ran)
            case BuildFailed():
                self.failed = self.failed or ended.error
                return
            case LostError() if self.lost < RETRIES:
                self.lost += 1
                self.look_up(self.recipe)
                return
            case _:
                raise ended.error
        match ended.result:
            case _Ran(record, seconds, ran):
                self.finish(ended.key, seconds, ran=ran, told=True)
            case Record() as record:
                self.finish(ended.key, 0.0, ran=False)
        self.records.append(record)
        self.built.append(record)
        self.make_plan()

    def _paths(self) -> dict[str, float]:
        """The longest time from the start of each step to the end of all."""
        path: dict[str, float] = {}
        behind: dict[str, float] = {}
        for placed in reversed(self.recipe.order):
            own = self.how.seconds.get(placed.id, 1.0)
            path[placed.id] = behind.get(placed.id, 0.0) + own
            for below in (*placed.on, *_sources(placed)):
                behind[below] = max(behind.get(below, 0.0), path[placed.id])
        return path

    def _stack(self, closure: Collection[str]) -> Stack:
        stack = list(self.recipe.base.layers)
        for step in closure:
            decision = self.plan[step]
            assert isinstance(decision, Reuse)
            stack += decision.record.layers
        return tuple(stack)

    def _job(self, placed: Placed) -> Callable[[], "Record | _Ran"]:
        recipe, site = self.recipe, self.site
        decision = self.plan[placed.id]
        assert isinstance(decision, Build)
        request = self._request(placed, decision.closure)
        below = tuple(layer.diff_id for layer in request.on)
        digest = recipe.digests[placed.id]
        anew = placed.id in self.how.anew

        def waiting() -> None:
            site.report(Working(f"waiting for another dynbuild to build {placed.id}"))

        def job() -> "Record | _Ran":
            with site.machine.alone([digest], waiting):
                if not anew:
                    for record in site.tier.find([digest], recipe.platform):
                        if record.placed == decision.placed and record.stack == below:
                            return record
                made = site.workshop.step(request, site.report)
                record = Record(
                    placed=decision.placed,
                    step=digest,
                    platform=recipe.platform,
                    stack=below,
                    layers=made.layers,
                    writes=made.writes,
                    seconds=made.seconds,
                )
                site.tier.record(record)
                return _Ran(record, made.seconds, made.ran)

        return job

    def _request(self, placed: Placed, closure: Collection[str]) -> StepRequest:
        recipe = self.recipe
        name = quote.stage(placed.id)
        parent = recipe.parents[name]
        on = self._stack(closure)
        given = {BASE_STEP: recipe.base.layers}
        for source in _sources(placed):
            given[quote.stage(source)] = self._stack(self._with_closure(source))
        build = recipe.request
        if parent in given and parent != BASE_STEP:
            # It stands in the Dockerfile on what it copies from, but not in truth.
            old, new = (f"FROM {below} AS {name}\n" for below in (parent, BASE_STEP))
            build = replace(build, dockerfile=build.dockerfile.replace(old, new, 1))
            parent = BASE_STEP
        anew = (name,) if placed.id in self.how.anew else ()
        return StepRequest(
            build=replace(build, no_cache_steps=anew),
            step=name,
            on=on,
            stacks={**given, parent: on},
            config=recipe.config,
            copies=tuple(copy.of_project for copy in copies_of(placed.step)),
        )

    def _with_closure(self, step: str) -> list[str]:
        decision = self.plan[step]
        needed = {*decision.closure, step}
        return [placed.id for placed in self.recipe.order if placed.id in needed]


@dataclass(frozen=True, slots=True)
class _Ran:
    """A step that was built here; its end has been told."""

    record: Record
    seconds: float
    ran: bool


def _sources(placed: Placed) -> tuple[str, ...]:
    """The stages that a step copies from."""
    copies = copies_of(placed.step)
    return tuple(dict.fromkeys(c.stage for c in copies if c.stage is not None))
