"""Pins from a registry alone: what `lock` needs of docker, and when it asks it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest

from dynbuild.digest import BlobDigest, sha256
from dynbuild.engine.images import DockerImages
from dynbuild.environment.images import RegistryImages
from dynbuild.errors import UnreachableError
from dynbuild.tiers.oci.address import Repository
from dynbuild.tiers.oci.client import MANIFEST, Client
from dynbuild.tiers.oci.errors import RegistryError
from dynbuild.tiers.oci.images import pinned
from dynbuild.tiers.oci.upload import of_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.oci_proxy import Proxy
    from tests.space import Space

NO_DOCKER = {"PATH": "/nowhere"}


def through(proxy: Proxy, base: str) -> str:
    """The reference of a base as a proxy before its registry has it."""
    return f"{proxy.host}/{base.partition('/')[2]}"


def test_the_registry_and_docker_say_the_same(
    engine: dict[str, str], busybox_base: str, proxy: Proxy
) -> None:
    alone = pinned(busybox_base, NO_DOCKER)
    assert alone == DockerImages(engine).pin(busybox_base)
    assert RegistryImages(NO_DOCKER).pin(busybox_base) == alone
    exact = f"{busybox_base}@{alone.digest}"
    assert pinned(exact, NO_DOCKER).platforms == alone.platforms
    other = f"{busybox_base.partition('@')[0]}@sha256:{'0' * 64}"
    with pytest.raises(RegistryError, match="no such image"):
        pinned(other, NO_DOCKER)
    assert pinned(through(proxy, busybox_base), NO_DOCKER).digest == alone.digest


def test_a_lock_needs_no_docker(space: Space, busybox_base: str) -> None:
    space.write("dynbuild.toml", f'base = "{busybox_base}"\n')
    done = space.run("lock", PATH="/nowhere", DOCKER_HOST="tcp://127.0.0.1:1")
    assert (done.status, done.err) == (0, "wrote dynbuild.lock\n")
    assert "sha256:" in space.read("dynbuild.lock")
    space.write("dynbuild.toml", f'base = "{busybox_base}-not"\n')
    refused = space.run("lock", PATH="/nowhere", DOCKER_HOST="tcp://127.0.0.1:1")
    assert refused.status == 2
    assert "has no such image; and there is no docker to ask" in refused.err
    assert "docker login" in refused.err


def test_a_registry_that_is_away_without_docker() -> None:
    with pytest.raises(UnreachableError, match="refuses connections; and there is no"):
        RegistryImages(NO_DOCKER).pin("127.0.0.1:1/x")


def test_what_only_the_engine_has(
    engine: dict[str, str], busybox_base: str, docker: Callable[..., str]
) -> None:
    local = "dynbuild-test-only-here/x:1"
    docker("pull", busybox_base)
    docker("tag", busybox_base, local)
    environment = {**os.environ, **engine}
    try:
        pin = RegistryImages(environment).pin(local)
        assert (pin.digest, pin.image) == (None, f"docker.io/{local}")
        assert RegistryImages(environment).local_digest(local).startswith("sha256:")
    finally:
        docker("image", "rm", local)


def test_an_index_of_several_platforms(engine: dict[str, str], registry: str) -> None:
    place = Repository(registry, f"dynbuild-test/index-{uuid4().hex}")
    client = Client(registry, NO_DOCKER)

    def put(document: object, kind: str) -> dict[str, object]:
        data = json.dumps(document).encode()
        client.upload(place, BlobDigest(sha256(data)), of_bytes(data))
        return {"mediaType": kind, "digest": sha256(data), "size": len(data)}

    def image(architecture: str, variant: str, user: str) -> dict[str, object]:
        facts = {"os": "linux", "architecture": architecture, "variant": variant}
        config = {**facts, "config": {"User": user, "Env": ["A=b"]}}
        config["rootfs"] = {"type": "layers", "diff_ids": []}
        named = put(config, "application/vnd.oci.image.config.v1+json")
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": named}
        data = json.dumps({**manifest, "layers": []}).encode()
        digest = client.put_manifest(place, sha256(data), data)
        facts = {name: text for name, text in facts.items() if text}
        return {
            "mediaType": MANIFEST,
            "digest": digest,
            "size": len(data),
            "platform": facts,
        }

    kind = "application/vnd.oci.image.index.v1+json"
    manifests = [
        image("arm64", "v8", "me"),
        image("amd64", "", "me"),
        image("arm", "v7", "other"),
    ]
    index = {"schemaVersion": 2, "mediaType": kind, "manifests": manifests}
    data = json.dumps(index).encode()
    url = place.url("manifests/1")
    request = Request(url, data, {"Content-Type": kind}, method="PUT")
    with urlopen(request):
        pass
    pin = pinned(f"{place}:1", NO_DOCKER)
    assert pin == DockerImages(engine).pin(f"{place}:1")
    assert pin.digest == sha256(data)
    assert [*pin.platforms] == ["linux/arm64", "linux/amd64"]
    assert (pin.user, pin.env) == ("me", {"A": "b"})
