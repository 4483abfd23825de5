"""Why a package is installed: the declared one that needs it, by way of which others.

What a layer says that a package needs is what its manager's database says; versions,
and choices that were not taken, play no part.
"""

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence

from dynbuild.explain.installed import BASE, Contents, InstalledPackage
from dynbuild.inside.python import normal
from dynbuild.lockfile.order import Placed
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import Freshen, Group
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class WhyInstalled:
    """A package, and why it is there.

    ``chain`` leads from a declared package to it, both included; it is empty if none
    that its step declares needs it. ``needed_by`` are the packages that need it
    themselves.
    """

    installed: InstalledPackage
    seq: int | None
    declared: bool
    chain: tuple[str, ...] = ()
    needed_by: tuple[str, ...] = ()


def why_installed(
    name: str, contents: Contents, order: Sequence[Placed]
) -> tuple[WhyInstalled, ...]:
    """Return why the packages of a name are there; empty if there are none.

    A name may have its architecture after a colon, as dpkg has it.
    """
    steps = {placed.id: placed for placed in order}
    return tuple(
        _why(one, contents, steps.get(one.step))
        for one in contents.packages
        if spelled(name, one.package.kind)
        in {
            spelled(one.package.name, one.package.kind),
            f"{one.package.name}:{one.package.architecture}",
        }
    )


def spelled(name: str, kind: str) -> str:
    """Return a name as packages that need it may spell it."""
    return normal(name) if kind == "pypi" else name


def _why(
    one: InstalledPackage, contents: Contents, placed: Placed | None
) -> WhyInstalled:
    kind = one.package.kind
    own = spelled(one.package.name, kind)
    alike = [other.package for other in contents.packages if other.package.kind == kind]
    needs: dict[str, set[str]] = {}
    for package in alike:
        found = needs.setdefault(spelled(package.name, kind), set())
        found |= {spelled(need, kind) for need in package.needs}
    needed_by = sorted(name for name, wanted in needs.items() if own in wanted - {name})
    group = placed.step if placed and isinstance(placed.step, Group) else None
    declared = _declared(group, kind, needs)
    return WhyInstalled(
        one,
        placed.seq if placed and one.step != BASE else None,
        own in declared,
        _chain(own, declared, needs),
        tuple(needed_by),
    )


def _declared(
    group: Group | None, kind: str, there: Collection[str]
) -> tuple[str, ...]:
    """Return the installed packages that a group declares; those it installs first."""
    if group is None or MANAGERS[group.manager].kind != kind:
        return ()
    acts = (n for n, one in group.actions.items() if not isinstance(one, Freshen))
    names = dict.fromkeys((*acts, *group.declared))
    plain = (name if name in there else name.partition(":")[0] for name in names)
    return tuple(dict.fromkeys(name for name in plain if name in there))


def _chain(
    own: str, declared: Iterable[str], needs: Mapping[str, Collection[str]]
) -> tuple[str, ...]:
    """Return the shortest way from a declared package to one, both included."""
    ways: dict[str, tuple[str, ...]] = {name: (name,) for name in declared}
    todo = deque(ways)
    while todo:
        name = todo.popleft()
        if name == own:
            return ways[name]
        for need in sorted(needs.get(name, ())):
            if need in needs and need not in ways:
                ways[need] = (*ways[name], need)
                todo.append(need)
    return ()
