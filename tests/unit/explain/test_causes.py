"""Causes that seldom come: what left, what is passed on, what was moved on request."""

from dataclasses import replace

from dynbuild.digest import sha256
from dynbuild.explain.causes import Reason
from dynbuild.explain.fields import FieldChange
from dynbuild.lock.model import Target
from dynbuild.lock.update import Requests, update
from dynbuild.steps.model import Copy, Pin, Stage
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
    assert trace.reasons("second") == (Reason("gone", steps=("first",)),)
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
    assert trace.reasons("second") == (Reason("changed", (change,)),)


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
    assert trace.reasons("stage") == (Reason("moved", steps=("script.2",)),)
    assert [root.step for root in trace.roots("stage")] == ["stage"]
