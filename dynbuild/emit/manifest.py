"""The documents of an image, as the OCI image spec has them: config and manifest."""

import json
from collections.abc import Mapping, Sequence

from dynbuild.digest import Digest, Field, sha256
from dynbuild.link.model import Layer

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def documents(
    stack: Sequence[Layer],
    config: Mapping[str, Field],
    annotations: Mapping[str, str] | None = None,
) -> tuple[bytes, bytes]:
    """The config and the manifest of an image of these layers."""
    rootfs = {"type": "layers", "diff_ids": [layer.diff_id for layer in stack]}
    history = [{"created_by": "dynbuild"} for _ in stack]
    image = _bytes({**config, "rootfs": rootfs, "history": history})
    layers = [
        {"mediaType": layer.media_type, "digest": layer.digest, "size": layer.size}
        for layer in stack
    ]
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor(CONFIG, image),
        "layers": layers,
        **_annotated(annotations),
    }
    return image, _bytes(manifest)


def index(
    manifests: Mapping[str, bytes], annotations: Mapping[str, str] | None = None
) -> bytes:
    """The index of the manifests of an image, by platform."""
    entries = [
        {**descriptor(MANIFEST, manifest), "platform": platform_of(platform)}
        for platform, manifest in manifests.items()
    ]
    return _bytes(
        {
            "schemaVersion": 2,
            "mediaType": INDEX,
            "manifests": entries,
            **_annotated(annotations),
        }
    )


def manifests_of(digests: Mapping[str, str]) -> dict[str, object]:
    """Return what metadata tells of manifests: by platform, where there are several."""
    return {"dynbuild.manifests": {**digests}} if len(digests) > 1 else {}


NOTHING = b"{}"
_EMPTY = "application/vnd.oci.empty.v1+json"
"""The config of a manifest that needs none (OCI image spec 1.1)."""


def subject_in(top: bytes, platform: str) -> Mapping[str, object] | None:
    """Return the descriptor of the manifest for a platform, if there is one.

    ``top`` is the image's only manifest, or its index.
    """
    parsed = json.loads(top)
    if parsed["mediaType"] != INDEX:
        return descriptor(MANIFEST, top)
    wanted = platform_of(platform)
    entries = (x for x in parsed["manifests"] if x["platform"] == wanted)
    found = next(entries, None)
    return found and {name: found[name] for name in ("mediaType", "digest", "size")}


def referrer(subject: Mapping[str, object], kind: str, data: bytes) -> bytes:
    """Return the manifest of a document about another manifest.

    It needs the config ``NOTHING`` (OCI image spec 1.1, "subject").
    """
    return _bytes(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": kind,
            "config": descriptor(_EMPTY, NOTHING),
            "layers": [descriptor(kind, data)],
            "subject": subject,
        }
    )


IN_TOTO = "application/vnd.in-toto+json"
_ATTESTED = {"os": "unknown", "architecture": "unknown"}
"""What an attestation is for: nothing that runs it looks for that."""


def attestation(
    manifest: Digest, statements: Mapping[str, bytes]
) -> tuple[bytes, bytes, Mapping[str, object]]:
    """Return config and manifest of what statements say of an image's manifest.

    Also returned is its descriptor in an index. ``statements`` are those of in-toto, by
    the types of their predicates; the form is BuildKit's
    (https://docs.docker.com/build/metadata/attestations/attestation-storage/).
    """
    rootfs = {"type": "layers", "diff_ids": [sha256(x) for x in statements.values()]}
    config = _bytes({**_ATTESTED, "config": {}, "rootfs": rootfs})
    layers = [
        {**descriptor(IN_TOTO, data), **_annotated({"in-toto.io/predicate-type": kind})}
        for kind, data in statements.items()
    ]
    made = _bytes(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": descriptor(CONFIG, config),
            "layers": layers,
        }
    )
    about = {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": manifest,
    }
    told = {**descriptor(MANIFEST, made), **_annotated(about), "platform": _ATTESTED}
    return config, made, told


def attested(
    images: Sequence[Mapping[str, object]],
    attestations: Sequence[Mapping[str, object]],
    annotations: Mapping[str, str],
) -> bytes:
    """Return the index of an image with its attestations, given their descriptors."""
    return _bytes(
        {
            "schemaVersion": 2,
            "mediaType": INDEX,
            "manifests": [*images, *attestations],
            **_annotated(annotations),
        }
    )


def platform_of(name: str) -> Mapping[str, str]:
    """Return a platform, os/architecture/variant, as descriptors have it."""
    return dict(zip(("os", "architecture", "variant"), name.split("/"), strict=False))


def _annotated(annotations: Mapping[str, str] | None) -> Mapping[str, object]:
    return {"annotations": dict(sorted(annotations.items()))} if annotations else {}


def descriptor(media_type: str, data: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": sha256(data), "size": len(data)}


def _bytes(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
