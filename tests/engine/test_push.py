"""Images go to Debian's docker-registry, and what is there already does not move."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from dynbuild.building import BuildEvent, BuildFailed, PlatformImage, Working
from dynbuild.digest import Digest, sha256
from dynbuild.emit.manifest import documents
from dynbuild.errors import UnreachableError
from dynbuild.link.model import Layer
from dynbuild.ports import LostError
from dynbuild.tiers.memory import MemoryTier
from dynbuild.tiers.oci.address import Repository
from dynbuild.tiers.oci.client import Client
from dynbuild.tiers.oci.upload import of_bytes
from dynbuild.tiers.registry.publish import Registries
from tests.oci_proxy import Harm, Proxy, proxied
from tests.s3_servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.oci_servers import Served

CONFIG = {"architecture": "amd64", "os": "linux", "config": {"Cmd": ["x"]}}
NOBODY = {"DOCKER_CONFIG": "/nowhere"}


@pytest.fixture
def proxy(plain_registry: Served) -> Iterator[Proxy]:
    with proxied(plain_registry.host) as running:
        yield running


class Image:
    """An image of three layers that are in no registry yet, and how it is pushed."""

    def __init__(self, host: str, folder: Path) -> None:
        self.folder = folder
        blobs = [os.urandom(200_000) for _ in range(3)]
        self.tier = MemoryTier({sha256(data): data for data in blobs})
        self.stack = tuple(Layer(sha256(b"tar"), sha256(x), len(x)) for x in blobs)
        self.name = f"{host}/pushed/{sha256(blobs[0])[7:20]}"
        self.cache = Repository(host, f"cache/{sha256(blobs[1])[7:20]}")
        self.events: list[BuildEvent] = []
        self.ending = False

    def push(self, *tags: str) -> Digest:
        publisher = Registries(self.tier, [self.cache], NOBODY, self.folder, self.check)
        names = tuple(f"{self.name}:{tag}" for tag in tags or ("1",))
        built = publisher.push(
            {"linux/amd64": PlatformImage(self.stack, CONFIG)},
            {},
            names,
            self.events.append,
        )
        assert built.metadata["containerimage.digest"] == built.digest
        assert built.metadata["image.name"] == ",".join(names)
        assert built.digest is not None
        return built.digest

    def check(self) -> None:
        if self.ending:
            raise KeyboardInterrupt

    def into_cache(self) -> None:
        client = Client(self.cache.host, NOBODY)
        for blob, data in self.tier.blobs.items():
            client.upload(self.cache, blob, of_bytes(data))


@pytest.fixture
def image(proxy: Proxy, tmp_path: Path) -> Image:
    return Image(proxy.host, tmp_path)


def asked(proxy: Proxy) -> dict[str, int]:
    """What a proxy was asked, by method and kind of thing."""
    found: dict[str, int] = {}
    for method, path, _ in proxy.seen:
        kind = next(k for k in ("mount", "uploads", "blobs", "manifests") if k in path)
        found[f"{method} {kind}"] = found.get(f"{method} {kind}", 0) + 1
    return found


def test_what_is_nowhere_is_uploaded_once(image: Image, proxy: Proxy) -> None:
    digest = image.push("1", "2")
    client = Client(image.cache.host, NOBODY)
    place = Repository(image.cache.host, image.name.partition("/")[2])
    _, manifest = documents(image.stack, CONFIG)
    assert digest == sha256(manifest)
    assert client.manifest(place, "1") == client.manifest(place, "2") == manifest
    assert all(client.has(place, layer.digest) for layer in image.stack)
    # Three layers and the config, of which the cache has none.
    assert asked(proxy)["POST mount"] == 3
    assert asked(proxy)["PUT uploads"] == 4
    assert proxy.moved < 610_000
    assert image.events[-1] == Working("pushing the image", done=True)
    told = [event for event in image.events if isinstance(event, Working)]
    assert max(event.current for event in told) >= 600_000
    assert [*image.folder.iterdir()] == []


def test_what_the_cache_holds_does_not_move(image: Image, proxy: Proxy) -> None:
    image.into_cache()
    image.tier.blobs.clear()
    proxy.seen.clear()
    proxy.moved = 0
    image.push()
    assert asked(proxy) == {
        "HEAD manifests": 1,
        "HEAD blobs": 4,
        "POST mount": 3,
        "POST uploads": 1,
        "PUT uploads": 1,
        "PUT manifests": 1,
    }
    config, manifest = documents(image.stack, CONFIG)
    assert proxy.moved == len(config) + len(manifest)


def test_what_was_pushed_is_only_looked_at(image: Image, proxy: Proxy) -> None:
    image.push("1", "2")
    proxy.seen.clear()
    image.push("1", "2")
    assert asked(proxy) == {"HEAD manifests": 2}
    image.push("3")
    assert asked(proxy) == {"HEAD manifests": 3, "HEAD blobs": 4, "PUT manifests": 1}


def test_a_registry_that_sends_us_where_others_listen(
    image: Image, proxy: Proxy
) -> None:
    away = {"Location": "http://elsewhere.test/upload"}
    proxy.harm = lambda _, path: Harm(202, b"", away) if "mount" in path else None
    with pytest.raises(BuildFailed, match="others could listen"):
        image.push()


def test_a_layer_that_is_nowhere(image: Image) -> None:
    image.tier.blobs.clear()
    with pytest.raises(LostError):
        image.push()


def test_an_interrupt_does_not_wait_for_the_registry(
    image: Image, proxy: Proxy
) -> None:
    proxy.harm = lambda *_: Harm(hang=30)
    image.ending = True
    with pytest.raises(KeyboardInterrupt):
        image.push()


@pytest.mark.parametrize("status", [401, 403])
def test_a_registry_that_refuses(image: Image, proxy: Proxy, status: int) -> None:
    said = {"errors": [{"code": "DENIED", "message": "permission_denied: write"}]}
    proxy.harm = lambda method, _: (
        Harm(status, json.dumps(said).encode()) if method == "POST" else None
    )
    with pytest.raises(BuildFailed) as caught:
        image.push()
    words = f"permission_denied: write ({status} DENIED)"
    assert words in caught.value.message
    assert caught.value.step is None


def test_a_registry_that_is_not_there(tmp_path: Path) -> None:
    image = Image(f"127.0.0.1:{free_port()}", tmp_path)
    with pytest.raises(UnreachableError, match=r"DB0504.*refuses connections"):
        image.push()
