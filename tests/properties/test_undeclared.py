"""Histories with upgrades of what nobody declares: none is lost, none built before."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dynbuild.lockfile.changes import compare
from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.model import Lock, Target, declared_packages
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.renames import continued
from dynbuild.lockfile.requests import asked_since, is_repacked
from dynbuild.lockfile.update import Requests, update
from dynbuild.steps.log import Event, freshened
from dynbuild.steps.model import Group, Stage
from tests.properties import reference as naive
from tests.properties.edits import UNDECLARED
from tests.properties.strategies import BASES, SOURCES
from tests.properties.test_update import digests

NAMES = ("curl", "git", "jq")
SPECS = st.dictionaries(
    st.sampled_from(NAMES), st.sampled_from(["=1", "=2", ""]), max_size=3
).map(lambda specs: {name: name + version for name, version in specs.items()})
Version = tuple[Target, Requests]


@st.composite
def versions(draw: st.DrawFn) -> Version:
    stages = [
        Stage(name, commands=(f"make {name} {draw(st.sampled_from('112'))}",))
        for name in draw(st.sampled_from(["", "", "", "a", "ab"]))
    ]
    seldom = st.sampled_from([False, False, False, True])
    specs = draw(SPECS)
    target = Target(
        BASES[0],
        {"apt": specs} if specs else {},
        sources=SOURCES[:1] * draw(seldom),
        scripts=("ldconfig",) * draw(seldom),
        stages=tuple(stages),
    )
    repack = draw(st.integers(0, 9)) == 0
    return target, Requests(freshen=draw(UNDECLARED), repack=repack)


HISTORIES = st.lists(versions(), min_size=2, max_size=7)


def replayed(history: list[Version]) -> list[Lock]:
    locks: list[Lock] = []
    for target, asked in history:
        locks.append(update(locks[-1] if locks else None, target, asked))
    return locks


@given(HISTORIES)
def test_as_the_reference_has_it(history: list[Version]) -> None:
    previous = None
    for target, asked in history:
        names = dict(continued(previous, target)) if previous else {}
        lock = update(previous, target, asked)
        wanted = naive.reference(previous, target, asked, names)
        found = naive.state_of(lock)
        assert found.events == {key: log for key, log in wanted.events.items() if log}
        assert (found.seqs, found.moves) == (wanted.seqs, wanted.moves)
        assert found.numbers == wanted.numbers
        previous = lock


@given(HISTORIES)
def test_it_is_kept_and_told(history: list[Version]) -> None:
    locks = replayed(history)
    for (previous, lock), (target, asked) in zip(
        pairwise(locks), history[1:], strict=True
    ):
        assert declared_packages(lock) == target.packages
        assert loads(dumps(lock)) == lock
        assert update(lock, target) == lock
        assert bool(compare(previous, lock)) == (previous != lock)
        if asked.repack:
            assert not [*freshened(_events(lock))]
            continue
        if not previous.scripts and not previous.sources:
            assert not is_repacked(previous, lock)
        once = update(previous, target, asked_since(previous, lock))
        assert once.packages == lock.packages


@given(HISTORIES)
def test_none_that_was_asked_for_is_lost_or_built_already(
    history: list[Version],
) -> None:
    """Each is an event of a step that was not there; none of before leaves the log."""
    locks = replayed(history)
    built = {*digests(locks[0]).values()}
    for (previous, lock), (_, asked) in zip(pairwise(locks), history[1:], strict=True):
        there = declared_packages(previous).get("apt", {})
        wanted = declared_packages(lock).get("apt", {})
        log = lock.packages.get("apt", {})
        steps = digests(lock)
        for row, key in asked.freshen:
            if asked.repack or key in there or key in wanted:
                continue
            last = [*freshened(log[key])][-1]
            (step,) = (
                placed.id
                for placed in install_order(lock)
                if isinstance(placed.step, Group)
                and (placed.step.manager, placed.seq) == (row, last.seq)
            )
            assert steps[step] not in built
        if not asked.repack:
            for key, events in previous.packages.get("apt", {}).items():
                assert any(freshened(events)) <= any(freshened(log.get(key, ())))
        built |= {*steps.values()}


def _events(lock: Lock) -> list[Event]:
    return [
        event for events in lock.packages.get("apt", {}).values() for event in events
    ]
