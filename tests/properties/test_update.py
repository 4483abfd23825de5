"""The append-only order over random histories: the rules of docs/lock.md."""

import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from hypothesis import assume, given
from hypothesis import strategies as st

from dynbuild.digest import digest_of
from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.model import Lock, Target, declared_packages
from dynbuild.lockfile.order import Placed, install_order
from dynbuild.lockfile.renames import continued, stages_of
from dynbuild.lockfile.resolved import resolve
from dynbuild.lockfile.topology import dependencies_first
from dynbuild.lockfile.update import update
from dynbuild.steps.model import Stage
from tests.properties import reference as naive
from tests.properties.edits import NEVER_REPACKS, edited, histories, requests
from tests.properties.strategies import (
    BASES,
    DISTINCT,
    PLATFORM,
    TWINS,
    Mix,
    digest,
    renamed,
    renamings,
)

MIXES = st.sampled_from([TWINS, DISTINCT])
NO_LISTS = replace(TWINS, extend=False)


def replayed(history: list[Target]) -> list[Lock]:
    locks: list[Lock] = []
    for target in history:
        locks.append(update(locks[-1] if locks else None, target))
    return locks


def digests(lock: Lock) -> dict[str, str]:
    live = {
        copy: digest(copy.path)
        for entry in lock.stages.values()
        for copy in entry.stage.inputs
        if copy.live
    }
    pins = (lock.base, *lock.images.values())
    unpinned = {pin.image: digest(pin.image) for pin in pins if pin.digest is None}
    described = resolve(lock, PLATFORM, live, unpinned).descriptions
    return {step: digest_of(description) for step, description in described.items()}


@st.composite
def edits_of_live(draw: st.DrawFn, target: Target) -> frozenset[str]:
    """Any stages: those that are not live, or had no ground to gain, stay."""
    names = st.sampled_from([stage.name for stage in target.stages] or ["none"])
    return draw(st.frozensets(names))


@given(st.data(), MIXES)
def test_as_the_reference_has_it(data: st.DataObject, mix: Mix) -> None:
    previous = None
    for target in data.draw(histories(mix)):
        asked = data.draw(requests(target, previous))
        edited = data.draw(edits_of_live(target))
        names = {}
        if previous is not None:
            before = naive.state_of(previous)
            names = naive.renames(before, previous, target)
            if names is None:
                names = dict(continued(previous, target))
            else:
                assert names == continued(previous, target)
        lock = update(previous, target, asked, edited)
        wanted = naive.reference(previous, target, asked, names, edited)
        found = naive.state_of(lock)
        assert found.setups == wanted.setups
        assert (found.sources, found.scripts, found.user) == (
            wanted.sources,
            wanted.scripts,
            wanted.user,
        )
        assert found.events == {key: log for key, log in wanted.events.items() if log}
        assert found.seqs == wanted.seqs
        assert found.moves == wanted.moves
        assert found.numbers == wanted.numbers
        previous = lock


def of_a_stage(step: Placed) -> bool:
    """Whether a step is installed for a stage, on its own base."""
    return step.own_base is not None and not isinstance(step.step, Stage)


@given(histories())
def test_the_order_as_the_reference_has_it(history: list[Target]) -> None:
    for lock in replayed(history):
        placed = [step for step in install_order(lock) if not of_a_stage(step)]
        found = [
            (step.id.split(".")[0], step.id) if "." in step.id else ("stage", step.id)
            for step in placed
        ]
        wanted = naive.order(naive.state_of(lock))
        assert [kind for kind, _ in found] == [kind for kind, _ in wanted]
        assert [name for kind, name in found if kind == "stage"] == [
            name for kind, name in wanted if kind == "stage"
        ]


@given(histories())
def test_nothing_stands_before_what_it_needs(history: list[Target]) -> None:
    for lock in replayed(history):
        placed = install_order(lock)
        position = {step.id: place for place, step in enumerate(placed)}
        assert len(position) == len(placed)
        seqs = {step.id: step.seq for step in placed}
        own = {
            step.id.partition(".")[0]: step.id for step in placed if of_a_stage(step)
        }
        system = [
            step.id
            for step in placed
            if not isinstance(step.step, Stage) and not of_a_stage(step)
        ]
        was_live = False
        for place, step in enumerate(placed):
            assert all(position[below] < place for below in step.on)
            below = [one for one in system if position[one] < place]
            if isinstance(step.step, Stage):
                ground = [one for one in system if seqs[one] <= step.seq]
                assert all(position[need] < place for need in step.step.needs)
                of_image = [] if step.step.base else ground[-1:]
                chain = [own[step.id]] if step.id in own else of_image
                assert step.on == (*chain, *step.step.dependencies)
                assert step.live or not was_live
                assert below == (system if step.live else ground)
                was_live = step.live
            elif not of_a_stage(step):
                assert step.on == tuple(below[-1:])


@given(histories(edits=NEVER_REPACKS))
def test_what_is_unchanged_keeps_its_seq(history: list[Target]) -> None:
    locks = replayed(history)
    for (previous, lock), target in zip(pairwise(locks), history[1:], strict=True):
        before, after = naive.state_of(previous), naive.state_of(lock)
        left = {*previous.scripts, *previous.sources} - {*lock.scripts, *lock.sources}
        for name, was in untouched(previous, lock).items() if not left else ():
            assert after.seqs[name] == before.seqs[was]
            assert after.moves[name] == before.moves[was]
        for text in previous.scripts.keys() & lock.scripts.keys():
            assert previous.scripts[text] == lock.scripts[text]
        if previous.user and lock.user:
            assert previous.user_seq == lock.user_seq
        # What else leaves a log is test_folding's to tell.
        whole = update(previous, target, extended=True)
        for manager, log in previous.packages.items() if not left else ():
            for key, events in log.items():
                assert whole.packages[manager][key][: len(events)] == events


def untouched(previous: Lock, lock: Lock) -> dict[str, str]:
    """Stages whose facts, own and of all that they need, are what they were."""
    names = continued(previous, lock)
    found: dict[str, str] = {}
    for name in dependencies_first(stages_of(lock)):
        stage = lock.stages[name].stage
        old = previous.stages[names[name]].stage if name in names else None
        if (
            old is not None
            and naive.facts(stage, dict(lock.images), lock.shell)
            == naive.facts(old, dict(previous.images), previous.shell)
            and {found.get(n) for n in stage.dependencies} == set(old.dependencies)
            and [found.get(c.stage) for c in stage.inputs if c.stage]
            == [c.stage for c in old.inputs if c.stage]
        ):
            found[name] = old.name
    return found


@given(st.data(), histories(NO_LISTS))
def test_renaming_builds_nothing(data: st.DataObject, history: list[Target]) -> None:
    lock = replayed(history)[-1]
    target = history[-1]
    names = data.draw(renamings(target))
    twins = naive.state_of(lock)
    shared = {
        name: naive.facts(stage, dict(lock.images), lock.shell)
        for name, stage in twins.stages.items()
    }
    taken = names.values() & shared.keys()
    # A twin under another twin's name is that one, for all that can be known.
    assume(
        not any(
            shared[old] == shared[new] and old != new
            for old, new in names.items()
            if new in taken
        )
    )
    after = update(lock, renamed(target, names))
    before_digests, after_digests = digests(lock), digests(after)
    assert sorted(before_digests.values()) == sorted(after_digests.values())
    stages = [
        sorted(
            (seqs[name], moves[name], told.get(name, ""))
            for seqs, moves in [(state.seqs, state.moves)]
            for name in state.stages
        )
        for state, told in (
            (naive.state_of(lock), before_digests),
            (naive.state_of(after), after_digests),
        )
    ]
    assert stages[0] == stages[1]


@given(st.data(), histories())
def test_again_changes_nothing(data: st.DataObject, history: list[Target]) -> None:
    lock = None
    for target in history:
        edited = data.draw(edits_of_live(target))
        lock = update(lock, target, data.draw(requests(target, lock)), edited)
        assert update(lock, target) == lock
        assert update(lock, target, edited=edited) == lock
        text = dumps(lock)
        assert dumps(update(loads(text), target)) == text


@given(st.data(), histories())
def test_it_does_not_matter_in_which_order_a_set_is_given(
    data: st.DataObject, history: list[Target]
) -> None:
    """Packages, images, dependencies: what was given in another order is the same."""
    lock = replayed(history)[-1]
    target = history[-1]
    shuffled = replace(
        target,
        packages={
            manager: dict(data.draw(st.permutations(list(specs.items()))))
            for manager, specs in data.draw(
                st.permutations(list(target.packages.items()))
            )
        },
        scripts=tuple(data.draw(st.permutations(target.scripts))),
        sources=tuple(data.draw(st.permutations(target.sources))),
        images=dict(data.draw(st.permutations(list(target.images.items())))),
        stages=tuple(
            replace(
                stage,
                dependencies=tuple(data.draw(st.permutations(stage.dependencies))),
                env=dict(data.draw(st.permutations(list(stage.env.items())))),
            )
            for stage in data.draw(st.permutations(target.stages))
        ),
    )
    assert dumps(update(lock, shuffled)) == dumps(lock)


@given(st.data(), histories(edits=NEVER_REPACKS))
def test_a_live_stage_stands_on_what_it_stood_on_until_it_has_to_run(
    data: st.DataObject, history: list[Target]
) -> None:
    """A package more runs nothing live; what is edited gets all that was added."""
    locks = replayed(history)
    edited = data.draw(edits_of_live(history[-1]))
    lock = update(locks[-1], history[-1], edited=edited)
    on = {step.id: step for step in install_order(lock)}
    was = {step.id: step for step in install_order(locks[-1])}
    end = naive.chain_end(naive.state_of(locks[-1]))
    for name in lock.stages:
        below = {name} | naive.closure(name, naive.state_of(lock).stages)
        # One with a base of its own has no part in the system chain.
        on_chain = lock.stages[name].stage.base is None
        if on[name].live and on_chain and name in edited:
            assert on[name].seq >= end
        if below.isdisjoint(edited):
            assert (on[name].seq, on[name].on) == (was[name].seq, was[name].on)


@given(st.data(), histories())
def test_an_edit_taken_back_leaves_no_trace(
    data: st.DataObject, history: list[Target]
) -> None:
    """``lock`` starts from the committed lock: the target alone decides."""
    committed = replayed(history)[-1]
    update(committed, data.draw(edited(history[-1])))
    assert dumps(update(committed, history[-1])) == dumps(committed)


@given(histories())
def test_the_log_adds_up_to_what_is_declared(history: list[Target]) -> None:
    for target, lock in zip(history, replayed(history), strict=True):
        assert declared_packages(lock) == target.packages


def test_a_new_stage_goes_behind_a_new_one_that_it_needs_through_a_kept_one() -> None:
    def stage(name: str, *dependencies: str, command: str = "") -> Stage:
        return Stage(name, dependencies, commands=(command or f"make {name}",))

    base = BASES[0]
    first = update(None, Target(base, stages=(stage("middle"),)))
    later = (
        stage("above", "middle"),
        stage("middle", "below"),
        stage("below"),
    )
    lock = update(first, Target(base, stages=later))
    assert {name: entry.seq for name, entry in lock.stages.items()} == {
        "above": 3,
        "middle": 1,
        "below": 2,
    }


_HISTORY = """
import random
from dynbuild.lockfile.codec import dumps
from dynbuild.lockfile.model import Target
from dynbuild.lockfile.update import update
from dynbuild.steps.model import Copy, Stage, User
from tests.properties.strategies import BASES, SCRIPTS, SOURCES

chance = random.Random(7)
names = [f"stage-{n}" for n in range(30)]
lock = None
for _ in range(12):
    stages = []
    for place, name in enumerate(chance.sample(names, 20)):
        below = [stage.name for stage in stages]
        stages.append(Stage(
            name,
            dependencies=tuple(chance.sample(below, min(place, 2))),
            copies=tuple(Copy("/x", "/y", stage=name) for name in below[-1:]),
            commands=(chance.choice(["a", "b", "c"]),),
            env={f"V{chance.randrange(9)}": "1", "W": "2"},
        ))
    target = Target(
        base=BASES[0],
        packages={"apt": {name: name for name in chance.sample(names, 9)}},
        scripts=tuple(chance.sample(SCRIPTS, 2)),
        sources=tuple(chance.sample(SOURCES, 2)),
        user=User("app", 1000, "/bin/sh"),
        stages=tuple(stages),
    )
    lock = update(lock, target)
    print(dumps(lock))
"""


def test_the_hash_seed_does_not_matter() -> None:
    texts = {
        subprocess.run(
            [sys.executable, "-c", _HISTORY],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path.cwd())},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("0", "1", "2", "3")
    }
    assert len(texts) == 1
