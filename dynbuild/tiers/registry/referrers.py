"""What refers to an image in a registry: documents about it, which it does not name.

The image's digest does not depend on them (OCI image spec 1.1, "subject").
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dynbuild.digest import BlobDigest, Digest, sha256
from dynbuild.emit.manifest import (
    INDEX,
    MANIFEST,
    NOTHING,
    attestation,
    attested,
    descriptor,
    platform_of,
    referrer,
    subject_in,
)
from dynbuild.tiers.oci.address import Repository
from dynbuild.tiers.oci.errors import RegistryError

if TYPE_CHECKING:
    from dynbuild.tiers.oci.client import Client


def subject_of(
    client: "Client", place: Repository, image: Digest, platform: str
) -> Mapping[str, object]:
    """Return the descriptor of an image's manifest for a platform, in a repository.

    Raises RegistryError.
    """
    top = client.manifest(place, image)
    if top is None or sha256(top) != image:
        raise RegistryError(f"reading {place}@{image}: it is not what was pushed")
    found = subject_in(top, platform)
    if found is None:
        raise RegistryError(f"reading {place}@{image}: it has nothing for {platform}")
    return found


def attach(
    client: "Client",
    place: Repository,
    subject: Mapping[str, object],
    kind: str,
    data: bytes,
) -> Digest:
    """Attach a document of a media type to a manifest, given its descriptor.

    Return the digest of what refers to the manifest. Raises RegistryError.
    """
    # Whoever imports this may attach nothing, and need not wait for an HTTP library.
    from dynbuild.tiers.oci.upload import of_bytes  # noqa: PLC0415

    for blob in (NOTHING, data):
        if not client.has(place, BlobDigest(sha256(blob))):
            client.upload(place, BlobDigest(sha256(blob)), of_bytes(blob))
    manifest = referrer(subject, kind, data)
    digest = sha256(manifest)
    if not client.put_referrer(place, digest, manifest):
        about = {**descriptor(MANIFEST, manifest), "artifactType": kind}
        _listed(client, place, str(subject["digest"]), about)
    return digest


def attest(
    client: "Client",
    place: Repository,
    image: Digest,
    told: Sequence[tuple[str, Mapping[str, object], Mapping[str, bytes]]],
    tags: Sequence[str],
) -> Mapping[str, object]:
    """Put an index of an image and of statements about it under tags.

    ``told`` are platforms, each with the descriptor of its manifest and the statements
    about it, by the types of their predicates. Return the descriptor of the index.
    Raises RegistryError.
    """
    from dynbuild.tiers.oci.upload import of_bytes  # noqa: PLC0415 - as above

    images, attestations = [], []
    for platform, subject, said in told:
        config, manifest, about = attestation(Digest(str(subject["digest"])), said)
        for data in (config, *said.values()):
            if not client.has(place, BlobDigest(sha256(data))):
                client.upload(place, BlobDigest(sha256(data)), of_bytes(data))
        client.put_manifest(place, sha256(manifest), manifest)
        images.append({**subject, "platform": platform_of(platform)})
        attestations.append(about)
    top = json.loads(client.manifest(place, image) or b"{}")
    index = attested(images, attestations, top.get("annotations", {}))
    for tag in tags:
        if client.manifest_digest(place, tag) != sha256(index):
            client.put_manifest(place, tag, index, INDEX)
    return descriptor(INDEX, index)


def _listed(
    client: "Client", place: Repository, subject: str, about: Mapping[str, object]
) -> None:
    """List a referrer under a tag, where a registry keeps no such list by itself.

    As the OCI distribution spec 1.1 has it ("Referrers Tag Schema").
    """
    tag = subject.replace(":", "-")
    known = client.manifest(place, tag)
    try:
        before = [*json.loads(known)["manifests"]] if known else []
    except (ValueError, KeyError, TypeError):
        raise RegistryError(
            f"reading {place}:{tag}: it is no list of referrers"
        ) from None
    if about in before:
        return
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [*before, about]}
    client.put_manifest(place, tag, _json(index), INDEX)


def _json(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
