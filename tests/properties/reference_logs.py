"""Package logs in the naive reference: what folds where all is built anew."""

from typing import TypeAlias

from dynbuild.lockfile.model import Target
from dynbuild.lockfile.update import Requests

Logs: TypeAlias = dict[tuple[str, str], list[tuple[int, str]]]
"""The seqs and events of a package, by manager and key.

An event is its spec, ``-``, ``^``, or ``!`` for what nobody declares.
"""


def folded_from(events: Logs, since: int) -> Logs:
    found: Logs = {}
    for key, log in events.items():
        early = [event for event in log if event[0] < since]
        was = spec_after(key[1], early)
        now = spec_after(key[1], log)
        if now is None:
            wanted = ["-"] if was is not None else []
        else:
            wanted = ["^"] if now in (was, "*") else [now]
        late = [event for event in log if event[0] >= since]
        fresh = [event for event in late if event[1][0] == "!"][-1:]
        last = [event for event in late if event[1] in wanted]
        if wanted == ["^"] and key[1] != "*":
            last, fresh = sorted(last + fresh), []
        left = last[-1:] + fresh
        if early + left:
            found[key] = early + sorted(left, key=lambda event: event[0])
    return found


def spec_after(key: str, log: list[tuple[int, str]]) -> str | None:
    """What is declared in the end; of all that is there, an upgrade declares it."""
    if key == "*":
        return "*" if log and log[-1][1] == "^" else None
    specs = [what for _, what in log if what[0] not in "^!"]
    return None if not specs or specs[-1] == "-" else specs[-1]


def package_events(
    events: Logs, manager: str, target: Target, asked: Requests
) -> list[dict[str, str]]:
    """What happens to packages, one step after the other."""
    wanted = target.packages.get(manager, {})
    there = {
        key: spec
        for (row, key), log in events.items()
        if row == manager and (spec := spec_after(key, log)) is not None
    }
    news = (
        {key: "-" for key in there if key not in wanted}
        | {
            key: "^" if spec == "*" else spec
            for key, spec in wanted.items()
            if there.get(key) != spec
        }
        | {
            key: "^"
            for key, spec in wanted.items()
            if there.get(key) == spec and (manager, key) in asked.upgrade
        }
        | {
            key: " ".join(("!", *how.only))
            for (row, key), how in asked.freshen.items()
            if row == manager and key not in there and key not in wanted
        }
    )
    # What is declared no more may stay for what needs it.
    behind = {
        key: " ".join(("!", *how.only))
        for (row, key), how in asked.freshen.items()
        if row == manager and news.get(key) == "-"
    }
    return [news, behind]


def transactions(events: Logs) -> set[tuple[str, int]]:
    """The manager and seq of each that does something.

    That no upgrade of all is declared any more asks for nothing.
    """
    return {
        (manager, seq)
        for (manager, key), log in events.items()
        for seq, what in log
        if (key, what) != ("*", "-")
    }


def freshened_now(before: Logs, events: Logs, asked: Requests) -> list[tuple[str, str]]:
    """What nobody declares and is asked for, if nothing else happened to it later."""
    return [
        key
        for key in asked.freshen
        for log in [events.get(key, [(0, "?")])]
        if log[-1][1][0] == "!" and log[-1] not in before.get(key, [])
    ]
