"""A lock as one platform has it: without what is for other platforms alone.

A package whose spec names other architectures was never installed there, and a stage
for other platforms was never declared. What has neither is the same lock, so that no
digest of it depends on how others restrict what they have.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain

from dynbuild.errors import Diagnostic, LockError
from dynbuild.lockfile.model import Entry, Lock
from dynbuild.lockfile.own_packages import declared_by
from dynbuild.lockfile.recent import recently
from dynbuild.steps.log import Event, Log, numbers, says_more, with_numbers
from dynbuild.steps.model import Freshen, Install, Remove, Stage
from dynbuild.steps.restriction import admits, parted

ANY_OTHER = ""
"""In place of a platform that nothing names."""


def of_platform(lock: Lock, platform: str) -> Lock:
    """Return the lock of an image as a platform has it; the lock itself if it has all.

    Raises LockError (DB0438) for a stage that copies from one that is not there: after
    a merge.
    """
    by_platform = _by_platform(lock)
    if by_platform is None:
        return lock
    if platform not in by_platform:
        by_platform[platform] = _of_platform(lock, platform)
    return by_platform[platform]


def is_for(stage: Stage, platform: str) -> bool:
    """Whether images for a platform have a stage."""
    return not stage.only or platform in stage.only


def told_apart(lock: Lock) -> tuple[str, ...]:
    """Return the platforms that a lock may differ by, none if it is the same for all.

    Those that it is for; else those that its stages name, and one that nothing names.
    """
    if _by_platform(lock) is None:
        return ()
    named = {one for entry in lock.stages.values() for one in entry.stage.only}
    return lock.config.platforms or (*sorted(named), ANY_OTHER)


@recently
def _by_platform(lock: Lock) -> dict[str, Lock] | None:
    """Return what is known of a lock by platform; None if all have all of it."""
    entries = lock.stages.values()
    if any(entry.stage.only for entry in entries):
        return {}
    logs = chain(
        lock.packages.values(),
        chain.from_iterable(entry.packages.values() for entry in entries),
    )
    return {} if any(map(is_restricted, logs)) else None


def is_restricted(log: Log) -> bool:
    """Whether an event of a log is for some platforms only."""
    return any(
        (isinstance(event.action, Install) and parted(event.action.spec)[1])
        or (isinstance(event.action, Freshen) and event.action.only)
        for events in log.values()
        for event in events
    )


def _of_platform(lock: Lock, platform: str) -> Lock:
    stages = {
        name: _entry(lock, entry, platform)
        for name, entry in lock.stages.items()
        if is_for(entry.stage, platform)
    }
    images = {image for entry in stages.values() for image in entry.stage.images}
    return replace(
        lock,
        packages=_logs(lock.packages, platform),
        stages=stages,
        images={ref: pin for ref, pin in lock.images.items() if ref in images},
        above=lock.above and of_platform(lock.above, platform),
    )


def _entry(lock: Lock, entry: Entry, platform: str) -> Entry:
    """Return a stage without what it stands on elsewhere alone."""
    stage = entry.stage

    def away(name: str) -> bool:
        return name in lock.stages and not is_for(lock.stages[name].stage, platform)

    lost = [name for name in stage.sources if away(name)]
    if lost:
        message = f"stage {stage.name!r} copies from {lost[0]!r}, which the lock does "
        message += f"not have for {platform}"
        hint = f"two merged changes: give {stage.name!r} the same `only` in the "
        hint += "declaration, or none to the other, then run `dynbuild lock`"
        raise LockError(Diagnostic("DB0438", message, hint=hint))
    packages = _logs(entry.packages, stage.platform or platform)
    kept = tuple(name for name in stage.dependencies if not away(name))
    if packages == entry.packages and kept == stage.dependencies:
        return entry
    stage = replace(stage, dependencies=kept, packages=declared_by(packages))
    return replace(entry, stage=stage, packages=packages)


def _logs(logs: Mapping[str, Log], platform: str) -> dict[str, Log]:
    found = {manager: _log(log, platform) for manager, log in logs.items()}
    return {manager: log for manager, log in found.items() if log}


def _log(log: Log, platform: str) -> Log:
    """Return a log as a platform has it; upgrades keep the numbers that they have."""
    if not is_restricted(log):
        return log
    there = {key: _events(events, platform) for key, events in log.items()}
    kept = {key: events for key, events in there.items() if events}
    return with_numbers(kept, numbers(log))


def _events(events: tuple[Event, ...], platform: str) -> tuple[Event, ...]:
    """Return what happened to a package on a platform.

    Where another restriction leaves it as it is, nothing did.
    """
    if not is_restricted({"": events}):
        return events
    kept: list[Event] = []
    spec: str | None = None
    for event in _last_of_each(events):
        action = event.action
        before = spec
        match action:
            case Install(wanted):
                named, words = parted(wanted)
                spec = named if admits(words, platform) else None
                action = Remove() if spec is None else Install(spec)
                changed = spec != before
            case Remove():
                spec = None
                changed = before is not None
            case Freshen(only):
                action = Freshen()
                changed = admits(only, platform)
            case _:
                changed = before is not None
        if changed:
            kept.append(replace(event, action=action))
    return tuple(kept)


def _last_of_each(events: Iterable[Event]) -> Iterable[Event]:
    """Return the events that count, of several at one seq (``steps.log``)."""
    found: dict[int, Event] = {}
    for event in events:
        other = found.get(event.seq)
        if says_more(event.action, None if other is None else other.action):
            found[event.seq] = event
    return found.values()
