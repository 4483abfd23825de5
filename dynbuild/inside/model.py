"""Packages, and what one file of a layer says of them."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from dynbuild.values import dataclass

Kind: TypeAlias = Literal["apk", "deb", "npm", "pypi", "rpm"]
"""The family of a package, as package URLs (purl) call it."""

LONGEST = 256
"""Maximum characters of a name, a version, a licence: layers are written by others."""


LONGEST_LINE = 2048
"""Maximum characters of a line that says what came: places of npm are long."""


@dataclass(frozen=True, slots=True, order=True)
class Package:
    """An installed package.

    ``source`` and ``source_version`` are what it was built from, where its manager says
    so. ``needs`` has the names of packages that it depends on; of a system package only
    those that are installed beside it, by their own names.
    """

    kind: Kind
    name: str
    version: str
    architecture: str = ""
    source: str = ""
    source_version: str = ""
    licence: str = ""
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Archive:
    """A repository that a manager is configured to ask.

    Of apt as sources.list(5) names it: a suite that ends in / is a directory with an
    index of its own, without components. Others have no suite. One of rpm may have
    variables in its address; its ``components`` are addresses of mirrors, and one that
    is ``listed`` has the address of a list of these.
    """

    uri: str
    suite: str
    components: tuple[str, ...] = ()
    kind: Kind = "deb"
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What one file says: packages, the name and version of a distribution, a licence.

    The licence is that of the package whose file it is, ``archives`` are where more
    comes from, ``variable`` is the value of one that their addresses may have.
    ``noted`` are the lines in which a package group of dynbuild said what came.
    ``problem`` says why the file could not be read, or not whole.
    """

    packages: tuple[Package, ...] = ()
    distribution: tuple[str, str] | None = None
    licence: str = ""
    problem: str = ""
    archives: tuple[Archive, ...] = ()
    noted: tuple[str, ...] = ()
    variable: str = ""


Readings: TypeAlias = Mapping[str, Reading]
"""What the files of a layer, or of a step's layers, say, by path."""


def plain(text: str, longest: int = LONGEST) -> str:
    """Return a text that is safe to show, and not too long."""
    shown = text.strip()[:longest]
    return "".join(
        one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in shown
    )
