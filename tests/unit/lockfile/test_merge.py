"""Merging two locks where they do not simply go together."""

from dataclasses import replace

import pytest

from dynbuild.commands.merge import merged
from dynbuild.errors import CommandFailed, LockError
from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.merge import merge
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.update import Requests, update
from dynbuild.steps.model import Copy, Stage
from tests.pins import pinned

BASE = pinned("debian:12")


def made(name: str, *needs: str, **fields: object) -> Stage:
    return Stage(name, needs, commands=(f"make {name}",), **fields)  # type: ignore[arg-type]


def locked(before: Lock | None, *stages: Stage, **requests: object) -> Lock:
    target = Target(BASE, stages=stages)
    return update(before, target, Requests(**requests))  # type: ignore[arg-type]


START = locked(None, made("a"), made("b"))


def names(lock: Lock) -> list[str]:
    return [step.id for step in install_order(lock)]


def test_a_stage_that_one_side_removed_and_the_other_needs_stays() -> None:
    removed = locked(START, made("b"))
    needed = locked(START, made("a"), made("b"), made("c", "a"))
    for main, branch in ((removed, needed), (needed, removed)):
        found = merge(START, main, branch)
        assert set(names(found.lock)) == {"a", "b", "c"}
        assert found.both == ("stages that need one another",)


def test_what_a_stage_that_is_brought_back_needs_is_brought_back_too() -> None:
    start = locked(None, made("x"), made("y", "x"), made("z"))
    removed = locked(start, made("z"))
    needed = locked(start, made("x"), made("y", "x"), made("z"), made("new", "y"))
    assert set(names(merge(start, removed, needed).lock)) == {"x", "y", "z", "new"}


def test_a_circle_of_both_sides_is_as_main_has_it() -> None:
    main = locked(START, made("a", "b"), made("b"))
    branch = locked(START, made("a"), made("b", "a"))
    found = merge(START, main, branch)
    assert found.lock == main
    assert found.both == ("stages that need one another",)


def test_a_stage_that_one_side_removed_and_the_other_changed_is_told() -> None:
    removed = locked(START, made("b"))
    changed = locked(START, Stage("a", commands=("other",)), made("b"))
    found = merge(START, removed, changed)
    assert found.lock.stages["a"].stage.commands == ("other",)
    assert found.both == ("stage 'a'",)


def test_a_stage_that_both_added_each_in_its_own_way_is_mains() -> None:
    ours = locked(START, made("a"), made("b"), Stage("new", commands=("ours",)))
    theirs = locked(START, made("a"), made("b"), Stage("new", commands=("theirs",)))
    found = merge(START, ours, theirs)
    assert found.lock == ours
    assert found.both == ("stage 'new'",)


def test_two_renames_to_one_name_leave_one() -> None:
    ours = locked(START, replace(made("a"), name="x"), made("b"))
    theirs = locked(START, made("a"), replace(made("b"), name="X"))
    found = merge(START, ours, theirs)
    assert list(found.lock.stages) == ["x"]
    assert found.both == ("the name 'X'",)


def test_what_does_not_fit_is_refused_and_ours_stays() -> None:
    """One side's stage is build-only now, and the other side's new one stands on it."""
    ours = locked(START, made("a", build_only=True), made("b"))
    theirs = locked(START, made("a"), made("b"), made("c", "a"))
    with pytest.raises(CommandFailed, match="DB0418") as refused:
        merged(dumps(START), dumps(ours), dumps(theirs), ())
    assert "'c' is linked and stands on 'a'" in str(refused.value)


def test_what_was_asked_of_the_branch_is_asked_again() -> None:
    main = locked(START, made("a"), made("b"), made("c"))
    branch = locked(START, made("a"), made("b"), bump={"a": 1}, move=frozenset("b"))
    found = merge(START, main, branch).lock
    assert found.stages["a"].stage.bump == 1
    assert names(found)[0] == "c"
    packed = locked(branch, made("a"), made("b"), repack=True)
    assert merge(branch, branch, packed).lock == packed


def test_the_side_that_the_trunk_has_stays_in_front() -> None:
    ours = locked(START, made("a"), made("b"), made("ours"))
    theirs = locked(START, made("a"), made("b"), made("theirs"))
    texts = (dumps(START), dumps(ours), dumps(theirs))
    for trunks, kept, last in (
        ((), "ours", "theirs"),
        ({texts[2]}, "theirs", "ours"),
        ({texts[1], texts[2]}, "ours", "theirs"),
    ):
        found = merged(*texts, trunks)
        assert (found.kept, found.both) == (kept, ())
        assert f"[stages.{last}]\nseq = 4" in found.text


def test_without_a_common_lock() -> None:
    found = merge(None, START, locked(None, made("a"), made("c")))
    assert names(found.lock) == ["a", "b", "c"]


def test_an_image_that_a_side_lost_is_asked_for_by_name() -> None:
    copies = (Copy("/x", "/x", image="alpine:3"),)
    image = {"alpine:3": pinned("alpine:3")}
    target = Target(BASE, stages=(made("a", copies=copies),), images=image)
    lost = replace(update(None, target), images={})
    for sides in ((lost, lost), (START, lost), (lost, START)):
        text = merged(dumps(START), *map(dumps, sides), ()).text
        with pytest.raises(LockError, match=r"alpine:3, which the lock does not hold"):
            install_order(loads(text))
