"""The records of a step as one OCI artifact, which the registry tier puts under a tag.

The manifest lists the layers and the write set of each record, so that the registry
keeps them while the tag is there. The record itself is an annotation of its write set:
a look-up is one request, and there is nothing under the tag that a clean-up of untagged
manifests could remove.
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from dynbuild.digest import BlobDigest, Digest, sha256
from dynbuild.link.model import Record
from dynbuild.tiers.codec import UnreadableError, load_record, names_in
from dynbuild.values import dataclass

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
STEP = "application/vnd.dynbuild.step.v2+json"
WRITES = "application/vnd.dynbuild.writes.v1"
INSIDE = "application/vnd.dynbuild.inside.v1"
RECORD = "dynbuild.record"
MADE = "dynbuild.made"
EMPTY = b"{}"
_EMPTY = "application/vnd.oci.empty.v1+json"
"""The config of an artifact without one (image spec, "Guidance for an Empty
Descriptor")."""

EMBEDDED = 4096
"""Maximum bytes of a write set that the manifest embeds as well (image spec, "Embedded
Content"): most have less, and a look-up then needs no second request.
"""

LARGEST = 1 << 20
"""Bytes of a manifest above which the oldest records make room for new ones.

Registries refuse those above 4 MiB.
"""


@dataclass(frozen=True, slots=True)
class PackedRecord:
    """A record as it was dumped, and its write set: a blob of ``size`` bytes.

    ``data`` is that blob, if it is small enough to be in the manifest; ``made`` is when
    the record came, in seconds since 1970, if that is known. ``inside`` has the blob
    that says what is installed, and its size, if the registry has it.
    """

    record: Record
    writes: BlobDigest
    size: int
    text: bytes
    data: bytes | None = None
    made: int | None = None
    inside: Mapping[BlobDigest, int] = field(default_factory=dict)

    @property
    def blobs(self) -> dict[BlobDigest, int]:
        """All blobs that it names, and their sizes."""
        layers = {layer.digest: layer.size for layer in self.record.layers}
        return {self.writes: self.size, **layers, **self.inside}


def tag_of(step: Digest) -> str:
    """Return the tag under which the records of a step are."""
    return f"r-{step.removeprefix('sha256:')}"


def step_of(tag: str) -> Digest | None:
    """Return the step whose records are under a tag; None for any other tag."""
    match = re.fullmatch(r"r-([0-9a-f]{64})", tag)
    return Digest(f"sha256:{match[1]}") if match else None


def dump_step(entries: Sequence[PackedRecord]) -> bytes:
    """Return the manifest of records, oldest first; those without room are left out."""
    while len(data := _dump(entries)) > LARGEST and len(entries) > 1:
        entries = entries[1:]
    return data


def load_step(data: bytes) -> tuple[list[PackedRecord], int]:
    """Return a manifest's records, oldest first, and the number of unreadable ones.

    Raises UnreadableError for anything but such a manifest.
    """
    try:
        manifest = json.loads(data)
        layers = manifest["layers"]
        descriptors = [
            descriptor
            for descriptor in layers
            if RECORD in (descriptor.get("annotations") or {})
        ]
        named = {descriptor.get("digest") for descriptor in layers}
        is_ours = manifest["artifactType"] == STEP
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UnreadableError from None
    if not is_ours:
        raise UnreadableError
    entries = [
        entry for descriptor in descriptors for entry in _entry(descriptor, named)
    ]
    return entries, len(descriptors) - len(entries)


def _entry(
    descriptor: Mapping[str, Any], named: Collection[object]
) -> Iterator[PackedRecord]:
    try:
        text = descriptor["annotations"][RECORD].encode()
        record, writes = load_record(text)
        size = descriptor["size"]
    except (UnreadableError, KeyError, TypeError, AttributeError, ValueError):
        return
    if descriptor.get("digest") == writes and type(size) is int:
        timestamp = str(descriptor["annotations"].get(MADE, ""))
        created = int(timestamp) if re.fullmatch(r"[0-9]{1,12}", timestamp) else None
        inside = names_in(record.inside())
        yield PackedRecord(
            record,
            writes,
            size,
            text,
            _embedded(descriptor, writes),
            created,
            inside if inside.keys() <= {*named} else {},
        )


def _embedded(descriptor: Mapping[str, Any], digest: Digest) -> bytes | None:
    """Return the content in a descriptor, if it matches its digest."""
    try:
        data = b64decode(descriptor["data"], validate=True)
    except (KeyError, TypeError, ValueError):
        return None
    return data if sha256(data) == digest else None


def _dump(entries: Sequence[PackedRecord]) -> bytes:
    layers: list[dict[str, object]] = []
    digests = set()
    for entry in entries:
        for layer in entry.record.layers:
            if layer.digest not in digests:
                digests.add(layer.digest)
                layers.append(_descriptor(layer.media_type, layer.digest, layer.size))
        for digest, size in entry.inside.items():
            if digest not in digests:
                digests.add(digest)
                layers.append(_descriptor(INSIDE, digest, size))
        annotations = {RECORD: entry.text.decode()}
        if entry.made is not None:
            annotations[MADE] = str(entry.made)
        extra: dict[str, object] = {"annotations": annotations}
        if entry.data is not None and len(entry.data) <= EMBEDDED:
            extra["data"] = b64encode(entry.data).decode()
        layers.append({**_descriptor(WRITES, entry.writes, entry.size), **extra})
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": STEP,
        "config": _descriptor(_EMPTY, sha256(EMPTY), len(EMPTY)),
        "layers": layers,
    }
    return json.dumps(manifest, separators=(",", ":")).encode()


def _descriptor(media_type: str, digest: Digest, size: int) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest, "size": size}
