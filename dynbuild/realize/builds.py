"""One build: a chain of steps, each built on the one before, then recorded."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from dynbuild import quote
from dynbuild.building import BuildFailed, StepResult, Working
from dynbuild.digest import RealizationId
from dynbuild.link.choice import Held, preferred
from dynbuild.link.model import Record
from dynbuild.ports import (
    Realized,
    Stack,
    StepRequest,
    Tiers,
)
from dynbuild.realize.chains import BaseStack, BuildChain, StepOrigin
from dynbuild.realize.model import Backends, BuiltStep, ChainResult
from dynbuild.realize.squashing import together
from dynbuild.steps.managers.left_out import lacks


def build_chain(work: BuildChain, backends: Backends) -> Iterator[ChainResult]:
    """Build the steps, except those that another process built in the meantime.

    Other steps may be built on these as soon as the result is yielded. Recording comes
    after that: it reads what the steps wrote, which takes a while, and other processes
    see only recorded steps.
    """

    def waiting() -> None:
        names = ", ".join(place.id for place in work.chain)
        backends.report(Working(f"waiting for another dynbuild to build {names}"))

    def build(ground: BaseStack, at: int, end: int, *, again: bool) -> list[BuiltStep]:
        if at == end:
            return []
        request = _request(work, ground, at, end, backends)
        if again:
            request = replace(request, build=replace(request.build, no_cache_steps=()))
        made = backends.layer_builder.steps(request, backends.report)
        return _built(work, slice(at, end), built[-1:], made)

    tier = backends.tier
    built: list[BuiltStep] = []
    with backends.machine.alone([place.step for place in work.chain], waiting):
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
            # The steps that succeeded before it are still in the builder's cache.
            cached = build(ground, at, end, again=True)
            built += [_as_it_ran(one, error.steps) for one in cached]
        here = [one.held.record for one in built if one.here]
        tier.expect(here)
        yield ChainResult(tuple(built), failed)
        for record in here:
            tier.record(record)


def _request(
    work: BuildChain, ground: BaseStack, at: int, end: int, backends: Backends
) -> StepRequest:
    """Return the request for some of the steps, with all of their input layers."""

    def given(stack: Stack) -> Stack:
        groups = work.deep.get(stack)
        if groups is None:
            return stack
        return together(groups, work.platform, backends.tier, backends.layer_writer)[0]

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
    """Return the built steps; ``before`` holds the step that the first stands on."""
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


def _on(origin: StepOrigin, before: Sequence[BuiltStep]) -> tuple[RealizationId, ...]:
    """Return what a step of the chain stands on: the step before it, if any."""
    return (before[-1].held.record.id,) if before else origin.on


def _as_it_ran(built: BuiltStep, results: Iterable[StepResult]) -> BuiltStep:
    """Give a step that came from the builder's cache the results of its actual run."""
    own = [one for one in results if one.step == quote.stage(built.step)]
    record = replace(
        built.held.record, seconds=round(sum(one.seconds for one in own), 3)
    )
    return replace(built, held=Held(record), ran=any(one.ran for one in own))


def _held(work: BuildChain, tier: Tiers) -> list[BuiltStep]:
    """Return the leading steps that another process built in the meantime."""
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
