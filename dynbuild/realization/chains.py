"""What a job builds: a chain of steps, with all that they are built from.

It decides nothing and asks nobody: it is a function of the recipe and the plan.

A step and what it alone copies from are one build too, if the scheduler says so: the
image needs nothing of a build-only step but what is copied from it, so the layers of
such an inline source stay in the builder until the image is made.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field, replace

from dynbuild import quote
from dynbuild.digest import PlacedDigest, RealizationId, StepDigest
from dynbuild.link.budget import DEEPEST
from dynbuild.link.model import Record, WriteSet
from dynbuild.link.placement import Placement
from dynbuild.plan import Plan, Reuse, sources_of
from dynbuild.ports import Config, Stack, StepPart, StepRequest
from dynbuild.quote import StageName
from dynbuild.realization.model import BuiltStep, Kept, Recipe
from dynbuild.realization.squashing import SquashGroup, grouped
from dynbuild.steps.managers.left_out import lacks, may_lack
from dynbuild.steps.model import Group, OwnBase, Setup, Stage, Step
from dynbuild.steps.recipe import (
    asks_for_newest,
    copies_of,
    run_of,
    target_variables,
)
from dynbuild.values import dataclass


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

    ``inline`` has the records, without layers, of the sources that the same build
    makes: then the chain has one step. ``unkept`` has the ids of all records that wait
    for layers which are still in the builder.
    """

    chain: tuple[Placement, ...]
    origins: tuple[StepOrigin, ...]
    ground: BaseStack
    requests: tuple[StepRequest, ...]
    deep: Mapping[Stack, tuple[SquashGroup, ...]]
    platform: str
    anew: bool
    inline: Mapping[str, Record] = field(default_factory=dict)
    unkept: frozenset[RealizationId] = frozenset()


def chain_of(
    places: Sequence[Placement],
    recipe: Recipe,
    plan: Plan,
    refused: Collection[StepDigest],
    unkept: Collection[BuiltStep] = (),
) -> BuildChain:
    """Return a chain with all that it is built from, which is reused or built by now.

    Steps whose own digest is ``refused`` are built even if they were built before.
    Places that the last one does not stand on are inline sources. ``unkept`` has the
    steps that are not kept whole yet: no layers can be given of those still in the
    builder.
    """
    absent = {one.held.record.id for one in unkept if one.kept is Kept.NOTHING}
    inputs: list[_Input] = []

    def stacked(of: Placement, digests: Collection[PlacedDigest]) -> _Input:
        own = recipe.steps[of.id].own_base
        inputs.append(_Input.of(digests, own, recipe, plan, absent))
        return inputs[-1]

    def copied(place: Placement) -> dict[StageName, Stack]:
        sources = sources_of(recipe.steps[place.id].step)
        digests = {recipe.sources[id_]: plan.places.sources[id_] for id_ in sources}
        closure = plan.places.places
        return {
            name: stacked(
                closure[digest], (*closure[digest].closure, digest)
            ).stack.layers
            for name, digest in digests.items()
            if digest not in here
        }

    below = {*places[-1].closure, places[-1].digest}
    chain = [place for place in places if place.digest in below]
    inline = [place for place in places if place.digest not in below]
    records: dict[str, Record] = {}
    for place in inline:
        records[place.id] = record = _without_layers(place, recipe, plan)
        plan = replace(plan, choices={**plan.choices, place.digest: Reuse(record, 0)})
    here = {place.digest for place in inline}
    ground = stacked(chain[0], chain[0].closure)
    given: dict[StageName, Stack] = {
        recipe.starts[own]: recipe.bases[own].layers
        for own in {recipe.steps[place.id].own_base for place in places}
    }
    for place in inline:
        parent = recipe.parents[quote.stage(place.id)]
        given |= {parent: stacked(place, place.closure).stack.layers, **copied(place)}
    sources = [copied(place) for place in chain]
    ids = {one.held.record.id for one in unkept}
    return BuildChain(
        chain=tuple(chain),
        origins=tuple(
            _origin(place, recipe, plan, first=place is chain[0]) for place in chain
        ),
        ground=ground.stack,
        requests=tuple(
            _request(chain[index:], [given, *sources[index:]], recipe, refused, inline)
            for index in range(len(chain))
        ),
        deep={one.stack.layers: one.groups for one in inputs if one.groups},
        platform=recipe.steps[chain[0].id].runs_on(recipe.platform),
        anew=any(place.step in refused for place in chain),
        inline=records,
        unkept=frozenset(ids | {record.id for record in records.values()}),
    )


def _without_layers(place: Placement, recipe: Recipe, plan: Plan) -> Record:
    """Return the record of a step that stays in the builder: its place and origin."""
    return Record(
        placed=place.digest,
        step=place.step,
        platform=recipe.steps[place.id].runs_on(recipe.platform),
        layers=(),
        writes={},
        on=plan.ids(place.on),
        sources=plan.sources(place.digest),
        joins=_joins(place, recipe),
    )


@dataclass(frozen=True, slots=True)
class _Input:
    """The layers of some steps on the base; in groups where they are too many."""

    stack: BaseStack
    groups: tuple[SquashGroup, ...] = ()

    @classmethod
    def of(
        cls,
        digests: Collection[PlacedDigest],
        own: OwnBase | None,
        recipe: Recipe,
        plan: Plan,
        absent: Collection[RealizationId],
    ) -> "_Input":
        places = plan.places.places
        index = {placed.id: number for number, placed in enumerate(recipe.order)}
        records: dict[str, Record] = {}
        for digest in sorted(digests, key=lambda digest: index[places[digest].id]):
            choice = plan.choices[digest]
            assert isinstance(choice, Reuse)
            assert choice.record.id not in absent
            records[places[digest].id] = choice.record
        base = recipe.bases[own]
        stack = BaseStack(base.layers, (base.writes,))
        for record in records.values():
            stack = stack.under(record)
        if len(stack.layers) <= DEEPEST:
            return cls(stack)
        room = DEEPEST - len(base.layers)
        steps = [recipe.order[index[id_]] for id_ in records]
        more = grouped(steps, records, base.writes, recipe.moves, room)
        return cls(stack, (*(SquashGroup((layer,)) for layer in base.layers), *more))


def _origin(place: Placement, recipe: Recipe, plan: Plan, *, first: bool) -> StepOrigin:
    """Return the inputs of a step; all but the first stand on the one before it."""
    step = recipe.steps[place.id].step
    return StepOrigin(
        plan.ids(place.on) if first else (),
        plan.sources(place.digest),
        _joins(place, recipe),
        step if isinstance(step, Group) else None,
    )


def _joins(place: Placement, recipe: Recipe) -> tuple[StepDigest, ...]:
    """Return the steps that a step was put on although it does not declare them."""
    return tuple(sorted({recipe.digests[join.onto] for join in place.joins}))


def _request(
    chain: Sequence[Placement],
    stacks: Sequence[Mapping[StageName, Stack]],
    recipe: Recipe,
    refused: Collection[StepDigest],
    inline: Sequence[Placement],
) -> StepRequest:
    """Return the request for steps that each stand on the one before.

    ``stacks`` has what is given to the build, and to each of the steps.
    """
    names = [quote.stage(place.id) for place in chain]
    within = tuple(quote.stage(place.id) for place in inline)
    again = [
        quote.stage(place.id)
        for place in chain
        if place.step in refused or asks_for_newest(recipe.steps[place.id].step)
    ]
    every = (*within, *names)
    copies = [recipe.copies[name] for name in every if name in recipe.copies]
    first = recipe.steps[chain[0].id]
    runs_on = first.runs_on(recipe.platform)
    build = replace(recipe.request, no_cache_steps=(*again, *copies))
    if runs_on != recipe.platform:
        told = target_variables(recipe.platform)
        build = replace(
            build, platforms=(runs_on,), arguments={**build.arguments, **told}
        )
    return StepRequest(
        build=build,
        parts=tuple(_part(place, recipe) for place in chain),
        on=(),
        below=(),
        stacks={name: layers for some in stacks for name, layers in some.items()},
        parent=recipe.parents[names[0]],
        config=recipe.configs[first.own_base],
        inline=within,
        configs=_configs((*inline, *chain), recipe),
    )


def _configs(places: Sequence[Placement], recipe: Recipe) -> dict[StageName, Config]:
    """Return the configs of what is given to a build, where bases may differ."""
    steps = [recipe.steps[place.id] for place in places]
    named = {recipe.parents[quote.stage(one.id)]: one.own_base for one in steps}
    for one in steps:
        for id_ in sources_of(one.step):
            named[recipe.sources[id_]] = recipe.steps[id_].own_base
    named |= {recipe.starts[one.own_base]: one.own_base for one in steps}
    return {name: recipe.configs[own] for name, own in named.items()}


def _taken(step: Step) -> tuple[bool, ...]:
    """Say of all that a step takes whether it counts as a project's file.

    What is downloaded or has its text in the declaration does.
    """
    copied = tuple(copy.of_project for copy in copies_of(step))
    files = step.files if isinstance(step, Stage | Setup) else ()
    added = step.add if isinstance(step, Stage) else ()
    return (*(True for _ in added), *copied, *(True for _ in files))


def _needed(step: Step) -> dict[int, str]:
    """Return the patterns that have to match something, by the copies they are of."""
    before = len(step.add) if isinstance(step, Stage) else 0
    return {
        number: f"{copy.path!r} of {copy.stage or copy.image}"
        for number, copy in enumerate(copies_of(step), before)
        if copy.pattern == "needed"
    }


def _part(place: Placement, recipe: Recipe) -> StepPart:
    step = recipe.steps[place.id].step
    return StepPart(
        quote.stage(place.id),
        _taken(step),
        run_of(step, {}, None) is not None,
        _needed(step),
    )
