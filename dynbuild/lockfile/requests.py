"""Requests of earlier commands, which a new start from git's HEAD must not lose."""

from dynbuild.lockfile.model import Lock, is_same
from dynbuild.lockfile.renames import continued, facts_of, follow, links, stages_of
from dynbuild.lockfile.update import Requests, rebuilt_from
from dynbuild.steps.model import Upgrade


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
    upgrade = {
        (manager, key)
        for manager, log in current.packages.items()
        for key, events in log.items()
        for event in events
        if isinstance(event.action, Upgrade)
        and event not in committed.packages.get(manager, {}).get(key, ())
    }
    return Requests(
        upgrade=frozenset(upgrade),
        earlier=current,
        again=again,
        moved=frozenset(moved),
    )


def is_repacked(committed: Lock, current: Lock) -> bool:
    """Whether the file's lock was renumbered on request since it was committed.

    A number that decreased, or an event that is gone, shows it. With another base the
    lock is renumbered anyway, and will be again from the committed lock.
    """
    if not is_same(committed.base, current.base):
        return False
    numbers = [
        (committed.stages[old].seq, current.stages[name].seq)
        for name, old in continued(committed, current).items()
    ]
    for kind in ("sources", "scripts"):
        before, after = getattr(committed, kind), getattr(current, kind)
        numbers += [(before[key], after[key]) for key in before.keys() & after.keys()]
    if committed.user and current.user:
        numbers.append((committed.user_seq, current.user_seq))
    folded = rebuilt_from(committed, current)
    return any(after < before for before, after in numbers) or any(
        event not in current.packages.get(manager, {}).get(key, ())
        and (folded is None or event.seq < folded)
        for manager, log in committed.packages.items()
        for key, events in log.items()
        for event in events
    )


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
    )
