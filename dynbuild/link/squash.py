"""Squashing: several layers as one, with the same effect on whatever lies below.

See docs/design/stacking.md. The layers are merged as trees, not as lists of entries: a
hard link whose target was replaced stays the old file; a directory that was deleted, or
was something else, and was created again is opaque; a whiteout of what lies below
stays, any other is ``needless``. The bytes are a function of the layers and the
needless paths. Directories and whiteouts come first, then everything else in the order
in which it lies in the layers, so that each layer is read once, from front to end.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from dynbuild.digest import Digest, digest_of
from dynbuild.link.entries import (
    OPAQUE,
    WHITEOUT,
    Laid,
    MalformedLayerError,
    TarEntry,
    ancestors,
    header_of,
    lay,
)
from dynbuild.link.model import WriteSet, Written
from dynbuild.link.writes import lies, stacked, written
from dynbuild.values import dataclass

ReadFile: TypeAlias = Callable[[int, TarEntry], Iterable[bytes]]
"""The content of a file, given the number of its layer and its entry there."""

_BLOCK = 512
_END = bytes(2 * _BLOCK)


def squash(
    layers: Sequence[Sequence[TarEntry]],
    read: ReadFile,
    needless: Collection[str] = (),
    below: WriteSet | None = None,
) -> Iterator[bytes]:
    """Yield the tar of one layer with the effect of all ``layers``, lowest first.

    The whiteouts of ``needless`` are left out.
    ``below`` is the tree that the layers lie on. It is needed if an entry names its
    directory by a symlink of that tree, which layers of BuildKit never do. Raises
    MalformedLayerError, also for a hard link to a file that none of the layers has.
    """
    tree, sources = _merged(layers, below or {})
    files: dict[_Source, list[str]] = {}
    for path in sorted(tree):
        source = sources.get(path)
        if tree[path].kind == "whiteout" and path in needless:
            continue
        if tree[path].kind not in _FRAME:
            if source:
                files.setdefault(source, []).append(path)
        elif source:
            yield from _frame(path, tree, _at(layers, source).mtime)
        else:
            yield from _frame(path, tree, "0" if path in sources else None)
    for source, (first, *others) in sorted(files.items()):
        entry = _at(layers, source)
        yield header_of(replace(entry, name=first))
        if entry.type == "file":
            yield from _content(entry, read(source.layer, entry))
        for other in others:
            yield header_of(replace(entry, name=other, type="link", link=first, size=0))
    yield _END


def needless(layers: Iterable[WriteSet], below: Sequence[WriteSet]) -> tuple[str, ...]:
    """Return what layers delete together though nothing of it lies below, sorted.

    One of them made it, another deleted it. Their squash must not have a whiteout of
    it: in a directory that no lower layer has, overlayfs shows a whiteout as a name
    with nothing behind it.
    """
    together = stacked(layers)
    gone = (path for path, here in together.items() if here.kind == "whiteout")
    return tuple(sorted(path for path in gone if not lies(path, below)))


def squashed_digest(layers: Iterable[Digest], left_out: Iterable[str]) -> Digest:
    """Return the digest that names a squash, from its parts' diff ids, lowest first.

    ``left_out`` has the paths of the whiteouts that it leaves out.
    """
    return digest_of({"squash": 2, "layers": list(layers), "left_out": list(left_out)})


_DIRECTORIES = frozenset({"directory", "opaque"})
_FRAME = _DIRECTORIES | {"whiteout"}


def _at(layers: Sequence[Sequence[TarEntry]], source: "_Source") -> TarEntry:
    return layers[source.layer][source.position]


def _frame(path: str, tree: WriteSet, mtime: str | None) -> Iterator[bytes]:
    """Yield a directory or a deletion; without a time a directory stays as it is."""
    here = tree[path]
    parent, _, name = path.rpartition("/")
    if here.kind == "whiteout":
        if not any(tree[above].kind == "opaque" for above in ancestors(path)):
            yield header_of(TarEntry(f"{parent}/{WHITEOUT}{name}".lstrip("/"), mode=0))
        return
    if mtime is not None:
        directory = TarEntry(
            path or ".",
            "directory",
            mode=here.mode,
            uid=here.uid,
            gid=here.gid,
            xattrs=here.xattrs,
            mtime=mtime,
        )
        yield header_of(directory)
    if here.kind == "opaque":
        yield header_of(TarEntry(f"{path}/{OPAQUE}".lstrip("/"), mode=0))


def _content(entry: TarEntry, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the bytes of a file, padded to whole blocks."""
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
    """The position of an entry: paths that share it are hard links of one file."""

    layer: int
    position: int


def _merged(
    layers: Sequence[Sequence[TarEntry]], below: WriteSet
) -> tuple[dict[str, Written], dict[str, _Source | None]]:
    """Return what the layers write together, and the entry that each path is from."""
    tree: dict[str, Written] = {}
    sources: dict[str, _Source | None] = {}
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
        kept = {path: sources[path] for path in sources if path in tree.keys() - laid}
        sources = kept | dict(_sources(laid, at, before, sources))
    return tree, sources


def _sources(
    laid: Mapping[str, Laid],
    at: Mapping[int, _Source],
    before: WriteSet,
    lower: Mapping[str, _Source | None],
) -> Iterator[tuple[str, _Source | None]]:
    """Yield the entries of the paths of a layer, or of what it passes through below.

    None is for a directory that no entry describes and that no lower layer may leave as
    it was below: engines create it anew.
    """
    for path, here in laid.items():
        if here.entry is None:
            passed = before.get(path)
            if here.kind == "whiteout" or passed is None:
                continue
            if (passed.kind in _DIRECTORIES) != (here.kind in _DIRECTORIES):
                yield path, None
            elif path in lower:
                yield path, lower[path]
        elif here.entry.type != "link":
            yield path, at[id(here.entry)]
        elif here.entry.link in lower:
            yield path, lower[here.entry.link]
        else:
            raise MalformedLayerError(
                f"{here.entry.name!r} is a hard link to {here.entry.link!r}, which "
                "none of the layers to squash has"
            )
