"""Several layers as one, with the same effect on whatever lies below.

DESIGN 8.5. The layers are merged as trees, not as lists of entries: a hard link whose
target was replaced is the file that it was; a directory that was deleted, or was
something else, and was made again is opaque; a whiteout of what lies below stays. The
bytes are a function of the layers alone. Directories and whiteouts come first, then
everything else in the order in which it lies in the layers, so that each layer is read
once, from its front to its end.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from dynbuild.digest import Digest, digest_of
from dynbuild.link.entries import (
    OPAQUE,
    WHITEOUT,
    Entry,
    Laid,
    MalformedLayerError,
    ancestors,
    header_of,
    lay,
)
from dynbuild.link.model import WriteSet, Written
from dynbuild.link.writes import stacked, written

Read: TypeAlias = Callable[[int, Entry], Iterable[bytes]]
"""The content of a file, given the number of its layer and its entry there."""

_BLOCK = 512
_END = bytes(2 * _BLOCK)


def squash(
    layers: Sequence[Sequence[Entry]], read: Read, below: WriteSet | None = None
) -> Iterator[bytes]:
    """The tar of one layer that does what these do, the lowest first.

    ``below`` is the tree that they lie on. It is needed where an entry names its
    directory by a symlink of that tree, which layers of BuildKit never do. Raises
    MalformedLayerError, also for a hard link to a file that none of the layers has.
    """
    tree, sources = _merged(layers, below or {})
    for path in sorted(tree):
        source = sources.get(path)
        entry = layers[source.layer][source.position] if source else None
        yield from _frame(path, tree, entry)
    files: dict[_Source, list[str]] = {}
    for path in sorted(sources):
        if tree[path].kind not in _DIRECTORIES:
            files.setdefault(sources[path], []).append(path)
    for source, (first, *others) in sorted(files.items()):
        entry = layers[source.layer][source.position]
        yield header_of(replace(entry, name=first))
        if entry.type == "file":
            yield from _content(entry, read(source.layer, entry))
        for other in others:
            yield header_of(replace(entry, name=other, type="link", link=first, size=0))
    yield _END


def squashed_digest(layers: Iterable[Digest]) -> Digest:
    """The name of a squash: that of its parts, by their diff ids, lowest first."""
    return digest_of({"squash": 1, "layers": list(layers)})


_DIRECTORIES = frozenset({"directory", "opaque"})


def _frame(path: str, tree: WriteSet, entry: Entry | None) -> Iterator[bytes]:
    """A directory or what is deleted; nothing for what the layers only pass through."""
    here = tree[path]
    parent, _, name = path.rpartition("/")
    if here.kind == "whiteout":
        if not any(tree[above].kind == "opaque" for above in ancestors(path)):
            yield header_of(Entry(f"{parent}/{WHITEOUT}{name}".lstrip("/"), mode=0))
    elif here.kind == "opaque" or (here.kind == "directory" and entry is not None):
        directory = Entry(
            path or ".",
            "directory",
            mode=here.mode,
            uid=here.uid,
            gid=here.gid,
            xattrs=here.xattrs,
            mtime=entry.mtime if entry else "0",
        )
        yield header_of(directory)
        if here.kind == "opaque":
            yield header_of(Entry(f"{path}/{OPAQUE}".lstrip("/"), mode=0))


def _content(entry: Entry, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes of a file, filled up to whole blocks."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        yield chunk
    if size != entry.size:
        raise MalformedLayerError(
            f"{entry.name!r} has {size} bytes instead of {entry.size}"
        )
    yield bytes(-size % _BLOCK)


@dataclass(frozen=True, slots=True, order=True)
class _Source:
    """Where an entry lies: paths that share it are hard links of one file."""

    layer: int
    position: int


def _merged(
    layers: Sequence[Sequence[Entry]], below: WriteSet
) -> tuple[dict[str, Written], dict[str, _Source]]:
    """What the layers write together, and the entry that each path comes from."""
    tree: dict[str, Written] = {}
    sources: dict[str, _Source] = {}
    lower = below
    for number, entries in enumerate(layers):
        at = {
            id(entry): _Source(number, position)
            for position, entry in enumerate(entries)
        }
        laid = lay(entries, lower)
        writes = written(laid, lower)
        before, tree = tree, stacked([tree, writes])
        lower = stacked([lower, writes])
        found = {
            path: source
            for path, here in laid.items()
            if (source := _source(path, here, at, before, sources)) is not None
        }
        sources = {
            path: source
            for path, source in sources.items()
            if path in tree and path not in laid
        } | found
    return tree, sources


def _source(
    path: str,
    here: Laid,
    at: Mapping[int, _Source],
    before: WriteSet,
    sources: Mapping[str, _Source],
) -> _Source | None:
    """The entry of a path, or that of the lower layer that is passed through."""
    if here.kind == "whiteout":
        return None
    if here.entry is None:
        lower = before.get(path)
        same = lower is not None and (lower.kind in _DIRECTORIES) == (
            here.kind in _DIRECTORIES
        )
        return sources.get(path) if same else None
    if here.entry.type == "link":
        if here.entry.link not in sources:
            raise MalformedLayerError(
                f"{here.entry.name!r} is a hard link to {here.entry.link!r}, which "
                "none of the layers to squash has"
            )
        return sources[here.entry.link]
    return at[id(here.entry)]
