"""The scheduler: reuses the steps that tiers hold, and builds the missing ones.

A missing step is built on the layers that the plan chose for its closure. The plan is
made again after every step: only then is it known what the step wrote, and whether it
has to stand on more than it declares.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from dynbuild import quote
from dynbuild.building import BuildFailed, StepFinished, StepResult
from dynbuild.digest import Digest
from dynbuild.link.budget import DEEPEST, LONGEST, height_of
from dynbuild.link.model import Record, WriteSet
from dynbuild.link.placement import Placement
from dynbuild.link.reads import reads_of
from dynbuild.plan import Build, Reuse, plan, sources_of
from dynbuild.ports import (
    Job,
    JobEnded,
    JobResult,
    LostError,
    Stack,
    StepPart,
    StepRequest,
)
from dynbuild.realize.builds import (
    BaseStack,
    BuildChain,
    BuiltStep,
    ChainResult,
    StepOrigin,
    build_chain,
)
from dynbuild.realize.diagnosis import forgotten, lacking
from dynbuild.realize.model import Backends, Gather, How, RealizeResult, Recipe
from dynbuild.realize.schedule import longest_paths
from dynbuild.realize.squashing import Group, grouped
from dynbuild.steps.managers.left_out import may_lack
from dynbuild.steps.model import Group as PackageGroup
from dynbuild.steps.recipe import copies_of, run_of
from dynbuild.steps.run import BASE_STEP

if TYPE_CHECKING:
    from dynbuild.link.choice import Held


def realize_steps(
    recipe: Recipe, how: How, backends: Backends, gather: Gather
) -> RealizeResult:
    """Build missing steps until every step has a record.

    Live files may change until they are gathered, and the recipe with them. A failed
    step is reported in the result. Raises LostError when the tier lost a stored object;
    every step that succeeded is recorded by then.
    """
    work = _Scheduler(recipe, how, backends)
    gathered: set[str] = set()
    while True:
        # A placement that only a build reveals may require more steps to be built.
        while missing := {place.id for place in work.missing()} - gathered:
            gathered |= missing
            work.look_up(gather(gathered))
        work.tell_held()
        work.start_ready()
        if not backends.jobs.keys():
            break
        work.take(backends.jobs.wait())
    failed = work.failed
    if isinstance(failed, LostError):
        raise failed
    if failed is not None:
        lacks = lacking(failed, work.recipe.order, work.plan)
        dropped = forgotten(failed, work.recipe.order)
        failed = replace(failed, steps=work.results(), lacking=lacks, forgotten=dropped)
    here = frozenset(work.here)
    return RealizeResult(
        work.recipe, work.plan, work.results(), here, work.beside(), failed
    )


class _Scheduler:
    """A realization in progress; jobs are keyed by the placed digest they build."""

    def __init__(self, recipe: Recipe, how: How, backends: Backends) -> None:
        self.how = how
        self.backends = backends
        self.built: list[Held] = []
        self.here: set[Digest] = set()
        self.results_of: dict[str, StepResult] = {}
        self.at_work: dict[str, tuple[Placement, ...]] = {}
        self.deep: dict[Stack, tuple[Group, ...]] = {}
        self.made: dict[str, ChainResult] = {}
        self.failed: BuildFailed | LostError | None = None
        self.look_up(recipe)

    def look_up(self, recipe: Recipe) -> None:
        """Look up the existing records in the tiers, and make a new plan."""
        self.recipe = recipe
        self.steps = {placed.id: placed for placed in recipe.order}
        self.paths = longest_paths(recipe.order, self.how.seconds)
        found = self.backends.tier.held([*recipe.digests.values()], recipe.platform)
        self.refused = {recipe.digests[step] for step in self.how.anew}
        self.held = [held for held in found if held.record.step not in self.refused]
        self.make_plan()

    def make_plan(self) -> None:
        recipe = self.recipe
        self.plan = plan(
            recipe.order,
            recipe.digests,
            recipe.platform,
            self.held,
            before=self.how.before,
            anew=self.how.anew,
            made=self.built,
        )

    def beside(self) -> tuple[Record, ...]:
        """Return the nearest tier's records of places that no step ended up in."""
        places = self.plan.places
        passed = {*places.passed} - places.places.keys()
        return tuple(
            held.record
            for held in (*self.built, *self.held)
            if held.record.placed in passed and held.distance == 0
        )

    def missing(self) -> list[Placement]:
        """Return the placements to build, each after those it stands on."""
        return [
            place
            for digest, place in self.plan.places.places.items()
            if isinstance(self.plan.choices[digest], Build)
        ]

    def tell_held(self) -> None:
        """Report the steps that are reused rather than built."""
        for id_, digest in self.plan.places.final.items():
            if id_ not in self.results_of and isinstance(
                self.plan.choices[digest], Reuse
            ):
                result = StepResult(quote.stage(id_), 0.0, ran=False)
                self.results_of[id_] = result
                self.backends.report(StepFinished(result.step, 0.0, ran=False))

    def results(self) -> tuple[StepResult, ...]:
        done = self.results_of
        return tuple(done[one.id] for one in self.recipe.order if one.id in done)

    def start_ready(self) -> None:
        """Start as many steps as may run now, longest remaining path first."""
        if self.failed is not None:
            return
        busy = {place.digest for chain in self.at_work.values() for place in chain}
        missing = self.missing()
        awaited = {place.digest for place in missing}
        locks = self.recipe.locked
        taken = {lock for p in missing if p.digest in busy for lock in locks[p.id]}
        for place in sorted(missing, key=lambda place: -self.paths[place.id]):
            if len(self.at_work) >= self.how.jobs:
                return
            needs = {*place.closure, *place.sources}
            if place.digest in busy or needs & awaited or locks[place.id] & taken:
                continue
            chain = self.chain(place, missing)
            busy |= {one.digest for one in chain}
            taken |= {lock for one in chain for lock in locks[one.id]}
            self.at_work[place.digest] = chain
            self.backends.jobs.start(place.digest, self.job(chain))

    def chain(
        self, first: Placement, missing: list[Placement]
    ) -> tuple[Placement, ...]:
        """Return a missing step and the steps that can only follow it one by one.

        One build makes them all, faster than one build each: each stands on the one
        before it, in the Dockerfile as well, and nothing else waits for that one.
        """
        chain = [first]
        awaited = {place.digest for place in missing}
        while True:
            last = chain[-1]
            if sum(height_of(self.steps[p.id].step) for p in chain) >= LONGEST:
                return tuple(chain)
            waiting = [place for place in missing if last.digest in place.closure]
            nexts = [
                place
                for place in waiting
                if {*place.closure} == {*last.closure, last.digest}
            ]
            if len(nexts) != 1 or not all(
                place is nexts[0] or nexts[0].digest in place.closure
                for place in waiting
            ):
                return tuple(chain)
            own = nexts[0]
            parent = self.recipe.parents[quote.stage(own.id)]
            copied = {source for p in missing for source in p.sources}
            if parent != quote.stage(last.id) or awaited & copied:
                return tuple(chain)
            chain.append(own)

    def take(self, news: JobResult | JobEnded) -> None:
        """Process the result or the end of a job."""
        key = news.key
        if isinstance(news, JobResult):
            assert isinstance(news.result, ChainResult)
            self.made[key] = news.result
            if not self.is_compared(self.at_work[key]):
                self.note_made(key)
            return
        match news.error:
            case None if key in self.made:
                self.note_made(key)
            case None:
                pass  # already noted, or it was the base
            case BuildFailed() | LostError():
                self.at_work.pop(key, None)
                self.failed = self.failed or news.error
            case _:
                raise news.error

    def is_compared(self, chain: tuple[Placement, ...]) -> bool:
        """Whether a plan would read what these steps wrote.

        Reading takes a while, and the scheduler must not wait for it.
        """
        last = chain[-1]
        below = {*last.closure, last.digest}
        return any(
            digest not in below and last.digest not in other.closure
            for digest, other in self.plan.places.places.items()
            if isinstance(self.plan.choices[digest], Reuse)
            or reads_of(self.steps[other.id].step)
        )

    def note_made(self, key: str) -> None:
        made = self.made.pop(key)
        self.at_work.pop(key)
        for built in made.built:
            self.note(built)
        self.failed = self.failed or made.failed
        self.make_plan()

    def note(self, built: BuiltStep) -> None:
        self.built.append(built.held)
        if built.here:
            self.here.add(built.held.record.placed)
            before = self.results_of.get(built.step)
            spent = before.seconds if before else 0.0
            self.results_of[built.step] = StepResult(
                quote.stage(built.step),
                spent + built.held.record.seconds,
                built.ran or (before is not None and before.ran),
            )

    def origin(self, place: Placement, *, first: bool) -> StepOrigin:
        """Return the inputs of a step; all but the first stand on the one before it."""
        digests, step = self.recipe.digests, self.steps[place.id].step
        return StepOrigin(
            self.plan.ids(place.on) if first else (),
            self.plan.sources(place.digest),
            tuple(sorted({digests[join.onto] for join in place.joins})),
            frozenset(may_lack(step)) if isinstance(step, PackageGroup) else None,
        )

    def job(self, chain: tuple[Placement, ...]) -> Job:
        anew = any(place.step in self.refused for place in chain)
        work = BuildChain(
            chain,
            tuple(self.origin(place, first=place is chain[0]) for place in chain),
            BaseStack(*self.stack(chain[0].closure)),
            tuple(self.request(chain[at:]) for at in range(len(chain))),
            dict(self.deep),
            self.recipe.platform,
            anew=anew,
        )
        backends = self.backends

        def job(tell: Callable[[object], None]) -> None:
            for made in build_chain(work, backends):
                tell(made)

        return job

    def request(self, chain: tuple[Placement, ...]) -> StepRequest:
        """Return the request for steps that each stand on the one before."""
        recipe = self.recipe
        names = [quote.stage(place.id) for place in chain]
        parent = recipe.parents[names[0]]
        given = {BASE_STEP: recipe.base.layers}
        for place in chain:
            # Keyed by the names that the Dockerfile copies from: two identical stages
            # share one place.
            for source in sources_of(self.steps[place.id].step):
                digest = self.plan.places.sources[source]
                if isinstance(self.plan.choices[digest], Reuse):
                    closure = self.plan.places.places[digest].closure
                    name = recipe.sources[source]
                    given[name], _ = self.stack((*closure, digest))
        refused = [
            n for n, p in zip(names, chain, strict=True) if p.step in self.refused
        ]
        copies = [recipe.copies[name] for name in names if name in recipe.copies]
        anew = (*refused, *copies)
        return StepRequest(
            build=replace(recipe.request, no_cache_steps=anew),
            parts=tuple(map(self.part, chain)),
            on=(),
            below=(),
            stacks=given,
            parent=parent,
            config=recipe.config,
        )

    def part(self, place: Placement) -> StepPart:
        step = self.steps[place.id].step
        return StepPart(
            quote.stage(place.id),
            tuple(copy.of_project for copy in copies_of(step)),
            run_of(step, {}, None) is not None,
        )

    def stack(self, digests: Collection[Digest]) -> tuple[Stack, tuple[WriteSet, ...]]:
        """Return the layers of places in lock order on the base, with write sets."""
        recipe = self.recipe
        order = {p.id: number for number, p in enumerate(recipe.order)}
        places = self.plan.places.places
        records: dict[str, Record] = {}
        for digest in sorted(digests, key=lambda digest: order[places[digest].id]):
            choice = self.plan.choices[digest]
            assert isinstance(choice, Reuse)
            records[places[digest].id] = choice.record
        base = recipe.base
        parts = (base.layers, *(record.layers for record in records.values()))
        layers = tuple(layer for part in parts for layer in part)
        if len(layers) > DEEPEST and layers not in self.deep:
            room = DEEPEST - len(base.layers)
            steps = [self.steps[id_] for id_ in records]
            own = grouped(steps, records, base.writes, recipe.moves, room)
            self.deep[layers] = (*(Group((layer,)) for layer in base.layers), *own)
        return layers, (base.writes, *(record.writes for record in records.values()))
