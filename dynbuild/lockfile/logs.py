"""Package logs as tables of a lock, and back; and who has archives as they were.

What nobody declares has a table of its own, so that no line of it reads like a wish.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from dynbuild.lockfile.table import TableReader
from dynbuild.steps.log import (
    EVERYTHING,
    UNDECLARED,
    Event,
    Log,
    format_event,
    freshened,
    parse_event,
    parse_undeclared,
)
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.managers.apt_pinned import NAME
from dynbuild.steps.model import Freshen, Install
from dynbuild.steps.snapshots import ADDRESS, twice

KeyPath = tuple[str, ...]


def log_tables(at: KeyPath, log: Log) -> Iterator[tuple[KeyPath, Mapping[str, object]]]:
    """Yield the tables of a log."""
    yield (
        at,
        _lines(
            (key, [one for one in events if not isinstance(one.action, Freshen)])
            for key, events in log.items()
        ),
    )
    yield (*at, UNDECLARED), _lines((key, freshened(log[key])) for key in log)


def has_undeclared(log: Log) -> bool:
    """Whether a log has events of what nobody declares."""
    return any(True for events in log.values() for _ in freshened(events))


def _lines(log: Iterable[tuple[str, Iterable[Event]]]) -> dict[str, list[str]]:
    told = {key: [*map(format_event, events)] for key, events in sorted(log)}
    return {key: lines for key, lines in told.items() if lines}


def logs(table: TableReader, *, undeclared: bool = False) -> dict[str, Log]:
    """Return the logs of a table, by manager. Raises LockError, as all here.

    An image may have events of what is not declared.
    """
    found: dict[str, Log] = {}
    for row in MANAGERS.values():
        own = table.table(row.name)
        others: Log = {}
        if undeclared and row.freshens and isinstance(own.left().get(UNDECLARED), dict):
            others = _undeclared(own.table(UNDECLARED), dated=row.has_snapshots)
        log = {**_log(own, parse_event, dated=row.has_snapshots)}
        for key, events in others.items():
            log[key] = _in_order((*log.get(key, ()), *events))
        if log:
            found[row.name] = log
    return found


def _undeclared(table: TableReader, *, dated: bool) -> Log:
    for key in table.left():
        if not re.fullmatch(NAME, key):
            raise table.wrong(f"{key!r} is no name of a package")
    return _log(table, parse_undeclared, dated=dated)


def _log(table: TableReader, parse: Callable[[str], Event], *, dated: bool) -> Log:
    def event(text: str) -> Event:
        try:
            found = parse(text)
        except ValueError:
            raise table.wrong(f"{text!r} is no event of a package") from None
        if found.snapshot is not None and not dated:
            raise table.wrong(f"{text!r} is of a snapshot, which only apt knows")
        return found

    log = {}
    for key in list(table.left()):
        events = _in_order(map(event, table.strings(key)))
        if not events:
            raise table.wrong(f"nothing ever happened to {key!r}")
        if key == EVERYTHING and any(isinstance(e.action, Install) for e in events):
            raise table.wrong(f"{key!r} is all that is there, and no package")
        log[key] = events
    return log


def _in_order(events: Iterable[Event]) -> tuple[Event, ...]:
    return tuple(dict.fromkeys(sorted(events, key=lambda event: event.seq)))


def mirrors(table: TableReader) -> dict[str, str]:
    """Return where snapshots of archives are, by the archive's address."""
    found = table.texts()
    for words in found.items():
        if not all(re.fullmatch(ADDRESS, word) for word in words):
            raise table.wrong(f"{' = '.join(words)!r} is no mirror of an archive")
    if again := twice(found):
        raise table.wrong(f"{again[0]!r} has two mirrors")
    return found
