"""What a package group brings, once it is written down: versions, and their digests."""

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import TypeAlias

from dynbuild.values import dataclass

Versions: TypeAlias = Mapping[str, str]
"""The versions that one event brings, by package; none: they are to be noted."""

Events: TypeAlias = Mapping[int, Versions]
"""The versions of the events of one manager on one platform, by seq."""

Resolved: TypeAlias = Mapping[str, Mapping[str, Events]]
"""The versions of a lock by manager, then by platform."""

Sums: TypeAlias = Mapping[str, frozenset[str]]
"""Digests that archives may have, by manager, platform, package and version."""

NOBODY = "-"
"""In place of a version: no package has that name, others provide it; nothing is there
to be freshened; or of all that is there, that it was brought to its newest version."""

ALL = "*"
"""In place of a package: all that is there, where that is upgraded; or all that is
declared, where a removal alone may bring something back."""

CHOSEN = "="
"""Before the names of packages that were chosen for a name that none has itself."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """The versions that a group brings to one platform, by package.

    Without any, it is installed as it comes, and what came is noted in its layer.
    ``sums`` has the digests that an archive may have, by package and version; they
    decide whether a result counts, never what it is.
    """

    versions: Mapping[str, str]
    sums: Mapping[str, frozenset[str]] = field(default_factory=dict, compare=False)

    @property
    def noting(self) -> bool:
        return not self.versions

    @property
    def packages(self) -> dict[str, str]:
        """The versions of packages, without the names that none has."""
        return {
            name: version
            for name, version in sorted(self.versions.items())
            if version != NOBODY and not version.startswith(CHOSEN)
        }

    @property
    def chosen(self) -> Iterator[str]:
        """The packages that were chosen for names that none has."""
        for version in self.versions.values():
            if version.startswith(CHOSEN):
                yield from version.removeprefix(CHOSEN).split(",")
