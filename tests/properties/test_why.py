"""What is foreseen is what runs, and where it began is where something changed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from dynbuild.digest import Description, Digest
from dynbuild.explain.causes import BASE, CASCADE, CurrentSteps
from dynbuild.explain.fields import differing
from dynbuild.link.model import WriteSet, Written
from dynbuild.lockfile.moves import PreviousLock, motion
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.renames import continued
from dynbuild.lockfile.update import update
from dynbuild.steps.model import Copy, Stage
from tests.properties.edits import edited, histories
from tests.properties.strategies import Mix, targets
from tests.realized import Machine

if TYPE_CHECKING:
    from dynbuild.lockfile.model import Lock, Target
    from dynbuild.lockfile.order import Placed

APART = Mix(commands=(), extend=False)
"""Lists that independent stages extend are in the order of names: renames count."""
LIVE = st.sampled_from([Digest("live"), Digest("other")])


@given(history=histories(), data=st.data())
def test_what_is_foreseen_runs(history: list[Target], data: st.DataObject) -> None:
    machine = Machine()
    lock: Lock | None = None
    for target in history:
        lock = update(lock, target)
        live = data.draw(LIVE)
        foreseen, trace = machine.foresee(lock, live)
        assert set(foreseen.runs) == machine.realize(lock, live)
        covered = {step for one in trace.cascades() for step in one.steps}
        assert covered == set(foreseen.runs)
        again, trace = machine.foresee(lock, live)
        assert again.runs == ()
        assert trace.cascades() == ()


@given(target=targets(APART), data=st.data())
def test_it_begins_where_something_changed(target: Target, data: st.DataObject) -> None:
    """One update of distinct stages: no false cause, and none that is missed."""
    machine = Machine()
    before = update(None, target)
    machine.realize(before)
    after_target = data.draw(edited(target, APART))
    after = update(before, after_target)
    names = continued(before, after)
    moved = motion(
        PreviousLock(before, install_order(before), names), after, after_target, (), ()
    )
    foreseen, trace = machine.foresee(after)
    system = {p.id for p in install_order(after) if not isinstance(p.step, Stage)}
    roots = {root.step for one in foreseen.runs for root in trace.roots(one)}
    stages = roots - system - {BASE}
    gone = {
        root.step
        for one in foreseen.runs
        for root in trace.roots(one)
        if {reason.code for reason in root.reasons} <= {"gone", "moved"}
    }
    touching = {
        root.step
        for one in foreseen.runs
        for root in trace.roots(one)
        if {reason.code for reason in root.reasons} == {"put-on"}
    }
    # The uid of a user that a stage does not stand on is in its mounts alone.
    mounted = {
        root.step
        for one in foreseen.runs
        for root in trace.roots(one)
        if before.user != after.user
        and {c.field for reason in root.reasons for c in reason.fields} == {"mounts"}
    }
    # What nothing needed was not built, and is now that the image has it.
    linked = {
        now
        for now, then in names.items()
        if before.stages[then].stage.build_only
        and not after.stages[now].stage.build_only
    }
    # What was put on another has a place by itself as well, from which it is copied, or
    # on which a build-only stage stands.
    places = [place.id for place in foreseen.plan.places.places.values()]
    alone = {
        root.step
        for one in foreseen.runs
        for root in trace.roots(one)
        if {reason.code for reason in root.reasons} == {"not-held"}
        and places.count(root.step) > 1
    }
    shell = before.shell != after.shell
    allowed = moved.changed | moved.new | gone | touching | mounted | linked | alone
    assert stages <= allowed or shell, (stages, allowed)
    for name in moved.changed & set(foreseen.runs):
        told = trace.reasons(name)
        # What was never built runs because it is needed, changed or not. A variable
        # that a dependency sets to the same is no change of the description.
        old = trace.before.digests.get(names[name])
        if old is not None and _own(trace.before.described[old], trace.now, name):
            assert any(one.code not in CASCADE for one in told), told


def _own(was: Description, now: CurrentSteps, name: str) -> set[str]:
    """The fields of a description that differ, but for the digests of steps."""
    steps = [*now.digests.values()]
    return {
        change.field
        for change in differing(was, now.described[name])
        if change.field != "stands_on" and change.after not in steps
    }


@given(st.integers(0, 2**32), st.data())
def test_conflicts_are_foreseen(seed: int, data: st.DataObject) -> None:
    """Stages that undo one another, changed again and again: what they write stays."""

    def writes(placed: Placed) -> WriteSet:
        chance = random.Random(f"{seed} {placed.id}")
        paths = chance.sample(["opt/a", "opt/b", "etc/passwd", "opt/c"], 2)
        return {
            path: Written("file", 0o644, content=chance.choice(["same", placed.id]))
            for path in paths
        }

    chance = random.Random(seed)
    names = "abcdef"[: chance.randint(2, 6)]
    needs = {
        name: tuple(below for below in names[:at] if chance.random() < 0.3)
        for at, name in enumerate(names)
    }
    versions = dict.fromkeys(names, 0)
    machine = Machine(writes)
    lock: Lock | None = None
    for _ in range(4):
        stages = tuple(
            Stage(
                name,
                dependencies=needs[name],
                copies=(Copy("src", "/src"),) if name == names[0] and seed % 3 else (),
                commands=(f"{name} {versions[name]}",),
            )
            for name in names
        )
        lock = update(lock, _target(stages))
        foreseen, trace = machine.foresee(lock)
        assert set(foreseen.runs) == machine.realize(lock)
        assert {s for c in trace.cascades() for s in c.steps} == set(foreseen.runs)
        for name in data.draw(st.sets(st.sampled_from(names), max_size=2)):
            versions[name] += 1


def _target(stages: tuple[Stage, ...]) -> Target:
    from dynbuild.lockfile.model import Target  # noqa: PLC0415
    from tests.properties.strategies import BASES  # noqa: PLC0415

    return Target(BASES[0], stages=stages)
