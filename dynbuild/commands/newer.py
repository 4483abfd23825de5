"""Packages of apt with newer versions, as ``lock`` upgrades them: fixes, or all.

What nobody declares is upgraded where it is installed: in the first image of a line
that has it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from dynbuild.commands.archives import Archives
from dynbuild.commands.outdated import found_of
from dynbuild.explain.installed import Contents
from dynbuild.inside.model import Package
from dynbuild.lockfile.model import Lock, declared_packages
from dynbuild.lockfile.order import install_order
from dynbuild.steps.log import freshened
from dynbuild.steps.managers.apt_pinned import NAME
from dynbuild.steps.model import Freshen, Group, Remove
from dynbuild.steps.restriction import architecture_of
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Newer:
    """What is newer than what is installed.

    ``declared`` are keys of the lock's packages of apt that have a fix of security;
    ``fixes`` names of packages with one that no list declares, ``others`` these and all
    that are newer. ``unknown`` has what kept more from being found; ``there`` what is
    installed, if all of it is known. ``able``: apt is there to upgrade them. ``coming``
    have a fix that a step of the lock will bring, which nobody has built; ``stayed``
    are outdated although the last step that was to upgrade them is built.
    """

    declared: frozenset[str]
    fixes: frozenset[str]
    others: frozenset[str]
    unknown: tuple[str, ...]
    there: frozenset[str] | None
    able: bool
    coming: frozenset[str] = frozenset()
    stayed: frozenset[str] = frozenset()


def newer(lock: Lock, contents: Contents, archives: Archives) -> Newer:
    """Return what is newer for an image; what is yet to be built will be the newest."""
    waiting = _waiting(lock, contents.unknown)
    keys = declared_packages(lock).get("apt", {})
    findings = [*found_of("apt", lock, contents, archives)]
    names = {one.name for one in findings if one.security}
    asked = {key.partition(":")[0] for key in keys}
    there = _spelled(one.package for one in contents.packages)

    def undeclared(names: Iterable[str]) -> frozenset[str]:
        return frozenset(key for name in names for key in there.get(name, ()))

    declared = frozenset(key for key in keys if key.partition(":")[0] in names)
    fixes = undeclared(names - asked)
    outdated = {one.name for one in findings if one.state == "outdated"}
    every = frozenset(key for of in there.values() for key in of)
    return Newer(
        declared - waiting,
        fixes - waiting,
        undeclared(outdated - asked) - waiting,
        tuple(
            f"{one.name}: {one.note}"
            for one in findings
            if one.state == "unknown" and one.name not in waiting
        ),
        None if contents.unknown or contents.problems else every,
        "apt" in there,
        (declared | fixes) & waiting,
        frozenset(_stayed(lock, contents, undeclared(outdated - asked) - waiting)),
    )


def _stayed(lock: Lock, contents: Contents, keys: Iterable[str]) -> Iterator[str]:
    """Yield what the last step that freshened it left as it was."""
    log = lock.packages.get("apt", {})
    for key in keys:
        last = [event.seq for event in freshened(log.get(key, ()))][-1:]
        changes = [
            one for seq in last for one in contents.changes.get(f"apt.{seq}", ())
        ]
        if last and key.partition(":")[0] not in {one.name for one in changes}:
            yield key


def _spelled(packages: Iterable[Package]) -> dict[str, tuple[str, ...]]:
    """Return what dpkg has, by name: as apt calls it, foreign ones by architecture."""
    there = [one for one in packages if one.kind == "deb"]
    own = {one.architecture for one in there if one.name == "dpkg"} | {"all"}
    found: dict[str, tuple[str, ...]] = {}
    for one in there:
        key = one.name
        if one.architecture not in own:
            key = f"{one.name}:{one.architecture}"
        if re.fullmatch(NAME, key):
            found[one.name] = (*found.get(one.name, ()), key)
    return found


Found = Mapping[tuple[str, str], Newer]
"""What is newer, by image and platform."""


def placed(
    found: Found, lines: Mapping[str, tuple[str, ...]], *, security: bool
) -> frozenset[tuple[str, str, Freshen]]:
    """Return what to upgrade that nobody declares: image, name, and for what it is.

    ``lines`` have the images that each extends, the root first, and itself. It is for
    all platforms but those of which it is known that they do not have it.
    """
    asked = {
        (name, key)
        for (image, platform), one in found.items()
        for key in (one.fixes if security else one.others)
        if one.able
        for name in [_first(found, lines[image], platform, key)]
    }
    return frozenset((name, key, _for(found, name, key)) for name, key in asked)


def _first(found: Found, line: tuple[str, ...], platform: str, key: str) -> str:
    """Return the first image of a line that has what is outdated."""
    for name in line:
        above = found.get((name, platform))
        if above is not None and key in above.others:
            return name
    return line[-1]


def _for(found: Found, name: str, key: str) -> Freshen:
    having: set[str | None] = set()
    lacking: set[str | None] = set()
    for (image, platform), one in found.items():
        if image == name:
            away = one.there is not None and key not in one.there
            (lacking if away else having).add(architecture_of(platform))
    return Freshen(tuple(f"!{one}" for one in sorted(_known(lacking - having))))


def _known(architectures: Iterable[str | None]) -> Iterator[str]:
    return (one for one in architectures if one is not None)


def _waiting(lock: Lock, unbuilt: Iterable[str]) -> set[str]:
    """Return the packages that steps install or upgrade which nobody has built."""
    steps = {placed.id: placed.step for placed in install_order(lock)}
    groups = (steps[id_] for id_ in unbuilt if id_ in steps)
    return {
        key
        for group in groups
        if isinstance(group, Group) and group.manager == "apt"
        for key, action in group.actions.items()
        if not isinstance(action, Remove)
    }
