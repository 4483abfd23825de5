"""Archives as they were at a time: what a declaration asks for, how it is spelled."""

from collections.abc import Mapping
from dataclasses import field

from dynbuild.values import dataclass

_DAY = r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
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
