"""Causes and prices of a change, case by case."""

from dataclasses import replace

import pytest

from dynbuild.cli.render.diff_text import diff_data, diff_text, summary
from dynbuild.digest import StepDigest
from dynbuild.errors import DeclarationError
from dynbuild.explain.diff import Diff, diff
from dynbuild.explain.metrics import NOTHING_KNOWN, StepMetrics
from dynbuild.explain.view import common_platform, filled, view
from dynbuild.link.model import Written
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.update import update
from dynbuild.steps.model import Copy, Pin, Stage
from tests.pins import pinned

BASE = pinned("debian:12")
AMD = "linux/amd64"


def target(*stages: Stage, **fields: object) -> Target:
    return Target(BASE, stages=stages, **fields)  # type: ignore[arg-type]


def made(name: str, *needs: str, **fields: object) -> Stage:
    return Stage(name, needs, commands=(f"make {name}",), **fields)  # type: ignore[arg-type]


def reasons(found: Diff) -> dict[str, list[tuple[str, str]]]:
    """The code of each reason of what runs, with the fields or steps it is about."""
    return {
        step.placed.id: [
            (one.code, " ".join([*(f.field for f in one.fields), *one.steps]))
            for one in step.reasons
        ]
        for step in found.runs
    }


def test_a_copy_from_a_stage_follows_it() -> None:
    tool = made("tool", build_only=True)
    app = made("app", copies=(Copy("/x", "/x", stage="tool"),))
    before = update(None, target(tool, app))
    after = update(before, target(replace(tool, commands=("other",)), app))
    assert reasons(diff(before, after)) == {
        "tool": [("changed", "commands")],
        "app": [("copies-from", "tool")],
    }


def test_a_build_only_stage_that_nothing_needs_does_not_run() -> None:
    tool = made("tool", build_only=True)
    before = update(None, target(tool, made("app")))
    after = update(before, target(replace(tool, commands=("other",)), made("app")))
    found = diff(before, after)
    assert not found.runs
    fates = {step.placed.id: step.fate for step in found.steps}
    assert fates == {"tool": "unneeded", "app": "stays"}


def test_what_is_live_is_said_as_such_and_runs_where_the_lock_says_so() -> None:
    live = made("live", copies=(Copy("src", "/src"),))
    before = update(None, target(live, made("other")))
    same = diff(before, update(before, target(live, made("other", "live"))))
    assert [step.placed.id for step in same.live] == ["live"]
    packages = {"apt": {"jq": "jq"}}
    added = diff(before, update(before, target(live, made("other"), packages=packages)))
    assert reasons(added) == {"apt.3": [("new", "")]}
    assert [step.placed.id for step in added.live] == ["live"]
    scripts = ("true",)
    first = update(None, target(live, made("other"), scripts=scripts))
    gone = diff(first, update(first, target(live, made("other"))))
    assert reasons(gone)["live"] == [("gone", "script.1")]


def test_a_stage_that_moved_behind_another_step() -> None:
    packages = {"apt": {"jq": "jq"}}
    before = update(None, target(made("a")))
    with_jq = update(before, target(made("a"), packages=packages))
    moved = replace(with_jq, stages={"a": replace(with_jq.stages["a"], seq=9)})
    assert reasons(diff(with_jq, moved)) == {"a": [("moved", "apt.2")]}
    assert reasons(diff(moved, before)) == {"a": [("gone", "apt.2")]}


def test_what_it_is_put_on_for_a_database() -> None:
    first, second = made("first"), made("second", touches=("dpkg",))
    before = update(None, target(first, second))
    after = update(before, target(replace(first, touches=("dpkg",)), second))
    assert reasons(diff(before, after)) == {"second": [("put-on", "first")]}


def test_what_it_was_put_on_before_is_no_cause() -> None:
    first, second = made("first", touches=("dpkg",)), made("second", touches=("dpkg",))
    before = update(None, target(first, second))
    after = update(before, target(first, replace(second, commands=("x",))))
    assert reasons(diff(before, after)) == {"second": [("changed", "commands")]}


def test_what_was_written_is_known_to_place_steps() -> None:
    first, second = made("first"), made("second")
    before = update(None, target(first, second))
    old = view(filled(before, AMD))
    after = update(before, target(replace(first, commands=("x",)), second))
    wrote = {
        digest: [{"etc/x": Written("file", content=id_, new=True)}]
        for id_, digest in old.places.final.items()
    }
    assert reasons(diff(before, after)) == {"first": [("changed", "commands")]}
    # The first one moved behind the second, and now it is the one that wins.
    known = StepMetrics(wrote=wrote)
    assert view(filled(before, AMD), known).placed("second") != old.placed("second")
    runs = {
        step.placed.id for step in diff(before, after, look_up=lambda *_: known).runs
    }
    assert runs == {"first", "second"}


def test_what_a_step_was_put_on_is_known_to_place_it() -> None:
    first, second = made("first"), made("second")
    before = update(None, target(first, second))
    old = view(filled(before, AMD))
    wrote = {
        digest: [{"etc/x": Written("file", content=id_, new=True)}]
        for id_, digest in old.digests.items()
    }
    on_first = view(filled(before, AMD), StepMetrics(wrote=wrote)).placed("second")
    assert on_first != old.placed("second")
    # A tier has the record of the place alone, which tells of the other step.
    wrote = {
        old.digests["first"]: wrote[old.digests["first"]],
        on_first: wrote[old.digests["second"]],
    }
    joined = {old.digests["second"]: [(old.digests["first"],)]}
    known = StepMetrics(wrote=wrote, joined=joined)
    assert view(filled(before, AMD), known).placed("second") == on_first
    after = update(before, target(first, second, made("third")))
    runs = [
        step.placed.id for step in diff(before, after, look_up=lambda *_: known).runs
    ]
    assert runs == ["third"]


def test_a_build_only_stack_of_its_own() -> None:
    a, b = made("a"), made("b")
    tool = made("tool", "a", "b", build_only=True)
    user = made("user", copies=(Copy("/x", "/x", stage="tool"),))
    before = update(None, target(a, b, tool, user))
    old = view(filled(before, AMD))
    files = [{"x": Written("file", content=i)} for i in "ab"]
    wrote = {old.digests[i]: [w] for i, w in zip("ab", files, strict=True)}
    after = update(before, target(a, b, replace(tool, commands=("t",)), user))
    found = diff(before, after, look_up=lambda *_: StepMetrics(wrote=wrote))
    assert {"tool", "user"} <= {step.placed.id for step in found.runs}


def test_a_rename_and_a_twin_run_nothing() -> None:
    before = update(None, target(made("a")))
    twin = Stage("b", commands=("make a",))
    found = diff(before, update(before, target(made("a"), twin)))
    assert not found.runs
    assert [(step.placed.id, step.was) for step in found.steps] == [
        ("a", "a"),
        ("b", None),
    ]


def test_other_platforms() -> None:
    both = replace(
        BASE, platforms={AMD: BASE.platforms[AMD], "linux/arm64": BASE.digest}
    )
    one = replace(BASE, platforms={"linux/arm64": BASE.digest})
    lock = update(None, Target(both, stages=(made("a"),)))
    other = replace(lock, base=one)
    assert common_platform(lock, lock) == AMD
    assert common_platform(lock, other) == "linux/arm64"
    assert common_platform(replace(lock, base=BASE), other) == "linux/arm64"
    assert common_platform(replace(lock, base=Pin("me", None))) == AMD
    found = diff(replace(lock, base=BASE), other)
    assert reasons(found) == {"a": [("new", "")]}
    with pytest.raises(DeclarationError):
        diff(lock, other, AMD)


def test_what_is_asked_of_tiers() -> None:
    before = update(None, target(made("a"), made("b")))
    after = update(before, target(made("a"), made("c")))
    asked: list[tuple[set[StepDigest], str]] = []

    def look_up(digests: set[StepDigest], platform: str) -> StepMetrics:
        asked.append((digests, platform))
        return NOTHING_KNOWN

    diff(before, after, look_up=look_up)
    diff(None, before, look_up=look_up)
    old, new = ({*filled(x, AMD).digests.values()} for x in (before, after))
    assert asked == [(old | new, AMD), (old, AMD)]


def priced(lock: Lock, **known: object) -> Diff:
    return diff(None, lock, AMD, lambda *_: StepMetrics(**known))  # type: ignore[arg-type]


def test_prices_in_words() -> None:
    lock = update(None, target(made("a"), made("b"), made("c")))
    digests = view(filled(lock, AMD)).digests
    assert summary(priced(lock)) == "3 of 3 steps run: never measured"
    assert summary(priced(lock, seconds={"a": 5, "b": 70, "c": 3700})) == (
        "3 of 3 steps run: about 1 h 2 min"
    )
    assert summary(priced(lock, seconds={"a": 5, digests["b"]: 70})) == (
        "3 of 3 steps run: more than 1 min 15 s (c never measured)"
    )
    held = {digests["a"]: "local", digests["b"]: "s3", digests["c"]: "s3"}
    assert summary(priced(lock, tiers=held)) == (
        "3 of 3 steps are others, and held: nothing runs; the local tier holds 1; the "
        "s3 tier holds 2"
    )
    data = diff_data(priced(lock, tiers=held))
    assert [run["from"] for run in data["runs"]] == ["local", "s3", "s3"]


def test_what_a_tier_holds_costs_nothing() -> None:
    lock = update(None, target(made("a"), made("b", "a")))
    after = update(lock, target(replace(made("a"), commands=("x",)), made("b", "a")))
    held = {view(filled(after, AMD)).placed("b"): "s3"}
    known = StepMetrics(seconds={"a": 5, "b": 7}, tiers=held)
    found = diff(lock, after, AMD, lambda *_: known)
    assert diff_text(found).splitlines()[-5:] == [
        "a changed",
        "    commands",
        "      - make a",
        "      + x",
        "  runs a 5.0 s, b (s3): about 5.0 s",
    ]
