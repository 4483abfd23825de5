"""``lock --security``: the packages of a lock that have a newer fix of security."""

from collections.abc import Iterable

from dynbuild.commands.archives import Archives
from dynbuild.commands.outdated import found_of
from dynbuild.explain.installed import Contents
from dynbuild.lockfile.model import Lock, declared_packages
from dynbuild.lockfile.order import install_order
from dynbuild.steps.model import Group, Remove
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Fixes:
    """Fixes of security that are newer than what is installed.

    ``declared`` are keys of the lock's packages of apt, ``others`` names of packages
    that no list declares. ``unknown`` has what kept others from being found.
    """

    declared: frozenset[str]
    others: tuple[str, ...]
    unknown: tuple[str, ...]


def fixes(lock: Lock, contents: Contents, archives: Archives) -> Fixes:
    """Return the fixes for an image; what is yet to be built will be the newest."""
    waiting = _waiting(lock, contents.unknown)
    keys = declared_packages(lock).get("apt", {})
    findings = [*found_of("apt", lock, contents, archives)]
    names = {one.name for one in findings if one.security}
    declared = {key for key in keys if key.partition(":")[0] in names}
    others = names - {key.partition(":")[0] for key in keys}
    return Fixes(
        frozenset(declared - waiting),
        tuple(sorted(others)),
        tuple(
            f"{one.name}: {one.note}"
            for one in findings
            if one.state == "unknown" and one.name not in waiting
        ),
    )


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
