"""Archives as they were at a time: what a declaration asks for, how it is spelled."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import field

from dynbuild.values import dataclass

_LONG = "(?:0[13578]|1[02])(?:0[1-9]|[12][0-9]|3[01])"
_SHORT = "(?:0[469]|11)(?:0[1-9]|[12][0-9]|30)|02(?:0[1-9]|1[0-9]|2[0-8])"
_LEAP = "(?:(?:19|20)(?:0[48]|[2468][048]|[13579][26])|2000)0229"
_DAY = rf"(?:(?:19|20)[0-9]{{2}}(?:{_LONG}|{_SHORT})|{_LEAP})"
TIME = rf"{_DAY}T(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]Z"
"""A time as the services of snapshots spell it, in UTC: later ones sort behind."""

ADDRESS = r"https?://[A-Za-z0-9][A-Za-z0-9._:-]*(?:/[A-Za-z0-9._~@+%-]+)*/?"
"""The address of an archive, or of the directory that has its snapshots by time."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The time that new packages come from, and who has archives as they were.

    ``mirrors`` map the address of an archive, as the image's sources name it, to that
    below which its snapshots are.
    """

    at: str
    mirrors: Mapping[str, str] = field(default_factory=dict)


def bare(archive: str) -> str:
    """Return what is compared of an archive's address: apart from it, it is the same.

    The script of a step asks by whichever of http and https the mirror has.
    """
    plain = re.sub("^https?://", "", archive).rstrip("/")
    return re.sub(r"/[0-9]+T[0-9]+Z$", "", plain)


def twice(archives: Iterable[str]) -> tuple[str, ...]:
    """Return the addresses of archives that one before them says already."""
    known: dict[str, str] = {}
    return tuple(one for one in archives if known.setdefault(bare(one), one) != one)
