"""Package logs: what happened to each package, at which seq, and what that adds up to.

A package list is a set whose installation converges, so its history can be replayed:
adding a package appends an event and touches nothing that was there before.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dynbuild.steps.model import Action, Group, Install, Remove, Upgrade

_EVENT = re.compile(r"([1-9][0-9]*) (\S.*)")


@dataclass(frozen=True, slots=True)
class Event:
    """What one update did to one package."""

    seq: int
    action: Action


Log = Mapping[str, tuple[Event, ...]]
"""Events of each package of one manager, by the key of its spec, oldest first."""


def parse_event(text: str) -> Event:
    """``9 git=1:2.39*`` installs, ``12 -`` removes, ``15 ^`` upgrades.

    Raises ValueError for anything else.
    """
    match = _EVENT.fullmatch(text)
    if match is None:
        raise ValueError(text)
    action: Action
    match match[2]:
        case "-":
            action = Remove()
        case "^":
            action = Upgrade()
        case spec:
            action = Install(spec)
    return Event(int(match[1]), action)


def format_event(event: Event) -> str:
    """The inverse of ``parse_event``."""
    match event.action:
        case Install(spec):
            return f"{event.seq} {spec}"
        case Remove():
            return f"{event.seq} -"
        case Upgrade():
            return f"{event.seq} ^"


def declared(log: Log) -> dict[str, str]:
    """The spec of every package that is declared after all events, by key."""
    specs: dict[str, str] = {}
    for key, events in sorted(log.items()):
        for event in sorted(events, key=lambda event: event.seq):
            _apply(specs, key, event.action)
    return specs


def groups(
    manager: str, log: Log, kept: frozenset[str] = frozenset()
) -> Iterator[tuple[int, Group]]:
    """The transactions of a manager in order, each with its seq."""
    by_seq: defaultdict[int, dict[str, Action]] = defaultdict(dict)
    for key, events in sorted(log.items()):
        for event in events:
            by_seq[event.seq][key] = event.action
    specs: dict[str, str] = {}
    for seq, actions in sorted(by_seq.items()):
        for key, action in actions.items():
            _apply(specs, key, action)
        # A removal of what never was there (two merged histories) does nothing, and
        # an upgrade of what is no longer declared neither.
        effective = {
            key: action
            for key, action in actions.items()
            if not isinstance(action, Upgrade) or key in specs
        }
        yield seq, Group(manager, effective, dict(specs), kept & effective.keys())


def _apply(specs: dict[str, str], key: str, action: Action) -> None:
    match action:
        case Install(spec):
            specs[key] = spec
        case Remove():
            specs.pop(key, None)
        case Upgrade():
            pass
