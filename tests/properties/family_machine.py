"""Images that extend one another, on the real scheduler and a builder in memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dynbuild import quote
from dynbuild.building import BuildFailed, BuildRequest
from dynbuild.emit.dockerfile import layout
from dynbuild.link.writes import stacked
from dynbuild.ports import Base
from dynbuild.quote import StageName
from dynbuild.realization.keeping import keep
from dynbuild.realization.model import Asked, Backends, How, Recipe
from dynbuild.realization.steps import realize_together
from dynbuild.steps.model import Stage
from dynbuild.steps.recipe import inputs_of
from tests.layer_builder import MemoryTiers, TableBuilder
from tests.properties.effects import STATUS, TREE, Layered, Tree, there, written
from tests.properties.lineages import TREES, Lineage
from tests.properties.small_worlds import Outcome, layer
from tests.turns import TurnJobs, TurnMachine, Turns

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from random import Random

    from dynbuild.building import Report, StepResult
    from dynbuild.digest import Digest
    from dynbuild.link.model import Layer, Record, WriteSet
    from dynbuild.ports import Realized, StepRequest
    from dynbuild.realization.model import RealizeResult
    from tests.layer_builder import Key

NOTHING = frozenset[str]()
ABSENT = "no such base"
LAYERS = {own: layer(f"base {own}".encode()) for own in TREES}
_STANZA = "Package: {}\nStatus: install ok installed\nArchitecture: amd64\n"


def recipe_of(image: Lineage, text: str) -> Recipe:
    order = image.steps.order
    laid = layout(order)
    bases = {own: Base((LAYERS[own],), tree, {}) for own, tree in TREES.items()}
    return Recipe(
        order=order,
        described=image.steps.described,
        digests=image.steps.digests,
        platform=image.platform,
        bases=bases,
        configs={own: {} for own in bases},
        starts=laid.bases,
        request=BuildRequest(text, "", (), parts=laid.parts),
        parents={stage.name: stage.parent for stage in laid.branches},
        sources=laid.sources,
        copies=laid.copies_of,
        locked={one.id: NOTHING for one in order},
        moves={},
        above=image.above,
    )


@dataclass
class TreeBuilder(TableBuilder):
    """A builder whose steps run on the files of the layers that it is given."""

    image: Lineage | None = None
    contents: dict[Digest, WriteSet] = field(default_factory=dict)
    """The files of the layers, of whichever image."""
    often: Counter[Key] = field(default_factory=Counter)
    _given: dict[str, Mapping[str, tuple[Digest, ...]]] = field(default_factory=dict)

    def _made(
        self,
        name: str,
        on: tuple[Digest, ...],
        stacks: Mapping[str, tuple[Digest, ...]],
        request: StepRequest,
        results: list[StepResult],
    ) -> tuple[Outcome, bool, Key]:
        self._given[name] = dict(stacks)
        made = super()._made(name, on, stacks, request, results)
        _, ran, (_, *ground) = made
        assert self.image is not None
        ids = {quote.stage(id_): id_ for id_ in self.image.steps.placed}
        digest = self.image.steps.digests[ids[StageName(name)]]
        self.often[digest, *ground] += ran
        return made

    def _run(
        self, step: str, on: tuple[Digest, ...], results: list[StepResult]
    ) -> Outcome:
        self.turns.pause()
        if step in self.broken:
            message, done = f"{step} failed", tuple(results)
            raise BuildFailed(StageName(step), None, message, (), 1, done)
        assert self.image is not None
        ids = {quote.stage(id_): one for id_, one in self.image.steps.placed.items()}
        placed = ids[step].step
        inputs = placed.inputs if isinstance(placed, Stage) else ()
        stages = dict(zip([i.stage for i in inputs], self.sources[step], strict=True))
        before = self._tree(on)
        tree = Layered(before)
        given = self._given[step]
        self.image.run(ids[step], tree, lambda stage: self._tree(given[stages[stage]]))
        made = len(self.contents) + 1
        outcome = Outcome(f"{made}".encode(), written(before, tree), (), made)
        self.contents[outcome.layer.diff_id] = outcome.writes
        self._steps[outcome.layer.digest] = step
        self.ran.append((step, outcome.layer))
        return outcome

    def _realized(self, outcome: Outcome, *, ran: bool) -> Realized:
        status = outcome.writes.get(STATUS)
        names = status.content.split() if status else []
        text = "\n\n".join(_STANZA.format(name) for name in names)
        made = super()._realized(outcome, ran=ran)
        return replace(made, text=lambda _: text)

    def _tree(self, stack: tuple[Digest, ...]) -> Tree:
        return there(stacked([self.contents[one] for one in stack]))


@dataclass
class FamilyBuilder:
    """Implements ``ports.LayerBuilder.steps`` for several images."""

    builders: Mapping[str, TreeBuilder]
    """By the text of the image's Dockerfile, which is its position."""

    def steps(self, request: StepRequest, report: Report) -> tuple[Realized, ...]:
        return self.builders[request.build.dockerfile].steps(request, report)


@dataclass
class FamilyMachine:
    """A machine that realizes images, one after the other or several at once.

    ``choose`` says what is next. What ran has its name in ``ran``; ``often`` counts the
    runs of a step on the same layers. A step of ``broken`` fails. Files and bases for
    the images of ``absent``, which are positions, cannot be gathered.
    """

    choose: Random
    tier: MemoryTiers = field(default_factory=MemoryTiers)
    contents: dict[Digest, WriteSet] = field(
        default_factory=lambda: {LAYERS[own].diff_id: TREES[own] for own in TREES}
    )
    ran: list[tuple[str, Layer]] = field(default_factory=list)
    often: Counter[Key] = field(default_factory=Counter)
    broken: set[str] = field(default_factory=set)
    absent: set[int] = field(default_factory=set)
    taken: int = 0

    def realize(self, image: Lineage, jobs: int = 3) -> Tree:
        """Realize an image; return what it holds."""
        (tree,) = self.together([image], jobs)
        assert tree is not None
        return tree

    def together(self, images: Sequence[Lineage], jobs: int = 3) -> list[Tree | None]:
        """Realize images at once; return what each holds, or None where one failed."""
        turns = Turns(self.choose.choice)
        asked: list[Asked] = []
        builders: dict[str, TreeBuilder] = {}
        running = TurnJobs(turns, "realize", jobs, alone=len(images) == 1)
        for number, image in enumerate(images):
            line = [Lineage(lock, image.platform) for lock in image.lock.line]
            recipes = [recipe_of(one, f"{number} {at}") for at, one in enumerate(line)]
            builders |= {
                recipe.request.dockerfile: self._builder(one, recipe, turns)
                for one, recipe in zip(line, recipes, strict=True)
            }
            backends = Backends(
                files=None,
                images=None,
                builder=None,
                history=None,
                copy_project=None,
                tier=self.tier,
                machine=TurnMachine(turns),
                layer_builder=FamilyBuilder(builders),
                layer_writer=None,
                image_loader=None,
                publisher=None,
                jobs=running,
                report=lambda _: None,
            )

            def opened(
                at: int,
                recipes: list[Recipe] = recipes,
                backends: Backends = backends,
                number: int = number,
            ) -> Asked:
                def gather(_: Collection[str]) -> Recipe:
                    if number in self.absent:
                        raise BuildFailed(None, None, ABSENT, (), None, ())
                    return recipes[at]

                return Asked(recipes[at], How(jobs), backends, gather)

            asked.append(replace(opened(-1), open_above=opened))
        found: list[Tree | None] = []

        def work() -> None:
            for one, outcome in zip(asked, realize_together(asked), strict=True):
                kept, warnings = keep(outcome, one.backends)
                assert not warnings
                found.append(self._checked(kept))

        turns.spawn("realize", work)
        turns.run()
        return found

    def _checked(self, result: RealizeResult) -> Tree | None:
        if result.failed is not None:
            step = result.failed.step
            if step is None:
                assert self.absent
                assert result.failed.message == ABSENT
                return None
            assert step in self.broken
            # It tells of that step, not of another that failed as well.
            assert result.failed.message == f"{step} failed"
            return None
        self.taken += len(result.taken)
        stored = {record.id for record in records_of(self.tier)}
        assert not stored & result.taken.keys()
        assert all(one.id in stored for some in result.taken.values() for one in some)
        assert {one.id for one in result.held_here} <= stored
        return there(stacked([TREE, *(record.writes for record in result.records)]))

    def _builder(self, image: Lineage, recipe: Recipe, turns: Turns) -> TreeBuilder:
        steps = image.steps.order
        return TreeBuilder(
            lambda *_: None,
            turns,
            self.tier,
            {
                quote.stage(one.id): tuple(
                    recipe.sources[copy.stage] for copy in inputs_of(one.step)
                )
                for one in steps
            },
            recipe.parents,
            {quote.stage(one.id): frozenset() for one in steps},
            ran=self.ran,
            broken=self.broken,
            image=image,
            contents=self.contents,
            often=self.often,
        )


def records_of(tier: MemoryTiers) -> list[Record]:
    return [record for step in tier.records.values() for record in step.values()]
