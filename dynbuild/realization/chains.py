"""What a job builds: a chain of steps, with all that they are built from.

It decides nothing and asks nobody: it is a function of the recipe and the plan.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from dynbuild import quote
from dynbuild.digest import PlacedDigest, RealizationId, StepDigest
from dynbuild.link.budget import DEEPEST
from dynbuild.link.model import Record, WriteSet
from dynbuild.link.placement import Placement
from dynbuild.plan import Plan, Reuse, sources_of
from dynbuild.ports import Stack, StepPart, StepRequest
from dynbuild.quote import StageName
from dynbuild.realization.model import Recipe
from dynbuild.realization.squashing import SquashGroup, grouped
from dynbuild.steps.managers.left_out import lacks, may_lack
from dynbuild.steps.model import Group
from dynbuild.steps.recipe import copies_of, run_of
from dynbuild.steps.run import BASE_STEP


@dataclass(frozen=True, slots=True)
class BaseStack:
    """The layers that a step is built on and their write sets, lowest first."""

    layers: Stack
    writes: tuple[WriteSet, ...]

    def under(self, record: Record) -> "BaseStack":
        """Return the base stack with the layers of a step on top."""
        return BaseStack((*self.layers, *record.layers), (*self.writes, record.writes))


@dataclass(frozen=True, slots=True)
class StepOrigin:
    """The inputs that a step is built from, as recorded in ``link.model.Record``.

    ``group`` is the package group, None for any other step.
    """

    on: tuple[RealizationId, ...]
    sources: tuple[tuple[PlacedDigest, RealizationId], ...]
    joins: tuple[StepDigest, ...]
    group: Group | None = None

    def accepts(self, record: Record) -> bool:
        """Whether a record of the step lacks only packages that it may lack."""
        group = self.group
        return group is None or lacks(record.writes) <= may_lack(group).keys()


@dataclass(frozen=True, slots=True)
class BuildChain:
    """Steps that each stand on the one before, the first on the base stack ``ground``.

    ``origins`` holds the inputs of each step; all steps but the first stand on the step
    before, whose id is known only once it is built. ``requests`` holds, for each step,
    the request for the steps from that one on. ``deep`` maps stacks that are too deep
    for a builder to their groups: the builder gets each group as one layer with the
    same files, so records still name the original stack. ``anew`` ignores existing
    records of these steps.
    """

    chain: tuple[Placement, ...]
    origins: tuple[StepOrigin, ...]
    ground: BaseStack
    requests: tuple[StepRequest, ...]
    deep: Mapping[Stack, tuple[SquashGroup, ...]]
    platform: str
    anew: bool


def chain_of(
    chain: Sequence[Placement],
    recipe: Recipe,
    plan: Plan,
    refused: Collection[StepDigest],
) -> BuildChain:
    """Return a chain with all that it is built from, which is reused or built by now.

    Steps whose own digest is ``refused`` are built even if they were built before.
    """
    ground = _Input.of(chain[0].closure, recipe, plan)
    sources = [_sources(place, recipe, plan) for place in chain]
    inputs = [ground, *(one for copied in sources for one in copied.values())]
    return BuildChain(
        chain=tuple(chain),
        origins=tuple(
            _origin(place, recipe, plan, first=place is chain[0]) for place in chain
        ),
        ground=ground.stack,
        requests=tuple(
            _request(chain[index:], sources[index:], recipe, refused)
            for index in range(len(chain))
        ),
        deep={one.stack.layers: one.groups for one in inputs if one.groups},
        platform=recipe.platform,
        anew=any(place.step in refused for place in chain),
    )


@dataclass(frozen=True, slots=True)
class _Input:
    """The layers of some steps on the base; in groups where they are too many."""

    stack: BaseStack
    groups: tuple[SquashGroup, ...] = ()

    @classmethod
    def of(
        cls, digests: Collection[PlacedDigest], recipe: Recipe, plan: Plan
    ) -> "_Input":
        places = plan.places.places
        index = {placed.id: number for number, placed in enumerate(recipe.order)}
        records: dict[str, Record] = {}
        for digest in sorted(digests, key=lambda digest: index[places[digest].id]):
            choice = plan.choices[digest]
            assert isinstance(choice, Reuse)
            records[places[digest].id] = choice.record
        base = recipe.base
        stack = BaseStack(base.layers, (base.writes,))
        for record in records.values():
            stack = stack.under(record)
        if len(stack.layers) <= DEEPEST:
            return cls(stack)
        room = DEEPEST - len(base.layers)
        steps = [recipe.order[index[id_]] for id_ in records]
        own = grouped(steps, records, base.writes, recipe.moves, room)
        return cls(stack, (*(SquashGroup((layer,)) for layer in base.layers), *own))


def _sources(place: Placement, recipe: Recipe, plan: Plan) -> dict[StageName, _Input]:
    """Return what a step copies from, by the name that the Dockerfile copies from.

    Not by place: two identical stages share one.
    """
    given: dict[StageName, _Input] = {}
    for source in sources_of(recipe.steps[place.id].step):
        digest = plan.places.sources[source]
        stack = (*plan.places.places[digest].closure, digest)
        given[recipe.sources[source]] = _Input.of(stack, recipe, plan)
    return given


def _origin(place: Placement, recipe: Recipe, plan: Plan, *, first: bool) -> StepOrigin:
    """Return the inputs of a step; all but the first stand on the one before it."""
    step = recipe.steps[place.id].step
    return StepOrigin(
        plan.ids(place.on) if first else (),
        plan.sources(place.digest),
        tuple(sorted({recipe.digests[join.onto] for join in place.joins})),
        step if isinstance(step, Group) else None,
    )


def _request(
    chain: Sequence[Placement],
    sources: Sequence[Mapping[StageName, _Input]],
    recipe: Recipe,
    refused: Collection[StepDigest],
) -> StepRequest:
    """Return the request for steps that each stand on the one before."""
    names = [quote.stage(place.id) for place in chain]
    given = {BASE_STEP: recipe.base.layers}
    for copied in sources:
        given |= {name: one.stack.layers for name, one in copied.items()}
    again = [quote.stage(place.id) for place in chain if place.step in refused]
    copies = [recipe.copies[name] for name in names if name in recipe.copies]
    return StepRequest(
        build=replace(recipe.request, no_cache_steps=(*again, *copies)),
        parts=tuple(_part(place, recipe) for place in chain),
        on=(),
        below=(),
        stacks=given,
        parent=recipe.parents[names[0]],
        config=recipe.config,
    )


def _part(place: Placement, recipe: Recipe) -> StepPart:
    step = recipe.steps[place.id].step
    return StepPart(
        quote.stage(place.id),
        tuple(copy.of_project for copy in copies_of(step)),
        run_of(step, {}, None) is not None,
    )
