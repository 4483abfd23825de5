"""Package logs in the tables of a lock, and who has archives as they were."""

import re

from dynbuild.lockfile.table import TableReader
from dynbuild.steps.log import EVERYTHING, Event, Log, parse_event
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import Install
from dynbuild.steps.snapshots import ADDRESS


def logs(table: TableReader) -> dict[str, Log]:
    """Return the logs of a table, by manager. Raises LockError, as all here."""
    return {
        row.name: log
        for row in MANAGERS.values()
        if (log := _log(table.table(row.name), dated=row.has_snapshots))
    }


def _log(table: TableReader, *, dated: bool) -> Log:
    def event(text: str) -> Event:
        try:
            found = parse_event(text)
        except ValueError:
            raise table.wrong(f"{text!r} is no event of a package") from None
        if found.snapshot is not None and not dated:
            raise table.wrong(f"{text!r} is of a snapshot, which only apt knows")
        return found

    log = {}
    for key in list(table.left()):
        events = sorted(map(event, table.strings(key)), key=lambda event: event.seq)
        if not events:
            raise table.wrong(f"nothing ever happened to {key!r}")
        if key == EVERYTHING and any(isinstance(e.action, Install) for e in events):
            raise table.wrong(f"{key!r} is all that is there, and no package")
        log[key] = tuple(dict.fromkeys(events))
    return log


def mirrors(table: TableReader) -> dict[str, str]:
    """Return where snapshots of archives are, by the archive's address."""
    found = table.texts()
    for words in found.items():
        if not all(re.fullmatch(ADDRESS, word) for word in words):
            raise table.wrong(f"{' = '.join(words)!r} is no mirror of an archive")
    return found
