"""Snapshots in the lock: what takes one, what keeps its own."""

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
from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.images import ONLY, as_images
from dynbuild.lockfile.order import install_order, on_platform
from dynbuild.lockfile.snapshots import (
    going_back,
    idle_upgrades,
    last_of,
    newest_of,
    times_on_bases,
    without_any,
)
from dynbuild.lockfile.update import Requests, update
from dynbuild.steps.log import EVERYTHING
from dynbuild.steps.model import Freshen, Group, Pin, Stage
from dynbuild.steps.snapshots import TIME
from tests.unit.lockfile.snapshot_locks import (
    BASE,
    MIRRORS,
    OTHER,
    PLATFORM,
    A,
    B,
    C,
    apart,
    apt_of,
    digests,
    target,
    upgraded,
)

AGAIN = '"https://deb.debian.org/debian/" = "http://other.example.com/debian"'


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
    # Nobody knows of what time that is which nobody declares, before its first upgrade.
    asked = Requests(freshen={("apt", "libc6"): Freshen()})
    once = update(first, target("curl", A), asked)
    assert idle_upgrades(once) == ()
    assert idle_upgrades(update(once, target("curl", A), asked)) == ("apt.3",)
    assert idle_upgrades(update(once, target("curl", B), asked)) == ()


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


@given(st.integers(1890, 2110), st.integers(1, 12), st.integers(1, 31))
def test_times_are_of_days_that_there_are(year: int, month: int, day: int) -> None:
    try:
        there = 1900 <= date(year, month, day).year < 2100
    except ValueError:
        there = False
    text = f"{year}{month:02}{day:02}T000000Z"
    assert bool(re.fullmatch(TIME, text)) == there
