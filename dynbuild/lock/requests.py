"""What earlier commands asked for and a new start from git's HEAD must not lose."""

from dynbuild.lock.model import Lock
from dynbuild.lock.renames import continued, facts_of, links, stages_of
from dynbuild.lock.update import Requests
from dynbuild.steps.model import Upgrade


def asked_since(committed: Lock, current: Lock) -> Requests:
    """The requests that lead from a committed lock to the one in the file.

    ``dynbuild lock`` starts from the committed lock, so that the many runs of one
    edit become one. Refresh numbers, upgrades and moves that were asked for since
    then are in the file alone: they are asked for again.
    """
    names = continued(committed, current)
    before, after = stages_of(committed), stages_of(current)
    old_facts = facts_of(before.values(), committed)
    new_facts = facts_of(after.values(), current)
    bump = {
        name: after[name].bump
        for name, old in names.items()
        if after[name].bump > before[old].bump
    }
    move = {
        name
        for name, old in names.items()
        if name not in bump
        and old_facts[old] == new_facts[name]
        and links(before[old]) == links(after[name], names)
        and current.stages[name].moves > committed.stages[old].moves
    }
    upgrade = {
        (manager, key)
        for manager, log in current.packages.items()
        for key, events in log.items()
        for event in events
        if isinstance(event.action, Upgrade)
        and event not in committed.packages.get(manager, {}).get(key, ())
    }
    return Requests(bump, frozenset(move), frozenset(upgrade))


def is_repacked(committed: Lock, current: Lock) -> bool:
    """Whether the file's lock was numbered anew: a stage that stayed went forward."""
    return any(
        current.stages[name].seq < committed.stages[old].seq
        for name, old in continued(committed, current).items()
    )


def combined(first: Requests, second: Requests) -> Requests:
    """Both; where they differ, the second."""
    return Requests(
        {**first.bump, **second.bump},
        first.move | second.move,
        first.upgrade | second.upgrade,
        first.repack or second.repack,
    )
