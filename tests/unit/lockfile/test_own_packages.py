"""Packages on a stage's own base: a log of their own in the lock, groups below it."""

from dataclasses import replace

import pytest

from dynbuild.errors import LockError
from dynbuild.explain.next_change import changed
from dynbuild.lockfile.changes import compare
from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.merge import merge
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.requests import asked_since, is_repacked
from dynbuild.lockfile.resolved import resolve
from dynbuild.lockfile.update import NOTHING, Requests, update
from dynbuild.steps.log import format_event
from dynbuild.steps.model import Copy, Pin, Stage
from tests.pins import pinned

BASE = pinned("docker.io/library/debian:12")
NODE = "docker.io/library/node:22"
TOOL = Stage("tool", commands=("make",), build_only=True, base=NODE)
APP = Stage("app", copies=(Copy("/out", "/srv", stage="tool"),))
ASIDE = Stage("aside", commands=("aside",))


def on(*stages: Stage, node: Pin | None = None, **more: object) -> Target:
    made = Target(BASE, stages=stages, images={NODE: node or pinned(NODE)})
    return replace(made, **more)  # type: ignore[arg-type]


def listing(*packages: str) -> Stage:
    return replace(TOOL, packages={one: one.split()[1] for one in packages})


def events(lock: Lock, stage: str = "tool") -> dict[str, list[str]]:
    return {
        f"{manager} {key}": [format_event(event) for event in history]
        for manager, log in lock.stages[stage].packages.items()
        for key, history in log.items()
    }


def ids(lock: Lock) -> list[str]:
    return [step.id for step in install_order(lock)]


FIRST = update(None, on(listing("apt git", "pip flask"), APP, ASIDE))


def test_a_package_more_is_one_step_more() -> None:
    assert events(FIRST) == {"apt git": ["1 git"], "pip flask": ["1 flask"]}
    assert ids(FIRST)[:3] == ["tool.apt.1", "tool.pip.1", "tool"]
    on_it = {step.id: step.on for step in install_order(FIRST)}
    assert on_it["tool.apt.1"] == ()
    assert on_it["tool.pip.1"] == ("tool.apt.1",)
    assert on_it["tool"] == ("tool.pip.1",)
    more = update(FIRST, on(listing("apt git", "apt make", "pip flask"), APP, ASIDE))
    assert events(more)["apt make"] == ["2 make"]
    was, now = (resolve(lock, "linux/amd64", {}, {}).digests for lock in (FIRST, more))
    assert {name for name in was if was[name] != now[name]} == {"tool", "app"}
    assert compare(FIRST, more)[0].details == ("packages",)
    gone = update(more, on(listing("apt git"), APP, ASIDE))
    assert events(gone)["apt make"] == ["2 make", "3 -"]
    assert events(gone)["pip flask"] == ["1 flask", "3 -"]
    assert gone.stages["tool"].stage.packages == {"apt git": "git"}


def test_nothing_else_changes_it() -> None:
    other = {"apt": {"jq": "jq"}}
    wanted = (listing("apt git", "pip flask"), APP, ASIDE)
    for target in (
        on(*wanted, packages=other, scripts=("locale-gen",)),
        on(*wanted, base=pinned("docker.io/library/debian:13")),
        on(replace(wanted[0], commands=("make more",)), APP),
    ):
        assert events(update(FIRST, target)) == events(FIRST)
    assert update(FIRST, on(*wanted)) == FIRST


def test_another_base_and_a_repack_begin_it_anew() -> None:
    grown = update(FIRST, on(listing("apt git", "apt make"), APP, ASIDE))
    wanted = on(listing("apt git", "apt make"), APP, ASIDE)
    anew = {"apt git": ["1 git"], "apt make": ["1 make"]}
    repacked = update(grown, wanted, Requests(repack=True))
    assert events(repacked) == anew
    assert is_repacked(grown, repacked)
    assert not is_repacked(FIRST, grown)
    # What asks again from the committed lock asks for a repack, then.
    of_stage = replace(grown.stages["tool"], packages=repacked.stages["tool"].packages)
    begun = replace(grown, stages={**grown.stages, "tool": of_stage})
    assert is_repacked(grown, begun)
    repushed = replace(pinned(NODE), digest=pinned("another").digest)
    assert events(update(grown, replace(wanted, images={NODE: repushed}))) == anew


def test_an_upgrade_runs_it_again_and_outlives_the_next_lock() -> None:
    target = on(listing("apt git", "pip flask"), APP, ASIDE)
    upgrade = Requests(upgrade_own=frozenset({("tool", "apt git")}))
    lock = update(FIRST, target, upgrade)
    assert events(lock)["apt git"] == ["1 git", "2 ^"]
    assert lock.stages["tool"].seq > FIRST.stages["aside"].seq
    again = asked_since(FIRST, lock)
    assert again.upgrade_own == upgrade.upgrade_own
    assert update(FIRST, target, again) == lock
    renamed = on(replace(target.stages[0], name="other"), ASIDE)
    assert events(update(FIRST, renamed, again), "other")["apt git"][-1] == "2 ^"
    assert asked_since(FIRST, FIRST).upgrade_own == NOTHING.upgrade_own


def test_a_change_of_its_group_is_one_of_its_list() -> None:
    group = next(one.step for one in install_order(FIRST) if one.id == "tool.apt.1")
    after = changed(FIRST, group)
    grown = after.lock.stages["tool"].stage.packages.keys()
    assert len(grown - FIRST.stages["tool"].stage.packages.keys()) == 1
    assert after.id in ids(after.lock)
    # One of the image's own is of the image's list, whatever stages list.
    both = update(None, on(listing("apt git"), APP, packages={"apt": {"jq": "jq"}}))
    own = next(one.step for one in install_order(both) if one.id == "apt.1")
    assert len(changed(both, own).lock.packages["apt"]) == 2


def test_it_is_read_as_it_was_written() -> None:
    text = dumps(FIRST)
    assert '[stages.tool.apt]\ngit = ["1 git"]\n' in text
    assert text.splitlines()[2] == "version = 4"
    assert loads(text) == FIRST


def test_both_sides_of_a_merge_count() -> None:
    main = update(FIRST, on(listing("apt git", "pip flask", "apt jq"), APP, ASIDE))
    branch = update(FIRST, on(listing("apt git", "pip flask", "apt make"), APP, ASIDE))
    merged = merge(FIRST, main, branch)
    assert not merged.both
    assert events(merged.lock)["apt jq"] == ["2 jq"]
    assert events(merged.lock)["apt make"] == ["3 make"]


def refused(*stages: Stage) -> str:
    lock = update(None, on(TOOL, APP))
    entry = lock.stages["tool"]
    entries = {one.name: replace(entry, stage=one) for one in stages}
    with pytest.raises(LockError) as told:
        install_order(replace(lock, stages=entries))
    return str(told.value)


def test_what_no_lock_has_is_refused() -> None:
    bare = replace(listing("apt git"), base=None)
    assert "'tool' has packages and has no base of its own" in refused(bare)
    two = replace(listing("apt git"), name="two", dependencies=("tool",))
    assert "'two' stands on the packages of 'tool' and 'two'" in refused(
        listing("apt jq"), two
    )
