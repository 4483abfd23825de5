"""The documents of an image, as its registry has them, and its pin by these."""

import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dynbuild.digest import BlobDigest, Digest, sha256
from dynbuild.emit.bases import LARGEST
from dynbuild.emit.pins import USUAL, listed, pin_of, shows_shell
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.reference import parse
from dynbuild.steps.model import Pin
from dynbuild.tiers.oci.address import Repository, repository
from dynbuild.tiers.oci.errors import RegistryError

if TYPE_CHECKING:
    from dynbuild.tiers.oci.client import Client

_AT_ONCE = 8
_CREATED = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:\.[0-9]+)?(?:[Zz]|\+00:00)"
)
_MOST = 64 << 20
"""Maximum bytes of layers that are read to learn what an image lacks."""


def documents_of(
    image: str, digest: Digest, environment: Mapping[str, str]
) -> tuple[bytes, bytes] | None:
    """Return the manifest of a digest, and its config; None if that cannot be had."""
    # Most runs know their base, and need not wait for an HTTP library.
    from dynbuild.tiers.oci.client import Client  # noqa: PLC0415

    place = repository(image)
    client = Client(place.host, environment)
    try:
        manifest = client.manifest(place, digest)
        if manifest is None or sha256(manifest) != digest:
            return None
        named = BlobDigest(Digest(str(json.loads(manifest)["config"]["digest"])))
        config = client.blob(place, named, LARGEST)
    except (RegistryError, KeyError, TypeError, ValueError, RecursionError):
        return None
    return None if config is None else (manifest, config)


def made_at(pin: Pin, environment: Mapping[str, str]) -> str | None:
    """Return the time at which an image says it was made, as snapshots spell it.

    None where its registry does not give it, or it says none.
    """
    usual = min(pin.platforms, key=lambda name: (name != USUAL, name), default=None)
    if usual is None:
        return None
    try:
        documents = documents_of(pin.image, pin.platforms[usual], environment)
        said = str(json.loads(documents[1])["created"]) if documents else ""
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    match = _CREATED.fullmatch(said)
    return "{}{}{}T{}{}{}Z".format(*match.groups()) if match else None


def small_layers(
    pin: Pin, environment: Mapping[str, str], folder: Path
) -> tuple[Path, ...] | None:
    """Download the layers of an image, lowest first, where they are small.

    None where they are not, or where the image shows by itself that it has a shell:
    whoever builds on an image of some size finds out then what is in it. Raises
    RegistryError.
    """
    from dynbuild.tiers.oci.client import Client  # noqa: PLC0415 - as above

    usual = min(pin.platforms, key=lambda name: (name != USUAL, name))
    documents = documents_of(pin.image, pin.platforms[usual], environment)
    if documents is None:
        return None
    try:
        manifest, config = map(json.loads, documents)
        layers = [(str(one["digest"]), int(one["size"])) for one in manifest["layers"]]
        if shows_shell(config) or sum(size for _, size in layers) > _MOST:
            return None
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
        return None
    place = repository(pin.image)
    client = Client(place.host, environment)
    paths: list[Path] = []
    for number, (digest, size) in enumerate(layers):
        paths.append(folder / str(number))
        wanted = BlobDigest(Digest(digest))
        if not client.download(place, wanted, str(paths[-1]), size):
            return None
    return tuple(paths)


def pinned(reference: str, environment: Mapping[str, str]) -> Pin:
    """Return the pin of an image, by what its own registry says.

    Raises RegistryError where that does not give it, DeclarationError for what it gives
    and is no image.
    """
    from dynbuild.tiers.oci.client import Client  # noqa: PLC0415 - as above

    wanted = parse(reference)
    place = repository(reference)
    client = Client(place.host, environment)
    manifest = client.manifest(place, wanted.digest or wanted.tag or "latest")
    if manifest is None:
        raise RegistryError(f"{place.host} has no such image", status=404)
    digest = sha256(manifest)
    if wanted.digest not in (None, digest):
        message = f"the registry answered with {digest} for {wanted}"
        raise DeclarationError(Diagnostic("DB0308", message))
    try:
        document = json.loads(manifest)
        return pin_of(wanted, digest, document, _configs(client, place, document))
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
        words = f"what {place.host} has of {wanted} is not understood"
        raise RegistryError(words, status=200) from None


def _configs(
    client: "Client", place: Repository, document: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return the config of an image, or of each platform in an index by its name."""

    def of(digest: Digest) -> Any:  # noqa: ANN401 - a document of others
        manifest = client.manifest(place, digest)
        if manifest is None or sha256(manifest) != digest:
            raise RegistryError(f"{place} lacks {digest}, which its index names")
        return config(json.loads(manifest))

    def config(manifest: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as above
        named = BlobDigest(Digest(str(manifest["config"]["digest"])))
        blob = client.blob(place, named, LARGEST)
        if blob is None:
            raise RegistryError(f"{place} lacks {named}, which its manifest names")
        return json.loads(blob)

    if "manifests" not in document:
        found: Mapping[str, Any] = config(document)
        return found
    platforms = listed(document)
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return dict(zip(platforms, threads.map(of, platforms.values()), strict=True))
