"""Two uses of one bucket, each below a prefix: neither sees the other's objects."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dynbuild.declaration.caches import Minio
from dynbuild.digest import BlobDigest, sha256
from dynbuild.errors import DeclarationError
from dynbuild.tiers.s3.client import connect
from dynbuild.tiers.s3.inventory import S3Inventory
from dynbuild.tiers.s3.kind import S3_KIND
from tests.s3_servers import Server, bucket_name, credentials

if TYPE_CHECKING:
    from pathlib import Path


def test_each_sees_its_own(rclone_server: Server, tmp_path: Path) -> None:
    settings = rclone_server.settings(bucket_name())
    with credentials(rclone_server):
        one, like, all_ = (
            S3Inventory(replace(settings, prefix=prefix), lambda _: None)
            for prefix in ("team/a", "team/ab", "")
        )
        client = connect(settings).transfer
    blob = BlobDigest(sha256(b"layer"))
    (tmp_path / "layer").write_bytes(b"layer")
    one.keep(blob, str(tmp_path / "layer"))
    client.put_object(settings.bucket, "team/other", io.BytesIO(b"x"), 1)
    key = f"blobs/sha256/{blob.removeprefix('sha256:')}"

    assert client.stat_object(settings.bucket, f"team/a/{key}").size == len(b"layer")
    assert [thing.key for thing in one.things()] == [key]
    assert list(like.things()) == list(all_.things()) == []
    assert not like.fetch(blob, str(tmp_path / "fetched"))

    like.remove([key])
    assert [thing.key for thing in one.things()] == [key]
    one.remove([key])
    assert list(one.things()) == []
    assert client.stat_object(settings.bucket, "team/other").size == 1


def configured(**environment: str) -> str:
    found = S3_KIND.configure(
        Minio("minio.lan:9000", prefix="declared"), {**environment}
    )
    assert found is not None
    return found.place


def test_the_place_tells_the_prefix() -> None:
    where = "https://minio.lan:9000/docker-cache"
    assert configured() == f"{where}/declared"
    assert configured(MINIO_PREFIX="team/x") == f"{where}/team/x"
    for prefix in ("/x", "x/", "a/../b", "a//b", "a b"):
        with pytest.raises(DeclarationError, match="names between slashes"):
            configured(MINIO_PREFIX=prefix)
    with pytest.raises(DeclarationError, match="as prefix: cache/x"):
        configured(MINIO_BUCKET="team/cache/x")
