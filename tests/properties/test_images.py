"""The lock of several images over random histories: each as if it were alone."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from dynbuild.errors import LockError
from dynbuild.lockfile.codec import dumps, read
from dynbuild.lockfile.images import (
    ONLY,
    LockedImages,
    TargetImage,
    Targets,
    as_recipe,
)
from dynbuild.lockfile.images_continued import as_several
from dynbuild.lockfile.images_merge import merge_recipes
from dynbuild.lockfile.images_update import update_images
from dynbuild.lockfile.model import Lock, Target, declared_packages
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.update import update
from dynbuild.steps.model import Stage
from tests.properties.edits import NEVER_REPACKS, histories
from tests.properties.lines import (
    Declared,
    edited_family,
    families,
    family_histories,
    wholes,
)
from tests.properties.test_update import digests

FEWER = settings(max_examples=max(10, settings.default.max_examples // 3))
"""Several images at once, several times over, take a while."""


def replayed(history: list[Declared]) -> list[LockedImages]:
    locks: list[LockedImages] = []
    for declared in history:
        targets = wholes(declared)
        previous = as_several(locks[-1], targets) if locks else None
        locks.append(update_images(previous, targets))
    return locks


@FEWER
@given(family_histories())
def test_each_image_is_what_is_asked_of_it(history: list[Declared]) -> None:
    for declared, several in zip(history, replayed(history), strict=True):
        for name, image in wholes(declared).items():
            whole, target = several.whole(name), image.whole
            packages = {m: dict(s) for m, s in target.packages.items() if s}
            assert declared_packages(whole) == packages
            assert set(whole.sources) == set(target.sources)
            assert set(whole.setups) == set(target.setups)
            assert set(whole.scripts) == set(target.scripts)
            assert whole.user == target.user
            assert whole.config == target.config
            assert (whole.base, whole.shell) == (target.base, target.shell)
            assert whole.images == target.images
            assert {n: _plain(e.stage) for n, e in whole.stages.items()} == {
                stage.name: _plain(stage) for stage in target.stages
            }
            assert several.images[name].extends == image.extends
            assert several.images[name].publish == image.publish
            install_order(whole)


def _plain(stage: Stage) -> Stage:
    """What is asked of a stage: neither the order of its needs nor its refreshes."""
    needs = tuple(sorted(stage.dependencies))
    return replace(stage, dependencies=needs, bump=0, touches=())


@FEWER
@given(family_histories())
def test_every_step_has_one_owner(history: list[Declared]) -> None:
    for declared, several in zip(history, replayed(history), strict=True):
        for name, image in several.images.items():
            above = several.whole(image.extends) if image.extends else None
            own = {f"{stage.name}-{name}" for stage in declared[name].own.stages}
            assert set(image.own.stages) == own
            if above is not None:
                assert not image.own.stages.keys() & above.stages.keys()
                for manager, log in image.own.packages.items():
                    for key, events in log.items():
                        inherited = above.packages.get(manager, {}).get(key, ())
                        assert not set(events) & set(inherited)


@FEWER
@given(family_histories())
def test_updating_twice_changes_nothing(history: list[Declared]) -> None:
    for declared, several in zip(history, replayed(history), strict=True):
        targets = wholes(declared)
        assert update_images(several, targets) == several
        shuffled = dict(reversed(targets.items()))
        assert dumps(update_images(several, shuffled)) == dumps(several)
        assert as_several(several, targets) == several


@FEWER
@given(family_histories())
def test_the_text_says_all(history: list[Declared]) -> None:
    for several in replayed(history):
        text = dumps(several)
        assert read(text) == several
        assert dumps(read(text)) == text
        assert "\nversion = 1\n" not in text


@FEWER
@given(histories())
def test_an_image_alone_is_as_the_only_one(history: list[Target]) -> None:
    lock, several = None, None
    for target in history:
        lock = update(lock, target)
        targets = {
            "app": TargetImage(None, publish=True, whole=target, config=target.config)
        }
        several = update_images(several, targets)
        assert several.whole("app") == lock


@FEWER
@given(families())
def test_on_a_first_lock_all_that_is_inherited_is_shared(declared: Declared) -> None:
    several = update_images(None, wholes(declared))
    for name, image in several.images.items():
        if image.extends is not None:
            parent, child = several.whole(image.extends), several.whole(name)
            if parent.user == child.user:
                # Else commands as that user know its uid in the one image alone.
                assert digests(parent).items() <= digests(child).items()


@FEWER
@given(family_histories(edits=NEVER_REPACKS))
def test_what_an_image_adds_moves_no_layer_of_another(history: list[Declared]) -> None:
    """Of stages that nobody edited, and that stand on nothing that was."""
    for (was, now), (old, new) in zip(
        pairwise(history), pairwise(replayed(history)), strict=True
    ):
        for name in was.keys() & now.keys():
            before, after = old.whole(name), new.whole(name)
            if not _only_grown(before, after):
                continue
            earlier, later = digests(before), digests(after)
            for stage, entry in before.stages.items():
                if _all_kept(stage, before, after):
                    # It may be for another platform only.
                    assert earlier.get(stage) == later.get(stage)
                    assert after.stages[stage].seq == entry.seq


@FEWER
@given(family_histories(edits=NEVER_REPACKS))
def test_what_is_new_comes_behind_all_there_was(history: list[Declared]) -> None:
    """All images count with one counter, and no other step gets another number."""
    for (was, now), (old, new) in zip(
        pairwise(history), pairwise(replayed(history)), strict=True
    ):
        for name in was.keys() & now.keys():
            before, after = old.images[name].own, new.images[name].own
            last = old.last_seq
            for stage, entry in after.stages.items():
                there = before.stages.get(stage)
                assert (
                    entry.seq > last
                    or (there and there.seq == entry.seq)
                    or (entry.seq in {one.seq for one in before.stages.values()})
                )
            for kind in ("setups", "sources", "scripts"):
                earlier = getattr(before, kind)
                for item, seq in getattr(after, kind).items():
                    assert seq > last or earlier[item] == seq
            for manager, log in after.packages.items():
                for key, events in log.items():
                    known = before.packages.get(manager, {}).get(key, ())
                    assert all(e in known or e.seq > last for e in events)


def _only_grown(before: Lock, after: Lock) -> bool:
    """Whether nothing of the system chain left or changed."""
    return (
        before.base == after.base
        and before.shell == after.shell
        and before.user == after.user
        and before.setups.items() <= after.setups.items()
        and before.sources.items() <= after.sources.items()
        and before.scripts.items() <= after.scripts.items()
        and before.user_seq in {0, after.user_seq}
    )


def _all_kept(stage: str, before: Lock, after: Lock) -> bool:
    old, new = before.stages.get(stage), after.stages.get(stage)
    if old is None or new is None or old.stage != new.stage:
        return False
    pins = old.stage.images
    return all(before.images[one] == after.images[one] for one in pins) and all(
        _all_kept(need, before, after) for need in old.stage.needs
    )


@FEWER
@given(families(), st.data())
def test_one_image_becomes_several_and_nothing_runs(
    declared: Declared, data: st.DataObject
) -> None:
    targets = wholes(declared)
    name = data.draw(st.sampled_from(sorted(targets)))
    alone = update(None, targets[name].whole)
    start = as_several(alone, targets)
    several = update_images(start, targets)
    if start is None or name not in start.images or _has_a_twin(targets, name):
        return
    assert digests(several.whole(name)) == digests(alone)
    assert several.whole(name).stages == alone.stages
    # And back again.
    target = targets[name]
    only = {ONLY: replace(target, extends=None, config=target.whole.config)}
    assert as_recipe(update_images(as_several(several, only), only)) == alone


def _has_a_twin(targets: Targets, name: str) -> bool:
    """Whether the lock of an image might as well be that of another."""
    locks = {one: update(None, image.whole) for one, image in targets.items()}
    return any(
        one != name and _steps(lock) == _steps(locks[name])
        for one, lock in locks.items()
    )


def _steps(lock: Lock) -> object:
    stages = {placed.id for placed in install_order(lock)}
    return declared_packages(lock), stages


@FEWER
@given(families(), st.data())
def test_an_image_under_another_name_is_the_same(
    declared: Declared, data: st.DataObject
) -> None:
    several = update_images(None, wholes(declared))
    old = data.draw(st.sampled_from(sorted(declared)))
    names = {name: name for name in declared} | {old: "renamed"}
    targets = {
        names[name]: replace(image, extends=image.extends and names[image.extends])
        for name, image in wholes(declared).items()
    }
    start = as_several(several, targets)
    assert start is not None
    if not several.whole(old).stages:
        return  # there may be nothing to recognize it by
    now = update_images(start, targets)
    assert {names[name]: image.own for name, image in several.images.items()} == {
        name: image.own for name, image in now.images.items()
    }


@FEWER
@given(family_histories(), st.data())
def test_merged_with_what_is_unchanged_is_the_other_side(
    history: list[Declared], data: st.DataObject
) -> None:
    *_, start = replayed(history)
    targets = wholes(data.draw(edited_family(history[-1])))
    side = update_images(as_several(start, targets), targets)
    assert merge_recipes(start, side, start).recipe == side
    merged = merge_recipes(start, start, side)
    assert isinstance(merged.recipe, LockedImages)
    assert not merged.both
    assert update_images(merged.recipe, targets) == merged.recipe


@FEWER
@given(family_histories(), st.data())
def test_a_merge_of_both_sides_has_an_order(
    history: list[Declared], data: st.DataObject
) -> None:
    *_, start = replayed(history)
    sides, last = [], dict[str, TargetImage]()
    for _ in range(2):
        last = wholes(data.draw(edited_family(history[-1])))
        sides.append(update_images(as_several(start, last), last))
    try:
        merged = merge_recipes(start, *sides).recipe
    except LockError:
        return
    assert isinstance(merged, LockedImages)
    assert read(dumps(merged)) == merged
    for name in merged.images:
        install_order(merged.whole(name))
    # Whatever came out of it, the next `dynbuild lock` goes on.
    mended = update_images(as_several(merged, last), last)
    assert update_images(mended, last) == mended
