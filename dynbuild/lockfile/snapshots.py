"""The times that packages of a lock come from: which goes back, which is the last.

Archives only grow newer, so that a group whose snapshot is older than one below it may
find installed what its own archive does not have. No update makes such an order; a
textual merge of two locks may.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from dynbuild.lockfile.merge_values import Three, keyed
from dynbuild.lockfile.model import Lock
from dynbuild.steps.log import Log, snapshots
from dynbuild.steps.model import Remove, Upgrade
from dynbuild.steps.snapshots import Snapshot
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
    for seq, times in snapshots(log).items():
        step, at = f"{name}.{seq}", times[-1]
        if at < newest:
            yield Back(step, at, below, newest)
        else:
            newest, below = at, step


def newest_of(lock: Lock) -> str | None:
    """Return the newest snapshot that anything in a lock is of, if anything is."""
    times = (max(of) for _, log in _logs(lock) for of in snapshots(log).values())
    return max(times, default=None)


def times_on_bases(lock: Lock) -> Iterator[tuple[str, str]]:
    """Yield bases with the first time that packages on them are of, if any are."""
    own = ((one.stage.base, one.packages) for one in lock.stages.values())
    for image, logs in ((lock.base.image, lock.packages), *own):
        log = logs.get("apt", {})
        if times := [max(of) for of in snapshots(log).values()]:
            yield image or lock.base.image, min(times)


def last_of(lock: Lock) -> str | None:
    """Return the snapshot that the last packages of a lock came from, if from one."""
    for _, log in _logs(lock):
        seqs = [
            event.seq
            for events in log.values()
            for event in events
            if not isinstance(event.action, Remove)
        ]
        if seqs:
            return max(snapshots(log).get(max(seqs), ("",))) or None
    return None


def without_any(lock: Lock) -> tuple[str, ...]:
    """Return the groups that came from no snapshot, in front of one that does.

    What they have may be newer than that.
    """
    found: list[str] = []
    for name, log in _logs(lock):
        times = snapshots(log)
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
                    idle[event.seq].add(same and isinstance(event.action, Upgrade))
        found += [f"{name}.{seq}" for seq, of in sorted(idle.items()) if of == {True}]
    return tuple(found)


def of_both(
    start: Lock, main: Lock, branch: Lock, tell: Callable[[str], None]
) -> Snapshot | None:
    """Return the snapshot of what a branch brings when it stands behind main's.

    As with any fact, that of the side which changed it; of two the later one, and never
    one that is older than what main has. If it is not the branch's own, that is told.
    """
    was, ours, theirs = map(last_of, (start, main, branch))
    at = ours if theirs == was else theirs
    if ours not in (was, theirs) and theirs != was:
        # Both changed it: the newer one has all that the other has.
        at = max(ours or "", theirs or "")
    floor = newest_of(main)
    if at and floor and at < floor:
        at = floor
    brings = theirs is not None and theirs != was
    if at and brings and at != theirs:
        tell(f"apt_snapshot (what the branch brings comes from {at})")
    mirrors: Mapping[str, str] = keyed(
        Three(start.mirrors, main.mirrors, branch.mirrors), "the mirror of", tell
    )
    return Snapshot(at, mirrors) if at else None


def _logs(lock: Lock) -> Iterator[tuple[str, Log]]:
    """Yield the logs of apt: of what all stand on, then of stages for themselves."""
    yield "apt", lock.packages.get("apt", {})
    for name, entry in sorted(lock.stages.items()):
        yield f"{name}.apt", entry.packages.get("apt", {})
