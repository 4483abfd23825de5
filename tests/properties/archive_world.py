"""A world of packages whose archive moves on: what would come, and what is there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zlib import crc32

from dynbuild.lockfile.order import on_platform, system_chain
from dynbuild.steps.managers.apt_pinned import is_older
from dynbuild.steps.managers.came import acted
from dynbuild.steps.model import Group, Remove
from dynbuild.steps.pins import is_resolvable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dynbuild.lockfile.model import Lock

PLATFORM = "linux/amd64"

_LIBRARIES = 60


@dataclass
class Difference(Exception):  # noqa: N818 - what a step is told
    """What a pinned group would bring is not what the lock has."""

    seq: int
    what: str


def needs(package: str) -> tuple[str, ...]:
    """The libraries that a package depends on: the same always."""
    dice = crc32(package.encode())
    if package[:3] == "lib" and package[3:].isdigit():
        other = int(package[3:]) // 2
        return (f"lib{other}",) if other and dice % 3 == 0 else ()
    count = dice % 4
    return tuple(f"lib{(dice >> (6 * n)) % _LIBRARIES + 1}" for n in range(count))


def closure(package: str) -> Iterator[str]:
    yield package
    for other in needs(package):
        yield from closure(other)


def version(package: str, time: int) -> str:
    """What the archive has of a package at a time: it only gets newer."""
    return f"1.{time + crc32(package.encode()) % 3}"


def resolved(lock: Lock, time: int) -> Lock:
    """Return a lock in which all that comes at a time is written down."""
    _, found = _built(lock, time)
    events = {**lock.resolved.get("apt", {}).get(PLATFORM, {}), **found}
    if not events:
        return lock
    return replace(lock, resolved={"apt": {PLATFORM: dict(sorted(events.items()))}})


def built(lock: Lock, time: int) -> dict[str, str]:
    """Return what a lock's packages are, built at a time. Raises Difference."""
    return _built(lock, time)[0]


def _built(
    lock: Lock, time: int
) -> tuple[dict[str, str], dict[int, Mapping[str, str]]]:
    there: dict[str, str] = {}
    manual: set[str] = set()
    found: dict[int, Mapping[str, str]] = {}
    for placed in on_platform(system_chain(lock), PLATFORM):
        group = placed.step
        if not isinstance(group, Group) or group.manager != "apt":
            continue
        wants = {*acted(group)}
        before = dict(there)
        if group.pinned is None:
            _install(group, there, time)
        else:
            there |= group.pinned.packages
            besides = {p for name in wants for p in closure(name)} - there.keys()
            if besides:
                raise Difference(placed.seq, f"{sorted(besides)} came besides")
        removed = {n for n, a in group.actions.items() if isinstance(a, Remove)}
        manual = (manual | wants) - removed
        if removed:
            needed = {p for name in manual for p in closure(name)}
            there = {name: one for name, one in there.items() if name in needed}
        if group.pinned is None and is_resolvable(group):
            came = {n: v for n, v in there.items() if before.get(n) != v}
            found[placed.seq] = {**came, **{name: there[name] for name in wants}}
    return there, found


def _install(group: Group, there: dict[str, str], time: int) -> None:
    if group.upgrades:
        there |= {name: version(name, time) for name in there}
    for name, action in sorted(group.actions.items()):
        if isinstance(action, Remove):
            continue
        there[name] = version(name, time)
        for one in closure(name):
            # What is newer needs what is at least as new as what an older one needed.
            least = version(one, time // 3 * 3)
            if one not in there or (one != name and is_older(there[one], least)):
                there[one] = version(one, time)
