"""Snapshots that two sides bring: what merges make of them, driver or text."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dynbuild.errors import LockError
from dynbuild.lockfile.codec import dumps, loads, read
from dynbuild.lockfile.images import LockedImages, TargetImage
from dynbuild.lockfile.images_merge import merge_recipes
from dynbuild.lockfile.images_update import update_images
from dynbuild.lockfile.merge import merge
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.requests import asked_since, is_repacked
from dynbuild.lockfile.snapshots import (
    going_back,
    newest_of,
    without_any,
)
from dynbuild.lockfile.unresolved import unresolved_of
from dynbuild.lockfile.update import Requests, update
from dynbuild.steps.image import RuntimeConfig
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import Group, Remove
from tests.pins import pinned
from tests.unit.lockfile.snapshot_locks import (
    MIRRORS,
    PLATFORM,
    A,
    B,
    C,
    D,
    apart,
    apt_of,
    target,
    upgraded,
)

if TYPE_CHECKING:
    from dynbuild.lockfile.model import Lock, Target

THIRD = pinned("docker.io/library/python:3")
SECURE = {"https://deb.debian.org/debian/": "http://other.example.com/debian"}


def text_of_both(one: Lock, other: Lock) -> Lock:
    """What git makes of two locks that have lines for other packages each."""
    mine, theirs = dumps(one), dumps(other)
    lines = [line for line in theirs.splitlines() if line not in mine.splitlines()]
    return loads(mine.replace("[apt]\n", "[apt]\n" + "\n".join(lines) + "\n", 1))


def test_a_text_that_two_sides_made() -> None:
    start = update(None, target("curl", A))
    main = update(start, target("curl git", C))
    branch = update(update(start, target("curl jq", A)), target("curl jq vim", B))
    text = text_of_both(main, branch)
    (back,) = going_back(text)
    assert back.told == f"apt.3 ({B}) behind apt.2 ({C})"
    # One transaction is of one time: the newer one.
    group = {one.id: one.step for one in install_order(text)}["apt.2"]
    assert isinstance(group, Group)
    assert (group.snapshots, group.snapshot) == ((A, C), C)


def test_a_text_of_which_one_side_says_no_time() -> None:
    """It is of now: what was resolved from now may not be in the snapshot."""
    start = update(None, target("curl", A, mirrors=MIRRORS))
    main = update(start, target("curl vim"))
    branch = update(start, target("curl jq", A, mirrors=MIRRORS))
    text = text_of_both(main, branch)
    group = {one.id: one.step for one in install_order(text)}["apt.2"]
    assert isinstance(group, Group)
    assert (group.snapshots, group.snapshot) == (("", A), None)
    assert "snapshot" not in MANAGERS["apt"].run(group).script
    later = update(text, target("curl jq vim git", B))
    assert without_any(later) == ("apt.2",)
    assert going_back(update(text, target("curl jq vim git", A))) == ()
    assert newest_of(update(None, target("curl jq"))) is None


def test_versions_of_two_times_do_not_count() -> None:
    start = update(None, target("curl", A))
    main = update(start, target("curl git", C))
    branch = update(start, target("curl jq", B))
    text = text_of_both(main, branch)
    versions = {1: {"curl": "1"}, 2: {"git": "1", "jq": "1"}}
    both = replace(text, resolved={"apt": {PLATFORM: versions}})
    assert [one.seq for one in unresolved_of(both, PLATFORM)] == [2]
    one = replace(main, resolved={"apt": {PLATFORM: {**versions, 2: {"git": "1"}}}})
    assert unresolved_of(one, PLATFORM) == ()


def told_of(at: str) -> str:
    return f"apt_snapshot (what the branch brings comes from {at})"


def merged(main_at: str | None, branch_at: str | None, start_at: str | None) -> str:
    start = update(None, target("curl", start_at))
    main = update(start, target("curl git", main_at))
    branch = update(start, target("curl jq", branch_at))
    result = merge(start, main, branch)
    assert going_back(result.lock) == ()
    told = " ".join(result.both)
    return f"{apt_of(result.lock).splitlines()[-1]} {told}".strip()


@pytest.mark.parametrize(
    ("main", "branch", "start", "found"),
    [
        (None, None, None, '["3 jq"]'),
        (A, A, A, f'["3@{A} jq"]'),
        (B, A, A, f'["3@{B} jq"]'),
        (A, B, A, f'["3@{B} jq"]'),
        (C, None, None, f'["3@{C} jq"] {told_of(C)}'),
        (None, C, None, f'["3@{C} jq"]'),
        (C, B, A, f'["3@{C} jq"] {told_of(C)}'),
        (B, C, A, f'["3@{C} jq"]'),
        (A, None, A, '["3 jq"]'),
        (None, A, A, '["3 jq"]'),
        (None, B, A, f'["3 jq"] {told_of("none")}'),
        (C, None, A, '["3 jq"]'),
        (B, C, None, f'["3@{C} jq"]'),
    ],
)
def test_a_merge_never_goes_back(
    main: str | None, branch: str | None, start: str | None, found: str
) -> None:
    assert merged(main, branch, start) == f"jq = {found}"


def test_a_fix_from_now_does_not_go_back() -> None:
    start = update(None, target("curl", A))
    main = update(start, target("curl git", C))
    branch = update(start, target("curl"), upgraded("curl"))
    result = merge(start, main, branch)
    assert f'curl = ["1@{A} curl", "3 ^"]' in apt_of(result.lock)
    assert result.both == ()


@pytest.mark.parametrize("at", [None, A])
def test_a_merge_takes_the_time_that_only_a_stage_has(at: str | None) -> None:
    start = update(None, target("curl", at))
    for main in (
        update(start, target("curl jq", at)),
        update(start, target("curl", at, apart("git", name="other"))),
        start,
    ):
        branch = update(start, target("curl", B, apart("gcc")))
        result = merge(start, main, branch)
        assert f'gcc = ["1@{B} gcc"]' in dumps(result.lock)
        assert result.both == ()


def test_what_a_branch_had_from_now_is_told_where_a_stage_of_main_has_a_time() -> None:
    start = update(None, target("curl"))
    main = update(start, target("curl", A, apart("gcc")))
    result = merge(start, main, update(start, target("curl git")))
    assert f'git = ["3@{A} git"]' in apt_of(result.lock)
    assert result.both == (told_of(A),)
    # Who brings nothing is told nothing.
    assert merge(start, main, start).both == ()


def test_all_anew_from_an_older_time_is_told_who_had_a_newer_one() -> None:
    start = update(None, target("curl", C))
    main = update(start, target("curl", A), Requests(repack=True))
    result = merge(start, main, update(start, target("curl jq", C)))
    assert f'jq = ["2@{A} jq"]' in apt_of(result.lock)
    assert result.both == (told_of(A),)


def test_all_anew_from_a_newer_time_is_so_behind_main() -> None:
    start = update(None, target("curl", A))
    main = replace(target("curl", A), scripts=("make",))
    branch = update(start, target("curl jq", B), Requests(repack=True))
    result = merge(start, update(start, main), branch)
    assert apt_of(result.lock) == f'curl = ["1@{B} curl"]\njq = ["1@{B} jq"]'
    assert not is_repacked(start, update(start, target("curl jq", B)))


def test_what_begins_anew_by_itself_is_not_all() -> None:
    first = target("curl", A, apart("gcc"))
    start = update(None, replace(first, scripts=("make",)))
    # A script is gone, and what stands on it is of another time.
    for scripts in ((), ("make all",)):
        second = replace(target("curl jq", B, apart("gcc")), scripts=scripts)
        assert not is_repacked(start, update(start, second))
    own = replace(apart("gcc"), base=THIRD.image)
    images = {THIRD.image: THIRD}
    third = replace(target("curl", B, own), scripts=("make",), images=images)
    after = update(start, third)
    assert f'gcc = ["1@{B} gcc"]' in dumps(after)
    assert not is_repacked(start, after)


def test_two_mirrors_of_one_archive_are_one_in_a_merge() -> None:
    start = update(None, target("curl", A))
    main = update(start, target("curl git", A, mirrors=MIRRORS))
    branch = update(start, target("curl jq", A, mirrors=SECURE))
    result = merge(start, main, branch)
    assert result.lock.mirrors == MIRRORS
    assert result.both == ("the mirror of deb.debian.org/debian",)
    assert loads(dumps(result.lock)) == result.lock


def test_a_merge_behind_what_came_from_no_snapshot() -> None:
    start = update(None, target("curl", A))
    main = update(update(start, target("curl git", C)), target("curl git vim"))
    branch = update(start, target("curl jq", B))
    result = merge(start, main, branch)
    assert 'jq = ["4 jq"]' in apt_of(result.lock)
    assert going_back(result.lock) == ()
    assert result.both == (told_of("none"),)


def test_a_merge_behind_what_a_stage_of_main_has_newer() -> None:
    start = update(None, target("curl", A))
    start = update(start, target("curl", C, apart("gcc")))
    branch = update(start, target("curl jq", B, apart("gcc")))
    result = merge(start, start, branch)
    assert f'jq = ["3@{C} jq"]' in apt_of(result.lock)
    assert result.both == (told_of(C),)


def test_versions_of_what_a_merge_took_from_another_time_are_left_open() -> None:
    def with_versions(lock: Lock, **found: str) -> Lock:
        events = {
            int(seq[1:]): dict.fromkeys(names.split(), "1")
            for seq, names in found.items()
        }
        return replace(lock, resolved={"apt": {PLATFORM: events}})

    start = with_versions(update(None, target("curl", A)), s1="curl")
    main = with_versions(update(start, target("curl git", C)), s1="curl", s2="git")
    branch = with_versions(update(start, target("curl jq", B)), s1="curl", s2="jq")
    result = merge(start, main, branch).lock
    assert [one.seq for one in unresolved_of(result, PLATFORM)] == [3]
    branch = with_versions(update(start, target("curl jq", C)), s1="curl", s2="jq")
    result = merge(start, main, branch).lock
    assert unresolved_of(result, PLATFORM) == ()


def image(extends: str | None, whole: Target) -> TargetImage:
    return TargetImage(extends, publish=True, whole=whole, config=RuntimeConfig())


def images(
    common: str, api: str, at: str | None, mirrors: dict[str, str] | None = None
) -> dict[str, TargetImage]:
    both = f"{common} {api}"
    return {
        "common": image(None, target(common, at, mirrors=mirrors)),
        "api": image("common", target(both, at, mirrors=mirrors)),
    }


def test_images_that_extend_another() -> None:
    start = update_images(None, images("curl", "jq", A, mirrors=MIRRORS))
    text = dumps(start)
    assert text.count("[images.common.mirrors]") == 1
    assert "[images.api.mirrors]" not in text
    assert read(text) == start
    groups = [one.step for one in install_order(start.whole("api"))]
    assert [one.mirrors for one in groups if isinstance(one, Group)] == [MIRRORS] * 2
    main = update_images(start, images("curl", "jq git", C))
    branch = update_images(start, images("curl vim", "jq", B))
    result = merge_recipes(start, main, branch).recipe
    assert isinstance(result, LockedImages)
    for name in result.images:
        assert going_back(result.whole(name)) == ()
    assert f'vim = ["4@{C} vim"]' in dumps(result)
    with pytest.raises(LockError):
        read(text.replace("[images.common.mirrors]", "[images.api.mirrors]"))
    other = images("curl", "jq", None)
    merge_recipes(update_images(None, other), update_images(None, other), start)


NAMES = ("curl", "git", "jq", "vim", "make")
TIMES = (None, A, B, C, D)
EDITS = st.lists(
    st.tuples(st.sets(st.sampled_from(NAMES), min_size=1), st.integers(0, 4)),
    max_size=4,
)


def followed(lock: Lock, edits: list[tuple[set[str], int]]) -> Lock:
    """Edit after edit, each of a time that is not older than what is there."""
    for names, time in edits:
        at = TIMES[time]
        newest = newest_of(lock)
        at = at and max(at, newest or at)
        upgrade = upgraded(*(sorted(names)[:1] if time % 2 else []))
        before = lock
        wanted = target(" ".join(sorted(names)), at)
        lock = update(before, wanted, upgrade)
        assert not is_repacked(before, lock)
        assert update(before, wanted, asked_since(before, lock)) == lock
        assert going_back(lock) == ()
        assert loads(dumps(lock)) == lock
    return lock


def test_what_both_sides_list_is_as_new_as_the_later_of_them() -> None:
    start = update(None, target("curl"))
    main = update(start, target("curl git vim", B))
    branch = update(start, target("curl git", D))
    for one, other in ((main, branch), (branch, main)):
        lock = merge(start, one, other).lock
        git = lock.packages["apt"]["git"]
        assert git[-1].snapshot == D
        assert len(git) == (2 if one is main else 1)
        assert lock.packages["apt"]["vim"][-1].snapshot == (B if one is main else D)
        assert going_back(lock) == ()


@given(EDITS, EDITS, EDITS)
@example([], [({"git", "curl"}, 1)], [({"git", "curl"}, 2)])
@example([], [({"git", "curl"}, 2)], [({"git", "curl"}, 4)])
@example([({"git", "make"}, 0), ({"git"}, 0), ({"curl", "make"}, 1)], [], [])
def test_whatever_two_sides_do_their_merge_never_goes_back(
    first: list[tuple[set[str], int]],
    mine: list[tuple[set[str], int]],
    theirs: list[tuple[set[str], int]],
) -> None:
    start = followed(update(None, target("curl")), first)
    main, branch = followed(start, mine), followed(start, theirs)
    result = merge(start, main, branch)
    assert going_back(result.lock) == ()
    newest = max(filter(None, map(newest_of, (main, branch))), default=None)
    found = newest_of(result.lock)
    assert found is None or (newest is not None and found <= newest)
    assert result.both or not older(start, branch, result.lock)


def older(start: Lock, branch: Lock, merged: Lock) -> list[str]:
    """Packages that a branch got from a later time than a merge has them."""
    logs = [one.packages.get("apt", {}) for one in (start, branch, merged)]
    pairs = [
        (key, log[-1], logs[2][key][-1])
        for key, log in logs[1].items()
        if key in logs[2] and log[-1] not in logs[0].get(key, ())
    ]
    return [
        key
        for key, own, found in pairs
        if not isinstance(own.action, Remove) and not isinstance(found.action, Remove)
        if own.snapshot and found.snapshot and own.snapshot > found.snapshot
    ]
