"""Updating a lock to what a declaration asks for: the append-only install order.

What is unchanged keeps its seq for ever. What changed moves to the back, and what
depends on it follows. The rules are numbered as in docs/lock.md.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field, replace
from itertools import count
from typing import TypeVar

from dynbuild.lockfile.carrying import carried
from dynbuild.lockfile.folding import without_superseded
from dynbuild.lockfile.model import Entry, Lock, Target, declared_packages, is_same
from dynbuild.lockfile.moves import (
    NONE,
    Inherited,
    PreviousLock,
    earliest,
    motion,
    place,
)
from dynbuild.lockfile.order import unchecked_order
from dynbuild.lockfile.own_packages import with_packages
from dynbuild.lockfile.renames import Names, continued, follow, stages_of
from dynbuild.lockfile.topology import dependencies_first, in_place
from dynbuild.lockfile.upgrades import ALL, with_upgrades
from dynbuild.steps.log import (
    Event,
    Log,
    changes_of,
    declared,
    folded,
    freshened,
    happened,
)
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import Action, Freshen, Install, Remove, Stage
from dynbuild.steps.sequence import topological
from dynbuild.steps.touched import touched
from dynbuild.values import dataclass

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests that only a command can make: no declaration states them.

    ``bump`` gives stages their refresh number, ``move`` names stages to put at the
    back, ``upgrade`` packages (manager, key) to bring to their newest version,
    ``upgrade_own`` those of stages (the stage, the key among its packages);
    ``freshen`` what nobody declares, likewise where it is installed;
    ``repack`` renumbers everything from scratch. ``earlier`` is the lock whose names
    ``again`` and ``moved`` use for stages: what was requested of it before.
    ``upgrades`` are by manager how many upgrades were asked for by now, these included.
    """

    bump: Mapping[str, int] = field(default_factory=dict)
    move: frozenset[str] = frozenset()
    upgrade: frozenset[tuple[str, str]] = frozenset()
    repack: bool = False
    earlier: Lock | None = None
    again: Mapping[str, int] = field(default_factory=dict)
    moved: frozenset[str] = frozenset()
    upgrade_own: frozenset[tuple[str, str]] = frozenset()
    upgrades: Mapping[str, int] = field(default_factory=dict)
    freshen: Mapping[tuple[str, str], Freshen] = field(default_factory=dict)


NOTHING = Requests()


def update(  # noqa: PLR0913 - all that decides a place
    previous: Lock | None,
    target: Target,
    requests: Requests = NOTHING,
    edited: Collection[str] = (),
    above: Inherited = NONE,
    *,
    extended: bool = False,
) -> Lock:
    """Return the lock for a target, starting from the previous one.

    ``edited`` names the live stages of the target whose content differs from what it
    was with the previous lock. What is ``above`` an image stands already where it
    belongs, in the previous lock too: only the image's own steps get seqs. On one that
    is ``extended`` other images stand, so that no group of it folds away. Idempotent
    for equal arguments, and a function of them alone. Raises LockError for a target
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
    anew = earliest(rebuilt_from(before, target), above.rebuilt)
    if previous is None or asked.repack or is_rebuilt(previous, target):
        anew = ALL
        # Only what was requested by name counts as a move here: bumps and --move.
        stages = stages_of(settled)
        moves = {
            name: entry.moves
            + (name in asked.move or stages[name].bump != entry.stage.bump)
            for name, old in names.items()
            for entry in [before.stages[old]]
        }
        lock = packed(settled, moves, above)
    else:
        lock = _continued(before, settled, names, asked, edited, above)
        if not extended:
            lock = without_superseded(before, lock, asked.upgrade, above.lock)
    lock = with_packages(lock, before, settled, names, asked, above.lock)
    lock = with_upgrades(lock, before, asked, above.lock, anew)
    lock = _with_versions(lock, before, target, above, goes_on=anew != ALL)
    return with_seen(
        lock, {name: before.stages[old].seen for name, old in names.items()}
    )


def _with_versions(
    lock: Lock, before: Lock, target: Target, above: Inherited, *, goes_on: bool
) -> Lock:
    """Return a lock with the versions that are known of its groups.

    Where all is installed anew, nothing is known. The seq from which on they have to be
    known is that of the first step after the declaration said so.
    """
    if above.lock is not None:
        lock = carried(lock, above.lock)
    since = None
    if target.resolve:
        since = above.last + 1
        if goes_on:
            behind = max(before.last_seq, above.last) + 1
            since = before.resolve_since or behind
    if goes_on:
        lock = carried(lock, before)
    return replace(lock, resolve_since=since)


def is_rebuilt(previous: Lock, target: Target) -> bool:
    """Whether all is built again: on another base, or without what was set up on it."""
    left = previous.setups.keys() - set(target.setups)
    return bool(left) or not is_same(previous.base, target.base)


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
    own = {
        (name, key)
        for name, old in names.items()
        for stage, key in requests.upgrade_own
        if stage == old
    }
    return replace(
        requests,
        bump=bump,
        move=requests.move | moved,
        upgrade_own=requests.upgrade_own | own,
    )


def _sound(previous: Lock) -> Lock:
    """Return a lock without stages that a merge left without a place or an image."""
    stages = {
        name: entry.stage
        for name, entry in previous.stages.items()
        if previous.images.keys() >= {*entry.stage.images}
    }
    kept = set(in_place(stages))
    if kept == previous.stages.keys():
        return previous
    entries = {name: entry for name, entry in previous.stages.items() if name in kept}
    return replace(previous, stages=entries)


def packed(target: Target, moves: Mapping[str, int], above: Inherited) -> Lock:
    """Number everything anew, what moves least often first (rules 2 and 7)."""
    seqs = count(above.last + 1)
    stages = stages_of(target)
    start = above.lock or Lock(target.base)
    lock = _system(start, target, NOTHING, seqs, above)
    ranks = {name: (moves.get(name, 0), place) for place, name in enumerate(stages)}
    own = {n: s.needs for n, s in stages.items() if n not in start.stages}
    entries = {
        name: Entry(stages[name], next(seqs), moves.get(name, 0))
        for name in topological(own, ranks)
    }
    return replace(lock, stages={**start.stages, **entries})


def _continued(  # noqa: PLR0913, PLR0917 - all that decides a place
    previous: Lock,
    target: Target,
    names: Names,
    asked: Requests,
    edited: Collection[str],
    above: Inherited,
) -> Lock:
    """Keep what is unchanged in place, append the rest (rules 3 to 6)."""
    seqs = count(max(previous.last_seq, above.last) + 1)
    lock = _system(previous, target, asked, seqs, above)
    before = PreviousLock(previous, unchecked_order(previous), names, above)
    forced = asked.move | {stage for stage, _ in asked.upgrade_own}
    how = motion(before, lock, target, forced, edited)
    return replace(lock, stages=place(before, lock, target, how))


def _system(
    previous: Lock,
    target: Target,
    asked: Requests,
    seqs: Iterator[int],
    above: Inherited,
) -> Lock:
    """Return everything but the stages: new steps take their seqs in this order."""
    return Lock(
        base=target.base,
        indexes=target.indexes,
        setups=_kept_or_next(previous.setups, target.setups, seqs),
        sources=_kept_or_next(previous.sources, target.sources, seqs),
        packages=_logs(previous, target, asked, seqs, above),
        scripts=_kept_or_next(previous.scripts, target.scripts, seqs),
        user=target.user,
        user_seq=(previous.user_seq or next(seqs)) if target.user else 0,
        images=target.images,
        shell=target.shell,
        config=target.config,
        arguments=target.arguments,
        # What came from a snapshot needs them, whatever is asked for now.
        mirrors=target.snapshot.mirrors if target.snapshot else previous.mirrors,
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
    if (bump, dependencies, touches) == (stage.bump, stage.dependencies, stage.touches):
        return stage
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
    asked: Requests,
    seqs: Iterator[int],
    above: Inherited,
) -> dict[str, Log]:
    """Append one event for every package whose spec differs (rule 4, first part)."""
    now = declared_packages(previous)
    gone = earliest(rebuilt_from(previous, target), above.rebuilt)
    inherited = above.lock.packages if above.lock else {}
    at = target.snapshot.at if target.snapshot else None
    logs: dict[str, Log] = {}
    for manager in MANAGERS:
        log = dict(previous.packages.get(manager, {}))
        fresh = {
            key: one for (row, key), one in asked.freshen.items() if row == manager
        }
        wanted = target.packages.get(manager, {})
        upgraded = {key for row, key in asked.upgrade if row == manager}
        first = changes_of(now.get(manager, {}), wanted, upgraded, fresh)
        # What is declared no more may stay for what needs it: it is fixed behind that.
        left: dict[str, Action] = {
            key: one for key, one in fresh.items() if first.get(key) == Remove()
        }
        for actions in filter(None, (first, left)):
            seq = next(seqs)
            for key, action in actions.items():
                event = happened(manager, seq, action, at)
                log[key] = (*log.get(key, ()), event)
        if gone is not None:
            log = _rebuilt(log, gone, inherited.get(manager, {}))
        if log:
            logs[manager] = log
    return logs


def logs_after(previous: Lock, lock: Lock, asked: Requests) -> Mapping[str, Log]:
    """Return the package logs with which an update would have come to a lock.

    What they have no more folded away without any request.
    """
    target = Target(
        lock.base,
        declared_packages(lock),
        sources=tuple(lock.sources),
        scripts=tuple(lock.scripts),
        indexes=lock.indexes,
    )
    seqs = count(max(previous.last_seq, lock.last_seq) + 1)
    logs = _logs(previous, target, asked, seqs, NONE)
    whole = replace(lock, packages=logs)
    return without_superseded(previous, whole, asked.upgrade).packages


def _rebuilt(log: Log, since: int, inherited: Log) -> dict[str, tuple[Event, ...]]:
    """Return a log folded from a seq on, with what is not the image's own to fold.

    Where an inherited event stays that the fold took back together with the image's
    own, the image says its last one again: it has what it declares.
    """
    rest = folded(log, since)
    kept: dict[str, tuple[Event, ...]] = {}
    for key, events in log.items():
        fixed = {*inherited.get(key, ()), *(e for e in events if e.seq < since)}
        staying = {*rest.get(key, ()), *fixed}
        left = tuple(event for event in events if event in staying)
        if declared({key: left}) != declared({key: events}):
            said = [e for e in events if isinstance(e.action, Install | Remove)]
            staying = {*fixed, *freshened(left), said[-1]}
            left = tuple(event for event in events if event in staying)
        if left:
            kept[key] = left
    return kept


def rebuilt_from(previous: Lock, target: Target | Lock) -> int | None:
    """Return the seq from which on all is built anew: a source or script there left.

    A package that came from a source or a script that is gone could not be installed
    again: so its events are folded away there. From another index, all are.
    """
    elsewhere = [
        event.seq
        for manager, log in previous.packages.items()
        if previous.indexes.get(manager) != target.indexes.get(manager)
        for events in log.values()
        for event in events
    ]
    left = [
        *elsewhere,
        *(seq for item, seq in previous.sources.items() if item not in target.sources),
        *(
            seq + 1
            for text, seq in previous.scripts.items()
            if text not in target.scripts
        ),
    ]
    return min(left, default=None)
