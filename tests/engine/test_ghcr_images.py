"""Linked images in a tier are cleaned away by the day of their last use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dynbuild.commands.clean import DAY, Policy, sweep, sweep_of
from dynbuild.digest import Digest, sha256
from dynbuild.tiers.oci.upload import of_bytes
from dynbuild.tiers.registry.inventory import RegistryInventory
from dynbuild.tiers.registry.linked import LinkedTag, today
from tests.engine.test_ghcr_clean import NOBODY, OLD, Package, package

if TYPE_CHECKING:
    from dynbuild.inventory import Inventory

__all__ = ["package"]

CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def put(package: Package, content: bytes, *tags: str | int) -> Digest:
    """Put an image under tags; a number is a day of ours."""
    tier = package.tier
    tier.client.upload(tier.repository, sha256(content), of_bytes(content))
    config = {"mediaType": CONFIG, "digest": sha256(content), "size": len(content)}
    manifest = json.dumps(
        {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []}
    ).encode()
    digest = sha256(manifest)
    for tag in tags:
        name = LinkedTag(tag, digest).tag if isinstance(tag, int) else tag
        tier.client.put_manifest(tier.repository, name, manifest)
    return digest


def cleaned(inventory: Inventory) -> int:
    found = sweep_of(inventory, Policy(30 * DAY), DAY)
    sweep(inventory, found)
    return len(found.roots)


def tags_of(package: Package) -> set[str]:
    return {tag for tags in package.github.digests().values() for tag in tags}


def test_versions_of_images_that_nobody_uses_go(package: Package) -> None:
    now = today(sha256(b"")).day
    put(package, b"old", 1, 2)
    young = put(package, b"young", 1, now)
    shared = put(package, b"of somebody else as well", 1, "v1.0")
    package.put(OLD)
    assert cleaned(package.inventory()) == 3
    assert tags_of(package) == {
        LinkedTag(1, young).tag,
        LinkedTag(now, young).tag,
        LinkedTag(1, shared).tag,
        "v1.0",
    }


def test_where_nothing_may_be_deleted_an_image_keeps_nothing_in_use(
    package: Package,
) -> None:
    old = put(package, b"old", 1, 2)
    inventory = RegistryInventory(package.tier.repository, NOBODY, print)
    assert cleaned(inventory) == 1
    assert cleaned(inventory) == 0
    assert tags_of(package) == {LinkedTag(1, old).tag, LinkedTag(2, old).tag}
    assert old not in package.github.digests() or not package.github.digests()[old]
