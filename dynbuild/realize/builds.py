"""One build: steps that stand one on the other, found or made, and recorded."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from dynbuild import quote
from dynbuild.building import BuildFailed, Report, StepResult, Working
from dynbuild.digest import Digest
from dynbuild.link.choice import Held, preferred
from dynbuild.link.model import Record, WriteSet
from dynbuild.link.placement import Placement
from dynbuild.ports import (
    LayerBuilder,
    Machine,
    Realized,
    Stack,
    StepRequest,
    Tier,
    Tiers,
)
from dynbuild.realize.squashing import Group, together
from dynbuild.steps.managers.left_out import lacks


@dataclass(frozen=True, slots=True)
class BaseStack:
    """What a step is built on: layers, and what they hold, the lowest first."""

    layers: Stack
    writes: tuple[WriteSet, ...]

    def under(self, record: Record) -> "BaseStack":
        """The ground of what stands on a step as well."""
        return BaseStack((*self.layers, *record.layers), (*self.writes, record.writes))


@dataclass(frozen=True, slots=True)
class StepOrigin:
    """What a step is built from, as its record says it (``link.model.Record``).

    ``spare`` names the files by which a record of a group may say that it lacks
    something; None is for what is no group.
    """

    on: tuple[Digest, ...]
    sources: tuple[tuple[Digest, Digest], ...]
    joins: tuple[Digest, ...]
    spare: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class BuildChain:
    """Steps of which each stands on the one before it, and the first on the ground.

    ``origins`` says what each is built from; what the others stand on is the step
    before, and known once that is there. ``requests`` holds the request for the steps
    from each on. ``deep`` has the groups
    of the stacks that are too deep for a builder, which is given each group as one
    layer: the same files, so that records name the stack all the same. ``anew``: what
    a tier has of them does not count.
    """

    chain: tuple[Placement, ...]
    origins: tuple[StepOrigin, ...]
    ground: BaseStack
    requests: tuple[StepRequest, ...]
    deep: Mapping[Stack, tuple[Group, ...]]
    platform: str
    anew: bool


@dataclass(frozen=True, slots=True)
class BuiltStep:
    """A step that is there now: built here, or by another process meanwhile."""

    step: str
    held: Held
    here: bool
    ran: bool


@dataclass(frozen=True, slots=True)
class ChainResult:
    """The steps that are there now, and why the next one is not."""

    built: tuple[BuiltStep, ...]
    failed: BuildFailed | None


def build_chain(
    work: BuildChain,
    tier: Tiers,
    machine: Machine,
    layer_builder: LayerBuilder,
    report: Report,
) -> Iterator[ChainResult]:
    """Build the steps, those left out that another process built meanwhile.

    They may be built on once they are told. To read what they wrote takes a while, and
    only what is on record is there for others: it goes on to that.
    """

    def waiting() -> None:
        names = ", ".join(place.id for place in work.chain)
        report(Working(f"waiting for another dynbuild to build {names}"))

    def build(ground: BaseStack, at: int, end: int, *, again: bool) -> list[BuiltStep]:
        if at == end:
            return []
        request = _request(work, ground, at, end, tier, layer_builder)
        if again:
            request = replace(request, build=replace(request.build, no_cache_steps=()))
        made = layer_builder.steps(request, report)
        return _built(work, slice(at, end), built[-1:], made)

    built: list[BuiltStep] = []
    with machine.alone([place.step for place in work.chain], waiting):
        built += _held(work, tier)
        ground = work.ground
        for one in built:
            ground = ground.under(one.held.record)
        at, end = len(built), len(work.chain)
        failed = None
        try:
            built += build(ground, at, end, again=False)
        except BuildFailed as error:
            failed = error
            names = [quote.stage(place.id) for place in work.chain]
            end = names.index(error.step) if error.step in names else at
            # What succeeded before it is in the builder's cache still.
            cached = build(ground, at, end, again=True)
            built += [_as_it_ran(one, error.steps) for one in cached]
        here = [one.held.record for one in built if one.here]
        tier.expect(here)
        yield ChainResult(tuple(built), failed)
        for record in here:
            tier.record(record)


def _request(  # noqa: PLR0913, PLR0917 - what is asked, and where its layers are from
    work: BuildChain,
    ground: BaseStack,
    at: int,
    end: int,
    tier: Tier,
    layer_builder: LayerBuilder,
) -> StepRequest:
    """The request for some of the steps, with all the layers that they are given."""

    def given(stack: Stack) -> Stack:
        groups = work.deep.get(stack)
        if groups is None:
            return stack
        return together(groups, work.platform, tier, layer_builder)[0]

    request = work.requests[at]
    stacks = {name: given(stack) for name, stack in request.stacks.items()}
    height = len(work.ground.layers)
    on = (*given(work.ground.layers), *ground.layers[height:])
    return replace(
        request,
        parts=request.parts[: end - at],
        on=on,
        below=ground.writes,
        stacks={**stacks, request.parent: on},
    )


def _built(
    work: BuildChain, some: slice, before: Sequence[BuiltStep], made: Iterable[Realized]
) -> list[BuiltStep]:
    """What was built of some steps; ``before`` is what the first of them stands on."""
    built = [*before]
    those = zip(work.chain[some], work.origins[some], made, strict=True)
    for place, origin, one in those:
        record = Record(
            placed=place.digest,
            step=place.step,
            platform=work.platform,
            layers=one.layers,
            writes=one.writes,
            on=_on(origin, built),
            sources=origin.sources,
            joins=origin.joins,
            reads=one.reads,
            seconds=round(one.seconds, 3),
            made=one.made,
        )
        built.append(BuiltStep(place.id, Held(record), here=True, ran=one.ran))
    return built[len(before) :]


def _on(origin: StepOrigin, before: Sequence[BuiltStep]) -> tuple[Digest, ...]:
    """What a step of the chain stands on: the one before it, if there is one."""
    return (before[-1].held.record.id,) if before else origin.on


def _as_it_ran(built: BuiltStep, results: Iterable[StepResult]) -> BuiltStep:
    """A step that was taken from the builder's cache, as it ran just before."""
    own = [one for one in results if one.step == quote.stage(built.step)]
    record = replace(
        built.held.record, seconds=round(sum(one.seconds for one in own), 3)
    )
    return replace(built, held=Held(record), ran=any(one.ran for one in own))


def _held(work: BuildChain, tier: Tiers) -> list[BuiltStep]:
    """The first steps that another process built meanwhile."""
    built: list[BuiltStep] = []
    chain = () if work.anew else zip(work.chain, work.origins, strict=True)
    for place, origin in chain:
        usable = [
            held
            for held in tier.held([place.step], work.platform, anew=True)
            if held.record.placed == place.digest
            and held.record.on == _on(origin, built)
            and held.record.sources == origin.sources
            and (origin.spare is None or lacks(held.record.writes) <= origin.spare)
        ]
        if not usable:
            break
        held = min(usable, key=preferred)
        built.append(BuiltStep(place.id, held, here=False, ran=False))
    return built
