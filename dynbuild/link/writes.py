"""What a layer writes, and what several layers write together.

DESIGN 8.4: a hard link counts as the file that it is, whiteouts and opaque directories
as what they hide, directories that are only carried along by their mode and owner.
With every path its parents are in the set, so that whatever two layers have to do
with one another shows at a path that both have.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from dynbuild.link.entries import Entry, Laid, MalformedLayerError, ancestors, lay
from dynbuild.link.model import WriteSet, Written

IMPLIED = Written("directory", 0o755)
"""A directory that no layer describes: engines make it so."""


def write_set(entries: Iterable[Entry], below: WriteSet) -> dict[str, Written]:
    """What a layer writes over the tree below it: ``stacked`` of all lower layers.

    Raises MalformedLayerError.
    """
    return written(lay(entries, below), below)


def written(laid: Mapping[str, Laid], below: WriteSet) -> dict[str, Written]:
    """What a layer writes that was laid over the tree below it."""
    return {path: _written(path, here, below) for path, here in laid.items()}


def stacked(layers: Iterable[WriteSet]) -> dict[str, Written]:
    """What layers write as if they were one, the lowest first.

    Of a base and all above it that is the tree of an image, with a whiteout where
    something was. Of the layers of a step it is what the step writes.
    """
    tree: dict[str, Written] = {}
    for upper in layers:
        hiding = {
            path
            for path, written in upper.items()
            if written.kind != "directory"
            and path in tree
            and tree[path].kind in {"directory", "opaque"}
        }
        if "" in upper and upper[""].kind == "opaque":
            tree = {}
        elif hiding:
            tree = {
                path: written
                for path, written in tree.items()
                if hiding.isdisjoint(ancestors(path))
            }
        for path, written in upper.items():
            tree[path] = _over(tree.get(path), written)
    return tree


def lies(path: str, layers: Sequence[WriteSet]) -> bool:
    """Whether anything is at a path of what layers hold, the lowest first."""
    for writes in reversed(layers):
        here = writes.get(path)
        if here is not None:
            return here.kind != "whiteout"
        for above in (*ancestors(path), ""):
            over = writes.get(above)
            if over is not None and over.kind != "directory":
                return False
    return False


def _over(lower: Written | None, upper: Written) -> Written:
    """What one path is after both; a directory that replaces anything else is fresh."""
    if lower is None:
        return upper
    if upper.kind == "directory" and lower.kind != "directory":
        return replace(upper, kind="opaque")
    if upper.new and not lower.new:
        return replace(upper, new=False)
    return upper


def _written(path: str, here: Laid, below: WriteSet) -> Written:
    lower = below.get(path)
    entry = here.entry
    if here.kind == "whiteout":
        return Written("whiteout")
    if entry is None:
        return _carried(here, lower)
    new = here.kind not in {"directory", "opaque"} and (
        lower is None or lower.kind == "whiteout"
    )
    if entry.type == "link":
        file = below.get(entry.link)
        if file is None or file.kind in {"directory", "opaque", "whiteout"}:
            raise MalformedLayerError(
                f"{entry.name!r} is a hard link to {entry.link!r}, which is no file"
            )
        return replace(file, new=new)
    return Written(
        kind=here.kind,
        mode=0 if here.kind == "symlink" else entry.mode,
        uid=entry.uid,
        gid=entry.gid,
        content=entry.link if here.kind == "symlink" else entry.content,
        xattrs=entry.xattrs,
        new=new,
    )


def _carried(here: Laid, lower: Written | None) -> Written:
    """What a layer passes through and leaves as it is: equal is all it has to be."""
    if here.kind == "symlink":
        assert lower is not None
        return replace(lower, new=True)
    if lower is not None and lower.kind in {"directory", "opaque"}:
        return replace(lower, kind=here.kind)
    return replace(IMPLIED, kind=here.kind)
