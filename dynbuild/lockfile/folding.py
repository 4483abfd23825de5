"""The end of a package log: groups that new events leave nothing to say fold away.

Only where no record is lost by it: nothing that stays stands on such a group, and what
takes its place has to run anyway. So no step that was built runs again.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import last_system_seq, unchecked_order
from dynbuild.steps.log import Event, Log, folded
from dynbuild.steps.model import Freshen, Group, Upgrade
from dynbuild.steps.pinned import ALL

Logs = Mapping[str, Log]
"""The package logs of a lock, by manager."""


def without_superseded(
    previous: Lock,
    lock: Lock,
    upgrade: Collection[tuple[str, str]],
    inherited: Lock | None = None,
) -> Lock:
    """Return a lock without those of the previous groups that end superseded.

    ``lock`` continues the previous one, its new events appended. From the last group
    on, each leaves whose events are all made redundant by the new ones, as long as only
    what is new stands on it; new events that just take such a group back leave with it.
    An upgrade stays below the next one of the same, and what is asked to ``upgrade``
    stays new. What is ``inherited`` of another image is not this one's to fold.
    """
    last = previous.last_seq
    if not any(event.seq > last for _, _, event in _events(lock.packages)):
        return lock
    stands = 0 if inherited is None else last_system_seq(inherited)
    floor = max(stands, _stood_on(lock, last), _upgraded_again(lock.packages, last))
    floor = max(floor, _bringing_others(previous))
    since = _superseded_from(lock.packages, floor, last, upgrade)
    if since is None:
        return lock
    logs = {manager: folded(log, since) for manager, log in lock.packages.items()}
    return replace(lock, packages={name: log for name, log in logs.items() if log})


def _bringing_others(lock: Lock) -> int:
    """Return the seq of the last group that brought packages besides its own.

    Their versions are written down: without it, others would have older ones again.
    """
    named: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    for manager, key, event in _events(lock.packages):
        named[manager, event.seq].add(key)
    return max(
        (
            seq
            for manager, platforms in lock.resolved.items()
            for events in platforms.values()
            for seq, versions in events.items()
            if versions.keys() - named[manager, seq] - {ALL}
        ),
        default=0,
    )


def _stood_on(lock: Lock, last: int) -> int:
    """Return the seq up to which something stands that stays, and is no group."""
    return max(
        (
            step.seq
            for step in unchecked_order(lock)
            if step.seq <= last and not isinstance(step.step, Group)
        ),
        default=0,
    )


def _upgraded_again(logs: Logs, last: int) -> int:
    """Return the seq of the last upgrade of what is upgraded once more.

    In the place of that one, the new one would fetch again what that one fetched.
    """
    again_ = Upgrade | Freshen
    upgrades = [one for one in _events(logs) if isinstance(one[2].action, again_)]
    again = {(manager, key) for manager, key, event in upgrades if event.seq > last}
    return max(
        (
            event.seq
            for manager, key, event in upgrades
            if event.seq <= last and (manager, key) in again
        ),
        default=0,
    )


def _superseded_from(
    logs: Logs, floor: int, last: int, upgrade: Collection[tuple[str, str]]
) -> int | None:
    """Return the seq of the first of the last groups that are superseded, if any is."""
    groups: defaultdict[int, set[tuple[str, str]]] = defaultdict(set)
    for manager, key, event in _events(logs):
        if floor < event.seq <= last:
            groups[event.seq].add((manager, key))
    since = None
    for seq in sorted(groups, reverse=True):
        for manager, key in groups[seq]:
            left = folded({key: logs[manager][key]}, seq).get(key, ())
            if any(seq <= event.seq <= last for event in left):
                return since
            if (manager, key) in upgrade and all(event.seq <= last for event in left):
                return since
        since = seq
    return since


def _events(logs: Logs) -> Iterator[tuple[str, str, Event]]:
    for manager, log in logs.items():
        for key, events in log.items():
            yield from ((manager, key, event) for event in events)
