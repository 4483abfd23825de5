"""Causes that seldom come: what left, what is passed on, what was moved on request."""

from dataclasses import replace

from dynbuild.digest import sha256
from dynbuild.explain.causes import RunReason
from dynbuild.explain.fields import FieldChange
from dynbuild.explain.past import Past, PastLock
from dynbuild.lockfile.codec import dumps
from dynbuild.lockfile.model import Target
from dynbuild.lockfile.update import Requests, update
from dynbuild.steps.model import Copy, Pin, Stage, User
from tests.realized import PLATFORM, Machine

BASE = Pin("debian:12", sha256(b"base"), {PLATFORM: sha256(b"base")})


def target(*stages: Stage, scripts: tuple[str, ...] = ()) -> Target:
    return Target(BASE, stages=stages, scripts=scripts)


def test_what_it_was_put_on_left() -> None:
    first = Stage("first", commands=("one",), touches=("dpkg",))
    second = Stage("second", commands=("two",), touches=("dpkg",))
    machine = Machine()
    lock = update(None, target(first, second))
    machine.realize(lock)
    lock = update(lock, target(second))
    foreseen, trace = machine.foresee(lock)
    assert foreseen.runs == ("second",)
    assert trace.reasons("second") == (RunReason("gone", steps=("first",)),)
    assert machine.realize(lock) == {"second"}


def test_a_variable_of_a_stage_that_only_copies() -> None:
    copied = Copy("f", "/f", digest=sha256(b"file"))
    first = Stage("first", copies=(copied,), env={"X": "1"})
    second = Stage("second", dependencies=("first",), commands=("two",))
    machine = Machine()
    lock = update(None, target(first, second))
    machine.realize(lock)
    lock = update(lock, target(replace(first, env={"X": "2"}), second))
    foreseen, trace = machine.foresee(lock)
    assert foreseen.runs == ("second",)
    change = FieldChange("environment.X", "1", "2")
    assert trace.reasons("second") == (RunReason("changed", (change,)),)


def test_a_stage_and_one_that_depends_on_it_change_alike() -> None:
    """What only stands on another that changed has no cause; this one has its own."""
    first = Stage("first", commands=("one",))
    second = Stage("second", dependencies=("first",), commands=("two",))
    machine = Machine()
    lock = update(None, target(first, second))
    machine.realize(lock)
    more = ("and more",)
    both = (replace(first, commands=more), replace(second, commands=more))
    _, trace = machine.foresee(update(lock, target(*both)))
    assert [root.step for root in trace.roots("second")] == ["first", "second"]
    codes = [reason.code for reason in trace.reasons("second")]
    assert codes == ["changed", "stands-on"]


def test_the_uid_of_a_user_that_the_stage_does_not_stand_on() -> None:
    """The user came later: nobody but the stage itself can tell of its mounts."""
    stage = Stage("stage", commands=("one",), user="app", ssh=True)
    machine = Machine()
    lock = update(None, target(stage))
    machine.realize(lock)
    asked = replace(target(stage), user=User("app", 1000, "/bin/sh"))
    foreseen, trace = machine.foresee(update(lock, asked))
    assert foreseen.runs == ("stage", "user.2")
    (reason,) = trace.reasons("stage")
    assert [change.field for change in reason.fields] == ["mounts"]


def test_what_was_moved_on_request() -> None:
    stage = Stage("stage", commands=("one",))
    machine = Machine()
    lock = update(None, target(stage))
    machine.realize(lock)
    lock = update(lock, target(stage, scripts=("ldconfig",)))
    assert machine.realize(lock) == {"script.2"}
    asked = target(stage, scripts=("ldconfig",))
    lock = update(lock, asked, Requests(move=frozenset({"stage"})))
    foreseen, trace = machine.foresee(lock)
    assert foreseen.runs == ("stage",)
    assert trace.reasons("stage") == (RunReason("moved", steps=("script.2",)),)
    assert [root.step for root in trace.roots("stage")] == ["stage"]


def test_a_build_only_stage_that_nobody_needed_before() -> None:
    tool = Stage("tool", commands=("one",), build_only=True)
    machine = Machine()
    lock = update(None, target(tool))
    machine.realize(lock)
    app = Stage("app", copies=(Copy("/t", "/t", stage="tool"),))
    lock = update(lock, target(tool, app))
    foreseen, trace = machine.foresee(lock)
    assert trace.reasons("tool") == (RunReason("needed", steps=("app",)),)
    assert machine.realize(lock) == set(foreseen.runs) == {"tool", "app"}


def test_a_build_only_stage_that_nobody_needed_and_that_is_linked_now() -> None:
    tool = Stage("tool", commands=("one",), build_only=True)
    machine = Machine()
    lock = update(None, target(tool))
    assert machine.realize(lock) == set()
    lock = update(lock, target(replace(tool, build_only=False)))
    foreseen, trace = machine.foresee(lock)
    change = FieldChange("build_only", before=True, after=False)
    assert trace.reasons("tool") == (RunReason("changed", (change,)),)
    assert [root.step for root in trace.roots("tool")] == ["tool"]
    assert machine.realize(lock) == set(foreseen.runs) == {"tool"}


def test_a_linked_stage_that_was_never_built() -> None:
    tool = Stage("tool", commands=("one",))
    machine = Machine()
    lock = update(None, target(tool))
    past = (PastLock(dumps(lock), {}, {}, {}),)
    machine.past = Past(past, {})
    _, trace = machine.foresee(lock)
    assert trace.reasons("tool") == (RunReason("new"),)


def test_a_source_that_is_lost_and_needed() -> None:
    """What copies from it runs because of it, where another copy has to be made."""
    source = Stage("source", commands=("make",), build_only=True)
    copied = Copy("/out", "/one", stage="source")
    one = Stage("one", copies=(copied,))
    other = Stage("other", copies=(replace(copied, to="/other"),))
    machine = Machine()
    lock = update(None, target(source, one, other))
    machine.realize(lock)
    machine.lose("source")
    foreseen, _ = machine.foresee(lock)
    assert foreseen.runs == ()
    machine.lose("other")
    foreseen, trace = machine.foresee(lock)
    assert foreseen.runs == ("source", "one", "other")
    assert trace.reasons("one") == (RunReason("copies-from", steps=("source",)),)


def test_of_two_sources_the_one_that_is_lost() -> None:
    source, kept = (
        Stage(name, commands=(name,), build_only=True) for name in ("source", "kept")
    )
    copies = tuple(Copy("/out", f"/{name}", stage=name) for name in ("source", "kept"))
    one, other = Stage("one", copies=copies), Stage("other", copies=copies)
    machine = Machine()
    lock = update(None, target(source, kept, one, other))
    machine.realize(lock)
    machine.lose("source")
    machine.lose("other")
    _, trace = machine.foresee(lock)
    assert trace.reasons("one") == (RunReason("copies-from", steps=("source",)),)
