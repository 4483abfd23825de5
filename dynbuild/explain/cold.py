"""How much of what package groups brought is hidden by groups above them.

A layer stays as it is: what a later group upgrades or removes lies in the image still,
below what took its place. It is known what layers weigh, and not what files do. So what
took a file's place says what the file weighs, as a part of its own layer like any other
there; a file that is gone is such a part of the layer that has it.
"""

from collections.abc import Mapping, Sequence

from dynbuild.link.commute import database_of
from dynbuild.link.entries import ancestors
from dynbuild.link.model import WriteSet, Written
from dynbuild.steps.model import Group, Install
from dynbuild.values import dataclass

_PART = 3
"""The part of all bytes that is worth telling, as one through this."""

_LITTLE = 1_000_000
"""Bytes that are not worth telling, however many there are besides."""


@dataclass(frozen=True, slots=True)
class Laid:
    """What a group laid into an image: the bytes of its layers, what they write."""

    size: int
    writes: WriteSet


@dataclass(frozen=True, slots=True)
class Weight:
    """The bytes of all groups of a log, and how many of these are ``cold``: hidden."""

    size: int
    cold: int

    @property
    def is_much(self) -> bool:
        return self.cold >= _LITTLE and self.cold * _PART > self.size


def has_superseded(groups: Sequence[Group]) -> bool:
    """Whether any of a log's groups takes back what one below it did."""
    seen: set[str] = set()
    for group in groups:
        again = seen & group.actions.keys()
        if again or (seen and (group.upgrades or not _only_adds(group))):
            return True
        seen |= group.actions.keys()
    return False


def weight(laid: Sequence[Laid]) -> Weight:
    """Return what groups of a log weigh, the lowest first."""
    over: dict[str, float | None] = {}
    cold = 0.0
    for one in reversed(laid):
        files = {path for path, written in one.writes.items() if _counts(path, written)}
        each = one.size / max(len(files), 1)
        hidden = sum(_hidden(path, over, each) for path in files)
        cold += min(hidden, one.size)
        over |= {
            path: each if path in files else None
            for path, written in one.writes.items()
            if written.kind != "directory"
        }
    return Weight(sum(one.size for one in laid), round(cold))


def _only_adds(group: Group) -> bool:
    return all(isinstance(action, Install) for action in group.actions.values())


def _counts(path: str, written: Written) -> bool:
    """Whether a file tells versions apart: all groups write the databases."""
    return written.kind == "file" and database_of(path) is None


def _hidden(path: str, over: Mapping[str, float | None], each: float) -> float:
    """Return the bytes of a file that are hidden: all of them, or none."""
    if (above := over.get(path)) is not None:
        return above
    is_gone = path in over or any(one in over for one in (*ancestors(path), ""))
    return each if is_gone else 0.0
