"""What a new group supersedes at the end of the chain folds away, and nothing runs."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dynbuild.lockfile.changes import Change, compare
from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.model import Lock, Target, declared_packages
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.renames import continued
from dynbuild.lockfile.requests import asked_since, is_repacked
from dynbuild.lockfile.update import Requests, update
from dynbuild.steps.log import EVERYTHING
from dynbuild.steps.model import Copy, Group, Stage
from tests.properties import reference as naive
from tests.properties.strategies import BASES, SOURCES, USERS
from tests.properties.test_requests import run
from tests.properties.test_update import digests

NAMES = ("curl", "git", "jq")
SPECS = st.dictionaries(
    st.sampled_from(NAMES), st.sampled_from(["=1", "=2", ""]), max_size=3
).map(lambda specs: {name: name + version for name, version in specs.items()})
LIVE = Stage("live", copies=(Copy("src", "/src/"),), commands=("make",))
Version = tuple[Target, Requests, frozenset[str]]


@st.composite
def versions(draw: st.DrawFn) -> Version:
    """Much of packages, and now and then something that stands on them."""
    stages = [
        Stage(name, commands=(f"make {name} {draw(st.sampled_from('1112'))}",))
        for name in draw(st.sampled_from(["", "", "", "a", "ab"]))
    ]
    if draw(st.integers(0, 3)) == 0:
        stages.append(LIVE)
    seldom = st.sampled_from([False, False, False, True])
    packages = {"apt": draw(SPECS), "pip": draw(SPECS)}
    declared = {manager: specs for manager, specs in packages.items() if specs}
    keys = [(manager, key) for manager, specs in declared.items() for key in specs]
    return (
        Target(
            BASES[0],
            declared,
            sources=SOURCES[:1] * draw(seldom),
            scripts=("ldconfig",) * draw(seldom),
            user=USERS[1] if draw(seldom) else None,
            stages=tuple(stages),
        ),
        Requests(upgrade=frozenset(keys) if draw(seldom) else frozenset()),
        frozenset({"live"}) if draw(st.booleans()) else frozenset(),
    )


HISTORIES = st.lists(versions(), min_size=2, max_size=8)


def replayed(history: list[Version]) -> list[Lock]:
    locks: list[Lock] = []
    for target, asked, edited in history:
        locks.append(update(locks[-1] if locks else None, target, asked, edited))
    return locks


@given(HISTORIES)
def test_as_the_reference_has_it(history: list[Version]) -> None:
    previous = None
    for target, asked, edited in history:
        names = dict(continued(previous, target)) if previous else {}
        lock = update(previous, target, asked, edited)
        wanted = naive.reference(previous, target, asked, names, edited)
        found = naive.state_of(lock)
        assert found.events == {key: log for key, log in wanted.events.items() if log}
        assert (found.seqs, found.moves) == (wanted.seqs, wanted.moves)
        assert found.numbers == wanted.numbers
        previous = lock


@given(HISTORIES)
def test_nothing_runs_for_it(history: list[Version]) -> None:
    """Only what is new runs, and it would have run without."""
    locks = replayed(history)
    for (previous, lock), (target, asked, edited) in zip(
        pairwise(locks), history[1:], strict=True
    ):
        whole = update(previous, target, asked, edited, extended=True)
        known = {*digests(previous).values()}
        runs = {step for step, told in digests(lock).items() if told not in known}
        ran = {step for step, told in digests(whole).items() if told not in known}
        assert runs <= ran
        steps = {step.id: step for step in install_order(whole)}
        for step in install_order(lock):
            if step.id in runs and isinstance(step.step, Group):
                there = steps[step.id].step
                assert isinstance(there, Group)
                assert step.step.actions.keys() <= there.actions.keys()


@given(HISTORIES)
def test_it_says_what_is_declared_and_nothing_is_lost_to_the_reader(
    history: list[Version],
) -> None:
    locks = replayed(history)
    for (previous, lock), (target, _, edited) in zip(
        pairwise(locks), history[1:], strict=True
    ):
        assert declared_packages(lock) == target.packages
        assert loads(dumps(lock)) == lock
        assert update(lock, target, edited=edited) == lock
        assert bool(compare(previous, lock)) == (previous != lock)
        if not previous.scripts and not previous.sources:
            assert not is_repacked(previous, lock)
        once = update(previous, target, asked_since(previous, lock), edited)
        assert once.packages == lock.packages


@given(HISTORIES, st.lists(versions(), min_size=1, max_size=3))
def test_many_runs_of_one_edit_are_one(
    history: list[Version], tries: list[Version]
) -> None:
    committed = current = replayed(history)[-1]
    for target, _, _ in tries:
        current = run(committed, current, target)
    assert dumps(current) == dumps(update(committed, tries[-1][0]))


def after(*lists: str) -> Lock:
    """The lock after some versions of a list."""
    lock = None
    for specs in lists:
        wanted = {spec.partition("=")[0]: spec for spec in specs.split()}
        lock = update(lock, Target(BASES[0], {"apt": wanted}))
    assert lock is not None
    return lock


def events(lock: Lock) -> dict[str, list[str]]:
    return {
        key: [f"{seq} {what}" for seq, what in log]
        for (_, key), log in naive.state_of(lock).events.items()
    }


def test_a_pin_that_changes_again_and_again_stays_one_event() -> None:
    pins = [f"curl git={number}" for number in range(1, 100)]
    assert events(after("curl", *pins)) == {"curl": ["1 curl"], "git": ["100 git=99"]}


def test_each_upgrade_is_a_step_that_was_not_there() -> None:
    """One in the place of another would be that very step, and so not be run."""
    target = Target(BASES[0], {"apt": {"curl": "curl", EVERYTHING: EVERYTHING}})
    keys = frozenset({("apt", "curl"), ("apt", EVERYTHING)})
    lock, known = update(None, target), set[str]()
    for number in range(4):
        newest = [*digests(lock).values()][-1]
        assert newest not in known
        known |= {*digests(lock).values()}
        assert len(known) == number + 1
        lock = update(lock, target, Requests(upgrade=keys))
    assert events(lock)[EVERYTHING] == ["1 ^", "2 ^", "3 ^", "4 ^", "5 ^"]
    without = update(lock, Target(BASES[0], {"apt": {"curl": "curl"}}))
    assert "*" not in declared_packages(without)["apt"]


def test_what_is_taken_back_is_as_if_it_never_was() -> None:
    before, there = after("curl git"), after("curl git", "curl git=2 jq")
    back = after("curl git", "curl git=2 jq", "curl git")
    assert back == before
    assert compare(there, back) == (
        Change("changed", "apt", "git", details=("without 2 git=2",)),
        Change("removed", "apt", "jq", details=("without 2 jq",)),
    )


def test_a_removal_taken_back() -> None:
    there, back = after("curl git", "curl"), after("curl git", "curl", "curl git")
    assert compare(there, back) == (
        Change("added", "apt", "git", details=("without 2 -",)),
    )


def test_what_something_stands_on_stays() -> None:
    stage = Stage("a", commands=("make",))
    lock = None
    for number, stages in ((1, (stage,)), (2, (stage,)), (3, (stage,))):
        specs = {"git": f"git={number}"}
        lock = update(lock, Target(BASES[0], {"apt": specs}, stages=stages))
    assert lock is not None
    # The stage stands on the first; the second was nobody's.
    assert events(lock) == {"git": ["1 git=1", "4 git=3"]}


def test_half_of_a_group_stays_whole() -> None:
    assert events(after("curl", "curl git=1 jq", "curl git=2 jq")) == {
        "curl": ["1 curl"],
        "git": ["2 git=1", "3 git=2"],
        "jq": ["2 jq"],
    }


def test_a_repack_is_told_from_what_folds() -> None:
    committed = after("curl", "curl git=1 jq", "curl git=2 jq")
    target = Target(BASES[0], declared_packages(committed))
    packed = update(committed, target, Requests(repack=True))
    assert is_repacked(committed, packed)
    assert not is_repacked(committed, after("curl", "curl git=1 jq", "curl git=2 jq"))
    folded = after("curl", "curl git=1 jq", "curl git=2 jq", "curl git=3 jq")
    assert not is_repacked(committed, folded)
    assert replace(folded, packages={}) == replace(committed, packages={})
