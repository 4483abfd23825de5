"""A token server for registries (the distribution project's token authentication)."""

from __future__ import annotations

import base64
import datetime as dt
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVICE = "registry.test"


@dataclass
class Tokens:
    """A token server that runs: whom it knows, and what it was asked."""

    realm: str
    bundle: Path
    users: dict[str, str]
    seen: list[dict[str, list[str]]] = field(default_factory=list)
    seconds: int = 300
    identity: str = "the-identity-token"

    @property
    def config(self) -> str:
        """The part of a registry's configuration that names this server."""
        return (
            f"auth:\n  token:\n    realm: {self.realm}\n    service: {SERVICE}\n"
            f"    issuer: tests\n    rootcertbundle: {self.bundle}\n"
        )


@contextmanager
def token_server(folder: Path, users: dict[str, str]) -> Iterator[Tokens]:
    """Serve tokens: to users for everything, to others for pulling from ``open/``."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(key)
    bundle = folder / "bundle.pem"
    bundle.write_bytes(certificate.public_bytes(Encoding.PEM))
    tokens = Tokens("", bundle, users)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            scheme, _, pair = self.headers.get("Authorization", "").partition(" ")
            user, _, password = base64.b64decode(pair).decode().partition(":")
            known = scheme == "Basic" and tokens.users.get(user) == password
            self._answer(asked, known=known, refused=bool(scheme) and not known)

        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            asked = parse_qs(self.rfile.read(size).decode())
            asked["scope"] = asked["scope"][0].split(" ")
            known = asked["refresh_token"] == [tokens.identity]
            self._answer(asked, known=known, refused=not known)

        def _answer(
            self, asked: dict[str, list[str]], *, known: bool, refused: bool
        ) -> None:
            tokens.seen.append(asked)
            if refused:
                said = {"details": f"wrong password: {self.headers['Authorization']}"}
                self._send(401, said)
                return
            access = []
            for scope in asked.get("scope", []):
                kind, name, actions = scope.split(":")
                allowed = actions.split(",") if known else []
                if not known and name.startswith("open/"):
                    allowed = ["pull"]
                access.append({"type": kind, "name": name, "actions": allowed})
            token = _signed(key, certificate, access, tokens.seconds)
            self._send(200, {"token": token})

        def _send(self, status: int, value: object) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        tokens.realm = f"http://127.0.0.1:{server.server_address[1]}/token"
        serving = partial(server.serve_forever, 0.02)
        threading.Thread(target=serving, daemon=True).start()
        try:
            yield tokens
        finally:
            server.shutdown()


def _certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )


def _signed(
    key: ec.EllipticCurvePrivateKey,
    certificate: x509.Certificate,
    access: list[dict[str, object]],
    seconds: int,
) -> str:
    """A JSON web token (RFC 7519) that docker-registry takes."""
    now = int(dt.datetime.now(dt.UTC).timestamp())
    chain = [base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()]
    header = {"typ": "JWT", "alg": "ES256", "x5c": chain}
    claims = {
        "iss": "tests",
        "sub": "",
        "aud": SERVICE,
        "exp": now + seconds,
        "nbf": now - 60,
        "iat": now,
        "jti": str(x509.random_serial_number()),
        "access": access,
    }
    text = ".".join(_word(json.dumps(part).encode()) for part in (header, claims))
    signature = key.sign(text.encode(), ec.ECDSA(hashes.SHA256()))
    r, s = decode_dss_signature(signature)
    return f"{text}.{_word(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _word(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
