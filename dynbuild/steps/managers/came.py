"""What a package group brought, as it says in its layer; the same for all managers.

A group that notes leaves a line for each package that came: its version, the digest of
its archive, and how it is there. One that is pinned leaves the same, which is compared.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import field

from dynbuild.steps.managers.presence import ReadText
from dynbuild.steps.model import Group, Install, Upgrade
from dynbuild.steps.pinned import Pinned
from dynbuild.values import dataclass

BEGINNING = "# What came, as dynbuild lock --resolve writes it down."

UNSERVED = "dynbuild: no longer served:"
"""The beginning of the line that names a version which no source has."""

UNKNOWN = "dynbuild: dynbuild.sum has no digest of"
"""The beginning of the line that names a version whose archive may be any."""

UNFIT = "dynbuild: the versions that the lock has do not fit together"

THERE = "there"
"""The mark of what a group did not bring, and was asked for."""


@dataclass(frozen=True, slots=True)
class Came:
    """A package that a group brought; ``digest`` is empty where none is known of it.

    ``lacks`` is a word for why, which the manager explains, or empty.
    ``chosen`` was asked for by name, or instead of a name that none has. What was not
    ``brought`` was there already.
    """

    name: str
    version: str
    digest: str
    chosen: bool
    brought: bool = True
    lacks: str = ""


@dataclass(frozen=True, slots=True)
class Pinning:
    """What a manager does so that the versions of its groups can be written down.

    ``notes`` is the path where a group says what came; names and versions of packages
    match ``name`` and ``version``. ``asked`` returns what there has to be a line for:
    without any, a group has no versions. ``asks_for_older`` tells whether a group's
    specs may make a version lower, ``is_older`` compares two.

    ``written`` returns what to write down of a group: of what came, and of the versions
    of the system's packages that are installed after it. ``compared`` tells how what
    came differs from what is written down; it is given what the group noted, and what
    reads its layer. ``stands_on`` matches packages of other
    managers on which it depends what comes; ``since`` is the first version of a lock
    with it. ``teller`` is who knows digests, ``needed`` what to do where none is known.
    ``lacking`` has the same for the words of what came.
    ``owner`` returns the package that holds another one as its own, and decides on it.
    """

    notes: str
    name: str
    version: str
    asked: Callable[[Group], Collection[str]]
    asks_for_older: Callable[[Group], bool]
    is_older: Callable[[str, str], bool]
    written: Callable[[Group, tuple[Came, ...], Mapping[str, str]], dict[str, str]]
    compared: Callable[[Group, Pinned, tuple[Came, ...], ReadText], Iterator[str]]
    since: int
    teller: str
    needed: str
    stands_on: str = ""
    lacking: Mapping[str, str] = field(default_factory=dict)
    owner: Callable[[str], str] = str

    def came(self, text: str) -> tuple[Came, ...]:
        """Read what a group left. Raises ValueError for what no group leaves."""
        first, *lines = text.splitlines() or [""]
        if first != BEGINNING:
            raise ValueError(first)
        return tuple(map(self._line, lines))

    def _line(self, line: str) -> Came:
        name, version, digest, mark = line.split(" ")
        if not (re.fullmatch(self.name, name) and re.fullmatch(self.version, version)):
            raise ValueError(line)
        known = re.fullmatch("[0-9a-f]{64}", digest)
        sum_ = known[0] if known else ""
        brought, lacks = mark != THERE, "" if known else digest.removeprefix("-")
        return Came(name, version, sum_, mark == "manual", brought, lacks)

    def differs(self, group: Group, text: ReadText) -> tuple[str, ...]:
        """Return how what came differs from what is written down, a line each."""
        pinned = group.pinned
        if pinned is None or pinned.noting:
            return ()
        try:
            noted = self.came(text(self.notes))
        except ValueError:
            return ("it does not say what came",)
        return tuple(self.compared(group, pinned, noted, text))

    def undone(
        self, before: Mapping[str, str], now: Mapping[str, str]
    ) -> Iterator[tuple[str, str, str]]:
        """Yield what is older now: package, version, the version before.

        What another package holds may be, where that is another version itself.
        """
        for name, version in now.items():
            was, owner = before.get(name), self.owner(name)
            held = owner == name or before.get(owner) == now.get(owner)
            if was is not None and held and self.is_older(version, was):
                yield name, version, was


def acted(group: Group) -> Iterator[str]:
    """Yield the packages that a group installs or upgrades by name."""
    for name, action in sorted(group.actions.items()):
        if isinstance(action, Install | Upgrade):
            yield name


def versions_differ(
    pinned: Pinned, brought: tuple[Came, ...], there: Mapping[str, str]
) -> Iterator[str]:
    """Yield how what came, and what is there, differs from the lock's versions."""
    for name, version in pinned.packages.items():
        if there.get(name) != version:
            found = there.get(name, "not there")
            yield f"{name}: the lock has {version}, and it is {found}"
    for one in brought:
        if one.name not in pinned.packages:
            yield f"{one.name}: {one.version} came, and the lock has none"


def digests_differ(
    pinned: Pinned, brought: tuple[Came, ...], teller: str
) -> Iterator[str]:
    """Yield how digests of what came differ; ``teller`` is who would know them."""
    for one in brought:
        known = pinned.sums.get(f"{one.name} {one.version}", frozenset())
        what = f"{one.name} {one.version}"
        if not known:
            yield f"{what}: dynbuild.sum has no digest of it"
        elif one.digest not in known:
            found = one.digest or f"none that {teller} has"
            yield f"{what}: its digest is {found}, and not {' or '.join(sorted(known))}"
