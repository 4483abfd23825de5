"""Images that take over what others built are what a build in one go makes of them."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dynbuild.lockfile.images_update import update_images
from tests.properties.family_machine import FamilyMachine
from tests.properties.lineages import OTHER, PLATFORM, Family, Lineage, Store, lineages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dynbuild.lockfile.images import LockedImages

SEEDS = st.integers(0, 2**32)


def histories(family: Family, edits: int) -> Iterator[LockedImages]:
    several = None
    for _ in range(3):
        family.add_image()
    for _ in range(edits + 1):
        several = update_images(several, family.targets)
        yield several
        family.edit()


def is_as_built_in_one_go(seed: int) -> None:
    store, chance = Store(), Random(seed)
    for several in histories(Family(Random(seed)), 6):
        images = lineages(several)
        for name in chance.sample(sorted(images), len(images)):
            tree = store.realize(images[name], chance)
            assert tree == images[name].linear
            ran = len(store.ran)
            assert store.realize(images[name], chance) == tree
            assert len(store.ran) == ran


@settings(max_examples=max(25, settings.default.max_examples // 3), deadline=None)
@given(SEEDS)
def test_each_image_is_as_built_in_one_go(seed: int) -> None:
    is_as_built_in_one_go(seed)


@pytest.mark.parametrize("seed", range(12))
def test_so_are_those_that_show_each_rule(seed: int) -> None:
    """The same each time: together they reach all that decides."""
    is_as_built_in_one_go(seed)


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_where_packages_leave_the_same_an_inherited_stage_runs_once(seed: int) -> None:
    """Whatever packages images have of their own, and in which order they came."""
    family = Family(Random(seed), ("plain",), ("plain", "reads"), 0)
    store = Store()
    for several in histories(family, 6):
        ran = len(store.ran)
        images = lineages(several)
        for name in several.parents_first:
            assert store.realize(images[name], Random(seed)) == images[name].linear
        counts = Counter(id_ for id_ in store.ran[ran:] if not id_.startswith("apt."))
        assert counts == dict.fromkeys(counts, 1)


def is_realized_as_in_one_go(seed: int, jobs: int) -> None:
    machine = FamilyMachine(Random(seed))
    for several in histories(Family(Random(seed), own_bases=0), 4):
        images = lineages(several)
        for name in machine.choose.sample(sorted(images), len(images)):
            tree = machine.realize(images[name], jobs)
            assert tree == images[name].linear
            ran = len(machine.ran)
            assert machine.realize(images[name], jobs) == tree
            assert len(machine.ran) == ran


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(1, 4))
def test_so_are_those_of_the_real_scheduler(seed: int, jobs: int) -> None:
    """Whichever job ends first; and no record that stands in for another is kept."""
    is_realized_as_in_one_go(seed, jobs)


def is_realized_at_once(seed: int, jobs: int, **kinds: object) -> FamilyMachine:
    """Realize some of the images of each version of a family, all of these at once."""
    machine = FamilyMachine(Random(seed))
    for several in histories(Family(Random(seed), own_bases=0, **kinds), 4):
        images = lineages(several)
        names = machine.choose.sample(
            sorted(images), machine.choose.randint(1, len(images))
        )
        chosen = [images[name] for name in names]
        assert machine.together(chosen, jobs) == [one.linear for one in chosen]
        assert all(count == 1 for count in machine.often.values())
        ran = len(machine.ran)
        assert machine.together(chosen, jobs) == [one.linear for one in chosen]
        assert len(machine.ran) == ran
    return machine


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(1, 4))
def test_several_at_once_are_as_in_one_go(seed: int, jobs: int) -> None:
    """Whichever job ends first; what several need runs once."""
    is_realized_at_once(seed, jobs)


@pytest.mark.parametrize("seed", range(8))
def test_several_at_once_show_each_rule(seed: int) -> None:
    """The same each time."""
    is_realized_at_once(seed, 3)


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.integers(1, 4))
def test_where_packages_leave_the_same_it_runs_once_for_all(
    seed: int, jobs: int
) -> None:
    """As one image after the other: an inherited stage runs for its owner alone."""
    machine = FamilyMachine(Random(seed))
    family = Family(Random(seed), ("plain",), ("plain", "reads"), 0)
    for several in histories(family, 4):
        ran = len(machine.ran)
        images = lineages(several)
        chosen = [images[name] for name in several.parents_first]
        assert machine.together(chosen, jobs) == [one.linear for one in chosen]
        names = [name for name, _ in machine.ran[ran:]]
        counts = Counter(name for name in names if not name.startswith("apt."))
        assert counts == dict.fromkeys(counts, 1)


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(1, 4))
@example(17, 3)  # two steps of one image fail, and another one has the second
@example(2, 3)  # a base cannot be gathered
def test_one_that_fails_is_no_reason_for_others(seed: int, jobs: int) -> None:
    """What was built for whichever image stays, and runs no second time."""
    machine = FamilyMachine(Random(seed))
    for several in histories(Family(Random(seed), own_bases=0), 3):
        images = lineages(several)
        names = machine.choose.sample(sorted(images), len(images))
        chosen = [images[name] for name in names]
        ids = sorted({id_ for one in chosen for id_ in one.steps.placed})
        broken = machine.choose.randint(1, 3)
        machine.broken |= {*machine.choose.sample(ids, min(broken, len(ids)))}
        if machine.choose.random() < 0.3:
            machine.absent.add(machine.choose.randrange(len(chosen)))
        trees = machine.together(chosen, jobs)
        for at, (one, tree) in enumerate(zip(chosen, trees, strict=True)):
            assert tree in (None, one.linear)
            fails = machine.broken & one.steps.placed.keys() or at in machine.absent
            assert tree is not None or fails
        machine.broken.clear()
        machine.absent.clear()
        assert machine.together(chosen, jobs) == [one.linear for one in chosen]
        assert all(count == 1 for count in machine.often.values())


@pytest.mark.parametrize("seed", range(5))
def test_the_scheduler_waits_for_what_may_be_taken_over(seed: int) -> None:
    """The same each time."""
    is_realized_as_in_one_go(seed, 2)


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(1, 4))
def test_what_runs_on_a_platform_of_its_own_runs_once_for_all(
    seed: int, jobs: int
) -> None:
    """Whether or not that is what the image is for; and it is found again."""
    machine = FamilyMachine(Random(seed))
    family = Family(Random(seed), copying=0.6, own_bases=1.0, own_platform=PLATFORM)
    for several in histories(family, 4):
        lock = several.whole(machine.choose.choice(several.parents_first))
        both = [Lineage(lock, platform) for platform in (PLATFORM, OTHER)]
        assert machine.together(both, jobs) == [one.linear for one in both]
        assert all(count == 1 for count in machine.often.values())
        # All of it is found again, for each platform alone.
        done = len(machine.ran)
        assert machine.together(both, jobs) == [one.linear for one in both]
        for one in both:
            machine.realize(one, jobs)
        assert len(machine.ran) == done
