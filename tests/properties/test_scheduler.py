"""Realizations on a builder in memory: any plan, any failure, any interleaving."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from dynbuild.building import StepFinished
from dynbuild.lockfile.order import Placed
from dynbuild.plan import Build
from dynbuild.ports import LostError
from dynbuild.steps.model import Copy, Stage
from tests.properties.recipes import Machine, layers_of, records_of
from tests.properties.small_worlds import World, copied_worlds, worlds
from tests.properties.test_plan import is_sound, realize

if TYPE_CHECKING:
    from dynbuild.realization.model import RealizeResult

SEEDS = st.integers(0, 2**32)
WORLDS = st.builds(
    replace, worlds() | worlds(copying=False) | copied_worlds(), flaky=st.booleans()
)
HUNDRED = settings(max_examples=100, deadline=None)


def mounts(world: World, chance: random.Random) -> dict[str, frozenset[str]]:
    """Cache mounts that steps lock, some of them the same."""
    return {
        one.id: frozenset(name for name in "xy" if chance.random() < 0.2)
        for one in world.order
    }


def machine(world: World, seed: int) -> Machine:
    chance = random.Random(seed)
    return Machine(world, chance, mounts(world, chance))


def asked_too_often(own: Machine) -> dict[str, int]:
    """The steps that a builder was asked for more than once on the same layers.

    What came from a step that was left in the builder is asked for once more, and found
    there, where that step is kept before the image is made: its id is another then.
    """
    moved = {*own.builder.left}
    for one in own.world.order:
        if moved & {*one.on, *(copy.stage for copy in one.step.copies)}:
            moved.add(one.id)
    return {
        name: count
        for (name, *_), count in own.builder.asked.items()
        if count > 1 + (name in moved)
    }


@HUNDRED
@given(WORLDS, SEEDS, st.integers(1, 4))
def test_all_is_built_once(world: World, seed: int, jobs: int) -> None:
    """The builder itself refuses a lost layer below, and a mount that is in use."""
    own = machine(world, seed)
    (result,) = own.realize(jobs)
    assert result.failed is None
    assert is_sound(result.plan)
    assert not any(isinstance(one, Build) for one in result.plan.choices.values())
    assert not asked_too_often(own)
    assert {layer.digest for _, layer in own.builder.ran} == layers_of(own)
    told = Counter(e.step for e in own.events if isinstance(e, StepFinished))
    assert all(count == 1 for count in told.values())

    # A second time nothing runs; every step of the image is reported as reused.
    ran = list(own.builder.ran)
    (again,) = own.realize(jobs)
    assert own.builder.ran == ran
    assert again.plan.layers(again.plan.places.image) == result.plan.layers(
        result.plan.places.image
    )
    assert not any(step.ran for step in again.steps)


@HUNDRED
@given(WORLDS, SEEDS, st.integers(1, 4))
def test_which_job_ends_first_decides_nothing(
    world: World, seed: int, jobs: int
) -> None:
    """Where steps write the same on whatever they stand: see ``test_plan``."""
    steady = replace(world, steady=True, flaky=False)
    (result,) = machine(steady, seed).realize(jobs)
    alone = realize(replace(steady), [], random.Random(seed))
    assert alone.places.image == result.plan.places.image


@HUNDRED
@given(WORLDS, SEEDS, st.data())
def test_a_failure_loses_nothing(world: World, seed: int, data: st.DataObject) -> None:
    own = machine(world, seed)
    ids = [one.id for one in world.order]
    own.builder.broken = {*data.draw(st.lists(st.sampled_from(ids), max_size=2))}
    (result,) = own.realize()
    assert {layer.digest for _, layer in own.builder.ran} <= layers_of(own)
    if result.failed is None:
        # What is broken was not needed.
        assert not own.builder.broken & {step for step, _ in own.builder.ran}
        return
    assert result.failed.step in own.builder.broken
    ran = list(own.builder.ran)
    own.builder.broken = set()
    (mended,) = own.realize()
    assert mended.failed is None
    assert is_sound(mended.plan)
    # What succeeded is not run again on what it stood on.
    new = [layer.digest for _, layer in own.builder.ran[len(ran) :]]
    assert not {*new} & {layer.digest for _, layer in ran}
    assert not asked_too_often(own)


@HUNDRED
@given(WORLDS, SEEDS)
def test_two_processes_build_nothing_twice(world: World, seed: int) -> None:
    """No two builds are alike here, so each leaves layers of its own.

    One outcome may be recorded by both, each with the sources that its plan knew.
    """
    own = machine(replace(world, flaky=True), seed)
    one, other = own.realize(2, processes=2)
    assert one.failed is other.failed is None
    assert is_sound(one.plan)
    assert is_sound(other.plan)
    outcomes = {(record.placed, record.layers) for record in records_of(own)}
    built = Counter(placed for placed, _ in outcomes)
    assert built == Counter(dict.fromkeys(built, 1))


@HUNDRED
@given(WORLDS, SEEDS, st.data())
def test_what_is_asked_for_anew_is_built_once_more(
    world: World, seed: int, data: st.DataObject
) -> None:
    own = machine(world, seed)
    own.realize()
    ids = [one.id for one in world.order]
    anew = {*data.draw(st.lists(st.sampled_from(ids), min_size=1))}
    before = Counter(step for step, _ in own.builder.ran)
    (result,) = own.realize(anew=anew)
    assert is_sound(result.plan)
    assert not any(isinstance(one, Build) for one in result.plan.choices.values())
    after = Counter(step for step, _ in own.builder.ran)
    assert anew <= (after - before).keys()


@HUNDRED
@given(WORLDS, SEEDS, st.data())
def test_what_vanishes_meanwhile_is_built_again(
    world: World, seed: int, data: st.DataObject
) -> None:
    """Another process cleans: blobs go away at any moment, and the run is repeated."""
    own = machine(world, seed)
    vanish = data.draw(st.lists(st.integers(0, 30), max_size=3, unique=True))
    pause, count = own.turns.pause, iter(range(10**6))

    def paused() -> None:
        if next(count) in vanish and own.tier.blobs:
            own.tier.blobs.pop(own.choose.choice(sorted(own.tier.blobs)))
        pause()

    own.turns.pause = paused
    for _ in range(6):
        try:
            (result,) = own.realize()
        except LostError:
            continue
        break
    assert result.failed is None
    assert is_sound(result.plan)
    assert not any(isinstance(one, Build) for one in result.plan.choices.values())


def of_true_origin(own: Machine, result: RealizeResult) -> None:
    """What was copied came from what its record names."""
    places = result.plan.places
    records = {record.id: record for record in records_of(own)}
    ids = {digest: id_ for id_, digest in own.recipe.digests.items()}
    for record in records.values():
        (made_of,) = own.builder.copied[record.layers[0].digest]
        named = dict(record.sources)
        stage = own.recipe.steps[ids[record.step]].step
        for copy, top in zip(stage.copies, made_of, strict=True):
            # A record from another plan may name other places of its sources.
            source = records.get(named.get(places.sources[copy.stage], ""))
            if source is not None:
                assert source.layers[-1].digest == top


@settings(max_examples=300, deadline=None)
@given(copied_worlds() | worlds(), SEEDS, st.data())
def test_records_name_what_was_copied(
    world: World, seed: int, data: st.DataObject
) -> None:
    """Whatever a builder loses between a copy and the export of what it came from."""
    own = machine(replace(world, flaky=True), seed)
    chance = random.Random(seed)
    often = data.draw(st.sampled_from([0.0, 0.2, 0.5]))
    own.builder.loses = lambda _: chance.random() < often
    ids = [one.id for one in world.order]
    for _ in range(3):
        own.builder.broken = {*data.draw(st.lists(st.sampled_from(ids), max_size=1))}
        with suppress(LostError):
            (result,) = own.realize()
            of_true_origin(own, result)
    own.builder.broken = set()
    own.builder.loses = lambda _: False
    for _ in range(2):
        (result,) = own.realize()
        assert result.failed is None
        assert is_sound(result.plan)
        assert not result.unkept
        of_true_origin(own, result)


def test_after_a_failure_nothing_is_recorded_of_a_source_that_ran_again() -> None:
    """The copier's second place found another outcome; a step beside it had failed."""
    compiler = Stage("b", build_only=True)
    copier = Stage("c", copies=(Copy("/a", "/a", stage="b"),), touches=("dpkg",))
    order = (
        Placed("a", Stage("a"), 0, ()),
        Placed("b", compiler, 1, ()),
        Placed("c", copier, 2, ()),
        Placed("d", Stage("d", dependencies=("a",)), 3, ("a",)),
    )
    failed = 0
    for seed in range(100):
        own = machine(World(order, seed=0, flaky=True), seed)
        own.builder.broken = {"d"}
        own.builder.loses = lambda key, own=own: key[0] == "b" and _ran(own, "c") < 2
        with suppress(LostError):
            (result,) = own.realize()
            of_true_origin(own, result)
            failed += _ran(own, "c") == 2
    assert failed


def _ran(own: Machine, id_: str) -> int:
    return sum(step == id_ for step, _ in own.builder.ran)
