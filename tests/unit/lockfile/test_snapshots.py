"""Snapshots in the lock: what takes one, what keeps its own, what merges make."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynbuild.commands.lock_snapshots import older_than_bases
from dynbuild.digest import Digest
from dynbuild.errors import LockError
from dynbuild.explain.next_change import changed
from dynbuild.lockfile.codec import dumps, loads, read
from dynbuild.lockfile.images import ONLY, LockedImages, TargetImage, as_images
from dynbuild.lockfile.images_merge import merge_recipes
from dynbuild.lockfile.images_update import update_images
from dynbuild.lockfile.merge import merge
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.order import install_order, on_platform
from dynbuild.lockfile.resolved import resolve
from dynbuild.lockfile.snapshots import (
    going_back,
    idle_upgrades,
    last_of,
    newest_of,
    times_on_bases,
    without_any,
)
from dynbuild.lockfile.unresolved import unresolved_of
from dynbuild.lockfile.update import Requests, update
from dynbuild.steps.image import RuntimeConfig
from dynbuild.steps.log import EVERYTHING
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import Group, Pin, Stage
from dynbuild.steps.snapshots import TIME, Snapshot
from tests.pins import pinned

BASE, OTHER = pinned("docker.io/library/debian:12"), pinned("docker.io/library/node:22")
(PLATFORM, *_) = BASE.platforms
A, B, C, D = (f"2026110{day}T000000Z" for day in range(1, 5))
MIRRORS = {"http://deb.debian.org/debian": "http://snap.example.com/debian"}
SECURE = {"https://deb.debian.org/debian/": "http://other.example.com/debian"}
AGAIN = '"https://deb.debian.org/debian/" = "http://other.example.com/debian"'


def target(
    apt: str = "",
    at: str | None = None,
    *stages: Stage,
    mirrors: dict[str, str] | None = None,
    pip: str = "",
) -> Target:
    packages = {
        name: {spec: spec for spec in of.split()}
        for name, of in (("apt", apt), ("pip", pip))
        if of
    }
    return Target(
        BASE,
        packages,
        stages=stages,
        images={OTHER.image: OTHER} if stages else {},
        snapshot=None if at is None else Snapshot(at, mirrors or {}),
    )


def digests(lock: Lock) -> dict[str, str]:
    return dict(resolve(lock, PLATFORM, {}, {}).digests)


def upgraded(*keys: str) -> Requests:
    return Requests(upgrade=frozenset(("apt", key) for key in keys))


def apt_of(lock: Lock) -> str:
    text = dumps(lock).split("[apt]\n")[1]
    return text.split("\n\n")[0].rstrip("\n")


def test_what_is_new_comes_from_a_snapshot_and_what_is_there_keeps_its_own() -> None:
    plain = update(None, target("curl", pip="flask"))
    assert "@" not in apt_of(plain)
    assert dumps(plain).count("version = 1\n") == 1
    # The value alone changes nothing.
    same = update(plain, target("curl", A, pip="flask"))
    assert dumps(same) == dumps(plain)
    assert digests(same) == digests(plain)
    second = update(plain, target("curl jq", A, pip="flask"))
    assert apt_of(second) == f'curl = ["1 curl"]\njq = ["3@{A} jq"]'
    assert dumps(second).count("version = 10\n") == 1
    assert digests(second)["apt.1"] == digests(plain)["apt.1"]
    assert loads(dumps(second)) == second
    third = update(second, target("jq", B, pip="flask"), upgraded("jq"))
    assert apt_of(third) == (f'curl = ["1 curl", "4 -"]\njq = ["3@{A} jq", "4@{B} ^"]')
    assert going_back(third) == ()
    # Taken away, it is for what is new as well.
    fourth = update(third, target("jq git", pip="flask"))
    assert 'git = ["5 git"]' in apt_of(fourth)
    assert (last_of(third), last_of(fourth)) == ({"apt": (4, B)}, {"apt": (5, "")})
    assert (newest_of(fourth), newest_of(plain)) == (B, None)
    assert last_of(plain) == {"apt": (1, "")}
    assert without_any(fourth) == ("apt.1",)
    assert without_any(plain) == ()
    assert last_of(update(None, target(pip="flask"))) == {}
    # All anew is from what is asked for now.
    packed = update(third, target("jq", A), Requests(repack=True))
    assert apt_of(packed).startswith(f'jq = ["1^1@{A} jq"]')


def test_an_upgrade_to_the_same_time_brings_nothing() -> None:
    first = update(None, target("curl", A))
    assert idle_upgrades(first) == ()
    assert idle_upgrades(update(first, target("curl", A), upgraded("curl"))) == (
        "apt.2",
    )
    assert idle_upgrades(update(first, target("curl", B), upgraded("curl"))) == ()
    both = update(update(None, target("curl")), target("curl jq", A))
    both = update(both, target("curl jq", A), upgraded("curl", "jq"))
    assert idle_upgrades(both) == ()
    assert idle_upgrades(update(None, target("curl"))) == ()


def test_upgrades_of_all_and_their_numbers_say_it_too() -> None:
    first = target("curl", A)
    first = replace(first, packages={"apt": {"curl": "curl", EVERYTHING: EVERYTHING}})
    lock = update(None, first)
    assert f'"*" = ["1@{A} ^"]' in apt_of(lock)
    text = dumps(lock).replace(f"1@{A} ^", f"1^3@{A} ^")
    assert dumps(loads(text)) == text


def test_digests_hold_the_time_and_the_mirrors() -> None:
    found = [
        digests(update(None, one))["apt.1"]
        for one in (
            target("curl"),
            target("curl", A),
            target("curl", B),
            target("curl", A, mirrors=MIRRORS),
        )
    ]
    assert len({*found}) == len(found)
    # Mirrors are no matter to what comes from no snapshot, or to no sources at all.
    plain = update(None, target("curl jq"))
    after = update(plain, target("curl", A, mirrors=MIRRORS))
    assert digests(after)["apt.1"] == digests(plain)["apt.1"]
    assert digests(after)["apt.2"] == digests(update(plain, target("curl")))["apt.2"]
    # They stay for what came by them.
    dated = update(None, target("curl", A, mirrors=MIRRORS))
    assert dumps(dated).count("[mirrors]\n") == 1
    later = update(dated, target("curl jq"))
    assert digests(later)["apt.1"] == digests(dated)["apt.1"]
    assert loads(dumps(later)) == later


def test_stages_with_a_base_of_their_own() -> None:
    first = update(None, target("", A, apart("gcc"), mirrors=MIRRORS))
    assert f'gcc = ["1@{A} gcc"]' in dumps(first)
    second = update(first, target("", B, apart("gcc", "make"), mirrors=MIRRORS))
    assert f'make = ["2@{B} make"]' in dumps(second)
    assert loads(dumps(second)) == second
    steps = {one.id: one.step for one in install_order(second)}
    group = steps["apart.apt.2"]
    assert isinstance(group, Group)
    assert (group.snapshot, group.mirrors) == (B, MIRRORS)
    assert (last_of(second), newest_of(second)) == ({"apart.apt": (2, B)}, B)
    changed(second, group)
    back = update(second, target("", A, apart("gcc", "make", "jq")))
    (one,) = going_back(back)
    assert one.told == f"apart.apt.3 ({A}) behind apart.apt.2 ({B})"


def test_the_next_change_of_a_group_is_told() -> None:
    lock = update(None, target("curl", A, mirrors=MIRRORS))
    versions = {"apt": {PLATFORM: {1: {"curl": "1"}}}}
    for one in (lock, replace(lock, resolved=versions)):
        (placed,) = on_platform(install_order(one), PLATFORM)
        assert isinstance(placed.step, Group)
        assert bool(placed.step.pinned) == bool(one.resolved)
        assert changed(one, placed.step).id == "apt.2"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"1@20261101T000000Z curl"', '"1@20261301T000000Z curl"', "no event"),
        ('"1@20261101T000000Z curl"', '"1@$(id) curl"', "no event"),
        ('"1@20261101T000000Z curl"', '"1 c", "2@20261101T000000Z -"', "no event"),
        ('"1@20261101T000000Z curl"', '"1@20260931T000000Z curl"', "no event"),
        ("[mirrors]", f"[mirrors]\n{AGAIN}", "'http://deb.debian.org/debian' has two"),
        ("[apt]", "[pip]", "of a snapshot, which only apt knows"),
        ('"http://snap.example.com/debian"', '"http://a b"', "no mirror"),
        ('"http://deb.debian.org/debian"', '"file:/debian"', "no mirror"),
    ],
)
def test_a_lock_that_nobody_wrote(old: str, new: str, said: str) -> None:
    text = dumps(update(None, target("curl", A, mirrors=MIRRORS)))
    assert old in text
    with pytest.raises(LockError) as caught:
        loads(text.replace(old, new))
    assert said in caught.value.diagnostics[0].message


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


def apart(*names: str, name: str = "apart") -> Stage:
    """A stage with a base and packages of its own."""
    return Stage(
        name,
        commands=("make",),
        build_only=True,
        base=OTHER.image,
        packages={f"apt {one}": one for one in names},
    )


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


def test_the_first_time_of_what_is_on_a_base() -> None:
    stage = apart("gcc")
    plain = Stage("plain", commands=("make",))
    first = update(None, target("curl", None, stage, plain))
    assert [*times_on_bases(first)] == []
    lock = update(None, target("curl", B, stage, plain))
    lock = update(lock, target("curl jq", C, stage, plain))
    assert [*times_on_bases(lock)] == [(BASE, B), (OTHER, B)]


def test_another_base_of_the_same_name_and_time_is_told() -> None:
    first = as_images(update(None, target("curl", A)))
    other = replace(BASE, digest=Digest(f"sha256:{1:064}"))
    wanted = replace(target("curl", A), base=other)
    second = as_images(update(first.whole(ONLY), wanted))

    def made(pin: Pin) -> str:
        return B if pin.digest == other.digest else A

    assert [*older_than_bases(first, (None,), made)] == []
    (found,) = older_than_bases(second, (first,), made)
    assert found.code == "DB0448"
    assert [*older_than_bases(second, (second,), made)] == []


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
        lock = update(lock, target(" ".join(sorted(names)), at), upgrade)
        assert going_back(lock) == ()
        assert loads(dumps(lock)) == lock
    return lock


@given(EDITS, EDITS, EDITS)
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
    brought = {
        last[1] for last in {*last_of(branch).values()} - {*last_of(start).values()}
    }
    got = {at for _, at in last_of(result.lock).values()}
    if brought and not result.both:
        assert "" in got or max(got) >= max(brought)


@given(st.integers(1890, 2110), st.integers(1, 12), st.integers(1, 31))
def test_times_are_of_days_that_there_are(year: int, month: int, day: int) -> None:
    try:
        there = 1900 <= date(year, month, day).year < 2100
    except ValueError:
        there = False
    text = f"{year}{month:02}{day:02}T000000Z"
    assert bool(re.fullmatch(TIME, text)) == there
