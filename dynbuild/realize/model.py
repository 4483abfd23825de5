"""What a realization is made of: its recipe, its site, and what came of it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from dynbuild.building import BuildFailed, BuildRequest, Report, StepResult
from dynbuild.digest import Description, Digest
from dynbuild.explain.past import Source
from dynbuild.link.model import Record
from dynbuild.lock.order import Placed
from dynbuild.plan import Plan, Reuse
from dynbuild.ports import Base, Config, Jobs, LayerBuilder, Machine, Tiers
from dynbuild.realize.outputs import Publisher


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is to be realized: the steps in lock order, and what each is built from.

    ``parents`` holds the build stage that each build stage of the Dockerfile stands
    on, ``sources`` the one that copies of each step are from, ``copies`` that in which
    a step copies what no builder's cache may answer for; ``request`` is what all builds
    have in common; ``locked`` are the mounts that one step at a time may have;
    ``moves`` says how often each stage changed.
    """

    order: tuple[Placed, ...]
    described: Mapping[str, Description]
    digests: Mapping[str, Digest]
    platform: str
    base: Base
    config: Config
    request: BuildRequest
    parents: Mapping[str, str]
    sources: Mapping[str, str]
    copies: Mapping[str, str]
    locked: Mapping[str, frozenset[str]]
    moves: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class How:
    """How it is realized: how much at once, which records do not count.

    ``seconds`` says how long steps took before; ``before`` names the step that is the
    first not to be realized, where it is not all of the image.
    """

    jobs: int
    anew: frozenset[str] = frozenset()
    seconds: Mapping[str, float] = field(default_factory=dict)
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Backends:
    """Where it is realized; ``sources`` says what the tier is, near to far."""

    tier: Tiers
    machine: Machine
    layer_builder: LayerBuilder
    publisher: Publisher
    jobs: Jobs
    report: Report
    sources: tuple[Source, ...] = ("local",)


@dataclass(frozen=True, slots=True)
class RealizeResult:
    """A plan in which nothing is left to build, and what became of each step.

    What has failed leaves something to build. ``here`` holds the places that were
    built now, and by no other process; ``beside`` the records of the nearest tier that
    told what steps had to be put on: without them a plan would not know it.
    """

    recipe: Recipe
    plan: Plan
    steps: tuple[StepResult, ...]
    here: frozenset[Digest]
    beside: tuple[Record, ...] = ()
    failed: BuildFailed | None = None

    def whole(self) -> "RealizeResult":
        """The outcome, if it is whole. Raises BuildFailed."""
        if self.failed is not None:
            raise self.failed
        return self

    @property
    def records(self) -> tuple[Record, ...]:
        """Those of the image, in lock order."""
        return self._records(self.plan.places.image)

    def below(self, id_: str) -> dict[str, Record]:
        """Those of all that a step stands on, by step, in lock order."""
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
        """All records the plan rests on that the nearest tier has."""
        chosen = (
            choice.record
            for choice in self.plan.choices.values()
            if isinstance(choice, Reuse) and choice.distance == 0
        )
        return (*chosen, *self.beside)

    def _records(self, digests: Iterable[Digest]) -> tuple[Record, ...]:
        choices = (self.plan.choices[digest] for digest in digests)
        return tuple(one.record for one in choices if isinstance(one, Reuse))


class Gather(Protocol):
    """Puts what steps copy in its place; what the recipe is then."""

    def __call__(self, steps: Collection[str]) -> Recipe: ...
