"""Requests of earlier commands, which a new start from git's HEAD must not lose."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from dynbuild.lockfile.model import Lock, declared_packages, is_same
from dynbuild.lockfile.own_packages import is_begun_anew, own_upgraded_since
from dynbuild.lockfile.renames import continued, facts_of, follow, links, stages_of
from dynbuild.lockfile.snapshots import is_of_another_time
from dynbuild.lockfile.update import Requests, logs_after
from dynbuild.lockfile.upgrades import (
    freshened_since,
    largest,
    so_far,
    upgraded_since,
)
from dynbuild.steps.log import Event, Log
from dynbuild.steps.model import Remove


def asked_since(committed: Lock, current: Lock) -> Requests:
    """Return the requests that lead from a committed lock to the one in the file.

    ``dynbuild lock`` starts from the committed lock, so that the many runs of one
    edit become one. Refresh numbers, upgrades and moves that were requested since
    then are in the file alone: they are requested again. A stage that moved more
    often though nothing of it changed was moved on request.
    """
    names = continued(committed, current)
    before, after = stages_of(committed), stages_of(current)
    old_facts, new_facts = facts_of(committed), facts_of(current)
    kept = {name: before[old].bump for name, old in names.items()}
    again = {
        name: stage.bump
        for name, stage in after.items()
        if stage.bump > kept.get(name, 0)
    }
    moved = {
        name
        for name, old in names.items()
        if name not in again
        and old_facts[old] == new_facts[name]
        and links(before[old]) == links(after[name], follow(names))
        and current.stages[name].moves > committed.stages[old].moves
    }
    asked = Requests(
        upgrade=_upgraded_since(committed, current),
        upgrade_own=own_upgraded_since(committed, current),
        earlier=current,
        again=again,
        moved=frozenset(moved),
        upgrades=so_far(current),
        freshen=freshened_since(current.packages, committed.packages),
    )
    relisted = _relisted_anew(committed, current, asked)
    return replace(asked, upgrade=asked.upgrade | relisted) if relisted else asked


def _upgraded_since(committed: Lock, current: Lock) -> frozenset[tuple[str, str]]:
    counted = so_far(committed)
    return frozenset(upgraded_since(current.packages, committed.packages, counted))


def _relisted_anew(
    committed: Lock, current: Lock, asked: Requests
) -> frozenset[tuple[str, str]]:
    """Return what was removed, and is declared again in its newest version on request.

    Without one its removal is folded away, and it has the version that it had.
    """
    there = declared_packages(current)
    relisted = [
        (manager, key, events[-1].fact)
        for manager, log in committed.packages.items()
        for key, events in log.items()
        if isinstance(events[-1].action, Remove)
        and key in there.get(manager, {})
        and events[-1].fact in {one.fact for one in current.packages[manager][key]}
    ]
    if not relisted:
        return frozenset()
    kept = logs_after(committed, current, asked)
    return frozenset(
        (manager, key)
        for manager, key, removal in relisted
        if removal not in {one.fact for one in kept.get(manager, {}).get(key, ())}
    )


def fixed_there(asked: Requests, main: Lock) -> frozenset[tuple[str, str]]:
    """Return what is to be freshened and is declared on ``main``: it is upgraded there.

    Main's layer of it may be older than the branch's fix.
    """
    there = declared_packages(main)
    return frozenset(
        (manager, key)
        for manager, key in asked.freshen
        if key in there.get(manager, {})
    )


def is_repacked(committed: Lock, current: Lock) -> bool:
    """Whether the file's lock was renumbered on request since it was committed.

    A number that decreased shows it, or an event that is gone and does not fold away
    by itself, or is of another snapshot now. With another base, or without what was
    set up on it, the lock is renumbered anyway, and will be again from the committed
    lock.
    """
    left = committed.setups.keys() - current.setups.keys()
    if left or not is_same(committed.base, current.base):
        return False
    numbers = [
        (committed.stages[old].seq, current.stages[name].seq)
        for name, old in continued(committed, current).items()
    ]
    for kind in ("setups", "sources", "scripts"):
        before, after = getattr(committed, kind), getattr(current, kind)
        numbers += [(before[key], after[key]) for key in before.keys() & after.keys()]
    if committed.user and current.user:
        numbers.append((committed.user_seq, current.user_seq))
    if any(after < before for before, after in numbers):
        return True
    if is_begun_anew(committed, current) or is_of_another_time(committed, current):
        return True
    gone = [*_events_beyond(committed, current.packages)]
    if not gone:
        return False
    asked = Requests(
        upgrade=_upgraded_since(committed, current),
        freshen=freshened_since(current.packages, committed.packages),
    )
    kept = logs_after(committed, current, asked)
    return any(
        event.fact in {one.fact for one in kept.get(manager, {}).get(key, ())}
        for manager, key, event in gone
    )


def _events_beyond(
    lock: Lock, known: Mapping[str, Log]
) -> Iterator[tuple[str, str, Event]]:
    """Yield the events of a lock that others lack, with manager and package."""
    for manager, log in lock.packages.items():
        there = known.get(manager, {})
        for key, events in log.items():
            for event in events:
                if event.fact not in {known.fact for known in there.get(key, ())}:
                    yield manager, key, event


def combined(first: Requests, second: Requests) -> Requests:
    """Combine both requests; where they differ, the second wins."""
    known = second if second.earlier else first
    return Requests(
        {**first.bump, **second.bump},
        first.move | second.move,
        first.upgrade | second.upgrade,
        first.repack or second.repack,
        known.earlier,
        known.again,
        known.moved,
        first.upgrade_own | second.upgrade_own,
        largest(first.upgrades, second.upgrades),
        {**first.freshen, **second.freshen},
    )
