"""How many upgrades were asked for: a number that stays when their events are gone.

Two upgrades of the same, one of which is in the log no more, would be one step: what
was built for the first would be taken for the second. Each has a number of its own,
larger than all before it in any part of the lock.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from dynbuild.lockfile.model import Lock
from dynbuild.steps.log import (
    Event,
    Log,
    freshened,
    numbers,
    requested,
    with_numbers,
)
from dynbuild.steps.model import Freshen, Install, Remove

if TYPE_CHECKING:
    from dynbuild.lockfile.update import Requests

Numbers = Mapping[str, int]
"""How many upgrades were asked for, by manager."""


ALL = 0
"""The seq from which on all is built anew where nothing stays."""


def so_far(lock: Lock, above: Lock | None = None) -> dict[str, int]:
    """Return how many upgrades were asked for, of all that a lock tells.

    What is ``above`` an image is counted there: each part of a line by itself.
    """
    return largest(lock.upgrades, shown_by(lock, above))


def shown_by(lock: Lock, above: Lock | None = None) -> dict[str, int]:
    """Return the largest numbers of the logs of a lock."""
    inherited = above.stages if above else {}
    entries = (one for name, one in lock.stages.items() if name not in inherited)
    own = logs_beyond(lock.packages, above.packages if above else {})
    found = (_shown(logs) for logs in (own, *(entry.packages for entry in entries)))
    return largest(*found)


def largest(*found: Numbers) -> dict[str, int]:
    """Return the largest of some numbers, without those that are 0."""
    managers = sorted({manager for one in found for manager in one})
    known = {m: max(one.get(m, 0) for one in found) for m in managers}
    return {manager: number for manager, number in known.items() if number}


def untold(counted: Numbers, shown: Numbers) -> dict[str, int]:
    """Return the numbers that no log shows: these a lock has to say."""
    return {
        manager: number
        for manager, number in counted.items()
        if number > shown.get(manager, 0)
    }


def upgraded_since(
    logs: Mapping[str, Log], before: Mapping[str, Log], counted: Numbers
) -> Iterator[tuple[str, str]]:
    """Yield manager and key of the packages that were asked to be upgraded since.

    An upgrade that was not there tells it; so does what is installed anyway, where its
    number is larger than what was ``counted`` before, unless it has that of something
    that was freshened with it. Of several with one number, those are not meant that
    were there with the same spec, in an event that is gone: it would have stayed.
    """
    fresh = [*_freshened_since(logs, before)]
    for manager, log in logs.items():
        last, there = counted.get(manager, 0), before.get(manager, {})
        told = {event.seq for row, _, event in fresh if row == manager}
        numbered: defaultdict[int, list[str]] = defaultdict(list)
        for key, events in log.items():
            known = {event.fact for event in there.get(key, ())}
            others = [one for one in events if not isinstance(one.action, Freshen)]
            if any(event.fact not in known for event in requested(key, others)):
                yield manager, key
            for event in others:
                if (event.number or 0) > last and event.seq not in told:
                    numbered[event.seq].append(key)
        for keys in numbered.values():
            meant = [k for k in keys if not _is_back(there.get(k, ()), log[k])]
            yield from ((manager, key) for key in meant or keys)


def _is_back(before: Iterable[Event], events: Iterable[Event]) -> bool:
    """Whether a package has a spec that it had before, in an event that is gone."""
    facts = {event.fact for event in events}
    specs = {event.action for event in events}
    return any(
        isinstance(event.action, Install) and event.action in specs
        for event in before
        if event.fact not in facts
    )


def freshened_since(
    logs: Mapping[str, Log], before: Mapping[str, Log]
) -> dict[tuple[str, str], Freshen]:
    """Return by manager and key what nobody declares and was upgraded since."""
    return {
        (manager, key): event.action
        for manager, key, event in _freshened_since(logs, before)
        if isinstance(event.action, Freshen)
    }


def _freshened_since(
    logs: Mapping[str, Log], before: Mapping[str, Log]
) -> Iterator[tuple[str, str, Event]]:
    for manager, log in logs.items():
        there = before.get(manager, {})
        for key, events in log.items():
            known = {event.fact for event in there.get(key, ())}
            for event in freshened(events):
                if event.fact not in known:
                    yield manager, key, event


def of_next(counted: Numbers, asked: "Requests", manager: str) -> int:
    """Return the number of an upgrade that is asked for now."""
    return max(counted.get(manager, 0) + 1, asked.upgrades.get(manager, 0))


def with_upgrades(
    lock: Lock,
    previous: Lock,
    asked: "Requests",
    above: Lock | None,
    since: int | None,
) -> Lock:
    """Return an updated lock that tells all upgrades from one another.

    What stays has the number that it had in the ``previous`` lock, and an upgrade that
    is asked for one that nothing has had. From the seq ``since`` on all is built anew:
    the first that is there has the number of the upgrades that are gone, so that it is
    no step from before them.
    """
    counted = so_far(previous, above)
    inherited = above.packages if above else {}
    before = logs_beyond(previous.packages, inherited)
    logs = {}
    for manager, own in logs_beyond(lock.packages, inherited).items():
        kept = numbers(before.get(manager, {}))
        seqs = {event.seq for events in own.values() for event in events}
        wanted = {seq: kept[seq] for seq in seqs & kept.keys() if since != ALL}
        anew = [seq for seq in seqs if since is not None and seq >= since]
        if anew:
            first, lost = min(anew), kept.keys() - wanted.keys()
            gone = max((kept[seq] for seq in lost), default=0)
            if gone > max((n for seq, n in wanted.items() if seq <= first), default=0):
                wanted[first] = gone
        wished = {
            key for row, key in (*asked.upgrade, *asked.freshen) if row == manager
        }
        for key in own.keys() & wished:
            # Of what is built anew from below, the upgrade itself was left out.
            last = own[key][-1]
            known = {one.fact for one in before.get(manager, {}).get(key, ())}
            new = isinstance(last.action, Freshen) and last.fact not in known
            asked_for = (manager, key) in asked.upgrade
            if new or (asked_for and not isinstance(last.action, Remove)):
                wanted[last.seq] = of_next(counted, asked, manager)
        logs[manager] = with_numbers(own, wanted)
    found = replace(lock, packages=_put_back(lock.packages, logs))
    counted = largest(counted, asked.upgrades, shown_by(found, above))
    return replace(found, upgrades=untold(counted, shown_by(found, above)))


def logs_beyond(
    logs: Mapping[str, Log], above: Mapping[str, Log]
) -> dict[str, dict[str, tuple[Event, ...]]]:
    """Return the events of package logs that others lack, by manager and package."""
    found = {}
    for manager, log in logs.items():
        known = above.get(manager, {})
        own = {
            key: rest
            for key, events in log.items()
            if (rest := tuple(e for e in events if e not in known.get(key, ())))
        }
        if own:
            found[manager] = own
    return found


def _put_back(logs: Mapping[str, Log], own: Mapping[str, Log]) -> dict[str, Log]:
    """Return logs in which an image's own events are as they are numbered."""
    return {
        manager: {
            key: tuple(
                {event.fact: event for event in own.get(manager, {}).get(key, ())}.get(
                    event.fact, event
                )
                for event in events
            )
            for key, events in log.items()
        }
        for manager, log in logs.items()
    }


def _shown(logs: Mapping[str, Log]) -> dict[str, int]:
    return {
        manager: max(numbers(log).values(), default=0) for manager, log in logs.items()
    }
