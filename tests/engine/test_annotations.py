"""Annotations stand on the manifest, wherever one is kept, and nowhere else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dynbuild.digest import Digest
from dynbuild.reference import parse
from dynbuild.tiers.oci.address import repository
from dynbuild.tiers.oci.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.oci_servers import Served
    from tests.space import Space

DECLARATION = """\
base = "{base}"
annotations = {{ "org.example.title" = "An app", "org.example.rev" = "${{args.rev}}" }}
args = {{ rev = {{ default = "none", late = true }} }}
stages = [{{ name = "a", commands = ["echo a > /a"] }}]
"""
TOLD = {
    "org.example.by": "a=b ü",
    "org.example.rev": "1",
    "org.example.title": "An app",
}


def kept(space: Space, directory: str) -> dict[str, Any]:
    """Return the manifest of a layout's image."""
    (one,) = json.loads(space.read(f"{directory}/index.json"))["manifests"]
    text = space.read(f"{directory}/blobs/{one['digest'].replace(':', '/')}")
    manifest: dict[str, Any] = json.loads(text)
    return manifest


@pytest.mark.parametrize("linear", [False, True])
def test_annotations_stand_on_the_manifest(
    built: Space,
    busybox_base: str,
    plain_registry: Served,
    docker: Callable[..., str],
    *,
    linear: bool,
) -> None:
    built.write("dynbuild.toml", DECLARATION.format(base=busybox_base))
    name = f"{plain_registry.host}/annotated/{linear}".lower() + ":1"
    given = ["--annotation", "org.example.by=a=b ü", "--build-arg", "rev=1"]
    words = ["-t", name, *given, *(["--linear"] if linear else [])]
    built.ok("lock")
    pushed = ["--push", "-o", "oci:out", "--metadata-file", "told.json"]
    built.ok("realize", *words, *pushed)
    assert kept(built, "out")["annotations"] == TOLD
    told = json.loads(built.read("told.json"))
    assert told["dynbuild.annotations"] == TOLD
    place, tag = repository(name), parse(name).tag or ""
    client = Client(place.host, {"DOCKER_CONFIG": "/nowhere"})
    digest = client.manifest_digest(place, tag)
    assert digest == Digest(told["containerimage.digest"])
    assert json.loads(client.manifest(place, tag) or b"")["annotations"] == TOLD
    try:
        loaded = built.ok("realize", *words)
    finally:
        docker("image", "rm", name)
    assert loaded.err.count("DB0513") == 1
    assert "org.example.by" not in built.read("dynbuild.lock")
