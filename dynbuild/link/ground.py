"""The writes, databases and reads of a stack's steps, and which do not commute."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from itertools import chain
from typing import Literal, TypeAlias

from dynbuild.link.commute import agree, database_of, seen
from dynbuild.link.entries import ancestors
from dynbuild.link.implied import implied_paths
from dynbuild.link.model import WriteSet, Written
from dynbuild.link.reads import is_read, root_of
from dynbuild.values import dataclass

Reason: TypeAlias = tuple[Literal["database", "path", "read"], str]
"""A database that both change, a path that both write, or that the later one reads."""

Joins: TypeAlias = Mapping[int, frozenset[Reason]]
"""The reasons for which a step is put on others, by their positions in the order."""


@dataclass(slots=True)
class Ground:
    """The writes and databases of the settled steps: bits of steps by path or database.

    ``settled`` has the bits of all, ``waiting`` those of which nothing was read yet.

    A step is compared only with those that write the same paths: the time to settle all
    steps grows with what they write, not with the pairs of steps. The writes of a step
    are read when the first step comes that does not stand on it: for most of the system
    chain, never.
    """

    written: dict[str, dict[Written, int]] = field(default_factory=dict)
    touched: dict[str, int] = field(default_factory=dict)
    unread: dict[int, Collection[WriteSet]] = field(default_factory=dict)
    known: dict[int, Collection[WriteSet]] = field(default_factory=dict)
    waiting: int = 0
    settled: int = 0

    def add(
        self, here: int, touches: Sequence[str], writes: Collection[WriteSet]
    ) -> None:
        for database in touches:
            self.touched[database] = self.touched.get(database, 0) | 1 << here
        self.unread[here] = self.known[here] = writes
        self.waiting |= 1 << here
        self.settled |= 1 << here

    def _read(self, closure: int) -> None:
        outside = self.waiting & ~closure
        self.waiting &= closure
        for here in bits_of(outside):
            for one in self.unread.pop(here):
                for path, written in chain(one.items(), implied_paths(one).items()):
                    counts = seen(path, written)
                    those = self.written.setdefault(path, {})
                    those[counts] = those.get(counts, 0) | 1 << here

    def shared(self, touches: Sequence[str], closure: int) -> Joins:
        """Return the steps outside of a closure that touch what this one touches."""
        found: dict[int, frozenset[Reason]] = {}
        for database in touches:
            for other in bits_of(self.touched.get(database, 0) & ~closure):
                reason: Reason = ("database", database)
                found[other] = found.get(other, frozenset()) | {reason}
        return found

    def changes_databases(self, closure: int) -> bool:
        """Whether a step outside of a closure is known to change a database."""
        return any(steps & ~closure for steps in self.touched.values())

    def conflicts(self, writes: Collection[WriteSet], closure: int) -> Joins:
        """Return the steps outside of a closure that do not commute with the writes."""
        if not writes:
            return {}
        self._read(closure)
        found: dict[int, set[Reason]] = {}
        for one in writes if self.written else ():
            for path, written in chain(one.items(), implied_paths(one).items()):
                those = self.written.get(path)
                if those is None:
                    continue
                mine = seen(path, written)
                for theirs, steps in those.items():
                    outside = steps & ~closure
                    if outside and not agree(mine, theirs):
                        database = database_of(path)
                        reason: Reason = (
                            ("database", database) if database else ("path", path)
                        )
                        for other in bits_of(outside):
                            found.setdefault(other, set()).add(reason)
        return {other: frozenset(reasons) for other, reasons in found.items()}

    def written_for(self, reads: Iterable[str], closure: int) -> Joins:
        """Return the steps outside of a closure that write what a step reads.

        If no step is outside, ``reads`` stays unevaluated: the layers may be unread.
        """
        found: dict[int, frozenset[Reason]] = {}
        if not self.settled & ~closure:
            return found
        wanted = sorted(set(reads))
        if wanted:
            self._read(closure)
        for read in wanted:
            root = root_of(read)
            near = 0
            for above in (root, *ancestors(root)):
                for written, steps in self.written.get(above, {}).items():
                    if above == root or written.kind != "directory":
                        near |= steps
            for other in bits_of(near & ~closure):
                if path := self._first(other, read):
                    found[other] = found.get(other, frozenset()) | {("read", path)}
        return found

    def _first(self, here: int, read: str) -> str | None:
        """Return the first of the paths that a step writes and another one reads."""
        found = (
            path
            for one in self.known[here]
            for path, written in one.items()
            if is_read(read, path, written)
        )
        return min(found, default=None)


def both(some: Joins, more: Joins) -> Joins:
    return {
        other: some.get(other, frozenset()) | more.get(other, frozenset())
        for other in some.keys() | more.keys()
    }


def mask_of(positions: Iterable[int]) -> int:
    mask = 0
    for position in positions:
        mask |= 1 << position
    return mask


def bits_of(mask: int) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
