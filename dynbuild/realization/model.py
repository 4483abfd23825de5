"""The values of a realization: its recipe, its backends, and its result."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import field
from enum import Enum
from typing import Protocol, TypeAlias

from dynbuild.building import BuildFailed, BuildRequest, Report, StepResult
from dynbuild.digest import (
    Description,
    Digest,
    PlacedDigest,
    RealizationId,
    StepDigest,
)
from dynbuild.explain.past import History, Provenance
from dynbuild.inheritance import Steps
from dynbuild.link.choice import Held
from dynbuild.link.model import Record
from dynbuild.link.programs import Program
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import Placed
from dynbuild.plan import Plan, Reuse
from dynbuild.ports import (
    Base,
    Builder,
    Config,
    Files,
    ImageLoader,
    Images,
    Jobs,
    LayerBuilder,
    LayerWriter,
    Machine,
    Stack,
    Tiers,
)
from dynbuild.quote import StageName
from dynbuild.realization.outputs import Publisher
from dynbuild.steps.limits import limits_of
from dynbuild.steps.model import OwnBase
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """The steps to realize, in lock order, and what each is built from.

    ``parents`` maps each build stage of the Dockerfile to the one it stands on,
    ``sources`` each step to the build stage that copies from it use, ``copies`` a step
    to the build stage of copies that must not come from a builder's cache. ``previous``
    maps steps to their last versions, which tell what to expect of them. ``request``
    is the part that all builds share. ``bases`` has the image's base, and those that
    steps start from instead, as far as something is built of them; ``starts`` the build
    stages of all, and ``configs`` what steps on each run with. ``locked`` holds the
    cache mounts that one step at a time may use. ``moves`` counts how often each stage
    changed. ``above`` has the images that this one extends, the root first. Where there
    are several images, ``images`` has the one whose step each is, by the step's id;
    where there are several platforms, ``told`` is this one.
    """

    order: tuple[Placed, ...]
    described: Mapping[str, Description]
    digests: Mapping[str, StepDigest]
    platform: str
    bases: Mapping[OwnBase | None, Base]
    configs: Mapping[OwnBase | None, Config]
    starts: Mapping[OwnBase | None, StageName]
    request: BuildRequest
    parents: Mapping[StageName, StageName]
    sources: Mapping[str, StageName]
    copies: Mapping[StageName, StageName]
    locked: Mapping[str, frozenset[str]]
    moves: Mapping[str, int]
    previous: Mapping[StepDigest, StepDigest] = field(default_factory=dict)
    above: tuple[Steps, ...] = ()
    images: Mapping[str, str] = field(default_factory=dict)
    told: str | None = None
    steps: Mapping[str, Placed] = field(init=False, compare=False)
    """The steps by id."""

    def __post_init__(self) -> None:
        steps = {placed.id: placed for placed in self.order}
        object.__setattr__(self, "steps", steps)

    @property
    def base(self) -> Base:
        """The base of the image."""
        return self.bases[None]

    def limits_alike(self, one: str, other: str) -> bool:
        """Whether a builder may make two steps at once, for what they may take."""
        first, second = (limits_of(self.steps[id_].step) for id_ in (one, other))
        return first.of_builder == second.of_builder


@dataclass(frozen=True, slots=True)
class How:
    """How to realize: the number of parallel jobs, the steps to build again.

    Existing records of the steps in ``anew`` are ignored. ``seconds`` holds how long
    steps took before. Where that is not the whole image, ``before`` names the first
    step that is not to be realized, or ``only`` those that are.
    """

    jobs: int
    anew: frozenset[str] = frozenset()
    seconds: Mapping[str, float] = field(default_factory=dict)
    before: str | None = None
    only: frozenset[str] | None = None


ReadPrograms: TypeAlias = Callable[
    [Stack, Collection[str] | None], tuple[Program, ...] | None
]
"""Reads the programs in layers, with names only those; None if that cannot be done."""


@dataclass(frozen=True, slots=True)
class Backends:
    """What a realization works with besides the lock; ``sources`` names the tiers.

    ``copy_project`` copies the project as it is into a directory, and returns the
    patterns of its .dockerignore. ``earlier`` yields locks before this one, the newest
    first. ``documents`` returns the manifest and the config of an image of a digest, as
    its registry has them.
    """

    files: Files
    images: Images
    builder: Builder
    history: History
    copy_project: Callable[[str], str]
    tier: Tiers
    machine: Machine
    layer_builder: LayerBuilder
    layer_writer: LayerWriter
    image_loader: ImageLoader
    publisher: Publisher
    jobs: Jobs
    report: Report
    earlier: Callable[[], Iterable[Lock]] = tuple
    documents: Callable[[str, Digest], tuple[bytes, bytes] | None] = lambda *_: None
    programs: ReadPrograms = lambda *_: None
    sources: tuple[Provenance, ...] = ("local",)


class Kept(Enum):
    """What is kept of a built step by the time that the next one starts."""

    WHOLE = "whole"
    """Its layers and its record."""

    LAYERS = "layers"
    """Its layers; its record waits for that of a step whose layers are not kept yet."""

    NOTHING = "nothing"
    """Its layers are still in the builder. Its record in the plan has none: only its
    place and what it came from, so its id is not the one that it will have."""


@dataclass(frozen=True, slots=True)
class BuiltStep:
    """A step that now exists: built here, or by another process in the meantime.

    ``builder`` is as of a StepResult.
    """

    step: str
    held: Held
    here: bool
    ran: bool
    kept: Kept = Kept.WHOLE
    builder: str | None = None


def came_from(record: Record) -> tuple[RealizationId, ...]:
    """Return the ids of all realizations that a record names."""
    return (*record.on, *dict(record.sources).values())


@dataclass(frozen=True, slots=True)
class ChainResult:
    """The steps of a chain that now exist, and the failure of the next one, if any."""

    built: tuple[BuiltStep, ...]
    failed: BuildFailed | None


@dataclass(frozen=True, slots=True)
class RealizeResult:
    """The final plan, in which nothing is left to build, and the result of each step.

    After a failure something is left to build. ``here`` holds the places that this
    process built now. ``beside`` holds the records of the nearest tier from which the
    plan learned what steps have to be placed on; ``unkept`` the steps that are not kept
    whole yet, in the order in which they were built; ``taken`` what stands in for
    records of this image (``inheritance``).
    """

    recipe: Recipe
    plan: Plan
    steps: tuple[StepResult, ...]
    here: frozenset[PlacedDigest]
    beside: tuple[Record, ...] = ()
    failed: BuildFailed | None = None
    unkept: tuple[BuiltStep, ...] = ()
    taken: Mapping[RealizationId, tuple[Record, ...]] = field(default_factory=dict)

    def whole(self) -> "RealizeResult":
        """Return the result if it is complete. Raises BuildFailed."""
        if self.failed is not None:
            raise self.failed
        return self

    @property
    def records(self) -> tuple[Record, ...]:
        """The records of the image, in lock order."""
        return self._records(self.plan.places.image)

    def below(self, id_: str) -> dict[str, Record]:
        """Return the records of all that a step stands on, by step, in lock order."""
        places = self.plan.places.places
        closure = places[self.plan.places.final[id_]].closure
        of = {
            places[digest].id: choice.record
            for digest in closure
            if isinstance(choice := self.plan.choices[digest], Reuse)
        }
        return {one.id: of[one.id] for one in self.recipe.order if one.id in of}

    @property
    def held_here(self) -> tuple[Record, ...]:
        """The records that the plan relies on and the nearest tier has."""
        unkept = {step.held.record.id for step in self.unkept}
        chosen = (
            record
            for choice in self.plan.choices.values()
            if isinstance(choice, Reuse) and choice.distance == 0
            for record in self.taken.get(choice.record.id, (choice.record,))
        )
        every = (*chosen, *self.beside)
        return tuple(record for record in every if record.id not in unkept)

    def _records(self, digests: Iterable[PlacedDigest]) -> tuple[Record, ...]:
        choices = (self.plan.choices[digest] for digest in digests)
        return tuple(one.record for one in choices if isinstance(one, Reuse))


class Gather(Protocol):
    """Gathers the files that steps copy, and returns the recipe that results."""

    def __call__(self, steps: Collection[str]) -> Recipe: ...


OpenAbove: TypeAlias = Callable[[int], "Asked"]
"""Opens one of the images above, the root first, by its position."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The steps of one image to realize, how, and what with.

    ``open_above`` opens the images above; None where nothing is built for it in these.
    """

    recipe: Recipe
    how: How
    backends: Backends
    gather: Gather
    open_above: OpenAbove | None = None
