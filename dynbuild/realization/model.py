"""The values of a realization: its recipe, its backends, and its result."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from dynbuild.building import BuildFailed, BuildRequest, Report, StepResult
from dynbuild.digest import Description, PlacedDigest, StepDigest
from dynbuild.explain.past import History, Provenance
from dynbuild.link.choice import Held
from dynbuild.link.model import Record
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
    Tiers,
)
from dynbuild.quote import StageName
from dynbuild.realization.outputs import Publisher


@dataclass(frozen=True, slots=True)
class Recipe:
    """The steps to realize, in lock order, and what each is built from.

    ``parents`` maps each build stage of the Dockerfile to the one it stands on,
    ``sources`` each step to the build stage that copies from it use, ``copies`` a step
    to the build stage of copies that must not come from a builder's cache. ``previous``
    maps steps to their last versions, which tell what to expect of them. ``request``
    is the part that all builds share. ``locked`` holds the cache mounts that one step
    at a time may use. ``moves`` counts how often each stage changed.
    """

    order: tuple[Placed, ...]
    described: Mapping[str, Description]
    digests: Mapping[str, StepDigest]
    platform: str
    base: Base
    config: Config
    request: BuildRequest
    parents: Mapping[StageName, StageName]
    sources: Mapping[str, StageName]
    copies: Mapping[StageName, StageName]
    locked: Mapping[str, frozenset[str]]
    moves: Mapping[str, int]
    previous: Mapping[StepDigest, StepDigest] = field(default_factory=dict)
    steps: Mapping[str, Placed] = field(init=False, compare=False)
    """The steps by id."""

    def __post_init__(self) -> None:
        steps = {placed.id: placed for placed in self.order}
        object.__setattr__(self, "steps", steps)


@dataclass(frozen=True, slots=True)
class How:
    """How to realize: the number of parallel jobs, the steps to build again.

    Existing records of the steps in ``anew`` are ignored. ``seconds`` holds how long
    steps took before. ``before`` names the first step that is not to be realized, where
    that is not the whole image.
    """

    jobs: int
    anew: frozenset[str] = frozenset()
    seconds: Mapping[str, float] = field(default_factory=dict)
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Backends:
    """What a realization works with besides the lock; ``sources`` names the tiers.

    ``copy_project`` copies the project as it is into a directory, and returns the
    patterns of its .dockerignore. ``earlier`` yields locks before this one, the newest
    first.
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
    sources: tuple[Provenance, ...] = ("local",)


@dataclass(frozen=True, slots=True)
class BuiltStep:
    """A step that now exists: built here, or by another process in the meantime."""

    step: str
    held: Held
    here: bool
    ran: bool


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
    plan learned what steps have to be placed on.
    """

    recipe: Recipe
    plan: Plan
    steps: tuple[StepResult, ...]
    here: frozenset[PlacedDigest]
    beside: tuple[Record, ...] = ()
    failed: BuildFailed | None = None

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
        chosen = (
            choice.record
            for choice in self.plan.choices.values()
            if isinstance(choice, Reuse) and choice.distance == 0
        )
        return (*chosen, *self.beside)

    def _records(self, digests: Iterable[PlacedDigest]) -> tuple[Record, ...]:
        choices = (self.plan.choices[digest] for digest in digests)
        return tuple(one.record for one in choices if isinstance(one, Reuse))


class Gather(Protocol):
    """Gathers the files that steps copy, and returns the recipe that results."""

    def __call__(self, steps: Collection[str]) -> Recipe: ...
