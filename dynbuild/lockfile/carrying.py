"""Which versions stay written down when a lock is updated, merged, or renumbered.

A group keeps the versions that another lock has of the same events, if what is below
it is the same there; or has more groups here, which are written down themselves, only
install, and share no package with it. Then it would bring the same here. So what a
branch resolved stays when its events are numbered behind main's, unless main changed a
package that they name: that would undo an upgrade, or bring something else.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from dynbuild.lockfile.model import Lock, is_same
from dynbuild.lockfile.order import system_chain
from dynbuild.lockfile.platform import of_platform
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import Action, Group, Remove, Step
from dynbuild.steps.pinned import Events, Pinned, Versions
from dynbuild.steps.pins import is_resolvable, on, pinning_of
from dynbuild.values import dataclass

_Facts: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Below:
    """A step of the chain: what it is, its actions, its versions on a platform.

    ``snapshot`` is the time that these come from, and who has it.
    """

    seq: int
    facts: _Facts
    actions: Mapping[str, Action]
    upgrades: bool
    manager: str | None
    versions: Versions | None
    snapshot: _Facts = ()

    @property
    def is_apart(self) -> bool:
        """Whether all that it changes are the packages that it has versions of."""
        removes = any(isinstance(one, Remove) for one in self.actions.values())
        return bool(self.versions) and not removes and not self.upgrades


def carried(lock: Lock, source: Lock) -> Lock:
    """Return a lock with the versions that another one has of its groups.

    Those that it has itself stay.
    """
    if not source.resolved or not is_same(lock.base, source.base):
        return lock
    for manager in MANAGERS:
        # Managers of the system first: the others stand on what these bring.
        mine = lock.resolved.get(manager, {})
        platforms = sorted({**mine, **source.resolved.get(manager, {})})
        found = {one: _both(lock, source, manager, one) for one in platforms}
        kept = {one: events for one, events in found.items() if events}
        rest = {name: of for name, of in lock.resolved.items() if name != manager}
        every = {**rest, manager: kept} if kept else rest
        lock = replace(lock, resolved=every)
    return lock


def _both(lock: Lock, source: Lock, manager: str, platform: str) -> Events:
    own = lock.resolved.get(manager, {}).get(platform, {})
    found = _carried(
        _chain(lock, platform, manager), _chain(source, platform, manager), manager
    )
    return dict(sorted({**own, **found}.items()))


def none_older(lock: Lock, sides: Iterable[Lock]) -> Lock:
    """Return a merged lock that writes down no package older than one of the sides.

    Where both sides brought a package, each in its own version, the group of the older
    one is left open: it is installed anew.
    """
    for side in sides:
        for manager, platforms in side.resolved.items():
            for platform in platforms:
                known = _last(side, manager, platform)
                while seqs := _older(lock, manager, platform, known):
                    lock = _without(lock, manager, platform, seqs)
    return lock


def _last(lock: Lock, manager: str, platform: str) -> dict[str, str]:
    """Return the versions of the packages that are brought, as the last group has."""
    return {
        name: version
        for one in _chain(lock, platform, manager)
        if one.manager == manager and one.versions
        for name, version in Pinned(one.versions).packages.items()
    }


def _older(
    lock: Lock, manager: str, platform: str, known: Mapping[str, str]
) -> set[int]:
    """Return the seqs of the last groups that bring something older than is known."""
    last = {
        name: (one.seq, version)
        for one in _chain(lock, platform, manager)
        if one.manager == manager and one.versions
        for name, version in Pinned(one.versions).packages.items()
    }
    versions = {name: version for name, (_, version) in last.items()}
    return {last[name][0] for name, _, _ in pinning_of(manager).undone(known, versions)}


def _without(lock: Lock, manager: str, platform: str, seqs: Collection[int]) -> Lock:
    of = lock.resolved[manager]
    events = {seq: one for seq, one in of[platform].items() if seq not in seqs}
    rest = {**of, platform: events} if events else {**of}
    if not events:
        del rest[platform]
    resolved = {**lock.resolved, manager: rest}
    return replace(lock, resolved={name: one for name, one in resolved.items() if one})


def _chain(lock: Lock, platform: str, manager: str) -> list[_Below]:
    """Return what packages of a manager may depend on, in order."""
    return [
        _below(placed.step, placed.seq, platform)
        for placed in system_chain(of_platform(lock, platform))
        if not isinstance(placed.step, Group)
        or placed.step.manager == manager
        or MANAGERS[placed.step.manager].system is not None
    ]


def _below(step: Step, seq: int, platform: str) -> _Below:
    if not isinstance(step, Group):
        return _Below(seq, (step,), {}, upgrades=False, manager=None, versions=None)
    pinned = on(step, platform).pinned
    actions = tuple(sorted(step.actions.items(), key=lambda one: one[0]))
    snapshot = (step.snapshots, tuple(sorted(step.mirrors.items())))
    facts = (step.manager, actions, step.upgrades, step.indexes, snapshot)
    wants = is_resolvable(step)
    return _Below(
        seq,
        facts,
        step.actions,
        step.upgrades,
        step.manager if wants else None,
        pinned.versions if pinned else None,
        snapshot,
    )


def _carried(
    here: Iterable[_Below], there: Sequence[_Below], manager: str
) -> dict[int, Versions]:
    """Return the versions from there that hold here, for groups without any."""
    found: dict[int, Versions] = {}
    used: set[int] = set()
    below: list[_Below] = []
    for one in here:
        parts = _parts(one, there, used)
        used |= {*parts}
        if one.manager == manager and one.versions is None and parts:
            of = [there[part].versions for part in parts]
            rest = [
                other for at, other in enumerate(there[: parts[-1]]) if at not in parts
            ]
            if all(of):
                versions = {k: v for some in of if some for k, v in some.items()}
                if _holds(one, versions, below, rest, manager):
                    found[one.seq] = versions
                    one = replace(one, versions=versions)  # noqa: PLW2901 - below others
        below.append(one)
    return found


def _parts(one: _Below, there: Sequence[_Below], used: set[int]) -> list[int]:
    """Return the steps there that are the same as one here, or add up to it."""
    free = [at for at in range(len(there)) if at not in used]
    for at in free:
        if there[at].facts == one.facts:
            return [at]
    if one.manager is None:
        return []
    wanted = {*one.actions.items()}
    parts = [
        at
        for at in free
        if there[at].manager == one.manager
        and there[at].snapshot == one.snapshot
        and wanted >= {*there[at].actions.items()}
        and (one.upgrades or not there[at].upgrades)
    ]
    covered = {item for at in parts for item in there[at].actions.items()}
    upgrades = any(there[at].upgrades for at in parts)
    return parts if covered == wanted and upgrades == one.upgrades else []


def _holds(
    one: _Below,
    versions: Versions,
    here: Sequence[_Below],
    there: Sequence[_Below],
    manager: str,
) -> bool:
    """Whether versions from there hold here, by what is below in both."""
    left = [*there]
    differing: list[_Below] = []
    for below in here:
        same = next((other for other in left if other.facts == below.facts), None)
        if same is not None:
            left.remove(same)
        if same is None or same.versions != below.versions:
            differing += [below, *([same] if same else [])]
    if left:
        # It may have brought what this one needs, and found there.
        return False
    removes = any(isinstance(action, Remove) for action in one.actions.values())
    return not differing or (
        not removes
        and not one.upgrades
        and all(
            other.is_apart and not _concerns(other, versions, manager)
            for other in differing
        )
    )


def _concerns(other: _Below, versions: Versions, manager: str) -> bool:
    """Whether what another group brings may change what a manager's group does."""
    brought = other.versions or {}
    if other.manager == manager:
        return bool(brought.keys() & versions.keys())
    stands_on = re.compile(pinning_of(manager).stands_on)
    return any(stands_on.fullmatch(name) for name in brought)
