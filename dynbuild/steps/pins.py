"""The versions of a lock's package groups, and which of them count.

They are written down event by event, once a group was installed. Whoever reads a lock
tests them alike: one seq gives a package one version, all that the group asks for has
one, and replayed by seq no package goes down unless a spec of that group asks for it.
What fails this is unresolved: it is installed as it comes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.managers.came import Pinning
from dynbuild.steps.model import Group
from dynbuild.steps.pinned import Events, Pinned, Sums, Versions
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A group without versions that count on a platform.

    ``undoes`` are upgrades that what is written down would undo: package, version
    there, version before.
    """

    manager: str
    seq: int
    platform: str
    undoes: tuple[tuple[str, str, str], ...] = ()


def pinning_of(manager: str) -> Pinning:
    """Return how a manager's versions are written down: no lock has any other's."""
    pinning = MANAGERS[manager].pinning
    assert pinning is not None
    return pinning


def is_resolvable(group: Group) -> bool:
    """Whether versions of a group can be written down: it brings some, and can say."""
    pinning = MANAGERS[group.manager].pinning
    return pinning is not None and bool(pinning.asked(group))


def pinned_groups(
    found: Iterable[tuple[int, Group]], resolved: Mapping[str, Events], sums: Sums
) -> Iterator[tuple[int, Group]]:
    """Yield the groups of a manager with those of their versions that count."""
    every = [*found]
    pins: dict[int, dict[str, Pinned]] = {}
    for platform, events in resolved.items():
        for seq, versions, undone in _replayed(every, events):
            if versions is not None and not undone:
                own = _sums(sums, every[0][1].manager, platform, versions)
                pins.setdefault(seq, {})[platform] = Pinned(versions, own)
    for seq, group in every:
        yield seq, replace(group, pins=pins[seq]) if seq in pins else group


def unresolved(
    manager: str, found: Iterable[tuple[int, Group]], resolved: Events, platform: str
) -> Iterator[Unresolved]:
    """Yield the groups of a manager without versions that count on a platform."""
    for seq, versions, undone in _replayed([*found], resolved):
        if versions is None or undone:
            yield Unresolved(manager, seq, platform, undone)


def on(group: Group, platform: str) -> Group:
    """Return a group as one platform has it."""
    if not group.pins:
        return group
    return replace(group, pins={}, pinned=group.pins.get(platform))


def _replayed(
    found: list[tuple[int, Group]], events: Events
) -> Iterator[tuple[int, Versions | None, tuple[tuple[str, str, str], ...]]]:
    """Yield of each group its seq, its versions if whole, and what they would undo."""
    now: dict[str, str] = {}
    for seq, group in found:
        if not is_resolvable(group):
            continue
        versions = events.get(seq)
        if versions is None or (versions and not _is_whole(group, versions)):
            yield seq, None, ()
            continue
        packages = Pinned(versions).packages
        pinning = pinning_of(group.manager)
        older = pinning.asks_for_older(group)
        undone = () if older else tuple(pinning.undone(now, packages))
        if not undone:
            now |= packages
        yield seq, versions, undone


def _is_whole(group: Group, versions: Versions) -> bool:
    """Whether all that a group asks for has a version: two merged events may not.

    Nor is it if these came from archives at two times: no source has both versions.
    """
    if len(group.snapshots) > 1:
        return False
    return {*pinning_of(group.manager).asked(group)} <= versions.keys()


def _sums(
    sums: Sums, manager: str, platform: str, versions: Versions
) -> dict[str, frozenset[str]]:
    found = (f"{name} {version}" for name, version in Pinned(versions).packages.items())
    return {
        one: known
        for one in found
        if (known := sums.get(f"{manager} {platform} {one}"))
    }
