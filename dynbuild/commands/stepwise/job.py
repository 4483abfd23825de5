"""One build: steps that stand one on the other, found or made, and recorded."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from dynbuild import quote
from dynbuild.building import BuildFailed, Report, Working
from dynbuild.commands.stepwise.squashes import Group, together
from dynbuild.digest import Digest
from dynbuild.link.model import Record, WriteSet
from dynbuild.link.placement import Placement
from dynbuild.ports import Machine, Stack, StepRequest, Tier, Workshop


@dataclass(frozen=True, slots=True)
class Ground:
    """What a step is built on: layers, and what they hold, the lowest first."""

    layers: Stack
    writes: tuple[WriteSet, ...]

    @property
    def diff_ids(self) -> tuple[Digest, ...]:
        return tuple(layer.diff_id for layer in self.layers)

    def under(self, record: Record) -> "Ground":
        """The ground of what stands on a step as well."""
        return Ground((*self.layers, *record.layers), (*self.writes, record.writes))


@dataclass(frozen=True, slots=True)
class Work:
    """Steps of which each stands on the one before it, and the first on the ground.

    ``requests`` holds the request for the steps from each on. ``deep`` has the groups
    of the stacks that are too deep for a builder, which is given each group as one
    layer: the same files, so that records name the stack all the same. ``anew``: what
    a tier has of them does not count.
    """

    chain: tuple[Placement, ...]
    ground: Ground
    requests: tuple[StepRequest, ...]
    deep: Mapping[Stack, tuple[Group, ...]]
    platform: str
    anew: bool


@dataclass(frozen=True, slots=True)
class Built:
    """A step that is there now: built here, or by another process meanwhile."""

    step: str
    record: Record
    here: bool
    ran: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """The steps that are there now, and why the next one is not."""

    built: tuple[Built, ...]
    failed: BuildFailed | None


def run(
    work: Work, tier: Tier, machine: Machine, workshop: Workshop, report: Report
) -> Ended:
    """Build the steps, those left out that another process built meanwhile."""

    def waiting() -> None:
        names = ", ".join(place.id for place in work.chain)
        report(Working(f"waiting for another dynbuild to build {names}"))

    def given(stack: Stack) -> Stack:
        groups = work.deep.get(stack)
        if groups is None:
            return stack
        return together(groups, work.platform, tier, workshop)[0]

    def build(at: int, end: int, ground: Ground, *, anew: bool) -> list[Built]:
        request = work.requests[at]
        if not anew:
            request = replace(request, build=replace(request.build, no_cache_steps=()))
        stacks = {name: given(stack) for name, stack in request.stacks.items()}
        height = len(work.ground.layers)
        on = (*given(work.ground.layers), *ground.layers[height:])
        request = replace(
            request,
            parts=request.parts[: end - at],
            on=on,
            below=ground.writes,
            stacks={**stacks, request.parent: on},
        )
        made = workshop.steps(request, report)
        built = []
        for place, one in zip(work.chain[at:end], made, strict=True):
            record = Record(
                placed=place.digest,
                step=place.step,
                platform=work.platform,
                stack=ground.diff_ids,
                layers=one.layers,
                writes=one.writes,
                seconds=one.seconds,
            )
            tier.record(record)
            built.append(Built(place.id, record, here=True, ran=one.ran))
            ground = ground.under(record)
        return built

    with machine.alone([place.step for place in work.chain], waiting):
        built, ground = _held(work, tier)
        at, end = len(built), len(work.chain)
        try:
            built += build(at, end, ground, anew=work.anew) if at < end else []
        except BuildFailed as error:
            names = [quote.stage(place.id) for place in work.chain]
            end = names.index(error.step) if error.step in names else at
            # What succeeded before it is in the builder's cache still.
            built += build(at, end, ground, anew=False) if at < end else []
            return Ended(tuple(built), error)
    return Ended(tuple(built), None)


def _held(work: Work, tier: Tier) -> tuple[list[Built], Ground]:
    """The first steps that another process built meanwhile, and the ground on them."""
    built: list[Built] = []
    ground = work.ground
    for place in () if work.anew else work.chain:
        record = next(
            (
                record
                for record in tier.find([place.step], work.platform)
                if record.placed == place.digest and record.stack == ground.diff_ids
            ),
            None,
        )
        if record is None:
            break
        built.append(Built(place.id, record, here=False, ran=False))
        ground = ground.under(record)
    return built, ground
