"""Authorization: basic, tokens, Docker's configuration and helpers, TLS by a proxy."""

from __future__ import annotations

import base64
import datetime as dt
import json
import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from dynbuild.digest import sha256
from dynbuild.tiers.oci.address import Repository
from dynbuild.tiers.oci.client import Client
from dynbuild.tiers.oci.credentials import credentials_of
from dynbuild.tiers.oci.errors import RegistryError
from dynbuild.tiers.oci.upload import of_bytes
from tests.oci_tokens import Tokens, token_server
from tests.s3_servers import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.oci_servers import Served

USER, PASSWORD = "ann", "the-password-of-ann"
HTPASSWD = f"{USER}:$2b$04$3UR2d6vQtBhWBvf5YNoyXu2JaNezx8oNbkIUCXLC/xcOR0tLu0lOK\n"
BLOB = b"a blob"


@pytest.fixture(scope="module")
def basic(
    serve: Callable[..., Served], tmp_path_factory: pytest.TempPathFactory
) -> Served:
    users = tmp_path_factory.mktemp("users") / "htpasswd"
    users.write_text(HTPASSWD)
    return serve(f"auth:\n  htpasswd:\n    realm: here\n    path: {users}\n")


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tokens]:
    with token_server(tmp_path_factory.mktemp("tokens"), {USER: PASSWORD}) as running:
        yield running


@pytest.fixture(scope="module")
def bearer(serve: Callable[..., Served], tokens: Tokens) -> Served:
    return serve(tokens.config)


def docker_config(folder: Path, value: Mapping[str, object]) -> dict[str, str]:
    (folder / "config.json").write_text(json.dumps(value))
    return {"DOCKER_CONFIG": str(folder)}


def logged_in(
    folder: Path, host: str, user: str = USER, password: str = PASSWORD
) -> dict[str, str]:
    """Return the environment of someone who did `docker login`."""
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return docker_config(folder, {"auths": {host: {"auth": pair}}})


def client_of(host: str, environment: Mapping[str, str]) -> Client:
    return Client(host, environment)


def push(client: Client, path: str) -> bool:
    repository = Repository(client.host, path)
    client.upload(repository, sha256(BLOB), of_bytes(BLOB))
    return client.has(repository, sha256(BLOB))


@pytest.fixture(params=["basic", "bearer"])
def closed(request: pytest.FixtureRequest) -> Served:
    served: Served = request.getfixturevalue(request.param)
    return served


def test_who_logged_in_may_push(closed: Served, tmp_path: Path) -> None:
    assert push(client_of(closed.host, logged_in(tmp_path, closed.host)), "a/b")


def test_who_did_not_log_in_may_not(closed: Served) -> None:
    client = client_of(closed.host, {"DOCKER_CONFIG": "/nowhere"})
    with pytest.raises(RegistryError, match="401 UNAUTHORIZED") as caught:
        push(client, "a/b")
    assert caught.value.status == 401


def test_a_wrong_password_is_not_repeated(closed: Served, tmp_path: Path) -> None:
    wrong = "the-wrong-password"
    environment = logged_in(tmp_path, closed.host, password=wrong)
    with pytest.raises(RegistryError) as caught:
        push(client_of(closed.host, environment), "a/b")
    header = base64.b64encode(f"{USER}:{wrong}".encode()).decode()
    assert caught.value.status == 401
    # Our token server is so unwise as to repeat what it was told.
    for secret in (wrong, header):
        assert secret not in str(caught.value)


def test_a_credential_helper_is_asked(
    closed: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = json.dumps({"Username": USER, "Secret": PASSWORD})
    helper = tmp_path / "docker-credential-tests"
    helper.write_text(
        f'#!/bin/sh\nread host\necho "$1 $host" >> {tmp_path}/asked\n'
        f"echo '{answer}'\n"
    )
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    environment = docker_config(tmp_path, {"credHelpers": {closed.host: "tests"}})
    client = client_of(closed.host, environment)
    assert push(client, "a/c")
    assert push(client, "a/d")
    assert (tmp_path / "asked").read_text() == f"get {closed.host}\n"


def test_a_credential_helper_that_fails(
    closed: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = tmp_path / "docker-credential-tests"
    helper.write_text(f"#!/bin/sh\necho 'cannot open {PASSWORD}'; exit 1\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    environment = docker_config(tmp_path, {"credsStore": "tests"})
    with pytest.raises(RegistryError, match="docker login") as caught:
        push(client_of(closed.host, environment), "a/c")
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    "text", ['{"auths": {"x": {"auth": "???"}}}', '{"credsStore": "nobody-has-it"}']
)
def test_a_configuration_that_makes_no_sense(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(RegistryError, match="try `docker login x` again"):
        credentials_of("x", {"DOCKER_CONFIG": str(tmp_path)})


def test_a_token_for_each_scope_is_fetched_once(
    bearer: Served, tokens: Tokens, tmp_path: Path
) -> None:
    client = client_of(bearer.host, logged_in(tmp_path, bearer.host))
    tokens.seen.clear()
    for _ in range(3):
        assert push(client, "once/x")
    scopes = [asked["scope"] for asked in tokens.seen]
    assert scopes == [["repository:once/x:pull,push"], ["repository:once/x:pull"]]


def test_a_token_that_ran_out_is_renewed(
    bearer: Served, tokens: Tokens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(bearer.host, logged_in(tmp_path, bearer.host))
    # docker-registry grants a minute of grace.
    monkeypatch.setattr(tokens, "seconds", -59)
    assert not client.has(Repository(bearer.host, "renewed"), sha256(b"x"))
    tokens.seen.clear()
    monkeypatch.setattr(tokens, "seconds", 300)
    time.sleep(1.2)
    assert not client.has(Repository(bearer.host, "renewed"), sha256(b"x"))
    assert len(tokens.seen) == 1


def test_mounting_asks_for_both_repositories(
    bearer: Served, tokens: Tokens, tmp_path: Path
) -> None:
    client = client_of(bearer.host, logged_in(tmp_path, bearer.host))
    assert push(client, "from/x")
    tokens.seen.clear()
    to, source = Repository(bearer.host, "to/x"), Repository(bearer.host, "from/x")
    assert client.mount(to, sha256(BLOB), source) is None
    assert tokens.seen[0]["scope"] == [
        "repository:to/x:pull,push",
        "repository:from/x:pull",
    ]


def test_strangers_may_pull_what_is_open(bearer: Served, tmp_path: Path) -> None:
    assert push(client_of(bearer.host, logged_in(tmp_path, bearer.host)), "open/x")
    stranger = client_of(bearer.host, {"DOCKER_CONFIG": "/nowhere"})
    repository = Repository(bearer.host, "open/x")
    assert stranger.download(repository, sha256(BLOB), str(tmp_path / "got"))
    with pytest.raises(RegistryError, match="401 UNAUTHORIZED"):
        push(stranger, "open/x")


def test_an_identity_token_stands_for_a_password(
    bearer: Served, tokens: Tokens, tmp_path: Path
) -> None:
    entry = {"auth": base64.b64encode(b"<token>:").decode()}
    entry["identitytoken"] = tokens.identity
    environment = docker_config(tmp_path, {"auths": {bearer.host: entry}})
    assert push(client_of(bearer.host, environment), "identity/x")


def test_many_threads_fetch_one_token(
    bearer: Served, tokens: Tokens, tmp_path: Path
) -> None:
    client = client_of(bearer.host, logged_in(tmp_path, bearer.host))
    tokens.seen.clear()
    repository = Repository(bearer.host, "threads/x")
    asking = [
        threading.Thread(target=client.has, args=(repository, sha256(bytes([n]))))
        for n in range(20)
    ]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert len(tokens.seen) == 1


def test_the_token_of_github_goes_to_github_alone() -> None:
    environment = {"GHCR_TOKEN": "secret", "DOCKER_CONFIG": "/nowhere"}
    credentials = credentials_of("ghcr.io", environment)
    assert credentials is not None
    assert credentials.password == "secret"
    assert "secret" not in repr(credentials)
    for other in ("ghcr.io.evil.test", "docker.io", "127.0.0.1:5000"):
        assert credentials_of(other, environment) is None


def test_a_token_server_that_others_could_hear(
    serve: Callable[..., Served], tokens: Tokens, tmp_path: Path
) -> None:
    config = tokens.config.replace(tokens.realm, "http://tokens.test/token")
    served = serve(config)
    client = client_of(served.host, logged_in(tmp_path, served.host))
    with pytest.raises(RegistryError, match="others could listen"):
        push(client, "a/b")


NAME = "registry.test"


@contextmanager
def tunnel(to: str) -> Iterator[tuple[str, list[str]]]:
    """Serve an HTTP proxy whose every tunnel ends at one place."""
    asked: list[str] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with source, sink, suppress(OSError):
            while data := source.recv(1 << 16):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def accept() -> None:
        while True:
            try:
                one, _ = listening.accept()
            except OSError:
                return
            head = b""
            while b"\r\n\r\n" not in head:
                head += one.recv(4096)
            asked.append(head.decode())
            name, _, port = to.partition(":")
            other = socket.create_connection((name, int(port)))
            one.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            for pair in ((one, other), (other, one)):
                threading.Thread(
                    target=pump, args=[s.dup() for s in pair], daemon=True
                ).start()
            one.close()
            other.close()

    threading.Thread(target=accept, daemon=True).start()
    yield f"127.0.0.1:{listening.getsockname()[1]}", asked
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a private CA and a certificate of it for NAME."""
    folder = tmp_path_factory.mktemp("authority")
    now = dt.datetime.now(dt.UTC)

    def made(
        subject: str, issuer: str, public: ec.EllipticCurvePublicKey, *, ca: bool
    ) -> x509.CertificateBuilder:
        def name(text: str) -> x509.Name:
            return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

        return (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(name(issuer))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(
                x509.BasicConstraints(ca=ca, path_length=None), critical=True
            )
        )

    root, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca = made("ca", "ca", root.public_key(), ca=True).sign(root, hashes.SHA256())
    names = x509.SubjectAlternativeName([x509.DNSName(NAME)])
    certificate = (
        made(NAME, "ca", own.public_key(), ca=False)
        .add_extension(names, critical=False)
        .sign(root, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(ca.public_bytes(Encoding.PEM))
    (folder / "own.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    key = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "own.key").write_bytes(key)
    return folder


@pytest.fixture(scope="module")
def tls(serve: Callable[..., Served], authority: Path) -> Served:
    return serve(
        f"  tls:\n    certificate: {authority}/own.pem\n    key: {authority}/own.key\n"
    )


def test_tls_by_a_private_authority_and_a_proxy(
    tls: Served, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tunnel(tls.host) as (proxy, asked):
        monkeypatch.setenv("HTTPS_PROXY", f"http://bob:pw@{proxy}")
        monkeypatch.setenv("SSL_CERT_FILE", str(authority / "ca.pem"))
        for name in ("https_proxy", "no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        assert push(client_of(NAME, {"DOCKER_CONFIG": "/nowhere"}), "a/b")
    assert asked[0].startswith(f"CONNECT {NAME}:443 ")
    assert "Basic Ym9iOnB3" in asked[0]


def test_an_authority_that_nobody_trusts(
    tls: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tunnel(tls.host) as (proxy, _):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        for name in ("https_proxy", "no_proxy", "NO_PROXY", "SSL_CERT_FILE"):
            monkeypatch.delenv(name, raising=False)
        client = client_of(NAME, {"DOCKER_CONFIG": "/nowhere"})
        with pytest.raises(RegistryError, match="certificate that is not trusted"):
            push(client, "a/b")


def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://bob:secret@127.0.0.1:{free_port()}")
    for name in ("https_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    client = client_of(NAME, {"DOCKER_CONFIG": "/nowhere"})
    with pytest.raises(RegistryError) as caught:
        push(client, "a/b")
    assert "secret" not in str(caught.value)
    assert NAME in str(caught.value)
