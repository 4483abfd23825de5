"""The life of steps, as docs/design/states.md tells it; stacks that are too deep."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from dynbuild.building import BuildFailed
from dynbuild.digest import sha256
from dynbuild.link.budget import DEEPEST
from dynbuild.link.choice import Held
from dynbuild.link.model import Layer, Record
from dynbuild.lockfile.order import Placed
from dynbuild.ports import JobEnded, JobResult, LostError
from dynbuild.quote import StageName
from dynbuild.realization import progress as changes
from dynbuild.realization import results
from dynbuild.realization.chains import chain_of
from dynbuild.realization.model import BuiltStep, ChainResult, How
from dynbuild.realization.scheduler import next_chains
from dynbuild.steps.model import Stage
from tests.properties.recipes import recipe_of
from tests.properties.small_worlds import World, written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dynbuild.realization.progress import Progress

WRITES = {"a": "tmp/x", "b": "opt/one", "c": "opt/one", "e": "opt/one"}


def stages(*named: tuple[str, tuple[str, ...]]) -> World:
    return World(
        tuple(
            Placed(name, Stage(name, on, commands=("true",)), seq, on)
            for seq, (name, on) in enumerate(named)
        ),
        seed=0,
    )


@dataclass
class Life:
    """A realization by hand; a step that is put on another one is told with a prime."""

    progress: Progress
    keys: dict[str, str] = field(default_factory=dict)
    """The latest job of a chain, by its first step."""

    def start(self) -> list[str]:
        chains = [chain for _, chain in next_chains([self.progress])]
        for chain in chains:
            self.progress = changes.started(self.progress, chain)
            self.keys[chain[0].id] = chain[0].digest
        return ["".join(place.id for place in chain) for chain in chains]

    def build(self, key: str, failed: BuildFailed | None = None) -> None:
        """Give the result of a chain, of which the last step may have failed."""
        chain = self.progress.running[self.keys[key]]
        built: list[BuiltStep] = []
        for place in chain[:-1] if failed else chain:
            blob = sha256(place.digest.encode())
            record = Record(
                place.digest,
                place.step,
                self.progress.recipe.platform,
                (Layer(blob, blob, 1),),
                {WRITES.get(place.id, place.id): written("opt/one", place.id)},
                on=(built[-1].held.record.id,)
                if built
                else self.progress.plan.ids(place.on),
            )
            built.append(BuiltStep(place.id, Held(record), here=True, ran=True))
        event = JobResult(self.keys[key], ChainResult(tuple(built), failed))
        self.progress = results.took(self.progress, event)

    def end(self, key: str) -> None:
        """End a job, whose result is noted now, unless it was before."""
        event = JobEnded(self.keys[key], None)
        self.progress = results.took(self.progress, event)

    @property
    def states(self) -> Mapping[str, str]:
        places = self.progress.plan.places.places
        return {
            places[digest].id + ("'" if places[digest].joins else ""): state.name
            for digest, state in self.progress.states.items()
        }


def life(world: World, jobs: int = 2) -> Life:
    return Life(changes.begin(recipe_of(world, {}), How(jobs), ()))


def test_the_example_of_the_documents() -> None:
    own = life(stages(("a", ()), ("b", ("a",)), ("c", ())))
    assert own.states == {"a": "READY", "b": "WAITING", "c": "READY"}
    assert own.start() == ["ab", "c"]
    assert own.states == {"a": "BUILDING", "b": "BUILDING", "c": "BUILDING"}
    own.build("c")
    assert own.states == {"a": "BUILDING", "b": "BUILDING", "c": "BUILT"}
    own.build("a")
    assert own.states == {"a": "READING", "b": "READING", "c": "BUILT"}
    assert own.start() == []
    own.end("a")
    assert own.states == {"a": "BUILT", "b": "BUILT", "c'": "READY"}
    assert own.start() == ["c"]
    own.build("c")
    own.end("c")
    assert own.states == {"a": "BUILT", "b": "BUILT", "c'": "BUILT"}
    assert own.start() == []


def test_a_failed_step_stops_what_was_not_started() -> None:
    own = life(stages(("a", ()), ("b", ("a",)), ("c", ()), ("d", ())))
    assert own.start() == ["ab", "c"]
    own.build("a", BuildFailed(StageName("b"), None, "no", (), 1, ()))
    assert own.states == {"a": "BUILT", "b": "FAILED", "c": "BUILDING", "d": "READY"}
    assert own.start() == []
    own.build("c")
    own.end("c")
    assert own.states["c"] == "BUILT"
    result = results.result_of(own.progress)
    assert result.failed is not None
    assert [step.step for step in result.steps] == ["a", "c"]


def test_what_a_tier_holds_is_reused_and_what_nothing_needs_is_left() -> None:
    world = stages(("a", ()), ("b", ("a",)))
    only = replace(world.order[0], step=Stage("a", build_only=True))
    other = replace(world.order[1], step=Stage("b", build_only=False), on=())
    own = life(World((only, other), seed=0))
    assert own.states == {"a": "UNNEEDED", "b": "READY"}
    own.start()
    own.build("b")
    held = tuple(step.held for step in own.progress.built)
    recipe, how = own.progress.recipe, own.progress.how
    again = changes.begin(recipe, how, held)
    assert Life(again).states == {"a": "UNNEEDED", "b": "REUSED"}
    _, told = changes.reported(again)
    assert [(result.step, result.ran) for result in told] == [("b", False)]
    anew = changes.begin(recipe, replace(how, anew=frozenset("b")), held)
    assert Life(anew).states == {"a": "UNNEEDED", "b": "READY"}


def test_a_stack_that_is_too_deep_is_given_in_groups() -> None:
    names = [f"s{number:03}" for number in range(DEEPEST + 60)]
    world = stages(*zip(names, [(), *((name,) for name in names)], strict=False))
    own = life(world, jobs=1)
    chains = []
    while started := own.start():
        chains += started
        (chain,) = own.progress.running.values()
        work = chain_of(chain, own.progress.recipe, own.progress.plan, ())
        layers = work.ground.layers
        groups = work.deep.get(layers)
        assert (groups is None) == (len(layers) <= DEEPEST)
        if groups is not None:
            assert len(groups) <= DEEPEST
            together = [layer for group in groups for layer in group.layers]
            assert together == [*layers]
        key = chain[0].id
        own.build(key)
        own.end(key)
    assert len(chains) > 2
    assert groups is not None
    assert {*own.states.values()} == {"BUILT"}


def test_what_a_job_raises_is_raised() -> None:
    """The job that keeps the base's layers has no chain; nor has its end a result."""
    own = life(stages(("a", ()))).progress
    assert results.took(own, JobEnded("base", None)) is own
    with pytest.raises(ValueError, match="a bug"):
        results.took(own, JobEnded("base", ValueError("a bug")))
    lost = results.took(own, JobEnded("base", LostError()))
    assert next_chains([lost]) == ()
    with pytest.raises(LostError):
        results.result_of(lost)


def test_a_chain_ends_where_another_step_waits_for_its_last() -> None:
    own = life(stages(("a", ()), ("b", ("a",)), ("x", ()), ("d", ("a", "x"))))
    assert own.start() == ["a", "x"]
    own.build("x")
    own.build("a")
    own.end("a")
    assert own.start() == ["b", "d"]


def test_a_chain_ends_before_a_step_that_is_only_guessed_to_follow() -> None:
    """What c writes on b is a guess from c alone; so is that e has to stand on it."""
    own = life(stages(("b", ()), ("c", ()), ("e", ())))
    assert own.start() == ["b", "c"]
    for first in "bc":
        own.build(first)
        own.end(first)
    alone = tuple(step.held for step in own.progress.built)
    other = life(stages(("e", ())))
    other.start()
    other.build("e")
    alone += tuple(step.held for step in other.progress.built)
    recipe, how = own.progress.recipe, own.progress.how
    again = Life(changes.begin(recipe, how, alone))
    assert again.states == {"b": "REUSED", "c'": "READY", "e'": "WAITING"}
    assert again.start() == ["c"]


def test_what_nothing_tells_of_is_built_alone_beside_what_changes_a_database() -> None:
    """It may have to be put on that, and built again: what needs it waits for that."""
    world = stages(("a", ()), ("b", ("a",)), ("d", ()))
    first = replace(world.order[0], step=Stage("a", touches=("dpkg",)))
    own = life(World((first, *world.order[1:]), seed=0))
    assert own.start() == ["ab", "d"]
    behind = stages(("d", ()), ("a", ()), ("b", ("a",)))
    first = replace(behind.order[0], step=Stage("d", touches=("dpkg",)))
    assert life(World((first, *behind.order[1:]), seed=0)).start() == ["a", "d"]
