"""A base image as a record, so that tiers keep, sign and trust it as those of steps.

The layers of such a record are all blobs of the image: its manifest, its config, and
what the manifest names. The lock pins the digest of the manifest, which names the rest:
so whoever wrote the record, the layers and the config are those of the image. Only for
what the layers write it has to be believed, as the record of a step has to be.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from dynbuild.digest import (
    BlobDigest,
    DiffId,
    Digest,
    Field,
    PlacedDigest,
    StepDigest,
    digest_of,
    sha256,
)
from dynbuild.emit.config import platform_of
from dynbuild.link.model import Layer, Record, WriteSet
from dynbuild.steps.nothing import NOTHING
from dynbuild.values import dataclass

LARGEST = 4 << 20
"""Maximum bytes of a manifest (distribution spec, "Pushing Manifests") or config."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_MANIFEST = "application/vnd.dynbuild.base.manifest.v1"
_CONFIG = "application/vnd.dynbuild.base.config.v1"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_LAYERS = {
    f"{_LAYER}+gzip": f"{_LAYER}+gzip",
    f"{_LAYER}+zstd": f"{_LAYER}+zstd",
    _LAYER: _LAYER,
    "application/vnd.docker.image.rootfs.diff.tar.gzip": f"{_LAYER}+gzip",
    "application/vnd.docker.image.rootfs.diff.tar.zstd": f"{_LAYER}+zstd",
    "application/vnd.docker.image.rootfs.diff.tar": _LAYER,
}
"""The media types of layers, as they are and as BuildKit passes them on."""

_FIELDS = (
    "User",
    "ExposedPorts",
    "Env",
    "Entrypoint",
    "Cmd",
    "Volumes",
    "WorkingDir",
    "Labels",
    "StopSignal",
    "ArgsEscaped",
    "Healthcheck",
    "OnBuild",
    "StopTimeout",
    "Shell",
)
"""What BuildKit passes on of a config, in its order."""
_HEALTHCHECK = (
    "Test",
    "Interval",
    "Timeout",
    "StartPeriod",
    "StartInterval",
    "Retries",
)


@dataclass(frozen=True, slots=True)
class BaseImage:
    """The layers of a base image, lowest first, and its config as BuildKit has it."""

    layers: tuple[Layer, ...]
    config: Mapping[str, Field]


def base_step(digest: Digest) -> StepDigest:
    """Return the digest that stands for a base, by its manifest, among those of steps.

    No step has it: what is described here is none.
    """
    return StepDigest(digest_of({"base image": digest}))


def base_record(  # noqa: PLR0913, PLR0917 - what is known of a base, and where it is for
    digest: Digest,
    platform: str,
    documents: tuple[bytes, bytes],
    passed: BaseImage,
    writes: WriteSet,
    made: int,
) -> Record | None:
    """Return the record of a base; ``documents`` are its manifest and its config.

    None if they are not, to the byte, what a builder has ``passed`` on of the image:
    then two machines would make two images of one lock, by how they learned its base.
    """
    image = image_of(digest, documents)
    if image is None or not _is_alike(image, passed):
        return None
    step = base_step(digest)
    return Record(
        placed=PlacedDigest(step),
        step=step,
        platform=platform,
        layers=(*_described(documents), *image.layers),
        writes=writes,
        made=made,
    )


def config_of_nothing(platform: str) -> dict[str, Field]:
    """Return the config of what starts from nothing, as BuildKit has it."""
    system, architecture, variant = f"{platform}//".split("/")[:3]
    return {
        "architecture": architecture,
        **({"variant": variant} if variant else {}),
        "os": system,
        "config": {"Env": [f"{name}={text}" for name, text in NOTHING.env.items()]},
    }


def is_base(record: Record) -> bool:
    """Whether a record is that of a base."""
    return [layer.media_type for layer in record.layers[:2]] == [_MANIFEST, _CONFIG]


def documents_in(record: Record, digest: Digest) -> tuple[BlobDigest, ...]:
    """Return the blobs of manifest and config that the record of a base names.

    Empty if it cannot be the record of this base.
    """
    first = record.layers[:2]
    if (
        not is_base(record)
        or first[0].digest != digest
        or any(layer.size > LARGEST for layer in first)
    ):
        return ()
    return tuple(layer.digest for layer in first)


def image_in(
    record: Record, digest: Digest, documents: tuple[bytes, bytes]
) -> BaseImage | None:
    """Return the image of a record; None if it names other blobs than the image has."""
    image = image_of(digest, documents)
    if image is None or record.layers != (*_described(documents), *image.layers):
        return None
    return image


def image_of(digest: Digest, documents: tuple[bytes, bytes]) -> BaseImage | None:
    """Return the image that a manifest and a config describe, if they are of one.

    ``digest`` is that of the manifest.
    """
    manifest, config = documents
    if sha256(manifest) != digest or max(map(len, documents)) > LARGEST:
        return None
    try:
        described: dict[str, Any] = json.loads(manifest)
        facts: dict[str, Any] = json.loads(config)
        if described["config"]["digest"] != sha256(config):
            return None
        named = zip(facts["rootfs"]["diff_ids"], described["layers"], strict=True)
        layers = tuple(_layer(diff_id, layer) for diff_id, layer in named)
        return BaseImage(layers, _config(facts))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return None


def _is_alike(image: BaseImage, passed: BaseImage) -> bool:
    config = passed.config
    own = {**platform_of(config), "config": config.get("config") or {}}
    return image.layers == passed.layers and json.dumps(image.config) == json.dumps(own)


def _described(documents: tuple[bytes, bytes]) -> tuple[Layer, ...]:
    kinds = (_MANIFEST, _CONFIG)
    return tuple(
        Layer(DiffId(sha256(data)), BlobDigest(sha256(data)), len(data), kind)
        for data, kind in zip(documents, kinds, strict=True)
    )


def _layer(diff_id: object, described: Mapping[str, Any]) -> Layer:
    size = described["size"]
    if type(size) is not int or size < 0:
        raise ValueError(size)
    return Layer(
        DiffId(_digest(diff_id)),
        BlobDigest(_digest(described["digest"])),
        size,
        _LAYERS[described["mediaType"]],
    )


def _digest(value: object) -> Digest:
    """Validate a digest: it becomes part of paths. Raises ValueError."""
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise ValueError(value)
    return Digest(value)


def _config(facts: Mapping[str, Any]) -> dict[str, Field]:
    own = facts.get("config") or {}
    fields = {name: _field(name, own[name]) for name in _FIELDS if own.get(name)}
    named = {name: value for name, value in platform_of(facts).items() if value}
    return {**named, "config": fields}


def _field(name: str, value: Field) -> Field:
    """Return a field with its own fields in the order that BuildKit writes them in."""
    if not isinstance(value, Mapping):
        return value
    if name == "Healthcheck":
        return {field: value[field] for field in _HEALTHCHECK if value.get(field)}
    return dict(sorted(value.items()))
