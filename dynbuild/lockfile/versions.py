"""The versions of a lock as text, and back: one line for each package and platform.

A line has the events that brought a version of the package, as a line of its log has
those that asked for it: so versions are appended, and two changes seldom touch the same
lines. Each platform has a table of its own, so that a line never claims anything of a
platform on which nothing was installed.
"""

import re
from collections.abc import Iterator, Mapping

from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.table import TableReader
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.managers.came import Pinning
from dynbuild.steps.pinned import ALL, Events, Resolved
from dynbuild.steps.pins import pinning_of

_CHOSEN = r"=[a-z0-9][a-z0-9+.:,-]*"

KeyPath = tuple[str, ...]

NEWEST = max(row.pinning.since for row in MANAGERS.values() if row.pinning)
"""The version of a lock that can hold the versions of every manager's packages."""


def tables(at: KeyPath, lock: Lock) -> Iterator[tuple[KeyPath, Mapping[str, object]]]:
    """Yield the tables of a lock's versions, and the seq from which they have to be."""
    since = lock.resolve_since
    yield at, {} if since is None else {"since": since}
    for manager in MANAGERS:
        for platform, events in sorted(lock.resolved.get(manager, {}).items()):
            yield (*at, manager, platform), _lines(events)


def _lines(events: Events) -> dict[str, list[str]]:
    lines: dict[str, list[str]] = {}
    for seq, found in sorted(events.items()):
        for name, version in found.items():
            lines.setdefault(name, []).append(f"{seq} {version}")
    return dict(sorted(lines.items()))


def read(table: TableReader) -> tuple[Resolved, int | None]:
    """Return the versions in a table, and the seq from which they have to be there.

    An event that gives a package two versions, as after a merge, has none. Raises
    LockError.
    """
    since = table.number("since", least=1) if "since" in table.left() else None
    resolved: dict[str, dict[str, Events]] = {}
    for manager, platforms in table.children():
        pinning = MANAGERS[manager].pinning if manager in MANAGERS else None
        if pinning is None:
            raise table.wrong(f"versions of {manager!r} are not written down")
        for platform, lines in platforms.children():
            if events := _events(lines, pinning):
                resolved.setdefault(manager, {})[platform] = events
    return resolved, since


def since(resolved: Resolved) -> int:
    """Return the lowest version of a lock that can hold some versions of packages."""
    return max((pinning_of(manager).since for manager in resolved), default=0)


def _events(table: TableReader, pinning: Pinning) -> Events:
    event = re.compile(rf"([1-9][0-9]{{0,17}}) ({pinning.version}|{_CHOSEN}|-)")
    found: dict[int, dict[str, str]] = {}
    torn: set[int] = set()
    for name in [*table.left()]:
        if name != ALL and not re.fullmatch(pinning.name, name):
            raise table.wrong(f"{name!r} is no name of a package")
        for text in table.strings(name):
            match = event.fullmatch(text)
            if match is None:
                raise table.wrong(f"{text!r} is no version of an event")
            seq, version = int(match[1]), match[2]
            if found.setdefault(seq, {}).setdefault(name, version) != version:
                torn.add(seq)
    return {seq: one for seq, one in sorted(found.items()) if seq not in torn}
