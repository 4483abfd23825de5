"""A registry or a token server that is against us: bounded, and told nothing."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from dynbuild.digest import sha256
from dynbuild.ports import TierError
from dynbuild.tiers.http.connections import Timeouts
from dynbuild.tiers.oci.address import Repository
from dynbuild.tiers.oci.client import Client
from dynbuild.tiers.oci.download import DamagedError
from dynbuild.tiers.oci.errors import RegistryError
from dynbuild.tiers.oci.transport import LIMIT
from dynbuild.tiers.registry.tier import Registry
from tests.hostile.servers import endless, said, server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

SOON = Timeouts(connect=1.5, answer=1.5, transfer=1.5, pace=1.5)
BLOB = sha256(b"blob")
REFUSED = "401 Unauthorized"


def client(host: str, environment: dict[str, str] | None = None) -> Client:
    alone = {"DOCKER_CONFIG": "/nowhere"}
    return Client(host, {**alone, **(environment or {})}, timeouts=SOON)


def fails(answer: Callable[[str, str], Iterable[bytes]]) -> str:
    with server(answer) as host, pytest.raises(RegistryError) as caught:
        client(host).manifest(Repository(host, "a/b"), "latest")
    return str(caught.value)


def asks_for_a_token(realm: str, token: bytes) -> str:
    """What comes of a token server that answers so."""

    def answer(_: str, path: str) -> list[bytes]:
        if path.startswith("/token"):
            return said(token)
        return said(b"", f'WWW-Authenticate: Bearer realm="{realm}"', status=REFUSED)

    def with_realm(method: str, path: str) -> list[bytes]:
        return [chunk.replace(b"HOST", host.encode()) for chunk in answer(method, path)]

    with server(with_realm) as host, pytest.raises(RegistryError) as caught:
        client(host).manifest(Repository(host, "a/b"), "latest")
    return str(caught.value)


def test_a_challenge_of_blanks_alone() -> None:
    """It is read in time that grows with its length, so that Ctrl-C is heard."""
    header = f"WWW-Authenticate: Bearer{' ' * 60_000}!@"
    assert "token server" in fails(lambda *_: said(b"", header, status=REFUSED))


def test_a_challenge_of_many_schemes() -> None:
    """Only a bounded part of it is read."""
    header = f"WWW-Authenticate: {'a=b,' * 15_000}"
    assert "401" in fails(lambda *_: said(b"", header, status=REFUSED))


def test_a_token_that_is_not_ascii() -> None:
    """It is no token."""
    told = asks_for_a_token("http://HOST/token", json.dumps({"token": "é"}).encode())
    assert "no token in it" in told


def test_a_token_that_ends_its_header() -> None:
    """No header of its own gets into a request."""
    token = json.dumps({"token": "x\r\nX-Evil: 1"}).encode()
    assert "no token in it" in asks_for_a_token("http://HOST/token", token)


def test_a_token_of_many_megabytes() -> None:
    """It is no token."""
    token = json.dumps({"token": "x" * (1 << 20)}).encode()
    assert "no token in it" in asks_for_a_token("http://HOST/token", token)


@pytest.mark.parametrize(
    "realm",
    ["http://[", "http://example.com/token", "file:///etc/passwd", "https:///x"],
)
def test_a_token_server_that_others_could_listen_to(realm: str) -> None:
    """Nobody is told who we are but by TLS, or on this machine."""
    assert "others could listen to" in asks_for_a_token(realm, b"{}")


def test_a_manifest_without_end() -> None:
    """It is left after the most that a manifest can have."""
    assert f"more than {LIMIT} bytes" in fails(lambda *_: endless())


def test_a_manifest_that_says_it_is_enormous() -> None:
    """No memory is taken for a length that is only said."""
    assert "half-way" in fails(lambda *_: said(b"x", length=10**18))


@pytest.mark.parametrize(
    "to",
    ["http://[", "http://example.com/", "file:///etc/passwd", "//[::1", "gopher://x"],
)
def test_a_redirect_to_where_others_could_listen(to: str) -> None:
    """It is not followed."""
    told = fails(
        lambda *_: said(b"", f"Location: {to}", status="307 Temporary Redirect")
    )
    assert "others could listen to" in told


def test_redirects_in_a_circle() -> None:
    """They are followed a few times."""
    moved = "307 Temporary Redirect"
    assert "place to place" in fails(
        lambda *_: said(b"", "Location: /v2/", status=moved)
    )


@pytest.mark.parametrize(
    "again", ["nan", "inf", "1e308", "Mon, 01 Jan 0001 00:00:00 GMT", "x" * 9999]
)
def test_a_registry_that_puts_us_off_for_ever(again: str) -> None:
    """It is asked again for a few seconds at most."""
    busy = "503 Service Unavailable"
    assert "503" in fails(lambda *_: said(b"", f"Retry-After: {again}", status=busy))


def test_a_refusal_that_steers_the_terminal() -> None:
    """Its words are shown on one line, short, without what a terminal obeys."""
    words = {
        "errors": [{"code": "X", "message": "\x1b[2J\x9b31m\r\n::error::" + "x" * 999}]
    }
    told = fails(lambda *_: said(json.dumps(words), status="403 Forbidden"))
    assert not [char for char in told if ord(char) < 32 or 127 <= ord(char) < 160]
    assert len(told) < 500


def test_a_refusal_that_repeats_the_password(tmp_path: Path) -> None:
    """Who we are is in no message."""
    pair = b64encode(b"me:hunter2-hunter2").decode()

    def answer(*_: str) -> list[bytes]:
        header = 'WWW-Authenticate: Basic realm="x"'
        told = json.dumps({"errors": [{"message": f"hunter2-hunter2 {pair}"}]})
        return said(told, header, status=REFUSED)

    with server(answer) as host:
        config = tmp_path / "config.json"
        config.write_text(json.dumps({"auths": {host: {"auth": pair}}}))
        known = client(host, {"DOCKER_CONFIG": str(tmp_path)})
        with pytest.raises(RegistryError, match=r"\*\*\*") as caught:
            known.manifest(Repository(host, "a/b"), "latest")
    assert "hunter2" not in str(caught.value)
    assert pair not in str(caught.value)


def test_a_digest_that_is_a_path() -> None:
    """What a registry calls a digest is one, or its answer is refused."""
    evil = "Docker-Content-Digest: sha256:../../../etc/passwd"
    with server(lambda *_: said(b"", evil)) as host, pytest.raises(RegistryError):
        client(host).manifest_digest(Repository(host, "a/b"), "latest")


def test_tags_that_never_end() -> None:
    """A list that repeats itself is left."""
    link = 'Link: </v2/a/b/tags/list?n=1000>; rel="next"'
    with server(lambda *_: said(json.dumps({"tags": ["x"]}), link)) as host:
        assert client(host).tags(Repository(host, "a/b")) == ["x"]


@pytest.mark.parametrize("answer", [said(b"other"), endless])
def test_a_blob_that_is_another(
    answer: Callable[[], Iterable[bytes]] | list[bytes], tmp_path: Path
) -> None:
    """It never reaches the path that asked for it, and no more comes than it has."""

    def give(*_: str) -> Iterable[bytes]:
        return answer() if callable(answer) else answer

    with server(give) as host, pytest.raises(DamagedError):
        client(host).download(
            Repository(host, "a/b"), BLOB, str(tmp_path / "x"), 1 << 20
        )
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    "manifest",
    [b"[" * 100_000, b"{}", b"null", b'{"layers": 7}', b"\xff\xfe", b"1" * 5000],
)
def test_a_manifest_that_is_none(manifest: bytes) -> None:
    """It is a miss, or leaves the tier with a message."""
    told: list[str] = []
    with server(lambda *_: said(manifest)) as host:
        place = Repository(host, "a/b")
        alone = {"DOCKER_CONFIG": "/nowhere"}
        tier = Registry(place, alone, told.append, timeouts=SOON)
        try:
            assert tier.find([BLOB]) == ()
        except TierError as error:
            told.append(error.why)
    assert told
