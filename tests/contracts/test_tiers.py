"""Every tier against the one list of scenarios."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from dynbuild.digest import sha256
from dynbuild.link.model import Origin, Record
from dynbuild.tiers.kind import READ, TierConfig
from dynbuild.tiers.local.tier import Local
from dynbuild.tiers.memory import MemoryTier
from dynbuild.tiers.s3.client import connect
from dynbuild.tiers.s3.tier import S3
from dynbuild.tiers.wrap.chain import Chain, Nested
from dynbuild.tiers.wrap.guarded import CircuitBreakerTier
from tests.contracts.tiers import SCENARIOS, Bench
from tests.s3_servers import Server, bucket_name, credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from dynbuild.building import BuildEvent
    from dynbuild.digest import Digest
    from dynbuild.ports import Tier

    Request = pytest.FixtureRequest


NO_INVENTORY: Any = None
"""For tiers whose content as a whole nobody asks for."""


@dataclass(frozen=True)
class Through:
    """What one tier is given, seen through another."""

    into: Tier
    through: Tier

    def find(self, steps: Collection[Digest]) -> tuple[Record, ...]:
        return self.through.find(steps)

    def fetch(self, blob: Digest, path: str) -> bool:
        return self.through.fetch(blob, path)

    def keep(self, blob: Digest, path: str) -> None:
        self.into.keep(blob, path)

    def record(self, record: Record) -> None:
        self.into.record(record)


def memory(folder: Path, _: Request) -> Bench:
    tier = MemoryTier()

    def damage(blob: Digest, data: bytes | None) -> None:
        tier.blobs.pop(blob, None)
        if data is not None:
            tier.blobs[blob] = data

    return Bench(tier, folder, damage)


def local(folder: Path, _: Request) -> Bench:
    root = folder / "store"

    def damage(blob: Digest, data: bytes | None) -> None:
        path = root / "blobs" / "sha256" / blob.removeprefix("sha256:")
        path.unlink(missing_ok=True)
        if data is not None:
            path.write_bytes(data)

    return Bench(Local(root, lambda _: None), folder, damage)


def s3_rclone(folder: Path, request: Request) -> Bench:
    return s3(folder, request.getfixturevalue("rclone_server"))


def s3_prefix(folder: Path, request: Request) -> Bench:
    """Below a prefix, in a bucket that others use."""
    return s3(folder, request.getfixturevalue("rclone_server"), "team/cache")


def s3_seaweedfs(folder: Path, request: Request) -> Bench:
    return s3(folder, request.getfixturevalue("seaweed_server"))


def s3_minio(folder: Path, request: Request) -> Bench:
    return s3(folder, request.getfixturevalue("minio_server"))


def s3(folder: Path, server: Server, prefix: str = "") -> Bench:
    settings = replace(server.settings(bucket_name()), prefix=prefix)
    with credentials(server):
        tier = S3(settings, lambda _: None)
        client = connect(settings).transfer

    def damage(blob: Digest, data: bytes | None) -> None:
        key = settings.object_of(f"blobs/sha256/{blob.removeprefix('sha256:')}")
        client.remove_object(settings.bucket, key)
        if data is not None:
            client.put_object(settings.bucket, key, io.BytesIO(data), len(data))

    return Bench(tier, folder, damage)


def chain(folder: Path, request: Request) -> Bench:
    """All goes to both."""
    near, far = memory(folder, request), memory(folder, request)
    tier = chained(
        near.tier, TierConfig("far", "there", lambda *_: far.tier, NO_INVENTORY), folder
    )

    def damage(blob: Digest, data: bytes | None) -> None:
        tier.finish()
        near.damage(blob, data)
        far.damage(blob, data)

    return Bench(tier, folder, damage)


def chain_local_s3(folder: Path, request: Request) -> Bench:
    near = local(folder, request)
    far = s3_rclone(folder, request)
    tier = chained(
        near.tier, TierConfig("far", "there", lambda *_: far.tier, NO_INVENTORY), folder
    )

    def damage(blob: Digest, data: bytes | None) -> None:
        tier.finish()
        near.damage(blob, data)
        far.damage(blob, data)

    return Bench(tier, folder, damage)


def chain_of_chains(folder: Path, request: Request) -> Bench:
    """All goes to all three, and is there when the chain inside has it."""
    near, far = memory(folder, request), chain(folder, request)
    assert isinstance(far.tier, Chain)
    inner = Nested(far.tier)
    outer = chained(
        near.tier, TierConfig("far", "both", lambda *_: inner, NO_INVENTORY), folder
    )

    def damage(blob: Digest, data: bytes | None) -> None:
        outer.finish()
        near.damage(blob, data)
        far.damage(blob, data)

    return Bench(outer, folder, damage)


def read_only(folder: Path, request: Request) -> Bench:
    """What another machine put there is seen from a machine that only reads."""
    far, near = memory(folder, request), memory(folder, request)
    only = frozenset({READ})
    reading = chained(
        near.tier,
        TierConfig("far", "x", lambda *_: far.tier, NO_INVENTORY, only),
        folder,
    )

    def damage(blob: Digest, data: bytes | None) -> None:
        near.damage(blob, data)
        far.damage(blob, data)

    return Bench(Through(far.tier, reading), folder, damage)


def test_what_a_chain_takes_from_a_chain_is_from_there(tmp_path: Path) -> None:
    """Not from a tier inside; nor did anyone sign what is built on what was signed."""
    step = sha256(b"step")
    signed, built = (
        Record(step, step, "linux/amd64", (), {}, on=(sha256(ground),), origins=(at,))
        for ground, at in ((b"a", Origin("", ("key",))), (b"b", Origin("x", ("key",))))
    )
    inside = MemoryTier()
    for record in (signed, built):
        inside.record(record)
    far = TierConfig("far", "inside", lambda *_: inside, NO_INVENTORY)
    inner = Nested(chained(MemoryTier(), far, tmp_path))
    both = TierConfig("far", "both", lambda *_: inner, NO_INVENTORY)
    found = chained(MemoryTier(), both, tmp_path).find([step])
    assert {one.origins for one in found} == {(Origin("far both"),)}
    found = inner.find([step])
    expected = {(Origin("far inside", ("key",)),), (Origin("far inside"),)}
    assert {one.origins for one in found} == expected


def chained(near: Tier, far: TierConfig, folder: Path) -> Chain:
    assert isinstance(near, (MemoryTier, Local))

    def report(_: BuildEvent) -> None: ...

    guarded = CircuitBreakerTier(far, lambda _: None, report)
    return Chain(near, [guarded], folder, lambda: None)


TIERS = (
    memory,
    local,
    s3_rclone,
    s3_prefix,
    s3_seaweedfs,
    s3_minio,
    chain,
    chain_local_s3,
    chain_of_chains,
    read_only,
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda case: case.__name__)
@pytest.mark.parametrize("make", TIERS, ids=lambda make: make.__name__)
def test_tier(
    make: Callable[[Path, Request], Bench],
    scenario: Callable[[Bench], None],
    tmp_path: Path,
    request: Request,
) -> None:
    scenario(make(tmp_path, request))
