"""The registry client against Debian's docker-registry, plain and through faults."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from dynbuild.digest import sha256
from dynbuild.tiers.http.connections import Timeouts
from dynbuild.tiers.oci.address import Repository
from dynbuild.tiers.oci.client import Client
from dynbuild.tiers.oci.download import DamagedError
from dynbuild.tiers.oci.errors import RegistryError
from dynbuild.tiers.oci.upload import of_file
from tests.oci_proxy import Harm, Proxy, proxied

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dynbuild.digest import Digest
    from tests.oci_servers import Served

SMALL = b"a small blob"
LARGE = os.urandom(1 << 20) * 9


@pytest.fixture
def proxy(plain_registry: Served) -> Iterator[Proxy]:
    with proxied(plain_registry.host) as running:
        yield running


@pytest.fixture
def repository(proxy: Proxy, request: pytest.FixtureRequest) -> Repository:
    name = request.node.originalname.replace("_", "-")
    return Repository(proxy.host, f"{name}/{abs(hash(request.node.name)):x}")


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def registry(proxy: Proxy, waits: list[float]) -> Client:
    return Client(proxy.host, {"DOCKER_CONFIG": "/nowhere"}, waits.append)


class Files:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def of(self, data: bytes) -> tuple[Digest, str]:
        path = self.folder / sha256(data)
        path.write_bytes(data)
        return sha256(data), str(path)

    def left(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.mark.parametrize("data", [b"", SMALL, LARGE], ids=["empty", "small", "large"])
def test_what_is_uploaded_is_there_and_downloads(
    registry: Client, repository: Repository, files: Files, data: bytes
) -> None:
    blob, path = files.of(data)
    assert not registry.has(repository, blob)
    assert not registry.download(repository, blob, f"{path}.back")
    registry.upload(repository, blob, of_file(path))
    assert registry.has(repository, blob)
    assert registry.download(repository, blob, f"{path}.back")
    assert files.folder.joinpath(f"{blob}.back").read_bytes() == data
    assert registry.blob(repository, blob, len(data)) == data


def test_a_manifest_is_what_was_put(
    registry: Client, repository: Repository, files: Files
) -> None:
    assert registry.manifest(repository, "x") is None
    assert registry.manifest_digest(repository, "x") is None
    blob, path = files.of(b"{}")
    registry.upload(repository, blob, of_file(path))
    described = {"mediaType": "application/x", "digest": blob, "size": 2}
    data = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": described,
            "layers": [],
        }
    ).encode()
    assert registry.put_manifest(repository, "x", data) == sha256(data)
    assert registry.manifest(repository, "x") == data
    assert registry.manifest(repository, sha256(data)) == data
    assert registry.manifest_digest(repository, "x") == sha256(data)


def test_a_blob_is_mounted_from_a_repository_that_has_it(
    registry: Client, repository: Repository, proxy: Proxy, files: Files
) -> None:
    blob, path = files.of(LARGE)
    other = Repository(proxy.host, f"{repository.path}-other")
    begun = registry.mount(repository, blob, other)
    assert begun is not None
    registry.upload(other, blob, of_file(path))
    moved = proxy.moved
    assert registry.mount(repository, blob, other) is None
    assert registry.has(repository, blob)
    assert proxy.moved == moved


def test_an_upload_goes_on_where_a_mount_began_one(
    registry: Client, repository: Repository, proxy: Proxy, files: Files
) -> None:
    blob, path = files.of(SMALL)
    begun = registry.mount(repository, blob, Repository(proxy.host, "none"))
    registry.upload(repository, blob, of_file(path), begun)
    assert registry.has(repository, blob)
    assert proxy.count("POST") == 1


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["small", "large"])
def test_an_upload_that_breaks_off_is_taken_up(
    registry: Client, repository: Repository, proxy: Proxy, files: Files, data: bytes
) -> None:
    blob, path = files.of(data)
    method = "PATCH" if data is LARGE else "PUT"
    proxy.once(method, "uploads", Harm(after=len(data) // 2, of_request=True))
    registry.upload(repository, blob, of_file(path))
    assert registry.download(repository, blob, f"{path}.back")
    # docker-registry offers to go on, but only from a place that it has told before.
    assert proxy.count("POST") == 2


def test_an_upload_goes_on_from_what_the_registry_has(
    registry: Client, repository: Repository, proxy: Proxy, files: Files
) -> None:
    blob, path = files.of(LARGE)
    half = len(LARGE) // 2
    patches = [Harm(keep=half), Harm(500, b"{}")]

    def rule(method: str, path: str) -> Harm | None:
        if method == "GET" and "uploads" in path:
            told = {name: proxy.kept[name] for name in ("Location", "Range")}
            return Harm(204, b"", told)
        return patches.pop(0) if method == "PATCH" and patches else None

    proxy.harm = rule
    registry.upload(repository, blob, of_file(path))
    assert registry.has(repository, blob)
    assert proxy.count("POST") == 1
    ranges = [
        told.get("Content-Range") for one, _, told in proxy.seen if one == "PATCH"
    ]
    assert ranges == [None, *[f"{half}-{len(LARGE) - 1}"] * 2]


def test_a_registry_without_patch_gets_it_in_one_piece(
    registry: Client, repository: Repository, proxy: Proxy, files: Files
) -> None:
    blob, path = files.of(LARGE)
    proxy.once("PATCH", "uploads", Harm(405, b"{}"))
    registry.upload(repository, blob, of_file(path))
    assert registry.has(repository, blob)


def test_an_upload_that_always_breaks_off_ends(
    registry: Client, repository: Repository, proxy: Proxy, files: Files
) -> None:
    blob, path = files.of(LARGE)
    proxy.harm = lambda method, _: (
        Harm(after=10, of_request=True) if method == "PATCH" else None
    )
    with pytest.raises(RegistryError, match="half-way"):
        registry.upload(repository, blob, of_file(path))


def test_a_download_that_breaks_off_goes_on_there(
    registry: Client, repository: Repository, proxy: Proxy, files: Files
) -> None:
    blob, path = files.of(LARGE)
    registry.upload(repository, blob, of_file(path))
    proxy.once("GET", "blobs", Harm(after=len(LARGE) // 4), times=2)
    assert registry.download(repository, blob, f"{path}.back")
    ranges = [
        headers.get("Range") for _, _, headers in proxy.seen if "Range" in headers
    ]
    quarter = len(LARGE) // 4
    assert ranges == [f"bytes={quarter}-", f"bytes={2 * quarter}-"]


def test_a_download_from_one_who_knows_no_ranges(
    registry: Client, repository: Repository, proxy: Proxy, files: Files
) -> None:
    blob, path = files.of(LARGE)
    registry.upload(repository, blob, of_file(path))
    harms = [Harm(after=5000), Harm(200, LARGE)]
    proxy.harm = lambda method, _: harms.pop(0) if method == "GET" and harms else None
    assert registry.download(repository, blob, f"{path}.back")


def test_a_download_that_always_breaks_off_leaves_nothing(
    registry: Client, repository: Repository, proxy: Proxy, files: Files
) -> None:
    blob, path = files.of(LARGE)
    registry.upload(repository, blob, of_file(path))
    proxy.harm = lambda method, _: Harm(after=0) if method == "GET" else None
    with pytest.raises(RegistryError, match="half-way"):
        registry.download(repository, blob, f"{path}.back")
    assert files.left() == [blob]


@pytest.mark.parametrize("most", [None, 100], ids=["whole", "more"])
def test_other_content_is_damage_and_leaves_nothing(
    registry: Client,
    repository: Repository,
    proxy: Proxy,
    files: Files,
    most: int | None,
) -> None:
    blob, path = files.of(LARGE)
    registry.upload(repository, blob, of_file(path))
    proxy.harm = lambda *_: Harm(flip=True)
    with pytest.raises(DamagedError):
        registry.download(repository, blob, f"{path}.back", most)
    assert registry.blob(repository, blob, len(LARGE)) is None
    assert files.left() == [blob]


def test_content_that_is_not_its_digest_is_refused_by_the_registry(
    registry: Client, repository: Repository, files: Files
) -> None:
    _, path = files.of(SMALL)
    with pytest.raises(RegistryError, match="DIGEST_INVALID") as caught:
        registry.upload(repository, sha256(b"other"), of_file(path))
    assert caught.value.codes == ("DIGEST_INVALID",)


def test_the_servers_own_words_are_shown(
    registry: Client, repository: Repository, proxy: Proxy
) -> None:
    said = {"errors": [{"code": "DENIED", "message": "permission_denied: package\n"}]}
    proxy.harm = lambda *_: Harm(403, json.dumps(said).encode())
    with pytest.raises(RegistryError) as caught:
        registry.manifest(repository, "x")
    words = f"reading {repository}:x: permission_denied: package (403 DENIED)"
    assert str(caught.value) == words
    assert not caught.value.retryable


@pytest.mark.parametrize("status", [429, 503])
def test_a_registry_that_says_when_to_come_again(
    registry: Client,
    repository: Repository,
    proxy: Proxy,
    waits: list[float],
    status: int,
) -> None:
    proxy.once("GET", "manifests", Harm(status, b"", {"Retry-After": "2"}))
    assert registry.manifest(repository, "x") is None
    assert waits == [2.0]


@pytest.mark.parametrize("told", ["3600", "Wed, 21 Oct 2099 07:28:00 GMT", "1"])
def test_a_registry_that_puts_us_off_too_long(
    registry: Client,
    repository: Repository,
    proxy: Proxy,
    waits: list[float],
    told: str,
) -> None:
    said = b'{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}'
    proxy.harm = lambda *_: Harm(429, said, {"Retry-After": told})
    with pytest.raises(RegistryError, match="slow down") as caught:
        registry.manifest(repository, "x")
    assert caught.value.retryable
    assert sum(waits) <= 3


def test_a_connection_that_was_closed_meanwhile_is_no_error(
    registry: Client, repository: Repository, proxy: Proxy
) -> None:
    proxy.once("GET", "manifests", Harm(after=0, of_request=True))
    assert registry.manifest(repository, "x") is None


def test_a_manifest_that_is_too_large(
    registry: Client, repository: Repository, proxy: Proxy
) -> None:
    proxy.harm = lambda *_: Harm(200, b" " * ((4 << 20) + 1))
    with pytest.raises(RegistryError, match="more than 4194304 bytes"):
        registry.manifest(repository, "x")


def test_nobody_there() -> None:
    registry = Client("127.0.0.1:1", {}, lambda _: None)
    with pytest.raises(RegistryError, match=r"127\.0\.0\.1:1 refuses connections"):
        registry.manifest(Repository("127.0.0.1:1", "x"), "y")


def test_one_who_is_silent(repository: Repository, proxy: Proxy) -> None:
    proxy.harm = lambda *_: Harm(hang=5, status=200)
    soon = Timeouts(answer=1.5)
    registry = Client(proxy.host, {"DOCKER_CONFIG": "/nowhere"}, timeouts=soon)
    with pytest.raises(RegistryError, match="does not answer in time"):
        registry.manifest(repository, "x")


def test_redirects_do_not_take_who_we_are_along(
    repository: Repository, proxy: Proxy, files: Files, plain_registry: Served
) -> None:
    token = "the-token-that-stays"
    config = {"auths": {proxy.host: {"auth": "YW5uOnRoZS1wYXNzd29yZC1vZi1hbm4="}}}
    (files.folder / "config.json").write_text(json.dumps(config))
    registry = Client(proxy.host, {"DOCKER_CONFIG": str(files.folder)}, lambda _: None)
    blob, path = files.of(SMALL)
    registry.upload(repository, blob, of_file(path))
    challenge = {"WWW-Authenticate": 'Basic realm="x"'}
    with proxied(plain_registry.host) as storage:
        url = repository.url(f"blobs/{blob}").replace(proxy.host, storage.host)

        def rule(method: str, path: str) -> Harm | None:
            if method != "GET" or "blobs" not in path:
                return None
            if "Authorization" not in proxy.seen[-1][2]:
                return Harm(401, b"{}", challenge)
            return Harm(307, b"", {"Location": f"{url}?X-Signature={token}"})

        proxy.harm = rule
        assert registry.download(repository, blob, f"{path}.back")
        assert registry.has(repository, blob)
        assert len(storage.seen) == 1
        assert "Authorization" not in storage.seen[0][2]
        storage.harm = lambda *_: Harm(403, b"AccessDenied")
        with pytest.raises(RegistryError) as caught:
            registry.download(repository, blob, f"{path}.back2")
        assert token not in str(caught.value)


@pytest.mark.parametrize(
    "to", ["http://elsewhere.test/x", "ftp://127.0.0.1/x", "/again"]
)
def test_redirects_that_are_not_followed(
    registry: Client, repository: Repository, proxy: Proxy, to: str
) -> None:
    proxy.harm = lambda *_: Harm(307, b"", {"Location": to})
    with pytest.raises(RegistryError, match="the registry sends us"):
        registry.manifest(repository, "x")
