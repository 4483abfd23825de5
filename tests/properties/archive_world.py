"""A world of packages whose archive moves on: what would come, and what is there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias
from zlib import crc32

from dynbuild.lockfile.order import on_platform, system_chain
from dynbuild.steps.managers.apt_pinned import is_older
from dynbuild.steps.managers.came import acted
from dynbuild.steps.managers.npm_pinned import owner
from dynbuild.steps.managers.script import freshened
from dynbuild.steps.model import Group, Remove, Upgrade
from dynbuild.steps.pinned import ALL, NOBODY
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
    every = {**lock.resolved}
    for manager, more in found.items():
        of = every.get(manager, {})
        events = dict(sorted({**of.get(PLATFORM, {}), **more}.items()))
        every[manager] = {**of, PLATFORM: events}
    return replace(lock, resolved=every)


def built(lock: Lock, time: int) -> dict[str, str]:
    """Return what a lock's packages are, built at a time. Raises Difference."""
    there, _ = _built(lock, time)
    return {
        name if manager == "apt" else f"{manager} {name}": version_
        for manager, found in there.items()
        for name, version_ in found.items()
    }


_Found: TypeAlias = "dict[str, dict[int, Mapping[str, str]]]"


def _built(lock: Lock, time: int) -> tuple[dict[str, dict[str, str]], _Found]:
    """Return what is there, by manager, and what of it is to be written down."""
    every: dict[str, dict[str, str]] = {"apt": {}, "pip": {}, "npm": {}}
    manual: set[str] = set()
    found: _Found = {}
    for placed in on_platform(system_chain(lock), PLATFORM):
        group = placed.step
        if not isinstance(group, Group):
            continue
        there = every[group.manager]
        if group.manager == "npm":
            before: dict[str, str] = {}
            _install_apart(placed.seq, group, there, time)
        else:
            before = _install_together(placed.seq, group, there, manual, time)
        if group.pinned is None and is_resolvable(group):
            came = _came(group, before, there)
            found.setdefault(group.manager, {})[placed.seq] = came
    return every, found


def _came(
    group: Group, before: Mapping[str, str], there: Mapping[str, str]
) -> dict[str, str]:
    wants = {*acted(group)}
    if group.manager == "npm":
        return {place: one for place, one in there.items() if owner(place) in wants}
    came = {n: v for n, v in there.items() if before.get(n) != v}
    wants |= {*freshened(group)}
    asked = {name: there.get(name, NOBODY) for name in wants} or {ALL: NOBODY}
    return {**came, **asked}


def _install_apart(seq: int, group: Group, there: dict[str, str], time: int) -> None:
    """Install what npm does: packages, each with all that it needs below itself."""
    wants = {*acted(group)}
    tree = {name: version(name, time) for name in wants}
    for name in wants:
        for one in {*closure(name)} - {name}:
            tree[f"{name}/node_modules/{one}"] = version(one, time)
    for place in [one for one in there if owner(one) in group.actions]:
        del there[place]
    if group.pinned is not None:
        if tree.keys() != group.pinned.packages.keys():
            raise Difference(seq, f"{sorted(tree.keys())} came")
        tree = group.pinned.packages
    there |= tree


def _install_together(
    seq: int, group: Group, there: dict[str, str], manual: set[str], time: int
) -> dict[str, str]:
    """Install what apt and pip do; return what was there before it."""
    wants = {*acted(group)} | {name for name in freshened(group) if name in there}
    removed = {n for n, a in group.actions.items() if isinstance(a, Remove)}
    for name in removed if group.manager == "pip" else ():
        there.pop(name, None)
    before = dict(there)
    if group.pinned is None:
        _install(group, there, time)
    else:
        there |= group.pinned.packages
        asked = wants if group.manager == "apt" else {*group.declared}
        besides = {p for name in asked for p in closure(name)} - there.keys()
        if besides:
            raise Difference(seq, f"{sorted(besides)} came besides")
    if group.manager == "apt":
        manual |= {*acted(group)}
        manual -= removed
        needed = {p for name in manual for p in closure(name)}
        for name in there.keys() - needed if removed else ():
            del there[name]
    return before


def _install(group: Group, there: dict[str, str], time: int) -> None:
    if group.upgrades:
        there |= {name: version(name, time) for name in there}
    wants = {*acted(group)} | {name for name in freshened(group) if name in there}
    if group.manager == "pip":
        # Of all that is declared, only what is missing, or to be upgraded.
        upgraded = any(isinstance(one, Upgrade) for one in group.actions.values())
        wants = {n for n in group.declared if upgraded or n not in there}
    for name in sorted(wants):
        there[name] = version(name, time)
    for name in sorted({*wants, *(group.declared if group.manager == "pip" else ())}):
        for one in closure(name):
            # What is newer needs what is at least as new as what an older one needed.
            least = version(one, time // 3 * 3)
            older = one != name and one in there and is_older(there[one], least)
            if one not in there or (older and name in wants):
                there[one] = version(one, time)
