"""Merges of what a branch edited live, and of databases found in commands."""

from __future__ import annotations

from dataclasses import replace

from dynbuild.lockfile.changes import compare
from dynbuild.lockfile.merge import merge
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.order import last_system_seq, unchecked_order
from dynbuild.lockfile.update import update
from dynbuild.steps.model import Copy, Stage
from dynbuild.steps.touched import touched
from tests.pins import pinned

BASE = pinned("debian:12")
APP = Stage("app", copies=(Copy("src", "/src"),), commands=("make",))


def target(*stages: Stage, packages: tuple[str, ...] = ("curl",)) -> Target:
    return Target(BASE, {"apt": {name: name for name in packages}}, stages=stages)


def stands_on_all(lock: Lock, name: str) -> bool:
    (placed,) = (one for one in unchecked_order(lock) if one.id == name)
    return placed.seq >= last_system_seq(lock)


def test_what_a_branch_edited_gets_what_main_added() -> None:
    start = update(None, target(APP))
    start = update(start, target(APP, packages=("curl", "jq")))
    branch = update(start, target(APP, packages=("curl", "jq")), edited=["app"])
    assert stands_on_all(branch, "app")
    main = update(start, target(APP, packages=("curl", "jq", "tree")))
    merged = merge(start, main, branch)
    assert stands_on_all(merged.lock, "app")
    assert merged.both == ()


def test_main_renamed_what_a_branch_edited() -> None:
    both = ("curl", "jq")
    start = update(update(None, target(APP)), target(APP, packages=both))
    branch = update(start, target(APP, packages=both), edited=["app"])
    main = update(start, target(replace(APP, name="web"), packages=both))
    merged = merge(start, main, branch)
    assert stands_on_all(merged.lock, "web")


def test_what_was_found_on_both_sides_is_no_conflict() -> None:
    def tools(*commands: str) -> Target:
        return target(Stage("tools", commands=commands, touches=touched(commands)))

    start = update(None, tools("one", "two", "three"))
    main = update(start, tools("ldconfig", "one", "two", "three"))
    branch = update(start, tools("one", "two", "three", "useradd app"))
    merged = merge(start, main, branch)
    stage = merged.lock.stages["tools"].stage
    assert stage.commands == ("ldconfig", "one", "two", "three", "useradd app")
    assert stage.touches == touched(stage.commands) == ("ld.so.cache", "passwd")
    assert merged.both == ()


def test_a_move_for_content_alone_is_told_as_a_change_of_it() -> None:
    both = ("curl", "jq")
    before = update(update(None, target(APP)), target(APP, packages=both))
    after = update(before, target(APP, packages=both), edited=["app"])
    (change,) = compare(before, after)
    assert (change.verb, change.name) == ("changed", "app")
    assert change.details == ("what it copies",)
