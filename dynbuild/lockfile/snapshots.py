"""The times that packages of a lock come from: which goes back, which is the last.

Archives only grow newer, so that a group whose snapshot is older than one below it may
find installed what its own archive does not have. No update makes such an order; a
textual merge of two locks may.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping

from dynbuild.lockfile.merge_values import Three, keyed
from dynbuild.lockfile.model import Lock
from dynbuild.steps.log import Log, dated
from dynbuild.steps.model import Freshen, Pin, Remove, Upgrade
from dynbuild.steps.snapshots import Snapshot, bare
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Back:
    """A group from an older snapshot than one before it, as ``apt.7`` or of a stage."""

    step: str
    at: str
    below: str
    before: str

    @property
    def told(self) -> str:
        return f"{self.step} ({self.at}) behind {self.below} ({self.before})"


def going_back(lock: Lock) -> tuple[Back, ...]:
    """Return the groups whose snapshot is older than one of what they stand on."""
    return tuple(back for name, log in _logs(lock) for back in _going_back(name, log))


def _going_back(name: str, log: Log) -> Iterator[Back]:
    newest, below = "", ""
    for seq, at in dated(log).items():
        step = f"{name}.{seq}"
        if at < newest:
            yield Back(step, at, below, newest)
        else:
            newest, below = at, step


def newest_of(lock: Lock) -> str | None:
    """Return the newest snapshot that anything in a lock is of, if anything is."""
    times = (at for _, log in _logs(lock) for at in dated(log).values())
    return max(times, default=None)


def times_on_bases(lock: Lock) -> Iterator[tuple[Pin, str]]:
    """Yield bases with the first time that packages on them are of, if any are.

    Another digest of the same name is another base.
    """
    own = (
        (lock.images.get(one.stage.base or "", lock.base), one.packages)
        for one in lock.stages.values()
    )
    for base, logs in ((lock.base, lock.packages), *own):
        if times := dated(logs.get("apt", {})).values():
            yield base, min(times)


def is_of_another_time(before: Lock, after: Lock) -> bool:
    """Whether what happened in both came from another snapshot then.

    Only what all stand on says it: a stage begins anew on another base of its own.
    """
    new = after.packages.get("apt", {})
    return any(
        event.fact == was.fact and event.snapshot != was.snapshot
        for key, events in before.packages.get("apt", {}).items()
        for was in events
        for event in new.get(key, ())
    )


def last_of(lock: Lock) -> dict[str, tuple[int, str]]:
    """Return when and of what time each log got its last packages; "": of none."""
    found = {}
    for name, log in _logs(lock):
        seqs = [
            event.seq
            for events in log.values()
            for event in events
            if not isinstance(event.action, Remove)
        ]
        if seqs:
            found[name] = max(seqs), dated(log).get(max(seqs), "")
    return found


def later_on_branch(start: Lock, main: Lock, branch: Lock) -> set[tuple[str, str]]:
    """Return what a branch listed anew from a later time than main has it.

    By manager and key. Main's event is the one that stays, whoever listed it first,
    and also where main took the package away again.
    """
    return {
        (manager, key)
        for manager, log in branch.packages.items()
        for key, events in log.items()
        if events[-1] not in start.packages.get(manager, {}).get(key, ())
        and not isinstance(events[-1].action, Remove)
        for own, there in [(events[-1], main.packages.get(manager, {}).get(key, ()))]
        for mains in [one for one in there if not isinstance(one.action, Remove)][-1:]
        if own.snapshot and mains.snapshot and own.snapshot > mains.snapshot
    }


def without_any(lock: Lock) -> tuple[str, ...]:
    """Return the groups that came from no snapshot, in front of one that does.

    What they have may be newer than that.
    """
    found: list[str] = []
    for name, log in _logs(lock):
        times = dated(log)
        seqs = {
            event.seq
            for events in log.values()
            for event in events
            if not isinstance(event.action, Remove)
        }
        last = max(times, default=0)
        found += [f"{name}.{seq}" for seq in sorted(seqs - {*times}) if seq < last]
    return tuple(found)


def idle_upgrades(lock: Lock) -> tuple[str, ...]:
    """Return the upgrades of what came from the very time that they are of."""
    found: list[str] = []
    for name, log in _logs(lock):
        idle: defaultdict[int, set[bool]] = defaultdict(set)
        for events in log.values():
            there = [one for one in events if not isinstance(one.action, Remove)]
            for before, event in zip([None, *there], there, strict=False):
                if event.snapshot is not None:
                    same = before is not None and before.snapshot == event.snapshot
                    asked = isinstance(event.action, Upgrade | Freshen)
                    idle[event.seq].add(same and asked)
        found += [f"{name}.{seq}" for seq, of in sorted(idle.items()) if of == {True}]
    return tuple(found)


def of_both(
    start: Lock, main: Lock, branch: Lock, tell: Callable[[str], None]
) -> Snapshot | None:
    """Return the snapshot of what a branch brings when it stands behind main's.

    As with any fact, that of the side which changed it; of two the later one, which is
    none (now) if one has none; and never one that is older than what main has. What the
    branch changed, or would take from an older one, is told where it is not its own.
    """
    old = last_of(start)
    was = {at for _, at in old.values()} or {""}
    ours, theirs = ({at for _, at in _brought(old, side)} for side in (main, branch))
    ours, theirs = ours or was, theirs or was
    if theirs == was:
        at = _newest(ours)
    elif ours == was:
        at = _newest(theirs)
    else:
        # Both changed it: the newer one has all that the other has.
        at = _newest(ours | theirs)
    floor = newest_of(main)
    if at and floor and at < floor:
        at = floor
    if _brought(old, branch) and (
        theirs not in (was, {at}) or _newest({at, *theirs}) != at
    ):
        tell(f"apt_snapshot (what the branch brings comes from {at or 'none'})")
    mirrors: Mapping[str, tuple[str, str]] = keyed(
        Three(*map(_mirrors, (start, main, branch))), "the mirror of", tell
    )
    return Snapshot(at, dict(mirrors.values())) if at else None


def _mirrors(lock: Lock) -> dict[str, tuple[str, str]]:
    return {bare(archive): (archive, at) for archive, at in lock.mirrors.items()}


def _brought(old: Mapping[str, tuple[int, str]], side: Lock) -> set[tuple[int, str]]:
    """Return the last of each log that a side has and its start has not."""
    return {last for name, last in last_of(side).items() if old.get(name) != last}


def _newest(times: Collection[str]) -> str:
    """Return the newest of times, of which "" is now."""
    return "" if "" in times else max(times)


def _logs(lock: Lock) -> Iterator[tuple[str, Log]]:
    """Yield the logs of apt: of what all stand on, then of stages for themselves."""
    yield "apt", lock.packages.get("apt", {})
    for name, entry in sorted(lock.stages.items()):
        yield f"{name}.apt", entry.packages.get("apt", {})
