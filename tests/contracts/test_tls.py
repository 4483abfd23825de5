"""S3 over TLS, under an authority that only its users know."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from dynbuild.digest import sha256
from dynbuild.ports import TierError
from dynbuild.tiers.s3.tier import S3
from tests.s3_servers import Server, bucket_name, credentials, rclone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("tls")

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "rsa:2048", "-noenc")
    openssl(
        *("req", "-x509", *key, "-days", "2", "-keyout", "ca.key", "-out", "ca.pem"),
        *("-subj", "/CN=the LAN"),
    )
    openssl(*("req", *key, "-keyout", "key", "-out", "csr", "-subj", "/CN=minio"))
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
    openssl(
        *("x509", "-req", "-in", "csr", "-CA", "ca.pem", "-CAkey", "ca.key"),
        *("-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "cert"),
    )
    own = ("--cert", str(folder / "cert"), "--key", str(folder / "key"))
    with rclone(folder, *own, ca=str(folder / "ca.pem")) as one:
        yield one


def test_who_knows_the_authority_is_served(server: Server, tmp_path: Path) -> None:
    with credentials(server):
        tier = S3(server.settings(bucket_name()), lambda _: None)
    path = tmp_path / "blob"
    path.write_bytes(b"content" * 3_000_000)
    blob = sha256(path.read_bytes())
    tier.keep(blob, str(path))
    assert tier.fetch(blob, str(tmp_path / "back"))


def test_who_does_not_is_told(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    tier = S3(server.settings("bucket"), lambda _: None)
    with pytest.raises(TierError, match="certificate"):
        tier.find([sha256(b"step")])
