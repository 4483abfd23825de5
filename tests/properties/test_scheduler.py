"""Realizations on a builder in memory: any plan, any failure, any interleaving."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from dynbuild.building import StepFinished
from dynbuild.plan import Build
from dynbuild.ports import LostError
from tests.properties.recipes import Machine, layers_of, records_of
from tests.properties.small_worlds import World, worlds
from tests.properties.test_plan import is_sound, realize

SEEDS = st.integers(0, 2**32)
WORLDS = st.builds(replace, worlds() | worlds(copying=False), flaky=st.booleans())
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


@HUNDRED
@given(WORLDS, SEEDS, st.integers(1, 4))
def test_all_is_built_once(world: World, seed: int, jobs: int) -> None:
    """The builder itself refuses a lost layer below, and a mount that is in use."""
    own = machine(world, seed)
    (result,) = own.realize(jobs)
    assert result.failed is None
    assert is_sound(result.plan)
    assert not any(isinstance(one, Build) for one in result.plan.choices.values())
    assert own.builder.asked == Counter(dict.fromkeys(own.builder.asked, 1))
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
    assert own.builder.asked == Counter(dict.fromkeys(own.builder.asked, 1))


@HUNDRED
@given(WORLDS, SEEDS)
def test_two_processes_build_nothing_twice(world: World, seed: int) -> None:
    """No two builds are alike here, so each leaves a record of its own."""
    own = machine(replace(world, flaky=True), seed)
    one, other = own.realize(2, processes=2)
    assert one.failed is other.failed is None
    assert is_sound(one.plan)
    assert is_sound(other.plan)
    built = Counter(record.placed for record in records_of(own))
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
