"""OCI layouts: images assembled from layers, and images exported by BuildKit."""

import fcntl
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from dynbuild.building import PlatformImage
from dynbuild.digest import BlobDigest, DiffId, Digest, sha256
from dynbuild.emit.manifest import (
    INDEX,
    MANIFEST,
    NOTHING,
    descriptor,
    documents,
    index,
    referrer,
    subject_in,
)
from dynbuild.link.model import Layer
from dynbuild.ports import Stack
from dynbuild.values import dataclass

TAG = "dynbuild"
_AT_ONCE = 4
"""How many blobs are fetched at once: they may come from a remote tier."""
_NAME = "org.opencontainers.image.ref.name"


@dataclass(frozen=True, slots=True)
class Exported:
    """An image in a layout: its layers, its config, and the digest of its manifest."""

    layers: Stack
    config: Mapping[str, Any]
    digest: Digest

    def made_by(self, height: int) -> list[str]:
        """Return the instructions that made the layers above a height."""
        return [
            str(entry.get("created_by", ""))
            for entry in self.config.get("history", ())[height:]
            if not entry.get("empty_layer")
        ]


def seed(folder: Path, stack: Stack, fetch: Callable[[BlobDigest, str], bool]) -> None:
    """Put the blobs of some layers into a layout. Raises KeyError for a lost blob."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)

    def put(digest: BlobDigest) -> None:
        path = _path(folder, digest)
        if not path.exists() and not fetch(digest, str(path)):
            raise KeyError(digest)

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        for _ in threads.map(put, dict.fromkeys(layer.digest for layer in stack)):
            pass


def pretend(folder: Path, stack: Stack) -> None:
    """Let a layout seem to have some layers: what a builder exports leaves them out.

    Their content is nothing: it must not be read.
    """
    for layer in stack:
        path = _path(folder, layer.digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.truncate(layer.size)


def share(source: Path, target: Path) -> None:
    """Hard-link the blobs of one layout into another."""
    for path in (source / "blobs" / "sha256").iterdir():
        link = _path(target, path.name)
        link.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            link.hardlink_to(path)


def assemble(
    folder: Path,
    images: Mapping[str, PlatformImage],
    fetch: Callable[[BlobDigest, str], bool],
) -> None:
    """Write a layout of one image, by its platforms, tagged ``TAG``.

    Raises KeyError for a lost blob.
    """
    manifests: dict[str, bytes] = {}
    for platform, one in images.items():
        seed(folder, one.stack, fetch)
        image, manifests[platform] = documents(one.stack, one.config)
        for data in (image, manifests[platform]):
            _path(folder, sha256(data)).write_bytes(data)
    if len(manifests) == 1:
        (only,) = manifests.values()
        described = descriptor(MANIFEST, only)
    else:
        whole = index(manifests)
        _path(folder, sha256(whole)).write_bytes(whole)
        described = descriptor(INDEX, whole)
    entry = {**described, "annotations": {_NAME: TAG}}
    entries = {"schemaVersion": 2, "manifests": [entry]}
    (folder / "index.json").write_text(json.dumps(entries), encoding="utf-8")
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')


def newest(folder: Path) -> Digest:
    """Return the manifest or index of the image that a layout was given last."""
    entries = json.loads((folder / "index.json").read_bytes())["manifests"]
    return [Digest(one["digest"]) for one in entries if "artifactType" not in one][-1]


def subject_at(folder: Path, top: Digest, platform: str) -> Mapping[str, object]:
    """Return the descriptor of an image's manifest for a platform, in a layout."""
    found = subject_in(_path(folder, top).read_bytes(), platform)
    assert found is not None, f"{top} is not for {platform}"
    return found


def attach(folder: Path, top: Digest, platform: str, kind: str, data: bytes) -> Digest:
    """Add a document of a media type about an image for a platform to a layout.

    ``top`` is the image's manifest or index. Return the digest of what refers to it.
    """
    manifest = referrer(subject_at(folder, top, platform), kind, data)
    for content in (NOTHING, data, manifest):
        _path(folder, sha256(content)).write_bytes(content)
    entry = {**descriptor(MANIFEST, manifest), "artifactType": kind}
    place = folder / "index.json"
    # The lock that buildx takes, of which another build into this layout is one.
    with (folder / "index.json.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        entries = json.loads(place.read_bytes())
        if entry not in entries["manifests"]:
            entries["manifests"].append(entry)
            place.write_text(json.dumps(entries), encoding="utf-8")
    return sha256(manifest)


def exported(folder: Path) -> Exported:
    """Return the image that BuildKit put into a layout last."""
    entries = json.loads((folder / "index.json").read_bytes())
    digest = Digest(entries["manifests"][-1]["digest"])
    manifest = json.loads(_path(folder, digest).read_bytes())
    config = json.loads(_path(folder, manifest["config"]["digest"]).read_bytes())
    layers = tuple(
        Layer(
            DiffId(diff_id),
            BlobDigest(blob_descriptor["digest"]),
            blob_descriptor["size"],
            blob_descriptor["mediaType"],
        )
        for diff_id, blob_descriptor in zip(
            config["rootfs"]["diff_ids"], manifest["layers"], strict=True
        )
    )
    return Exported(layers, config, digest)


def blob(folder: Path, layer: Layer) -> Path:
    """Return the path of a layer in a layout."""
    return _path(folder, layer.digest)


def _path(folder: Path, digest: str) -> Path:
    return folder / "blobs" / "sha256" / digest.removeprefix("sha256:")
