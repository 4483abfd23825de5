"""Small worlds realized: the real scheduler and builds, on a builder in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dynbuild import quote
from dynbuild.building import BuildRequest
from dynbuild.emit.dockerfile import layout
from dynbuild.ports import Base
from dynbuild.realization.keeping import keep
from dynbuild.realization.model import Asked, Backends, How, RealizeResult, Recipe
from dynbuild.realization.steps import realize_steps
from tests.layer_builder import MemoryTiers, TableBuilder
from tests.properties.small_worlds import PLATFORM, World, layer
from tests.turns import TurnJobs, TurnMachine, Turns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from random import Random

    from dynbuild.building import BuildEvent
    from dynbuild.digest import Digest
    from dynbuild.link.model import Record

NOTHING = frozenset[str]()


def recipe_of(world: World, locked: Mapping[str, frozenset[str]]) -> Recipe:
    laid = layout(world.order)
    return Recipe(
        order=world.order,
        described={},
        digests=world.digests,
        platform=PLATFORM,
        bases={None: Base((layer(b"base"),), {}, {})},
        configs={None: {}},
        starts=laid.bases,
        request=BuildRequest("", "", (), parts=laid.parts),
        parents={stage.name: stage.parent for stage in laid.branches},
        sources=laid.sources,
        copies=laid.copies_of,
        locked={one.id: locked.get(one.id, NOTHING) for one in world.order},
        moves={},
    )


@dataclass
class Machine:
    """A machine with a builder and a tier; ``choose`` says what goes on next."""

    world: World
    choose: Random
    locked: Mapping[str, frozenset[str]] = field(default_factory=dict)
    tier: MemoryTiers = field(default_factory=MemoryTiers)

    def __post_init__(self) -> None:
        self.turns = Turns(self.choose.choice)
        self.machine = TurnMachine(self.turns)
        self.recipe = recipe_of(self.world, self.locked)
        self.events: list[BuildEvent] = []
        sources = {
            quote.stage(one.id): tuple(
                self.recipe.sources[copy.stage] for copy in one.step.copies
            )
            for one in self.world.order
        }
        self.builder = TableBuilder(
            self.world.run,
            self.turns,
            self.tier,
            sources,
            self.recipe.parents,
            self.recipe.locked,
        )

    def realize(
        self, jobs: int = 3, anew: Iterable[str] = (), processes: int = 1
    ) -> list[RealizeResult]:
        """Realize in several processes at once."""
        how = How(jobs, frozenset(anew))
        results: list[RealizeResult] = []
        for number in range(processes):
            name = f"process {number}"
            backends = Backends(
                files=None,
                images=None,
                builder=None,
                history=None,
                copy_project=None,
                tier=self.tier,
                machine=self.machine,
                layer_builder=self.builder.of_another_process(),
                layer_writer=None,
                image_loader=None,
                publisher=None,
                jobs=TurnJobs(self.turns, name, jobs),
                report=self.events.append,
            )

            def work(backends: Backends = backends) -> None:
                recipe = self.recipe
                outcome = realize_steps(Asked(recipe, how, backends, lambda _: recipe))
                kept, warnings = keep(outcome, backends)
                # What the builder lost may fail when it runs again to be kept.
                assert not warnings or self.builder.broken
                results.append(kept)

            self.turns.spawn(name, work)
        self.turns.run()
        return results


def records_of(machine: Machine) -> list[Record]:
    steps = machine.tier.records.values()
    return [record for step in steps for record in step.values()]


def layers_of(machine: Machine) -> set[Digest]:
    return {layer.digest for record in records_of(machine) for layer in record.layers}
