"""Package logs: the events of each package by seq, and the state they add up to.

A package list is a set whose installation converges, so its history can be replayed:
adding a package appends an event and leaves all earlier ones alone.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import Action, Freshen, Group, Install, Remove, Upgrade
from dynbuild.steps.restriction import parted
from dynbuild.steps.snapshots import TIME
from dynbuild.values import dataclass

if TYPE_CHECKING:
    from types import UnionType

_NUMBER = "[1-9][0-9]{0,17}"
_EVENT = re.compile(rf"({_NUMBER})(?:\^({_NUMBER}))?(?:@({TIME}))? (.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Event:
    """One update's action on one package.

    ``number`` is that of the upgrade which was asked for last by then, where it is not
    the one that the log itself shows (``numbers``). ``snapshot`` is the time that what
    is installed comes from, where that is not whatever is newest.
    """

    seq: int
    action: Action
    number: int | None = None
    snapshot: str | None = None

    @property
    def fact(self) -> tuple[int, Action]:
        """What happened and when: an event has it whatever else the log shows."""
        return self.seq, self.action


NOBODYS: Mapping[str, Freshen] = {}
"""No package that nobody declares."""

Log = Mapping[str, tuple[Event, ...]]
"""Events of each package of one manager, by the key of its spec, oldest first."""

UNDECLARED = "undeclared"
"""What a lock calls the events of packages that nobody declares."""

EVERYTHING = "*"
"""The key of what upgrades all that is there, and its spec where that is declared."""


def parse_event(text: str) -> Event:
    """Parse an event: ``9 git=1:2.39*`` installs, ``12 -`` removes, ``15 ^`` upgrades.

    ``15^3 ^`` is the third upgrade that was asked for; ``9@20261101T000000Z git`` comes
    from a snapshot. Raises ValueError for anything else.
    """
    match = _EVENT.fullmatch(text)
    if match is None:
        raise ValueError(text)
    action: Action
    number = int(match[2]) if match[2] else None
    snapshot: str | None = match[3]
    match match[4]:
        case "-" if number is not None or snapshot is not None:
            raise ValueError(text)
        case "-":
            action = Remove()
        case "^":
            action = Upgrade()
        case spec:
            action = Install(spec)
    return Event(int(match[1]), action, number, snapshot)


def parse_undeclared(text: str) -> Event:
    """Parse an event of what nobody declares: ``14 ^``, ``14 ^ [amd64]``.

    Raises ValueError for anything else.
    """
    plain, only = parted(text)
    event = parse_event(plain)
    if event.action != Upgrade():
        raise ValueError(text)
    return replace(event, action=Freshen(only))


def format_event(event: Event) -> str:
    """Invert ``parse_event`` and ``parse_undeclared``."""
    at = f"{event.seq}" if event.number is None else f"{event.seq}^{event.number}"
    if event.snapshot is not None:
        at = f"{at}@{event.snapshot}"
    match event.action:
        case Install(spec):
            return f"{at} {spec}"
        case Remove():
            return f"{at} -"
        case Upgrade():
            return f"{at} ^"
        case Freshen(only):
            return f"{at} ^ [{' '.join(only)}]" if only else f"{at} ^"
        case _:
            assert_never(event.action)


def happened(manager: str, seq: int, action: Action, at: str | None) -> Event:
    """Return an event as it is written down: of what snapshot, if it is of one."""
    asks = MANAGERS[manager].has_snapshots and not isinstance(action, Remove)
    return Event(seq, action, snapshot=at if asks else None)


def declared(log: Log) -> dict[str, str]:
    """Return the specs of the packages declared after all events, by key."""
    specs: dict[str, str] = {}
    for _, actions in _transactions(log):
        _apply(specs, actions)
    return specs


def changes_of(
    now: Mapping[str, str],
    wanted: Mapping[str, str],
    upgrade: Collection[str] = (),
    freshen: Mapping[str, Freshen] = NOBODYS,
) -> dict[str, Action]:
    """Return what has to happen to each package whose spec differs.

    Or that is to be upgraded, or freshened, as long as nobody declares it.
    """
    actions: dict[str, Action] = {}
    for key in sorted(now.keys() | wanted.keys()):
        if key not in wanted:
            actions[key] = Remove()
        elif now.get(key) != wanted[key]:
            actions[key] = Install(wanted[key]) if key != EVERYTHING else Upgrade()
        elif key in upgrade:
            actions[key] = Upgrade()
    others = freshen.keys() - now.keys() - wanted.keys()
    return {**actions, **{key: freshen[key] for key in sorted(others)}}


def requested(key: str, events: Iterable[Event]) -> Iterator[Event]:
    """Yield the upgrades that were requested, of a package's events.

    The first one of all that is there, and one after a removal, is its declaration.
    """
    declared_ = key != EVERYTHING
    for event in events:
        if isinstance(event.action, Upgrade):
            if declared_:
                yield event
            declared_ = True
        elif isinstance(event.action, Remove) and key == EVERYTHING:
            declared_ = False


def freshened(events: Iterable[Event]) -> Iterator[Event]:
    """Yield those of a package's events that freshen it."""
    return (event for event in events if isinstance(event.action, Freshen))


def numbers(log: Log) -> dict[int, int]:
    """Return how many upgrades were asked for by each transaction, by its seq.

    Unless its events say another number, one that upgrades has the number behind the
    largest below it, and any other has that one.
    """
    said = {seq: number for seq, number in _said(log) if number is not None}
    return {seq: number for seq, number, _ in _numbered(log, said)}


def with_numbers(log: Log, wanted: Mapping[int, int]) -> Log:
    """Return a log whose transactions have some numbers, said where it is needed.

    What was there before any upgrade, behind one, has no number of its own to say.
    """
    sayable = {seq for seq, _ in _said(log)}
    known = {seq: number for seq, number in wanted.items() if number and seq in sayable}
    told = {
        seq: number for seq, number, unsaid in _numbered(log, known) if number != unsaid
    }
    return {
        key: tuple(
            event
            if isinstance(event.action, Remove)
            else replace(event, number=told.get(event.seq))
            for event in events
        )
        for key, events in log.items()
    }


def _said(log: Log) -> Iterator[tuple[int, int | None]]:
    """Yield the seqs of events that can say a number, lowest number first."""
    found = (
        (event.seq, event.number)
        for events in log.values()
        for event in events
        if not isinstance(event.action, Remove)
    )
    yield from sorted(found, key=lambda one: one[1] or 0)


def _numbered(log: Log, said: Mapping[int, int]) -> Iterator[tuple[int, int, int]]:
    """Yield of each transaction its seq, its number, and the one it has unsaid."""
    specs: dict[str, str] = {}
    shown = 0
    for seq, actions in _transactions(log):
        upgrades = any(
            isinstance(action, Freshen)
            or (isinstance(action, Upgrade) and key in specs)
            for key, action in actions.items()
        )
        unsaid = shown + upgrades
        number = said.get(seq, unsaid)
        yield seq, number, unsaid
        shown = max(shown, number)
        _apply(specs, actions)


def folded(log: Log, since: int) -> Log:
    """Return the log without events from a seq on that later ones made redundant.

    For when everything from there on is rebuilt: a package that came and went leaves
    no trace, and of several specs the last one stays. What was freshened stays so,
    unless it was declared below: what brought it may be below, and be older.
    """
    before = declared(
        {key: tuple(e for e in events if e.seq < since) for key, events in log.items()}
    )
    now = declared(log)
    kept: dict[str, tuple[Event, ...]] = {}
    for key, events in log.items():
        early = tuple(event for event in events if event.seq < since)
        held = events
        fresh = tuple(e for e in freshened(events) if e.seq >= since)[-1:]
        if key not in now:
            wanted: type[Action] | UnionType = Remove
            needed = key in before
        elif now[key] == before.get(key):
            wanted, needed = Upgrade | Freshen, True
            found = (*requested(key, events), *freshened(events))
            held = tuple(sorted(found, key=lambda event: event.seq))
            fresh = ()
        elif key == EVERYTHING:
            wanted, needed = Upgrade, True
        else:
            wanted, needed = Install, True
        late = [e for e in held if e.seq >= since and isinstance(e.action, wanted)]
        lasting = {*(late[-1:] if needed else ()), *fresh}
        if history := (*early, *(e for e in events if e in lasting)):
            kept[key] = history
    return kept


def groups(
    manager: str, log: Log, kept: frozenset[str] = frozenset()
) -> Iterator[tuple[int, Group]]:
    """Yield the transactions of a manager in order, each with its seq."""
    specs: dict[str, str] = {}
    last = declared(log)
    said = dict(_said(log))
    times = snapshots(log)
    for seq, actions in _transactions(log):
        # Merged histories may remove or upgrade an absent package: a no-op.
        effective = {
            key: Upgrade() if isinstance(action, Freshen) and key in specs else action
            for key, action in actions.items()
            if key != EVERYTHING
            and (isinstance(action, Install | Freshen) or key in specs)
        }
        _apply(specs, actions)
        upgrades = isinstance(actions.get(EVERYTHING), Upgrade)
        if effective or upgrades:
            named = {key: spec for key, spec in specs.items() if key != EVERYTHING}
            gone = frozenset(key for key in named if named[key] != last.get(key))
            here = kept & effective.keys()
            number = said.get(seq)
            group = Group(manager, effective, named, here, gone, upgrades, number)
            yield seq, replace(group, snapshots=times[seq]) if times.get(seq) else group


def snapshots(log: Log) -> dict[int, tuple[str, ...]]:
    """Return the times that each transaction comes from, by its seq, in order.

    Two sides of a merge may have said two, or one of them none, which is "".
    """
    found: defaultdict[int, set[str]] = defaultdict(set)
    for events in log.values():
        for event in events:
            if not isinstance(event.action, Remove):
                found[event.seq].add(event.snapshot or "")
    return {seq: tuple(sorted(of)) for seq, of in sorted(found.items()) if any(of)}


def dated(log: Log) -> dict[int, str]:
    """Return the time of each transaction that is of one throughout, by its seq."""
    return {seq: of[-1] for seq, of in snapshots(log).items() if of[0]}


def _transactions(log: Log) -> list[tuple[int, dict[str, Action]]]:
    """Return the action on each package at each seq, in order.

    Of several events at one seq, as in merged histories, the last one counts; an
    upgrade next to another event adds nothing. What is freshened need not be declared,
    so that this says more than an upgrade.
    """
    by_seq: defaultdict[int, dict[str, Action]] = defaultdict(dict)
    for key, events in sorted(log.items()):
        for event in events:
            actions = by_seq[event.seq]
            if says_more(event.action, actions.get(key)):
                actions[key] = event.action
    return sorted(by_seq.items())


def says_more(action: Action, other: Action | None) -> bool:
    """Whether an action counts beside an earlier one of the same package and seq."""
    match action:
        case Upgrade():
            return other is None
        case Freshen():
            return other is None or isinstance(other, Upgrade)
        case _:
            return True


def _apply(specs: dict[str, str], actions: Mapping[str, Action]) -> None:
    for key, action in actions.items():
        match action:
            case Install(spec):
                specs[key] = spec
            case Remove():
                specs.pop(key, None)
            case Upgrade():
                if key == EVERYTHING:
                    specs[key] = EVERYTHING
            case Freshen():
                pass
            case _:
                assert_never(action)
