"""Layers of one image in another: whether a step left the same on other ground.

See docs/design/stacking.md. A step ran on one stack of layers, and another image has
other layers below it. Its layer is what it would have left there if it found the same
wherever it may have looked, and wrote nothing that depends on what differs. It may have
looked at all that lay below it, but for the databases of package managers: these differ
wherever an image has a package of its own. What lies in the other image alone it could
not see; that must not be where it writes.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field, replace
from posixpath import normpath

from dynbuild.link.commute import PACKAGE_DATABASES, conflicts, database_of, seen
from dynbuild.link.entries import ancestors
from dynbuild.link.model import Record, WriteSet, Written
from dynbuild.link.reads import is_read
from dynbuild.link.writes import stacked
from dynbuild.values import dataclass

_UNREAD = frozenset({*PACKAGE_DATABASES, "ld.so.cache"})
"""Databases that tell of all that is installed. Accounts are none of these: who is
given which number depends on who came before, and files name owners by number."""

_GONE = Written("whiteout")


@dataclass(frozen=True, slots=True)
class Differences:
    """The paths at which two stacks differ: what each has there, None for nothing."""

    there: Mapping[str, Written | None] = field(default_factory=dict)
    here: Mapping[str, Written | None] = field(default_factory=dict)

    def alike(self, brought: Collection[str] = ()) -> bool:
        """Whether whoever was there finds the same here wherever they look.

        ``brought`` are the paths that steps of both stacks write here: they look at
        these even where nothing was there.
        """
        return all(
            (found is None and path not in brought) or database_of(path) in _UNREAD
            for path, found in self.there.items()
        )

    def apart(self, path: str) -> bool:
        """Whether nothing differs at a path, below it, or in what it lies in."""
        inside = f"{path}/" if path else ""
        return not any(
            other == path or other.startswith(inside) or path.startswith(f"{other}/")
            for other in self.there
        )


def differences(
    base: WriteSet, there: Sequence[Record], here: Sequence[Record]
) -> Differences:
    """Return how two stacks of steps on a base differ, each lowest first."""
    common = 0
    for lower, upper in zip(there, here, strict=False):
        if lower.layers != upper.layers:
            break
        common += 1
    rests = (there[common:], here[common:])
    paths = {path for rest in rests for record in rest for path in record.writes}
    below = [_at(paths, base), *(_at(paths, one.writes) for one in there[:common])]
    trees = [
        stacked([*below, *(record.writes for record in rest)]) if paths else {}
        for rest in rests
    ]
    one, other = ({path: _there(path, tree) for path in paths} for tree in trees)
    differ = sorted(path for path in paths if one[path] != other[path])
    return Differences(
        {path: one[path] for path in differ}, {path: other[path] for path in differ}
    )


def left_alike(
    record: Record, differ: Differences, brought: Collection[str] = ()
) -> bool:
    """Whether a step that ran on one of two stacks would leave the same on the other.

    What it copies from other steps is another question. ``brought`` is as in
    ``Differences.alike``.
    """
    if not differ.alike(brought):
        return False
    changed = {path: found or _GONE for path, found in differ.here.items()}
    written = {
        path: found
        for path, found in changed.items()
        if path in record.writes or database_of(path) not in _UNREAD
    }
    return (
        not conflicts(record.writes, written)
        and not any(_lies_in(path, record.writes) for path in changed)
        and not any(
            is_read(read, path, found)
            for read in record.reads
            for path, found in changed.items()
        )
    )


def copied_alike(
    path: str, base: WriteSet, there: Sequence[Record], here: Sequence[Record]
) -> bool:
    """Whether a copy from either of two stacks has the same, databases and all."""
    place = normpath(f"/{path}").strip("/")
    # Whatever a pattern may match lies in the directory before it.
    if wild := [at for at, letter in enumerate(place) if letter in "*?[\\"]:
        place = place[: wild[0]].rpartition("/")[0]
    return differences(base, there, here).apart(place) and not any(
        writes[at].kind == "symlink"
        for at in (place, *ancestors(place))
        for writes in (base, *(record.writes for record in here))
        if at in writes
    )


def _lies_in(path: str, writes: WriteSet) -> bool:
    """Whether a path lies below one that was removed or replaced: it may have moved."""
    return any(
        above in writes and writes[above].kind != "directory"
        for above in ancestors(path)
    )


def _at(paths: set[str], writes: WriteSet) -> WriteSet:
    return {path: writes[path] for path in paths & writes.keys()}


def _there(path: str, tree: WriteSet) -> Written | None:
    """Return what is at a path of a tree, without what does not matter."""
    found = tree.get(path)
    if found is None or found.kind == "whiteout":
        return None
    return replace(seen(path, found), new=False)
