"""The numbers of upgrades in the naive reference, straight from docs/lock.md."""

from collections.abc import Mapping
from typing import TypeAlias

from dynbuild.steps.log import Log
from dynbuild.steps.model import Action, Freshen, Install, Remove
from tests.properties.reference_logs import Logs, spec_after

Numbers: TypeAlias = dict[tuple[str, int], int]
"""The number of each transaction, by manager and seq."""


def told_logs(logs: Mapping[str, Log]) -> tuple[Logs, Numbers]:
    """The events of the logs of a lock, as plain numbers."""
    flat = [(m, key, e) for m, log in logs.items() for key in log for e in log[key]]
    events: Logs = {}
    for manager, key, event in flat:
        events.setdefault((manager, key), []).append((event.seq, told(event.action)))
    said = {(m, e.seq): e.number for m, _, e in flat if e.number is not None}
    return events, read_numbers(events, said)


def told(action: Action) -> str:
    match action:
        case Install(spec):
            return spec
        case Remove():
            return "-"
        case Freshen(only):
            return " ".join(("!", *only))
    return "^"


def read_numbers(events: Logs, said: Numbers) -> Numbers:
    """An upgrade has the number behind the largest below it, others have that one."""
    found: Numbers = {}
    for manager in {manager for manager, _ in events}:
        mine = {key: log for (row, key), log in events.items() if row == manager}
        for seq in sorted({seq for log in mine.values() for seq, _ in log}):
            below = [n for (row, at), n in found.items() if row == manager and at < seq]
            upgrades = any(
                spec_after(key, [one for one in log if one[0] < seq]) is not None
                and {what for at, what in log if at == seq} == {"^"}
                for key, log in mine.items()
            ) or any(
                at == seq and what[0] == "!"
                for log in mine.values()
                for at, what in log
            )
            unsaid = max(below, default=0) + upgrades
            found[manager, seq] = said.get((manager, seq), unsaid)
    return found


def wanted_numbers(
    events: Logs,
    before: Numbers,
    anew: int | None,
    upgrade: dict[tuple[str, str], int],
) -> Numbers:
    """What stays has its number, and the last of what is asked for the next one.

    What only removes says no number, and nothing says 0.
    """
    says = {
        (manager, seq)
        for (manager, _), log in events.items()
        for seq, what in log
        if what != "-"
    }
    kept = kept_numbers(before, events, anew)
    said = {at: number for at, number in kept.items() if at in says and number}
    for at, number in upgrade.items():
        log = events.get(at, [])
        if log and log[-1][1] != "-":
            said[at[0], log[-1][0]] = number
    return read_numbers(events, said)


def kept_numbers(before: Numbers, events: Logs, anew: int | None) -> Numbers:
    """What stays has its number; what is first built anew that of what is gone."""
    there = {(m, seq) for (m, _), log in events.items() for seq, _ in log}
    kept = {at: n for at, n in before.items() if at in there and anew != 0}
    if anew is None:
        return kept
    for manager in {manager for manager, _ in there}:
        gone = [n for at, n in before.items() if at[0] == manager and at not in kept]
        at = min((seq for m, seq in there if m == manager and seq >= anew), default=0)
        below = [n for (m, seq), n in kept.items() if m == manager and seq <= at]
        if at and max(gone, default=0) > max(below, default=0):
            kept[manager, at] = max(gone)
    return kept
