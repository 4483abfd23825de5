"""One rule for all shared tiers: which proxy, and whose certificates."""

from __future__ import annotations

import gzip
import io
import ssl
from typing import TYPE_CHECKING

import certifi
import pytest
from urllib3 import HTTPResponse, ProxyManager, make_headers

from dynbuild.tiers.http.connections import pools, proxy_of, read, tls_context

if TYPE_CHECKING:
    from pathlib import Path

PROXY = "http://proxy.example:3128"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("variable", "scheme", "authority", "proxy"),
    [
        ("HTTPS_PROXY", "https", "ghcr.io", PROXY),
        ("https_proxy", "https", "s3.example:9000", PROXY),
        ("HTTPS_PROXY", "http", "ghcr.io", None),
        ("ALL_PROXY", "https", "ghcr.io", PROXY),
        ("HTTP_PROXY", "http", "127.0.0.1:9000", None),
        ("HTTP_PROXY", "http", "localhost:9000", None),
        ("HTTP_PROXY", "http", "[::1]:9000", None),
        ("HTTP_PROXY", "http", "127.0.0.1.example:9000", PROXY),
    ],
)
def test_the_proxy_of_a_server(
    variable: str,
    scheme: str,
    authority: str,
    proxy: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, PROXY)
    assert proxy_of(scheme, authority) == proxy
    host = authority.rpartition(":")[0] or authority
    monkeypatch.setenv("no_proxy", host)
    assert proxy_of(scheme, authority) is None


def test_whose_certificates_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert tls_context().cert_store_stats()["x509_ca"] > 0
    # A company that names its own authorities trusts nobody else.
    one = certifi.contents().split("-----END CERTIFICATE-----")[0]
    (tmp_path / "one.pem").write_text(f"{one}-----END CERTIFICATE-----\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "one.pem"))
    context = tls_context()
    assert context.cert_store_stats()["x509_ca"] == 1
    assert context.verify_mode == ssl.CERT_REQUIRED


def test_the_name_and_password_of_a_proxy_go_in_a_header() -> None:
    manager = pools("user:word@proxy.example:3128")
    assert isinstance(manager, ProxyManager)
    assert manager.proxy is not None
    assert manager.proxy.url == "http://proxy.example:3128"
    known = make_headers(proxy_basic_auth="user:word")["proxy-authorization"]
    assert manager.proxy_headers["proxy-authorization"] == known


def test_a_packed_answer_is_not_unpacked() -> None:
    packed = gzip.compress(bytes(1 << 20))
    response = HTTPResponse(
        io.BytesIO(packed), {"Content-Encoding": "gzip"}, preload_content=False
    )
    assert read(response, 1.0, 1 << 16) == packed
