"""What flags asked for survives until it is committed; what is taken back leaves."""

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from dynbuild.lockfile.codec import dumps
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.requests import asked_since, combined, is_repacked
from dynbuild.lockfile.update import NOTHING, Requests, update
from dynbuild.steps.model import Stage
from tests.properties.edits import NEVER_REPACKS, edited, histories, requests
from tests.properties.strategies import DISTINCT, renamed, renamings
from tests.properties.test_update import replayed


def run(
    committed: Lock, current: Lock, target: Target, asked: Requests = NOTHING
) -> Lock:
    """What ``dynbuild lock`` does, from the lock in git and the one in the file."""
    fits = asked == NOTHING and update(current, target) == current
    start = current if fits or is_repacked(committed, current) else committed
    return update(start, target, combined(asked_since(start, current), asked))


@given(st.data(), histories())
def test_flags_are_not_lost(data: st.DataObject, history: list[Target]) -> None:
    committed = replayed(history)[-1]
    asked = data.draw(requests(history[-1], committed))
    once = run(committed, committed, history[-1], asked)
    twice = run(committed, once, history[-1])
    assert dumps(twice) == dumps(once)


@given(st.data(), histories(DISTINCT, edits=NEVER_REPACKS))
def test_what_is_declared_again_is_as_new_as_it_was_asked_to_be(
    data: st.DataObject, history: list[Target]
) -> None:
    """Also after another edit, though a removal folds away where nobody asked."""
    target = history[-1]
    known = [(row, key) for row, specs in target.packages.items() for key in specs]
    assume(known)
    manager, removed = data.draw(st.sampled_from(known))
    rest = {k: v for k, v in target.packages[manager].items() if k != removed}
    without = replace(target, packages={**target.packages, manager: rest})
    committed = update(replayed(history)[-1], without)
    upgrade = data.draw(st.frozensets(st.sampled_from(known)))
    once = run(committed, committed, target, Requests(upgrade=upgrade))
    wider = replace(target, stages=(*target.stages, Stage("later", commands=("x",))))
    there = run(committed, once, wider)
    assert there.packages == once.packages


@given(st.data(), histories(DISTINCT))
def test_flags_outlive_an_edit(data: st.DataObject, history: list[Target]) -> None:
    """Asked, edited, locked, taken back and locked: as if only asked."""
    committed = replayed(history)[-1]
    asked = data.draw(requests(history[-1], committed))
    asked = replace(asked, repack=False, move=frozenset(), upgrade=frozenset())
    once = run(committed, committed, history[-1], asked)
    name = data.draw(st.sampled_from(sorted(renaming(history[-1]))))
    aside = renamed(history[-1], {name: "elsewhere"})
    there = run(committed, once, aside)
    back = run(committed, there, history[-1])
    assert dumps(back) == dumps(once)


def renaming(target: Target) -> list[str]:
    return [stage.name for stage in target.stages] or ["none"]


@given(st.data(), histories(DISTINCT))
def test_refresh_numbers_follow_renames(
    data: st.DataObject, history: list[Target]
) -> None:
    committed = replayed(history)[-1]
    asked = data.draw(requests(history[-1], committed))
    once = run(committed, committed, history[-1], asked)
    names = data.draw(renamings(history[-1]))
    after = run(committed, once, renamed(history[-1], names))
    for old, name in names.items():
        assert after.stages[name].stage.bump == once.stages[old].stage.bump
        assert after.stages[name].moves == once.stages[old].moves


@given(st.data(), histories(edits=NEVER_REPACKS))
def test_an_edit_taken_back_leaves_no_trace(
    data: st.DataObject, history: list[Target]
) -> None:
    """Whatever was edited, a base included, and however often it was locked."""
    committed = replayed(history)[-1]
    current = committed
    for _ in range(2):
        current = run(committed, current, data.draw(edited(history[-1])))
    assert dumps(run(committed, current, history[-1])) == dumps(committed)


@given(st.data(), histories(edits=NEVER_REPACKS))
def test_many_runs_of_one_edit_are_one(
    data: st.DataObject, history: list[Target]
) -> None:
    committed = replayed(history)[-1]
    first = data.draw(edited(history[-1], edits=NEVER_REPACKS))
    last = data.draw(edited(first))
    current = run(committed, committed, first)
    assert dumps(run(committed, current, last)) == dumps(update(committed, last))


@given(histories(least=2))
def test_a_repack_is_not_lost(history: list[Target]) -> None:
    committed = replayed(history)[-1]
    repacked = run(committed, committed, history[-1], Requests(repack=True))
    assert dumps(run(committed, repacked, history[-1])) == dumps(repacked)
