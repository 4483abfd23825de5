"""Bringing a lock to what a declaration asks for: the append-only install order.

What is unchanged keeps its seq for ever. What changed moves to the back, and what
depends on it follows. The rules are numbered as in docs/lock.md.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TypeVar

from dynbuild.lock.model import Entry, Lock, Target, declared_packages
from dynbuild.lock.place import motion, place
from dynbuild.lock.renames import Names, continued, stages_of
from dynbuild.lock.topology import dependencies_first, topological
from dynbuild.steps.log import Event, Log
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import Action, Install, Remove, Stage, Upgrade

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Requests:
    """What only a command can ask for: no declaration says it.

    ``bump`` gives stages their refresh number, ``move`` names stages to put at the
    back, ``upgrade`` packages (manager, key) to bring to their newest version;
    ``repack`` renumbers everything from scratch.
    """

    bump: Mapping[str, int] = field(default_factory=dict)
    move: frozenset[str] = frozenset()
    upgrade: frozenset[tuple[str, str]] = frozenset()
    repack: bool = False


NOTHING = Requests()


def update(previous: Lock | None, target: Target, requests: Requests = NOTHING) -> Lock:
    """The lock for a target, starting from the one before.

    Idempotent, and a function of its arguments alone. Raises LockError for a target
    or a previous lock with a cycle or a missing stage.
    """
    dependencies_first(stages_of(target))
    if previous is None:
        return _packed(target, {})
    names = continued(previous, target)
    bumped = replace(
        target,
        stages=tuple(
            _with_bump(stage, previous, names, requests) for stage in target.stages
        ),
    )
    extra = _kept_extra(previous, names)
    if requests.repack or _base_differs(previous, target):
        moves = {name: previous.stages[old].moves for name, old in names.items()}
        return replace(_packed(bumped, moves), extra=extra)
    seqs = count(previous.last_seq + 1)
    lock = Lock(
        base=target.base,
        sources=_kept_or_next(previous.sources, target.sources, seqs),
        packages=_extended(previous, target, requests.upgrade, seqs),
        scripts=_kept_or_next(previous.scripts, target.scripts, seqs),
        user=target.user,
        user_seq=(previous.user_seq or next(seqs)) if target.user else 0,
        images=target.images,
        shell=target.shell,
        config=target.config,
        extra=extra,
    )
    how = motion(previous, bumped, names, requests.move)
    return replace(lock, stages=place(previous, lock, bumped, names, how))


def _packed(target: Target, moves: Mapping[str, int]) -> Lock:
    """Rules 2 and 7: number everything from 1, what moves least often first."""
    seqs = count(1)
    stages = stages_of(target)
    lock = Lock(
        base=target.base,
        sources=_kept_or_next({}, target.sources, seqs),
        packages=_extended(Lock(target.base), target, (), seqs),
        scripts=_kept_or_next({}, target.scripts, seqs),
        user=target.user,
        user_seq=next(seqs) if target.user else 0,
        images=target.images,
        shell=target.shell,
        config=target.config,
    )
    ranks = {name: (moves.get(name, 0), place) for place, name in enumerate(stages)}
    entries = {
        name: Entry(stages[name], next(seqs), moves.get(name, 0))
        for name in topological(stages, ranks)
    }
    return replace(lock, stages=entries)


def _with_bump(stage: Stage, previous: Lock, names: Names, requests: Requests) -> Stage:
    """Refresh numbers live in the lock alone: they pass from one to the next."""
    old = names.get(stage.name)
    kept = previous.stages[old].stage.bump if old is not None else 0
    return replace(stage, bump=requests.bump.get(stage.name, kept))


def _base_differs(previous: Lock, target: Target) -> bool:
    old, new = previous.base, target.base
    return (old.image, old.digest) != (new.image, new.digest)


def _kept_or_next(
    before: Mapping[_T, int], wanted: Iterable[_T], seqs: Iterator[int]
) -> dict[_T, int]:
    return {item: before.get(item) or next(seqs) for item in wanted}


def _extended(
    previous: Lock,
    target: Target,
    upgrade: Collection[tuple[str, str]],
    seqs: Iterator[int],
) -> dict[str, Log]:
    """Rule 4, first part: one event for every package whose spec differs."""
    now = declared_packages(previous)
    logs: dict[str, Log] = {}
    for manager in MANAGERS:
        log = dict(previous.packages.get(manager, {}))
        actions = _actions(
            now.get(manager, {}),
            target.packages.get(manager, {}),
            {key for row, key in upgrade if row == manager},
        )
        if actions:
            seq = next(seqs)
            for key, action in actions.items():
                log[key] = (*log.get(key, ()), Event(seq, action))
        if log:
            logs[manager] = log
    return logs


def _actions(
    now: Mapping[str, str], wanted: Mapping[str, str], upgrade: Collection[str]
) -> dict[str, Action]:
    actions: dict[str, Action] = {}
    for key in sorted(now.keys() | wanted.keys()):
        if key not in wanted:
            actions[key] = Remove()
        elif now.get(key) != wanted[key]:
            actions[key] = Install(wanted[key])
        elif key in upgrade:
            actions[key] = Upgrade()
    return actions


def _kept_extra(
    previous: Lock, names: Names
) -> dict[tuple[str, ...], Mapping[str, object]]:
    """Keys that this version does not know stay, unless their stage left."""
    extra = {
        path: table for path, table in previous.extra.items() if path[:1] != ("stages",)
    }
    for name, old in names.items():
        if ("stages", old) in previous.extra:
            extra["stages", name] = previous.extra["stages", old]
    return extra
