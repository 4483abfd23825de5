"""Updating a lock to what a declaration asks for: the append-only install order.

What is unchanged keeps its seq for ever. What changed moves to the back, and what
depends on it follows. The rules are numbered as in docs/lock.md.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TypeVar

from dynbuild.lockfile.model import Entry, Lock, Target, declared_packages, is_same
from dynbuild.lockfile.moves import PreviousLock, motion, place
from dynbuild.lockfile.order import unchecked_order
from dynbuild.lockfile.renames import Names, continued, follow, stages_of
from dynbuild.lockfile.topology import dependencies_first, in_place
from dynbuild.lockfile.unknown_keys import carry_unknown_keys
from dynbuild.steps.log import Event, Log, folded
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import Action, Install, Remove, Stage, Upgrade
from dynbuild.steps.sequence import topological
from dynbuild.steps.touched import touched

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests that only a command can make: no declaration states them.

    ``bump`` gives stages their refresh number, ``move`` names stages to put at the
    back, ``upgrade`` packages (manager, key) to bring to their newest version;
    ``repack`` renumbers everything from scratch. ``earlier`` is the lock whose names
    ``again`` and ``moved`` use for stages: what was requested of it before.
    """

    bump: Mapping[str, int] = field(default_factory=dict)
    move: frozenset[str] = frozenset()
    upgrade: frozenset[tuple[str, str]] = frozenset()
    repack: bool = False
    earlier: Lock | None = None
    again: Mapping[str, int] = field(default_factory=dict)
    moved: frozenset[str] = frozenset()


NOTHING = Requests()


def update(
    previous: Lock | None,
    target: Target,
    requests: Requests = NOTHING,
    edited: Collection[str] = (),
) -> Lock:
    """Return the lock for a target, starting from the previous one.

    ``edited`` names the live stages of the target whose content differs from what it
    was with the previous lock. Idempotent for equal arguments, and a function of them
    alone. Raises LockError for a target
    with a cycle or a missing stage. A previous lock may have these, after a merge: its
    stages without a place are treated as new.
    """
    dependencies_first(stages_of(target))
    asked = _named_anew(requests, target)
    before = _sound(previous or Lock(target.base))
    names = continued(before, target)
    settled = replace(
        target,
        stages=tuple(
            _settled(stage, before, names, asked, found=stage.name in target.found)
            for stage in target.stages
        ),
    )
    if asked.repack or previous is None or not is_same(previous.base, target.base):
        # Only what was requested by name counts as a move here: bumps and --move.
        stages = stages_of(settled)
        moves = {
            name: entry.moves
            + (name in asked.move or stages[name].bump != entry.stage.bump)
            for name, old in names.items()
            for entry in [before.stages[old]]
        }
        lock = _packed(settled, moves)
    else:
        lock = _extended(before, settled, names, asked, edited)
    lock = replace(lock, extra=carry_unknown_keys(before, lock, names))
    return with_seen(
        lock, {name: before.stages[old].seen for name, old in names.items()}
    )


def with_seen(lock: Lock, seen: Mapping[str, str | None]) -> Lock:
    """Return a lock that says of its stages which content they had, if known."""
    stages = {
        name: entry
        if entry.seen == seen.get(name)
        else replace(entry, seen=seen.get(name))
        for name, entry in lock.stages.items()
    }
    return replace(lock, stages=stages)


def _named_anew(requests: Requests, target: Target) -> Requests:
    """Return earlier requests under the names that their stages have now."""
    if requests.earlier is None:
        return requests
    names = continued(requests.earlier, target)
    bump = dict(requests.bump)
    for name, old in names.items():
        if old in requests.again:
            again = requests.again[old]
            bump[name] = max(bump[name], again + 1) if name in bump else again
    moved = {name for name, old in names.items() if old in requests.moved}
    return replace(requests, bump=bump, move=requests.move | moved)


def _sound(previous: Lock) -> Lock:
    """Return a lock without stages that a merge left without a place or an image."""
    held = {None, *previous.images}
    stages = {
        name: entry.stage
        for name, entry in previous.stages.items()
        if all(copy.image in held for copy in entry.stage.copies)
    }
    kept = set(in_place(stages))
    if kept == previous.stages.keys():
        return previous
    entries = {name: entry for name, entry in previous.stages.items() if name in kept}
    return replace(previous, stages=entries)


def _packed(target: Target, moves: Mapping[str, int]) -> Lock:
    """Number everything from 1, what moves least often first (rules 2 and 7)."""
    seqs = count(1)
    stages = stages_of(target)
    lock = _system(Lock(target.base), target, (), seqs)
    ranks = {name: (moves.get(name, 0), place) for place, name in enumerate(stages)}
    needs = {name: stage.needs for name, stage in stages.items()}
    entries = {
        name: Entry(stages[name], next(seqs), moves.get(name, 0))
        for name in topological(needs, ranks)
    }
    return replace(lock, stages=entries)


def _extended(
    previous: Lock,
    target: Target,
    names: Names,
    asked: Requests,
    edited: Collection[str],
) -> Lock:
    """Keep what is unchanged in place, append the rest (rules 3 to 6)."""
    seqs = count(previous.last_seq + 1)
    lock = _system(previous, target, asked.upgrade, seqs)
    before = PreviousLock(previous, unchecked_order(previous), names)
    how = motion(before, lock, target, asked.move, edited)
    return replace(lock, stages=place(before, lock, target, how))


def _system(
    previous: Lock,
    target: Target,
    upgrade: Collection[tuple[str, str]],
    seqs: Iterator[int],
) -> Lock:
    """Return everything but the stages: new steps take their seqs in this order."""
    return Lock(
        base=target.base,
        sources=_kept_or_next(previous.sources, target.sources, seqs),
        packages=_logs(previous, target, upgrade, seqs),
        scripts=_kept_or_next(previous.scripts, target.scripts, seqs),
        user=target.user,
        user_seq=(previous.user_seq or next(seqs)) if target.user else 0,
        images=target.images,
        shell=target.shell,
        config=target.config,
        arguments=target.arguments,
    )


def _settled(
    stage: Stage, previous: Lock, names: Names, asked: Requests, *, found: bool
) -> Stage:
    """Return a stage as the lock has it, with its refresh number, which it alone keeps.

    The order of dependencies means nothing: while they are the same, it stays. So does
    what commands were found to touch, while they are the same.
    """
    bump, dependencies, touches = 0, stage.dependencies, stage.touches
    if stage.name in names:
        before = previous.stages[names[stage.name]].stage
        bump = before.bump
        if found and before.commands == stage.commands and not _declared(before):
            touches = before.touches
        known = {follow(names)(name): name for name in dependencies}
        if known.keys() == set(before.dependencies):
            dependencies = tuple(known[name] for name in before.dependencies)
    if stage.name in asked.bump:
        bump = max(asked.bump[stage.name], bump + 1)
    return replace(stage, bump=bump, dependencies=dependencies, touches=touches)


def _declared(stage: Stage) -> bool:
    """Whether a lock has databases of a stage that are not found in its commands."""
    return bool(stage.touches) and stage.touches != touched(stage.commands)


def _kept_or_next(
    before: Mapping[_T, int], wanted: Iterable[_T], seqs: Iterator[int]
) -> dict[_T, int]:
    return {item: before.get(item) or next(seqs) for item in wanted}


def _logs(
    previous: Lock,
    target: Target,
    upgrade: Collection[tuple[str, str]],
    seqs: Iterator[int],
) -> dict[str, Log]:
    """Append one event for every package whose spec differs (rule 4, first part)."""
    now = declared_packages(previous)
    gone = rebuilt_from(previous, target)
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
        if gone is not None:
            log = dict(folded(log, gone))
        if log:
            logs[manager] = log
    return logs


def rebuilt_from(previous: Lock, target: Target | Lock) -> int | None:
    """Return the seq from which on all is built anew: a source or script there left.

    A package that came from a source or a script that is gone could not be installed
    again: so its events are folded away there.
    """
    left = [
        *(seq for item, seq in previous.sources.items() if item not in target.sources),
        *(
            seq + 1
            for text, seq in previous.scripts.items()
            if text not in target.scripts
        ),
    ]
    return min(left, default=None)


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
