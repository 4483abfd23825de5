"""The number of an upgrade: read from the log, said where that shows another one."""

from dataclasses import replace

import pytest

from dynbuild.errors import LockError
from dynbuild.lockfile.changes import Change, compare
from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.update import Requests, update
from dynbuild.lockfile.upgrades import so_far
from dynbuild.steps.log import (
    EVERYTHING,
    format_event,
    numbers,
    parse_event,
    with_numbers,
)
from dynbuild.steps.model import AptSource, Group, Pin, Stage
from dynbuild.steps.recipe import run_of

BASE, OTHER = Pin("debian:12", None), Pin("debian:13", None)
WANTED = {"apt": {"jq": "jq", "git": "git", EVERYTHING: EVERYTHING}}
UPGRADE = Requests(upgrade=frozenset({("apt", "jq"), ("apt", EVERYTHING)}))
REPACK = Requests(repack=True)


def events(lock: Lock) -> dict[str, list[str]]:
    return {
        key: [format_event(event) for event in log]
        for key, log in lock.packages["apt"].items()
    }


def test_the_numbers_of_a_log() -> None:
    log = {
        "jq": tuple(map(parse_event, ["1 jq", "2 ^", "5^7 ^", "6 -"])),
        "git": tuple(map(parse_event, ["3 git", "4 ^"])),
        "curl": tuple(map(parse_event, ["5^7 curl", "7 ^"])),
        "gone": tuple(map(parse_event, ["2 ^"])),
    }
    known = {1: 0, 2: 1, 3: 1, 4: 2, 5: 7, 6: 7, 7: 8}
    assert numbers(log) == known
    assert with_numbers(log, known) == log
    # What only removes cannot say one.
    said = with_numbers(log, {**known, 5: 3, 6: 9})
    assert [format_event(event) for event in said["jq"]][2:] == ["5 ^", "6 -"]
    assert [format_event(event) for event in said["curl"]] == ["5 curl", "7^8 ^"]


@pytest.mark.parametrize("text", ["5^7 -", "5^0 jq", "5^ jq", "^5 jq"])
def test_no_events(text: str) -> None:
    with pytest.raises(ValueError, match=r"jq|-"):
        parse_event(text)


def test_a_repacked_log_says_in_its_first_group_what_it_had() -> None:
    first = update(None, Target(BASE, WANTED))
    newer = update(first, Target(BASE, WANTED), UPGRADE)
    assert so_far(newer) == {"apt": 1}
    anew = update(newer, Target(BASE, WANTED), REPACK)
    assert events(anew) == {"*": ["1^1 ^"], "git": ["1^1 git"], "jq": ["1^1 jq"]}
    assert compare(newer, anew)[0].details == ("without 2 ^",)
    assert loads(dumps(anew)) == anew
    assert "version = 7\n" in dumps(anew)
    elsewhere = update(newer, Target(OTHER, WANTED))
    assert events(elsewhere) == events(anew)
    both = replace(UPGRADE, repack=True)
    assert events(update(newer, Target(BASE, WANTED), both))["jq"] == ["1^2 jq"]


def test_what_is_built_anew_behind_a_source_that_left_says_it_too() -> None:
    source = AptSource("https://apt.example", ("stable",))
    target = Target(BASE, {"apt": {"jq": "jq"}}, sources=(source,))
    asked = Requests(upgrade=frozenset({("apt", "jq")}))
    newer = update(update(None, target), target, asked)
    assert events(newer) == {"jq": ["2 jq", "3 ^"]}
    left = update(newer, replace(target, sources=()))
    assert events(left) == {"jq": ["2^1 jq"]}
    # An upgrade that is asked for meanwhile is said by the same event.
    assert events(update(newer, replace(target, sources=()), asked)) == {
        "jq": ["2^2 jq"]
    }


def test_what_is_older_than_any_upgrade_says_none_behind_one() -> None:
    source = AptSource("https://apt.example", ("stable",))
    one = Target(BASE, {"apt": {"jq": "jq"}}, sources=(source,))
    two = replace(one, packages={"apt": {"jq": "jq", "git": "git"}})
    asked = Requests(upgrade=frozenset({("apt", "jq"), ("apt", "git")}))
    newer = update(update(update(None, one), two), two, asked)
    assert events(newer) == {"jq": ["2 jq", "4 ^"], "git": ["3 git", "4 ^"]}
    left = update(newer, replace(two, sources=()))
    assert events(left) == {"jq": ["2^1 jq"], "git": ["3 git"]}
    assert loads(dumps(left)) == left


def test_a_stage_with_a_list_of_its_own() -> None:
    stage = Stage("s", build_only=True, base="debian:13", packages={"apt jq": "jq"})
    target = Target(BASE, {}, stages=(stage,), images={"debian:13": OTHER})
    asked = Requests(upgrade_own=frozenset({("s", "apt jq")}))
    newer = update(update(None, target), target, asked)
    assert so_far(newer) == {"apt": 1}
    anew = update(newer, target, REPACK)
    told = anew.stages["s"].packages["apt"]["jq"]
    assert [format_event(event) for event in told] == ["1^1 jq"]
    gone = update(anew, Target(BASE))
    assert gone.upgrades == {"apt": 1}
    back = update(update(gone, target), target, asked)
    told = back.stages["s"].packages["apt"]["jq"]
    assert [format_event(event) for event in told] == ["1 jq", "2^2 ^"]


def test_the_number_is_in_the_script_for_a_builders_own_cache() -> None:
    first = update(None, Target(BASE, {"apt": {"jq": "jq"}}))
    numbered = replace(first, packages={"apt": {"jq": (parse_event("1^3 jq"),)}})
    (plain,), (said,) = install_order(first), install_order(numbered)
    assert isinstance(said.step, Group)
    before, after = run_of(plain.step, {}, None), run_of(said.step, {}, None)
    assert before is not None
    assert after is not None
    assert after.script == f"# upgrade 3\n{before.script}"
    assert compare(first, numbered) == (
        Change("repacked", "apt", "jq", details=("keeps count of its upgrades",)),
    )


def test_what_no_log_shows_is_told() -> None:
    lock = Lock(BASE)
    counted = replace(lock, upgrades={"apt": 2})
    assert compare(lock, counted) == (Change("added", "upgrades", "apt"),)
    assert compare(counted, lock) == (Change("removed", "upgrades", "apt"),)
    with pytest.raises(LockError, match="zypper"):
        loads(dumps(counted).replace("apt = 2", "zypper = 2"))


def test_what_was_to_be_upgraded_and_left_says_none() -> None:
    stage = Stage("s", commands=("make",))
    first = update(None, Target(BASE, {"apt": {"jq": "jq"}}, stages=(stage,)))
    asked = Requests(
        upgrade=frozenset({("apt", "jq")}), upgrades={"apt": 1}, earlier=first
    )
    left = update(first, Target(BASE, stages=(stage,)), asked)
    assert events(left) == {"jq": ["1 jq", "3 -"]}
    assert left.upgrades == {"apt": 1}
