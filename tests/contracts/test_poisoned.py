"""Tiers that somebody poisoned: with keys nothing of it counts, without keys no lie.

What is put there is whole by its digest; only what it says it is differs.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from dynbuild.digest import sha256
from dynbuild.link.model import Layer, Record, Written
from dynbuild.signature import SecretKey
from dynbuild.tiers.oci.address import Repository
from dynbuild.tiers.registry.tier import Registry
from dynbuild.tiers.wrap.trust import Keys, SignedTier, trusting
from tests.contracts.test_faults import AMD, BASE, OTHER, STEP, Machine
from tests.contracts.test_faults import tier as s3_tier
from tests.s3_servers import Server, bucket_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dynbuild.ports import CountBytes, Notify, Tier
    from dynbuild.tiers.kind import Open
    from tests.oci_servers import Served

ARM = "linux/arm64"
GOOD, EVIL, OWN = b"good" * 99, b"evil" * 99, b"made here"
KEY = SecretKey("main-1", bytes(range(32)))
STRANGER = SecretKey("main-1", bytes(32))


@pytest.fixture(params=["s3", "registry"])
def there(
    request: pytest.FixtureRequest, rclone_server: Server, plain_registry: Served
) -> Open:
    """Return a place that anyone may write to."""
    if request.param == "s3":
        return s3_tier(rclone_server, bucket_name())
    place = Repository(plain_registry.host, f"poisoned/{uuid4().hex}")

    def open_(tell: Notify, came: CountBytes, went: CountBytes) -> Tier:
        return Registry(place, {"DOCKER_CONFIG": "/nowhere"}, tell, came, went)

    return open_


def layer_of(content: bytes) -> Layer:
    return Layer(sha256(content), sha256(packed(content)), len(packed(content)))


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def record_of(content: bytes, **other: object) -> Record:
    writes = {"etc/x": Written("file", 0o644, content=sha256(content))}
    layers = (layer_of(content),)
    record = Record(STEP, STEP, AMD, layers, writes, on=(BASE,))
    return replace(record, **other)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Writer:
    """Somebody who may write to the place, and may have a key."""

    there: Open
    folder: Path
    key: SecretKey | None = None

    def put(self, content: bytes, record: Record) -> Record:
        """Put a record, and a layer that is what its digest says; as it is there."""
        path = self.folder / "put"
        path.write_bytes(packed(content))
        tier = self.raw()
        if self.key:
            tier = SignedTier(tier, (), self.key, ignore)
        tier.keep(sha256(packed(content)), str(path))
        tier.record(record)
        found = self.raw().find([record.step])
        return next(one for one in found if one == record)

    def raw(self) -> Tier:
        return self.there(ignore, ignore, ignore)


def ignore(_: object) -> None: ...


def unsigned(evil: Writer, _: Writer) -> None:
    evil.put(EVIL, record_of(EVIL))


def of_a_stranger(evil: Writer, _: Writer) -> None:
    """Whoever it is has called the key as the trusted one is called."""
    replace(evil, key=STRANGER).put(EVIL, record_of(EVIL))


def other_layers(evil: Writer, main: Writer) -> None:
    """In the place of the good record, which has the same id."""
    good = main.put(GOOD, record_of(GOOD))
    wrong = replace(layer_of(EVIL), diff_id=layer_of(GOOD).diff_id)
    evil.put(EVIL, replace(good, layers=(wrong,)))


def other_writes(evil: Writer, main: Writer) -> None:
    good = main.put(GOOD, record_of(GOOD))
    evil.put(GOOD, replace(good, writes={}))


def another_platform(evil: Writer, main: Writer) -> None:
    good = main.put(GOOD, record_of(GOOD, platform=ARM))
    evil.put(GOOD, replace(good, platform=AMD))


def another_step(evil: Writer, main: Writer) -> None:
    good = main.put(GOOD, record_of(GOOD, step=OTHER, placed=OTHER))
    evil.put(GOOD, replace(good, step=STEP, placed=STEP))


POISONS = (
    unsigned,
    of_a_stranger,
    other_layers,
    other_writes,
    another_platform,
    another_step,
)


@pytest.mark.parametrize("poison", POISONS, ids=lambda poison: poison.__name__)
def test_with_keys_nothing_of_it_counts(
    there: Open, poison: Callable[[Writer, Writer], None], tmp_path: Path
) -> None:
    poison(Writer(there, tmp_path), Writer(there, tmp_path, KEY))
    one = Machine(tmp_path / "one", [trusting(there, Keys((KEY.public,), None))])
    assert one.realize(STEP, OWN) == OWN
    one.chain.finish()
    assert [diagnostic.code for diagnostic in one.told] == ["DB0606"]
    assert "no trusted key has signed" in one.told[0].message


def test_with_keys_what_they_signed_counts(there: Open, tmp_path: Path) -> None:
    Writer(there, tmp_path, KEY).put(GOOD, record_of(GOOD))
    one = Machine(tmp_path / "one", [trusting(there, Keys((KEY.public,), None))])
    assert one.realize(STEP, OWN) == packed(GOOD)
    assert one.told == []


def test_without_keys_a_record_of_another_blob_is_a_miss(
    there: Open, tmp_path: Path
) -> None:
    """The blob is whole, and not the layer that the record says it is."""
    wrong = replace(layer_of(EVIL), diff_id=layer_of(GOOD).diff_id)
    Writer(there, tmp_path).put(EVIL, record_of(GOOD, layers=(wrong,)))
    one = Machine(tmp_path / "one", [trusting(there, None)])
    assert one.realize(STEP, OWN) == OWN
    one.chain.finish()
    assert [diagnostic.code for diagnostic in one.told] == ["DB0606"]
    assert "is not the layer that a record says it is" in one.told[0].message
