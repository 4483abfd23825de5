"""The tar entries of a layer, and the paths at which they end up.

The OCI layer specification, and docs/design/stacking.md: names that begin with ``.wh.``
delete, and a symlinked directory is followed as the kernel follows it, so that
``bin/ls`` over a base with ``bin -> usr/bin`` is written at ``usr/bin/ls``.
"""

import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field, replace
from typing import Literal, TypeAlias

from dynbuild.link.model import Kind, WriteSet
from dynbuild.values import dataclass

EntryType: TypeAlias = Literal["file", "directory", "symlink", "link", "device"]

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"
_AUFS = ".wh..wh."

_XATTR = "SCHILY.xattr."
_MOST_LINKS = 40
_TYPES: dict[bytes, EntryType] = {
    tarfile.DIRTYPE: "directory",
    tarfile.SYMTYPE: "symlink",
    tarfile.LNKTYPE: "link",
    tarfile.CHRTYPE: "device",
    tarfile.BLKTYPE: "device",
    tarfile.FIFOTYPE: "device",
}
_CODES: dict[EntryType, bytes] = {kind: code for code, kind in _TYPES.items()}


class MalformedLayerError(Exception):
    """A layer that no engine could unpack; the message says which entry and why."""


@dataclass(frozen=True, slots=True)
class TarEntry:
    """One entry of a layer's tar.

    ``link`` is the verbatim target of a symlink, or the name of the entry that a hard
    link refers to. ``content`` is the digest of a file's bytes, or the type and numbers
    of a device. ``mtime`` is an exact decimal number of seconds.
    """

    name: str
    type: EntryType = "file"
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    link: str = ""
    xattrs: tuple[tuple[str, str], ...] = ()
    content: str = ""
    size: int = 0
    mtime: str = "0"


@dataclass(frozen=True, slots=True)
class Laid:
    """An item that a layer puts at one path; a hard link has the entry of its file.

    The entry is None for what the layer only passes through. For a hard link to a file
    below the layer it is the link's own, with ``link`` being the path of the file.
    """

    kind: Kind
    entry: TarEntry | None = None


def entry_of(info: tarfile.TarInfo, content: str = "") -> TarEntry:
    """Return the entry of a tar header; ``content`` is the digest of a file."""
    kind = _TYPES.get(info.type, "file")
    if kind == "device":
        content = f"{info.type.decode()} {info.devmajor}:{info.devminor}"
    xattrs = (
        (key.removeprefix(_XATTR), value)
        for key, value in info.pax_headers.items()
        if key.startswith(_XATTR)
    )
    return TarEntry(
        name=info.name,
        type=kind,
        mode=info.mode & 0o7777,
        uid=info.uid,
        gid=info.gid,
        link=info.linkname if kind in {"symlink", "link"} else "",
        xattrs=tuple(sorted(xattrs)),
        content=content,
        size=info.size if kind == "file" else 0,
        mtime=info.pax_headers.get("mtime", str(int(info.mtime))),
    )


def header_of(entry: TarEntry) -> bytes:
    """Return an entry's tar header: PAX, numeric owners, the same bytes everywhere."""
    info = tarfile.TarInfo(entry.name)
    info.mode, info.uid, info.gid = entry.mode, entry.uid, entry.gid
    info.size, info.linkname = entry.size, entry.link
    info.pax_headers = {_XATTR + key: value for key, value in entry.xattrs}
    info.mtime = int(entry.mtime.partition(".")[0])
    if "." in entry.mtime:
        info.pax_headers["mtime"] = entry.mtime
    if entry.type == "device":
        letter, _, numbers = entry.content.partition(" ")
        info.type = letter.encode()
        info.devmajor, info.devminor = map(int, numbers.split(":"))
    elif entry.type != "file":
        info.type = _CODES[entry.type]
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def ancestors(path: str) -> Iterator[str]:
    """Yield the directories above a path, nearest first, without the root."""
    end = path.rfind("/")
    while end > 0:
        yield path[:end]
        end = path.rfind("/", 0, end)


def resolved(path: str, tree: WriteSet) -> str:
    """Return where a path of a tree leads, following every symlink on the way.

    Raises MalformedLayerError if there is no end to them.
    """

    def target(at: str) -> str | None:
        here = tree.get(at)
        return here.content if here is not None and here.kind == "symlink" else None

    return "/".join(_resolve(path.split("/"), target))


def lay(entries: Iterable[TarEntry], below: WriteSet) -> dict[str, Laid]:
    """Return what a layer puts at each path, over what lies below, with every parent.

    A whiteout of a directory that the layer also writes hides what lies below it: the
    directory is opaque.
    """
    tree = _Tree(below)
    for entry in entries:
        tree.take(entry)
    laid = tree.laid
    for path in sorted(tree.gone):
        here = laid.get(path)
        if here is None:
            laid[path] = Laid("whiteout")
        elif here.kind == "directory":
            laid[path] = Laid("opaque", here.entry)
    for path in [*laid, *sorted(tree.passed)]:
        for above in ancestors(path):
            laid.setdefault(above, Laid("directory"))
    for path in sorted(tree.passed):
        laid.setdefault(path, Laid("symlink"))
    return laid


@dataclass(frozen=True, slots=True)
class _Tree:
    """The items that entries have laid, the paths they hide, the symlinks passed."""

    below: WriteSet
    laid: dict[str, Laid] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    passed: set[str] = field(default_factory=set)

    def take(self, entry: TarEntry) -> None:
        path = self._place(entry.name)
        parent, _, name = path.rpartition("/")
        if name == OPAQUE:
            self.laid.setdefault(parent, Laid("directory"))
            self.gone.add(parent)
        elif name.startswith(WHITEOUT):
            if not name.startswith(_AUFS):
                self.gone.add(f"{parent}/{name.removeprefix(WHITEOUT)}".strip("/"))
        elif entry.type == "link":
            source = self._place(entry.link)
            outside = Laid("file", replace(entry, link=source))
            self.laid[path] = self.laid.get(source, outside)
        else:
            self.laid[path] = Laid(entry.type, entry)

    def _place(self, name: str) -> str:
        """Return an entry's path: the directory as the kernel finds it, its own name.

        Raises MalformedLayerError.
        """
        parts = [part for part in name.split("/") if part not in {"", "."}]
        if ".." in parts:
            raise MalformedLayerError(f"the entry {name!r} leads out of its directory")
        return "/".join([*_resolve(parts[:-1], self._target), *parts[-1:]])

    def _target(self, path: str) -> str | None:
        """Return the target of the symlink at a path, if one is there."""
        here = self.laid.get(path)
        if here is not None:
            return here.entry.link if here.kind == "symlink" and here.entry else None
        lower = self.below.get(path)
        if lower is None or lower.kind != "symlink":
            return None
        self.passed.add(path)
        return lower.content


def _resolve(parts: list[str], target_at: Callable[[str], str | None]) -> list[str]:
    """Return the directory that a path leads to, following every symlink on the way."""
    todo = parts[::-1]
    done: list[str] = []
    followed = 0
    while todo:
        part = todo.pop()
        if part == "..":
            del done[-1:]
        if part in {"", ".", ".."}:
            continue
        target = target_at("/".join([*done, part]))
        if target is None:
            done.append(part)
            continue
        followed += 1
        if followed > _MOST_LINKS:
            raise MalformedLayerError(
                f"too many symlinks on the way to {'/'.join(parts)!r}"
            )
        if target.startswith("/"):
            done.clear()
        todo += target.split("/")[::-1]
    return done
