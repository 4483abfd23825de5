"""The files of an image in an OCI layout, unpacked in memory by the OCI rules.

Written apart from dynbuild, to judge it. A hard link is the same node as its file.
"""

import functools
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from backports import zstd

Facts = tuple[object, ...]
Content = Callable[[bytes], object]
"""What of a file's bytes is compared."""


@dataclass(eq=False)
class _Node:
    """What lies at a path: its facts but for its name, and what a directory holds."""

    facts: Facts
    children: "dict[str, _Node] | None" = None


@dataclass
class _Unpacked:
    """One layer's own paths: its deletions concern what lies below it alone."""

    root: _Node
    own: set[str] = field(default_factory=set)


def layers_of(layout: Path, platform: str = "") -> int:
    """How many layers the image of a layout has."""
    return len(_manifest(layout, platform)["layers"])


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def files_of(
    layout: Path, content: Content = digest_of, platform: str = ""
) -> dict[str, Facts]:
    """Type, mode, owner, content, link target, attributes, and links of each path.

    The last is the first path, sorted, by which the same file is known.
    """
    root = _Node(("root",), {})
    for layer in _manifest(layout, platform)["layers"]:
        unpacked = _Unpacked(root)
        path = _blob(layout, layer["digest"])
        for entry, facts in _entries(_Layer(path.name, path), content):
            _unpack(unpacked, entry, facts)
    first: dict[int, str] = {}
    found: dict[str, Facts] = {}
    todo = [("", root)]
    while todo:
        above, folder = todo.pop()
        for name, node in sorted((folder.children or {}).items()):
            path = f"{above}{name}"
            found[path] = node.facts
            if node.children is not None:
                todo.append((f"{path}/", node))
            else:
                first[id(node)] = min(path, first.get(id(node), path))
                found[path] = (node, node.facts)
    return {
        path: (*facts[1], first[id(facts[0])]) if isinstance(facts[0], _Node) else facts
        for path, facts in found.items()
    }


def times_of(
    layout: Path, content: Content = digest_of, platform: str = ""
) -> dict[str, int]:
    """When what lies at each path was modified, in seconds."""
    return {
        _path(entry.name): int(entry.mtime)
        for layer in _manifest(layout, platform)["layers"]
        for path in [_blob(layout, layer["digest"])]
        for entry, _ in _entries(_Layer(path.name, path), content)
    }


def _manifest(layout: Path, platform: str) -> dict[str, Any]:
    """Return the only manifest, or that of one platform of several."""
    index = json.loads((layout / "index.json").read_bytes())
    (entry,) = index["manifests"]
    manifest = json.loads(_blob(layout, entry["digest"]).read_bytes())
    if platform:
        (entry,) = [one for one in manifest["manifests"] if _is_for(one, platform)]
        manifest = json.loads(_blob(layout, entry["digest"]).read_bytes())
    return cast("dict[str, Any]", manifest)


def _is_for(entry: dict[str, Any], platform: str) -> bool:
    found = entry["platform"]
    return f"{found['os']}/{found['architecture']}" == platform


def _blob(layout: Path, digest: str) -> Path:
    path = layout / "blobs" / "sha256" / digest.removeprefix("sha256:")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
    return path


@dataclass(frozen=True)
class _Layer:
    """A layer, which is the same one wherever it lies."""

    digest: str
    path: Path = field(compare=False)


def layer_archive(blob: bytes) -> tarfile.TarFile:
    """The archive of a layer, packed as it may be; read here, not by the product."""
    if blob.startswith(b"\x28\xb5\x2f\xfd"):
        blob = zstd.decompress(blob)
    return tarfile.open(fileobj=io.BytesIO(blob), mode="r:*")


@functools.lru_cache(maxsize=256)
def _entries(layer: _Layer, content: Content) -> list[tuple[tarfile.TarInfo, Facts]]:
    with layer_archive(layer.path.read_bytes()) as archive:
        return [(entry, _facts(archive, entry, content)) for entry in archive]


def _unpack(into: _Unpacked, entry: tarfile.TarInfo, facts: Facts) -> None:
    path = _path(entry.name)
    folder, _, name = path.rpartition("/")
    if path in ("", "."):
        return
    parent = _folder(into.root, folder)
    assert parent.children is not None
    if name == ".wh..wh..opq":
        _clear(into, folder, parent)
    elif name.startswith(".wh."):
        gone = name.removeprefix(".wh.")
        if f"{folder}/{gone}".strip("/") not in into.own:
            parent.children.pop(gone, None)
    else:
        into.own.add(path)
        old = parent.children.get(name)
        if entry.islnk():
            where, _, source = _path(entry.linkname).rpartition("/")
            held = _folder(into.root, where).children
            assert held is not None
            assert held[source].children is None, entry.linkname
            parent.children[name] = held[source]
        elif entry.isdir():
            kept = old.children if old is not None and old.children is not None else {}
            parent.children[name] = _Node(facts, kept)
        else:
            parent.children[name] = _Node(facts)


def _path(name: str) -> str:
    return name.strip("/").removeprefix("./")


def _clear(into: _Unpacked, path: str, folder: _Node) -> None:
    for name, child in list((folder.children or {}).items()):
        at = f"{path}/{name}".strip("/")
        if at not in into.own:
            assert folder.children is not None
            del folder.children[name]
        elif child.children is not None:
            _clear(into, at, child)


def _folder(root: _Node, path: str) -> _Node:
    """The directory at a path; layers of BuildKit lead through no symlink."""
    node = root
    for part in path.split("/") if path else ():
        assert node.children is not None, path
        node = node.children.setdefault(part, _Node(("implied",), {}))
    assert node.children is not None, path
    return node


def _facts(archive: tarfile.TarFile, entry: tarfile.TarInfo, content: Content) -> Facts:
    found: object = ""
    if entry.isreg():
        found = content(cast("IO[bytes]", archive.extractfile(entry)).read())
    xattrs = sorted(
        (name, value) for name, value in entry.pax_headers.items() if "xattr" in name
    )
    return (
        entry.type,
        0 if entry.issym() else entry.mode,
        entry.uid,
        entry.gid,
        entry.linkname if entry.issym() else "",
        (entry.devmajor, entry.devminor) if entry.isdev() else (),
        found,
        tuple(xattrs),
    )
