"""The write set of a layer, and that of several layers together.

See docs/design/stacking.md. A hard link counts as the file that it links to, whiteouts
and opaque directories as what they hide, directories that are only carried along by
their mode and owner. The parents of every path are in the set, so that any interaction
of two layers shows at a path that both have.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from dynbuild.link.entries import Laid, MalformedLayerError, TarEntry, ancestors, lay
from dynbuild.link.model import WriteSet, Written

IMPLIED = Written("directory", 0o755)
"""A directory that no layer describes, as engines create it."""


def write_set(entries: Iterable[TarEntry], below: WriteSet) -> dict[str, Written]:
    """Return what a layer writes over the tree below: ``stacked`` of all lower layers.

    Raises MalformedLayerError.
    """
    return written(lay(entries, below), below)


def written(laid: Mapping[str, Laid], below: WriteSet) -> dict[str, Written]:
    """Return what a layer writes, once laid over the tree below it."""
    return {path: _written(path, here, below) for path, here in laid.items()}


def stacked(layers: Iterable[WriteSet]) -> dict[str, Written]:
    """Return what layers, lowest first, write as if they were one.

    For a base and all above it this is the tree of an image, with a whiteout where
    something was. For the layers of a step it is what the step writes.
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
    """Whether anything is at a path in a stack of layers, lowest first."""
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
    """Return a path after both; a directory that replaces anything else is opaque."""
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
    """Return what a layer passes through unchanged: two such only have to be equal."""
    if here.kind == "symlink":
        assert lower is not None
        return replace(lower, new=True)
    if lower is not None and lower.kind in {"directory", "opaque"}:
        return replace(lower, kind=here.kind)
    return replace(IMPLIED, kind=here.kind)
