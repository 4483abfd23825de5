"""The packages of a stage with a base of its own: their log, sources, and groups.

They are numbered by themselves: no other step stands on them, so that their place in
the install order is that of their stage.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from dynbuild.lockfile.model import Entry, Lock, Target, is_same
from dynbuild.lockfile.origins import with_origins
from dynbuild.lockfile.renames import Names, continued
from dynbuild.lockfile.upgrades import of_next, so_far, upgraded_since
from dynbuild.steps.log import (
    Log,
    changes_of,
    declared,
    groups,
    happened,
    numbers,
    with_numbers,
)
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import AptSource, Group, Index, Stage

if TYPE_CHECKING:
    from dynbuild.lockfile.update import Requests

Logs = Mapping[str, Log]
_NO_LOGS: Logs = {}
_NO_SOURCES: Mapping[AptSource, int] = {}


def key_of(manager: str, key: str) -> str:
    """Return the key of a package among those of a stage."""
    return f"{manager} {key}"


def declared_by(logs: Logs) -> dict[str, str]:
    """Return the packages that the logs of a stage add up to."""
    return {
        key_of(manager, key): spec
        for manager, log in logs.items()
        for key, spec in declared(log).items()
    }


def indexes_of(stage: Stage) -> dict[str, tuple[Index, ...]]:
    """Return where the packages of a stage come from, by manager."""
    return {
        row.name: found
        for row in MANAGERS.values()
        if row.index_field and (found := getattr(stage, row.index_field))
    }


def groups_of(entry: Entry, mirrors: Mapping[str, str]) -> Iterator[tuple[int, Group]]:
    """Yield the groups that a stage stands on, in their order."""
    if not entry.packages:
        return
    order = [*MANAGERS]
    indexes = indexes_of(entry.stage)
    found = [
        (number, with_origins(group, number, indexes, entry.sources, mirrors))
        for manager, log in entry.packages.items()
        for number, group in groups(manager, log)
    ]
    yield from sorted(found, key=lambda one: (one[0], order.index(one[1].manager)))


def own_steps(
    entry: Entry, mirrors: Mapping[str, str]
) -> Iterator[tuple[str, Group | AptSource]]:
    """Yield the ids and steps of what a stage stands on on its own base, in order."""
    before = sorted(entry.sources.items(), key=lambda item: (item[1], repr(item[0])))
    steps: list[tuple[int, int, str, Group | AptSource]] = [
        (number, place, f"source.{number}.{place}", source)
        for place, (source, number) in enumerate(before, 1)
    ]
    steps += [
        (number, len(before) + place, f"{group.manager}.{number}", group)
        for place, (number, group) in enumerate(groups_of(entry, mirrors), 1)
    ]
    for *_, kind, step in sorted(steps, key=lambda one: one[:2]):
        yield f"{entry.stage.name}.{kind}", step


def with_packages(  # noqa: PLR0913, PLR0917 - all that decides a log
    lock: Lock,
    previous: Lock,
    target: Target,
    names: Names,
    asked: "Requests",
    above: Lock | None,
) -> Lock:
    """Return a lock whose stages have their logs, appended to the previous ones.

    A log begins anew on another base, from another index and without a source that it
    had: all of it is installed again there.
    """
    stages = {}
    counted = so_far(previous, above)
    for name, entry in lock.stages.items():
        stages[name] = entry
        before = previous.stages.get(names.get(name, ""))
        if not entry.stage.installs and not (before and before.packages):
            continue
        kept, sources = _NO_LOGS, _NO_SOURCES
        if before and not asked.repack and _goes_on(before, entry, previous, target):
            kept, sources = before.packages, before.sources
        upgrade = {key for stage, key in asked.upgrade_own if stage == name}
        at = target.snapshot.at if target.snapshot else None
        logs, sources = _appended(kept, sources, entry.stage, upgrade, at)
        was = before.packages if before else _NO_LOGS
        logs = {
            manager: _numbered(log, kept.get(manager, {}), was.get(manager, {}), number)
            for manager, log in logs.items()
            for number in [
                of_next(counted, asked, manager)
                if any(key.startswith(key_of(manager, "")) for key in upgrade)
                else None
            ]
        }
        if logs or sources:
            stages[name] = replace(entry, packages=logs, sources=sources)
    return replace(lock, stages=stages)


def _numbered(log: Log, kept: Log, was: Log, upgrade: int | None) -> Log:
    """Return a log whose new transaction differs from all that a stage had before.

    It has the number of the ``upgrade`` that is asked for, if one is; in a log that
    begins anew, the last one of the log that ``was``.
    """
    wanted = numbers(kept)
    last = max(wanted, default=0)
    shown = max(numbers(was).values(), default=0)
    for seq in {event.seq for events in log.values() for event in events}:
        if seq > last and upgrade is not None:
            wanted[seq] = upgrade
        elif seq > last and not kept:
            wanted[seq] = shown
    return with_numbers(log, wanted)


def is_begun_anew(committed: Lock, current: Lock) -> bool:
    """Whether a log lost events though it could go on: on request alone."""
    return any(
        event.fact
        not in {one.fact for one in after.packages.get(manager, {}).get(key, ())}
        for name, old in continued(committed, current).items()
        for before, after in [(committed.stages[old], current.stages[name])]
        if before.packages and _goes_on(before, after, committed, current)
        for manager, log in before.packages.items()
        for key, events in log.items()
        for event in events
    )


def _goes_on(
    before: Entry, after: Entry, previous: Lock, target: Lock | Target
) -> bool:
    """Whether what is installed for a stage stays, and more is put on it."""
    old, new = before.stage, after.stage
    if old.base is None or new.base is None or old.platform != new.platform:
        return False
    if indexes_of(old) != indexes_of(new) or before.sources.keys() - new.apt_sources:
        return False
    return is_same(previous.images[old.base], target.images[new.base])


def _appended(
    logs: Logs,
    sources: Mapping[AptSource, int],
    stage: Stage,
    upgrade: Collection[str],
    at: str | None,
) -> tuple[dict[str, Log], dict[AptSource, int]]:
    """Append what differs: new sources, and one event for every package."""
    wanted = stage.packages
    last = max(
        (
            *sources.values(),
            *(
                event.seq
                for log in logs.values()
                for events in log.values()
                for event in events
            ),
        ),
        default=0,
    )
    numbered = {one: sources.get(one, last + 1) for one in stage.apt_sources}
    found: dict[str, Log] = {}
    for manager in MANAGERS:
        log = dict(logs.get(manager, {}))
        head = key_of(manager, "")
        specs = {
            key.removeprefix(head): spec
            for key, spec in wanted.items()
            if key.startswith(head)
        }
        again = {key.removeprefix(head) for key in upgrade if key.startswith(head)}
        for key, action in changes_of(declared(log), specs, again).items():
            log[key] = (*log.get(key, ()), happened(manager, last + 1, action, at))
        if log:
            found[manager] = log
    return found, numbered


def own_upgraded_since(committed: Lock, current: Lock) -> frozenset[tuple[str, str]]:
    """Return the packages of stages that were upgraded since a lock was committed."""
    counted = so_far(committed)
    return frozenset(
        (name, key_of(manager, key))
        for name, old in continued(committed, current).items()
        for before in [committed.stages[old].packages]
        for manager, key in upgraded_since(
            current.stages[name].packages, before, counted
        )
    )
