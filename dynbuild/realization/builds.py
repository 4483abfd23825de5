"""One build: a chain of steps, each built on the one before, then recorded."""

from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import replace
from typing import TypeAlias

from dynbuild import quote
from dynbuild.building import BuildFailed, StepResult, Working
from dynbuild.digest import RealizationId, StepDigest
from dynbuild.link.choice import Held, preferred
from dynbuild.link.model import Record
from dynbuild.link.placement import Placement
from dynbuild.ports import (
    Realized,
    Stack,
    StepRequest,
    Tiers,
)
from dynbuild.quote import StageName
from dynbuild.realization.chains import BaseStack, BuildChain, StepOrigin
from dynbuild.realization.model import (
    Backends,
    BuiltStep,
    ChainResult,
    Kept,
    came_from,
)
from dynbuild.realization.squashing import together
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.managers.presence import ABSENT, DIFFERS


class PackagesAbsent(BuildFailed):
    """A package group whose layer lacks what it declares, or has other versions."""


def build_chain(work: BuildChain, backends: Backends) -> Iterator[ChainResult]:
    """Build the steps, except those that another process built in the meantime.

    Other steps may be built on these as soon as the result is yielded. Recording comes
    after that: it reads what the steps wrote, which takes a while, and other processes
    see only recorded steps.

    A step that has inline sources is built together with them; they are not kept yet,
    so that no record can say what it came from. Nor can those of steps on it.
    """

    def waiting() -> None:
        names = ", ".join(place.id for place in work.chain)
        backends.report(Working(f"waiting for another dynbuild to build {names}"))

    def build(count: int, anew: Anew) -> list[BuiltStep]:
        request = _request(work, ground, at, at + count, backends)
        if anew is not None:
            fresh = (*request.build.no_cache_steps, *anew) if anew else ()
            own = replace(request.build, no_cache_steps=fresh)
            request = replace(request, build=own)
        made = backends.layer_builder.steps(request, backends.report)
        return _built(work, slice(at, at + count), built[-1:], made)

    tier = backends.tier
    if work.inline:
        with backends.machine.alone(_steps(work), waiting):
            yield with_sources(work, backends)
        return
    built: list[BuiltStep] = []
    with backends.machine.alone(_steps(work), waiting):
        built += held_meanwhile(work, tier)
        ground = work.ground
        for one in built:
            ground = ground.under(one.held.record)
        at = len(built)
        names = [quote.stage(place.id) for place in work.chain[at:]]
        made, failed = attempted(build, names)
        built += made
        built = _kept(built, work.unkept)
        whole = [one for one in built if one.here and one.kept is Kept.WHOLE]
        here = [one.held.record for one in whole]
        tier.expect(here)
        yield ChainResult(tuple(built), failed)
        for record in here:
            tier.record(record)


def with_sources(
    work: BuildChain, backends: Backends, *, cached: bool = False
) -> ChainResult:
    """Build a step together with its inline sources, whose layers are not kept.

    ``cached``: as far as possible, all comes from the builder's cache.
    """
    request = _request(work, work.ground, 0, 1, backends)
    if cached:
        request = replace(request, build=replace(request.build, no_cache_steps=()))
    names = {quote.stage(id_): id_ for id_ in work.inline}
    try:
        every = backends.layer_builder.steps(request, backends.report)
    except BuildFailed as error:
        # What succeeded stays in the builder as well; the others did not end.
        ended = {result.step for result in error.steps} - {error.step}
        return ChainResult(
            tuple(
                _unkept(names[result.step], work, result)
                for result in error.steps
                if result.step in names and result.step in ended
            ),
            error,
        )
    sources, made = every[: len(names)], every[len(names) :]
    inline = [
        _unkept(
            names[name],
            work,
            StepResult(name, one.seconds, one.ran, builder=one.builder),
        )
        for name, one in zip(names, sources, strict=True)
    ]
    try:
        built = _built(work, slice(0, 1), (), made)
    except BuildFailed as error:
        return ChainResult((*inline,), error)
    return ChainResult((*inline, *_kept(built, work.unkept)), None)


def _unkept(id_: str, work: BuildChain, result: StepResult) -> BuiltStep:
    """Return a step whose layers stay in the builder."""
    record = replace(work.inline[id_], seconds=round(result.seconds, 3))
    held = Held(record)
    return BuiltStep(
        id_,
        held,
        here=True,
        ran=result.ran,
        kept=Kept.NOTHING,
        builder=result.builder,
    )


def _kept(
    built: Iterable[BuiltStep], unkept: Collection[RealizationId]
) -> list[BuiltStep]:
    """Return steps with what is kept of them: what came from unkept ones waits."""
    waiting = {*unkept}
    found: list[BuiltStep] = []
    for one in built:
        record = one.held.record
        if waiting.isdisjoint(came_from(record)):
            found.append(one)
        else:
            waiting.add(record.id)
            found.append(replace(one, kept=Kept.LAYERS))
    return found


def _steps(work: BuildChain) -> list[StepDigest]:
    inline = [record.step for record in work.inline.values()]
    return [*inline, *(place.step for place in work.chain)]


Anew: TypeAlias = tuple[StageName, ...] | None
"""The steps that run whatever the builder's cache has, besides those planned to; if
empty, all come from the cache. None is the first attempt, as planned."""


def attempted(
    build: Callable[[int, Anew], list[BuiltStep]], names: Sequence[StageName]
) -> tuple[list[BuiltStep], BuildFailed | None]:
    """Return the steps before the first that fails, with its failure.

    ``build`` builds as many of the first steps as it is told. A group that lacks a
    package only as the builder's cache has it is run once more, and with it all that
    stands on it: the cache would give back what was built on the old one.
    """
    failed: BuildFailed | None = None
    ran: tuple[StepResult, ...] = ()
    """The results of the first attempt since something was run once more."""
    measured: dict[StageName, float] = {}
    """The seconds of each step's latest run, whichever attempt that was in."""
    anew: Anew = None
    count = len(names)
    while count:
        try:
            made = build(count, anew)
        except BuildFailed as error:
            ran = ran or error.steps
            measured |= _seconds(error.steps)
            if step := _outdated(error, ran):
                anew = (*names[names.index(step) :],)
                failed, ran, count = None, (), len(names)
                continue
            # The steps that succeeded before it are still in the builder's cache.
            failed, anew = error, ()
            count = names.index(error.step) if error.step in names else 0
        else:
            return [_as_it_ran(step, measured) for step in made], failed
    return [], failed


def _seconds(results: Iterable[StepResult]) -> dict[StageName, float]:
    """Return the seconds of the steps that ran."""
    seconds: dict[StageName, float] = {}
    for result in results:
        if result.ran:
            seconds[result.step] = seconds.get(result.step, 0.0) + result.seconds
    return seconds


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
    """Return the built steps; ``before`` holds the step that the first stands on.

    Raises BuildFailed for a package group that lacks what it should have, and where
    what a copy has to match matched nothing.
    """
    built = [*before]
    results: list[StepResult] = []
    those = zip(work.chain[some], work.origins[some], made, strict=True)
    for place, origin, one in those:
        results.append(StepResult(quote.stage(place.id), one.seconds, one.ran))
        if one.missed is not None:
            raise BuildFailed(
                step=results[-1].step,
                instruction=None,
                message=f"nothing matches {one.missed}",
                output=(),
                exit_code=None,
                steps=(*results,),
                missed=one.missed,
            )
        for said, found in ((ABSENT, _lacks), (DIFFERS, _differs)):
            if problems := found(origin, one):
                raise PackagesAbsent(
                    step=results[-1].step,
                    instruction=None,
                    message=said,
                    output=(said, *problems),
                    exit_code=1,
                    steps=(*results,),
                )
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
            inside=one.inside,
        )
        built.append(
            BuiltStep(
                place.id, Held(record), here=True, ran=one.ran, builder=one.builder
            )
        )
    return built[len(before) :]


def _lacks(origin: StepOrigin, one: Realized) -> tuple[str, ...]:
    """Return what a package group declares and its manager's database does not have."""
    group = origin.group
    missing = group and MANAGERS[group.manager].missing
    return missing(group, one.text) if group and missing else ()


def _differs(origin: StepOrigin, one: Realized) -> tuple[str, ...]:
    """Return how what a package group brought differs from what the lock has."""
    group = origin.group
    pinning = group and MANAGERS[group.manager].pinning
    return pinning.differs(group, one.text) if group and pinning else ()


def _outdated(error: BuildFailed, ran: Iterable[StepResult]) -> StageName | None:
    """Return the step that lacks a package in the builder's cache alone.

    Run again it may get it: what the cache has of it was made at another time.
    """
    own = (result.ran for result in ran if result.step == error.step)
    return error.step if isinstance(error, PackagesAbsent) and not any(own) else None


def _on(origin: StepOrigin, before: Sequence[BuiltStep]) -> tuple[RealizationId, ...]:
    """Return what a step of the chain stands on: the step before it, if any."""
    return (before[-1].held.record.id,) if before else origin.on


def _as_it_ran(built: BuiltStep, measured: Mapping[StageName, float]) -> BuiltStep:
    """Give a step that came from the builder's cache the seconds of its actual run."""
    seconds = measured.get(quote.stage(built.step))
    if built.ran or seconds is None:
        return built
    record = replace(built.held.record, seconds=round(seconds, 3))
    return replace(built, held=Held(record), ran=True)


def _agree(record: Record, place: Placement, origin: StepOrigin) -> bool:
    """Whether a record names the sources of a place, and no other ids of them.

    How far it names what these come from depends on the plan that it was made by.
    """
    mine, theirs = dict(origin.sources), dict(record.sources)
    return theirs.keys() >= {*place.sources} and all(
        mine.get(source, id_) == id_ for source, id_ in theirs.items()
    )


def held_meanwhile(work: BuildChain, tier: Tiers) -> list[BuiltStep]:
    """Return the leading steps that another process built in the meantime."""
    built: list[BuiltStep] = []
    chain = () if work.anew else zip(work.chain, work.origins, strict=True)
    for place, origin in chain:
        usable = [
            held
            for held in tier.held([place.step], anew=True)
            if held.record.placed == place.digest
            and held.record.platform == work.platform
            and held.record.on == _on(origin, built)
            and _agree(held.record, place, origin)
            and origin.accepts(held.record)
        ]
        if not usable:
            break
        held = min(usable, key=preferred)
        built.append(BuiltStep(place.id, held, here=False, ran=False))
    return built
