"""Tiers whose records have to be signed: what was tampered with is a miss."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dynbuild.digest import sha256
from dynbuild.link.model import Layer, Record, Written
from dynbuild.signature import SecretKey
from dynbuild.tiers.codec import dump_record, dump_writes, load_record, record_name
from dynbuild.tiers.local.tier import Local
from dynbuild.tiers.memory import MemoryTier
from dynbuild.tiers.wrap.trust import SignedTier
from tests.contracts.tiers import AMD, SCENARIOS, STEP, Bench

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dynbuild.digest import Digest
    from dynbuild.ports import Tier

KEY = SecretKey("main-1", bytes(range(32)))
STRANGER = SecretKey("main-1", bytes(32))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda case: case.__name__)
def test_contract(scenario: Callable[[Bench], None], tmp_path: Path) -> None:
    inner = MemoryTier()

    def damage(blob: Digest, data: bytes | None) -> None:
        del inner.blobs[blob]
        if data is not None:
            inner.blobs[blob] = data

    tier = SignedTier(inner, (), KEY, lambda _: None)
    scenario(Bench(tier, tmp_path, damage))


class Shared:
    """A tier that two use, and what each is told of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inner = Local(folder / "store", lambda _: None)
        self.told: list[str] = []

    def writer(self, key: SecretKey | None) -> Bench:
        tier: Tier = SignedTier(self.inner, (), key, self.told.append)
        return Bench(tier, self.folder, lambda *_: None)

    def found(self, *keys: SecretKey) -> tuple[Record, ...]:
        trusted = [key.public for key in keys]
        return SignedTier(self.inner, trusted, None, self.told.append).find([STEP])


@pytest.fixture
def shared(tmp_path: Path) -> Shared:
    return Shared(tmp_path)


def test_what_a_trusted_key_signed_is_found(shared: Shared) -> None:
    record = shared.writer(KEY).kept()
    assert [one.layers for one in shared.found(KEY)] == [record.layers]
    assert shared.told == []


def test_what_nobody_signed_is_a_miss_and_told_once(shared: Shared) -> None:
    bench = Bench(shared.inner, shared.folder, lambda *_: None)
    bench.kept()
    tier = SignedTier(shared.inner, [KEY.public], None, shared.told.append)
    assert tier.find([STEP]) == ()
    assert tier.find([STEP]) == ()
    assert shared.told == ["it has records that no trusted key has signed"]


def test_what_a_stranger_signed_is_a_miss(shared: Shared) -> None:
    shared.writer(STRANGER).kept()
    assert shared.found(KEY) == ()


@pytest.mark.parametrize(
    "change",
    [
        {"layers": (Layer(sha256(b"tar"), sha256(b"layer evil"), 10),)},
        {"placed": sha256(b"placed")},
        {"on": (sha256(b"other base"),)},
        {"writes": {"etc/shadow": Written("file", 0o600)}},
    ],
    ids=["layers", "placed", "on", "writes"],
)
def test_a_poisoned_record_never_counts(
    shared: Shared, change: dict[str, object]
) -> None:
    """Someone may write to the tier, and takes the signature of a good record along."""
    record = shared.writer(KEY).kept()
    (good,) = shared.found(KEY)
    evil = shared.folder / "evil"
    evil.write_bytes(b"layer evil")
    shared.inner.keep(sha256(b"layer evil"), str(evil))
    shared.inner.record(replace(good, **change))  # type: ignore[arg-type]
    assert [one for one in shared.found(KEY) if one.layers != record.layers] == []
    assert all(one.placed == record.placed for one in shared.found(KEY))
    assert all(dict(one.writes) == dict(record.writes) for one in shared.found(KEY))


def test_a_record_for_another_platform_is_not_one_for_this(shared: Shared) -> None:
    shared.writer(KEY).kept()
    (good,) = shared.found(KEY)
    shared.inner.record(replace(good, platform="linux/arm64"))
    tier = SignedTier(shared.inner, [KEY.public], None, shared.told.append)
    assert tier.find([STEP]) == ()


def test_signatures_of_others_are_kept() -> None:
    signatures = (("a", "x"), ("b", "y"))
    record = Record(STEP, STEP, AMD, (), {}, signatures=signatures)
    writes = sha256(dump_writes({}))
    back, _ = load_record(dump_record(record, writes))
    assert back.signatures == signatures
    assert record_name(back) == record_name(replace(record, signatures=()))


def test_a_copy_to_another_tier_stays_signed(shared: Shared, tmp_path: Path) -> None:
    """The write set keeps its bytes, whatever a machine's zlib would make of it."""
    shared.writer(KEY).kept()
    (record,) = shared.found(KEY)
    other = Local(tmp_path / "other", lambda _: None)
    path = str(tmp_path / "blob")
    assert shared.inner.fetch(record.layers[0].digest, path)
    other.keep(record.layers[0].digest, path)
    other.record(record)
    assert len(SignedTier(other, [KEY.public], None, print).find([STEP])) == 1
