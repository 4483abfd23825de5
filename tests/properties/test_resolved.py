"""Versions that are written down stay right, whatever is edited, merged, renumbered."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynbuild.errors import LockError
from dynbuild.lockfile.carrying import carried
from dynbuild.lockfile.codec import dumps, loads, read
from dynbuild.lockfile.images import LockedImages, TargetImage, as_images
from dynbuild.lockfile.images_merge import merge_recipes
from dynbuild.lockfile.images_update import update_images
from dynbuild.lockfile.merge import merge
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.unresolved import due
from dynbuild.lockfile.update import Requests, update
from dynbuild.steps.managers.apt_pinned import is_older
from dynbuild.steps.model import Freshen, Pin, Stage
from scripts.bench_parts.merges import pair, text_merged
from tests.properties.archive_world import (
    PLATFORM,
    Difference,
    built,
    closure,
    needs,
    resolved,
)
from tests.properties.strategies import digest

BASE = Pin(
    "docker.io/library/debian:stable-slim", digest("base"), {PLATFORM: digest("b")}
)
NAMES = [*(2 * letter for letter in "abcdefghijklmnopqrstuvwxyz"), "lib3", "lib7"]


LOST = [f"lib{number}" for number in range(1, 60)]
"""Libraries, most of which are not there."""


@dataclass(frozen=True)
class Wish:
    """What somebody wants: a declaration, and packages to upgrade."""

    target: Target
    upgrade: frozenset[tuple[str, str]] = frozenset()
    repack: bool = False
    freshen: frozenset[str] = frozenset()


def first(dice: random.Random, stages: int, packages: int) -> Target:
    names = dice.sample(NAMES, packages)
    return Target(
        BASE,
        {"apt": {name: name for name in names}},
        stages=tuple(
            Stage(f"stage-{n:03}", commands=(f"make {n}",)) for n in range(stages)
        ),
        resolve=True,
    )


def edited(dice: random.Random, target: Target) -> Wish:
    """One pull request: of packages more often than of anything else."""
    there = dict(target.packages.get("apt", {}))
    free = [name for name in NAMES if name not in there]
    kind = dice.choices(
        ["add", "remove", "upgrade", "fix", "change", "script", "pip", "repack"],
        [30, 12, 20, 15, 18, 4, 15, 1],
    )[0]
    wish = Wish(target)
    match kind:
        case "add" if free:
            there[name] = (name := dice.choice(free))
        case "remove" if len(there) > 1:
            del there[dice.choice(sorted(there))]
        case "upgrade" if there:
            some = dice.sample(sorted(there), min(len(there), dice.choice([1, 1, 3])))
            wish = Wish(target, frozenset(("apt", name) for name in some))
        case "fix":
            known = sorted({p for name in there for p in closure(name)} - there.keys())
            some = dice.sample(known, min(len(known), dice.choice([1, 1, 3])))
            wish = Wish(target, freshen=frozenset((*some, *dice.sample(LOST, 1))[:3]))
        case "change" if target.stages:
            at = dice.randrange(len(target.stages))
            stages = [*target.stages]
            stages[at] = replace(stages[at], commands=(f"make {dice.random()}",))
            wish = Wish(replace(target, stages=tuple(stages)))
        case "script":
            scripts = (*target.scripts, f"echo {dice.random()}")
            wish = Wish(replace(target, scripts=scripts))
        case "pip":
            wish = edited_of(dice.choice(["pip", "npm"]), dice, target)
        case _:
            wish = Wish(target, repack=True)
    if kind in {"add", "remove"}:
        packages = {**target.packages, "apt": there}
        wish = Wish(replace(target, packages=packages))
    return wish


def edited_of(manager: str, dice: random.Random, target: Target) -> Wish:
    there = dict(target.packages.get(manager, {}))
    name, kind = dice.choice(NAMES), dice.randrange(3)
    if not there or kind == 0:
        there[name] = name
    elif kind == 1:
        del there[dice.choice(sorted(there))]
    else:
        return Wish(target, frozenset({(manager, dice.choice(sorted(there)))}))
    packages = {**target.packages, manager: there}
    return Wish(replace(target, packages={k: v for k, v in packages.items() if v}))


def after(lock: Lock | None, wish: Wish, time: int) -> Lock:
    freshen = {("apt", name): Freshen() for name in wish.freshen}
    requests = Requests(upgrade=wish.upgrade, repack=wish.repack, freshen=freshen)
    return resolved(update(lock, wish.target, requests), time)


@dataclass(frozen=True)
class Sides:
    """Two branches off one lock, and a time after all of them."""

    start: Lock
    ours: Lock
    theirs: Lock
    time: int


def sides(dice: random.Random, stages: int = 6, packages: int = 5) -> Sides:
    """Two branches off one history, resolved at times of their own."""
    target = first(dice, stages, packages)
    lock, time = after(None, Wish(target), 1), 2
    for _ in range(dice.randrange(5)):
        wish = edited(dice, target)
        target, time = wish.target, time + 1
        lock = after(lock, wish, time)
    found = []
    for _ in range(2):
        own, here, now = lock, target, time
        for _ in range(dice.choice([1, 1, 2])):
            wish = edited(dice, here)
            here, now = wish.target, now + dice.randrange(1, 4)
            own = after(own, wish, now)
        found.append(own)
    return Sides(lock, found[0], found[1], time + 7)


def assert_no_older(merged: Lock, of: Sides) -> None:
    """Nothing in the merged image is older than on either side; nothing differs."""
    there = built(merged, of.time)
    for side in (of.ours, of.theirs):
        older = {
            name: (there[name], version)
            for name, version in built(side, of.time).items()
            if name in there and is_older(there[name], version)
        }
        assert not older


def merged_by_text(of: Sides) -> Lock | None:
    """What a textual merge makes; nothing if it conflicts, or is refused as it is read.

    Two sides may each begin the same table, and lines between the two are the same.
    """
    text = text_merged(*map(dumps, (of.ours, of.start, of.theirs)))
    if text is None:
        return None
    try:
        return loads(text)
    except LockError as error:
        assert "this table is defined twice" in error.diagnostics[0].message  # noqa: PT017 - what else it may say is wrong
        return None


@given(st.integers(0, 1 << 40))
def test_a_merge_makes_no_package_older_than_on_either_side(seed: int) -> None:
    of = sides(random.Random(seed))
    merged = merge(of.start, of.ours, of.theirs).lock
    assert loads(dumps(merged)) == merged
    assert_no_older(merged, of)
    text_lock = merged_by_text(of)
    if text_lock is not None:
        assert_no_older(text_lock, of)


@pytest.mark.slow
def test_two_thousand_pairs_make_no_package_older() -> None:
    """What takes many histories to show: two in a thousand fold what others need."""
    for seed in range(2000):
        of = sides(random.Random(seed))
        assert_no_older(merge(of.start, of.ours, of.theirs).lock, of)
        text_lock = merged_by_text(of)
        if text_lock is not None:
            assert_no_older(text_lock, of)


@given(st.integers(0, 1 << 40))
def test_what_is_resolved_stays_and_can_be_built_at_any_time(seed: int) -> None:
    dice = random.Random(seed)
    target = first(dice, 3, 4)
    lock, time = after(None, Wish(target), 1), 1
    for _ in range(6):
        wish = edited(dice, target)
        target, time = wish.target, time + 1
        now = after(lock, wish, time)
        assert not due(now, PLATFORM)
        # Every version is where its event is; another time changes nothing.
        assert built(now, time + 50) == built(now, time)
        assert loads(dumps(now)) == now
        assert update(now, target) == now
        if not wish.repack:
            older = built(lock, time)
            assert not [
                name
                for name, version in built(now, time).items()
                if name in older and is_older(version, older[name])
            ]
        lock = now


@given(st.integers(0, 1 << 40))
def test_what_one_branch_knows_helps_another_only_where_it_holds(seed: int) -> None:
    of = sides(random.Random(seed))
    bare = replace(of.ours, resolved={})
    again = carried(bare, of.theirs)
    built(again, of.time)
    assert carried(bare, of.ours).resolved == of.ours.resolved


def family(dice: random.Random) -> tuple[dict[str, TargetImage], Target]:
    whole = replace(first(dice, 1, 3), stages=())
    more = {**whole.packages["apt"], "zz": "zz", "yy": "yy"}
    child = replace(whole, packages={"apt": more})
    return (
        {
            "common": TargetImage(None, publish=True, whole=whole, config=whole.config),
            "api": TargetImage(
                "common", publish=True, whole=child, config=child.config
            ),
        },
        whole,
    )


def with_versions(several: LockedImages, time: int) -> LockedImages:
    """Resolve the images of a lock, each one's own part, parents first."""
    for name in several.parents_first:
        whole = resolved(several.whole(name), time)
        image = several.images[name]
        seqs = {
            event.seq
            for log in image.own.packages.values()
            for events in log.values()
            for event in events
        }
        events = whole.resolved.get("apt", {}).get(PLATFORM, {})
        own = {seq: one for seq, one in events.items() if seq in seqs}
        part = replace(image.own, resolved={"apt": {PLATFORM: own}} if own else {})
        images = {**several.images, name: replace(image, own=part)}
        several = replace(several, images=images)
    return several


@given(st.integers(0, 1 << 40))
def test_each_of_several_images_has_the_versions_of_its_own(seed: int) -> None:
    dice = random.Random(seed)
    targets, common = family(dice)
    start = with_versions(update_images(None, targets), 1)
    assert as_images(read(dumps(start))) == start
    free = [name for name in NAMES if name not in common.packages["apt"]]

    def branch(time: int) -> LockedImages:
        wish = {**common.packages["apt"], (name := dice.choice(free)): name}
        wider = replace(common, packages={"apt": wish})
        here = {
            "common": replace(targets["common"], whole=wider),
            "api": replace(
                targets["api"],
                whole=replace(
                    wider,
                    packages={"apt": {**targets["api"].whole.packages["apt"], **wish}},
                ),
            ),
        }
        return with_versions(update_images(start, here), time)

    ours, theirs = branch(3), branch(4)
    merged = merge_recipes(start, ours, theirs).recipe
    assert isinstance(merged, LockedImages)
    assert as_images(read(dumps(merged))) == merged
    for name in merged.images:
        sides_ = Sides(start.whole(name), ours.whole(name), theirs.whole(name), 9)
        assert_no_older(merged.whole(name), sides_)


def counted(seeds: range) -> Counter[str]:
    """Merge pairs of pull requests, in the mix of ``scripts/bench_merges``."""
    found: Counter[str] = Counter()
    for seed in seeds:
        plain = pair(seed)
        start = resolved(plain.start, 5)
        ours = resolved(carried(plain.ours, start), 7)
        theirs = resolved(carried(plain.theirs, start), 8)
        of = Sides(start, ours, theirs, 12)
        merged = merge(start, ours, theirs).lock
        assert_no_older(merged, of)
        found["unresolved"] += bool(due(merged, PLATFORM))
        text = text_merged(*map(dumps, (ours, start, theirs)))
        found["conflicts"] += text is None
        if text is not None:
            assert_no_older(loads(text), of)
    return found


def test_a_hundred_pairs_of_pull_requests() -> None:
    assert counted(range(100))["conflicts"] <= 10


@pytest.mark.slow
def test_a_thousand_pairs_of_pull_requests() -> None:
    found = counted(range(1000))
    assert found["conflicts"] <= 100
    assert found["unresolved"] <= 20


def test_the_world_sees_what_does_not_hold() -> None:
    """Versions of a chain on which a package was that is not here."""
    (package,) = [name for name in NAMES if needs(name)][:1]
    target = replace(
        first(random.Random(1), 0, 1), packages={"apt": {package: package}}
    )
    start = update(None, target)
    lock = replace(start, resolved={"apt": {PLATFORM: {1: {package: "1.1"}}}})
    with pytest.raises(Difference):
        built(lock, 2)
