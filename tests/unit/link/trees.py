"""File trees, and layers unpacked by the OCI rules.

Written apart from dynbuild.link, with another representation, to judge it: real nodes
with identities, so that hard links are shared nodes.
"""

import copy
import io
import tarfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from dynbuild.link.entries import TarEntry, entry_of
from dynbuild.link.squash import squash


@dataclass(eq=False)
class Leaf:
    """A file, symlink or device. ``content`` is also the target of a symlink."""

    kind: str
    content: str
    mode: int = 0o644
    owner: int = 0
    xattrs: tuple[tuple[str, str], ...] = ()
    fresh: bool = True


@dataclass(eq=False)
class Dir:
    mode: int = 0o755
    owner: int = 0
    children: "dict[str, Dir | Leaf]" = field(default_factory=dict)
    fresh: bool = True
    changed: bool = False


Node = Dir | Leaf
Listing = dict[str, tuple[Any, ...]]


def walk(root: Dir, above: str = "") -> Iterator[tuple[str, Node]]:
    for name, node in sorted(root.children.items()):
        path = f"{above}{name}"
        yield path, node
        if isinstance(node, Dir):
            yield from walk(node, f"{path}/")


def listing(root: Dir) -> Listing:
    """All that counts of a tree; a hard link is told by the first of its paths."""
    first: dict[int, str] = {}
    told: Listing = {}
    for path, node in walk(root):
        if isinstance(node, Dir):
            told[path] = ("directory", node.mode, node.owner)
        else:
            link = first.setdefault(id(node), path)
            told[path] = (
                node.kind,
                0 if node.kind == "symlink" else node.mode,
                node.owner,
                node.content,
                node.xattrs,
                link,
            )
    return told


def find(root: Dir, path: str) -> Node | None:
    """The node at a path; no symlink is followed."""
    node: Node | None = root
    for part in path.split("/") if path else ():
        if not isinstance(node, Dir):
            return None
        node = node.children.get(part)
    return node


def real(root: Dir, path: str, hops: int = 0) -> str:
    """A path as the kernel finds it: all symlinks followed, the last part as well."""
    done = ""
    for part in path.split("/"):
        if part == "..":
            done = done.rpartition("/")[0]
        if part in ("", ".", ".."):
            continue
        node = find(root, f"{done}/{part}".strip("/"))
        if isinstance(node, Leaf) and node.kind == "symlink":
            if hops > 20:
                raise OSError(path)
            target = node.content
            under = target if target.startswith("/") else f"{done}/{target}"
            done = real(root, under, hops + 1)
        else:
            done = f"{done}/{part}".strip("/")
    return done


def made(root: Dir, path: str) -> Dir | None:
    """The directory at a path without symlinks, made where nothing is."""
    node = root
    for part in path.split("/") if path else ():
        child = node.children.get(part)
        if child is None:
            child = node.children[part] = Dir()
            node.changed = True
        if not isinstance(child, Dir):
            return None
        node = child
    return node


def apply(root: Dir, *layers: Iterable[TarEntry]) -> Dir:
    """Unpack layers; deletions concern what lies below the layer alone."""
    root = copy.deepcopy(root)
    for layer in layers:
        own: set[str] = set()
        for entry in layer:
            directory, _, name = entry.name.strip("/").rpartition("/")
            where = real(root, directory)
            parent = made(root, where)
            if parent is None:
                raise NotADirectoryError(entry)
            if name == ".wh..wh..opq":
                _clear(parent, where, own)
            elif name.startswith(".wh."):
                gone = name.removeprefix(".wh.")
                if f"{where}/{gone}".strip("/") not in own:
                    parent.children.pop(gone, None)
            else:
                own.add(f"{where}/{name}".strip("/"))
                _unpack(root, parent, name, entry)
    return root


def _clear(directory: Dir, path: str, own: set[str]) -> None:
    for name, child in list(directory.children.items()):
        at = f"{path}/{name}".strip("/")
        if at not in own:
            del directory.children[name]
        elif isinstance(child, Dir):
            _clear(child, at, own)


def _unpack(root: Dir, parent: Dir, name: str, entry: TarEntry) -> None:
    old = parent.children.get(name)
    if entry.type == "directory":
        if not isinstance(old, Dir):
            old = parent.children[name] = Dir()
        old.mode, old.owner = entry.mode, entry.uid
    elif entry.type == "link":
        directory, _, last = entry.link.strip("/").rpartition("/")
        target = find(root, f"{real(root, directory)}/{last}".strip("/"))
        assert isinstance(target, Leaf), entry
        parent.children[name] = target
    else:
        content = entry.link if entry.type == "symlink" else entry.content
        parent.children[name] = Leaf(
            entry.type, content, entry.mode, entry.uid, entry.xattrs
        )


def whole(root: Dir) -> list[TarEntry]:
    """A tree as one layer on nothing."""
    return diff(Dir(), root)


def diff(lower: Dir, upper: Dir) -> list[TarEntry]:
    """The layer that overlayfs would leave: ``upper`` came of a copy of ``lower``."""
    entries: list[TarEntry] = []
    first: dict[int, str] = {}

    def go(path: str, old: Dir | None, new: Dir, entry: TarEntry | None) -> None:
        mark = len(entries)
        if entry:
            entries.append(entry)
        if old is not None and new.fresh and path:
            entries.append(TarEntry(f"{path}/.wh..wh..opq", mode=0))
            old = None
        olds = old.children if old else {}
        for name in sorted({*olds, *new.children}):
            at = f"{path}/{name}".strip("/")
            was, now = olds.get(name), new.children.get(name)
            if now is None:
                entries.append(
                    TarEntry(at[: len(at) - len(name)] + f".wh.{name}", mode=0)
                )
            elif isinstance(now, Dir):
                under = was if isinstance(was, Dir) else None
                go(at, under, now, TarEntry(f"{at}/", "directory", now.mode, now.owner))
            elif now.fresh:
                entries.append(_leaf(at, now, first))
        same = isinstance(old, Dir) and (old.mode, old.owner) == (new.mode, new.owner)
        if entry and len(entries) == mark + 1 and same and not new.changed:
            entries.pop()

    go("", lower, upper, None)
    return entries


def _leaf(at: str, now: Leaf, first: dict[int, str]) -> TarEntry:
    link = first.setdefault(id(now), at)
    if link != at:
        return TarEntry(at, "link", now.mode, now.owner, link=link, xattrs=now.xattrs)
    if now.kind == "symlink":
        return TarEntry(at, "symlink", 0o777, now.owner, link=now.content)
    size = len(now.content.encode()) if now.kind == "file" else 0
    kind: Any = now.kind
    return TarEntry(
        at,
        kind,
        now.mode,
        now.owner,
        xattrs=now.xattrs,
        content=now.content,
        size=size,
        mtime="7.5",
    )


def squashed(
    layers: list[list[TarEntry]], needless: Collection[str] = ()
) -> tuple[bytes, list[TarEntry]]:
    """The tar that squash gives, and its entries as tarfile reads them."""

    def read(_: int, entry: TarEntry) -> list[bytes]:
        return [part.encode() for part in entry.content]

    data = b"".join(squash(layers, read, needless))
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return data, [
            entry_of(info, file.read().decode() if (file := _file(tar, info)) else "")
            for info in tar
        ]


def _file(tar: tarfile.TarFile, info: tarfile.TarInfo) -> Any:
    return tar.extractfile(info) if info.isreg() else None
