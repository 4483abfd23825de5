"""Layers that are not what their records say are a miss, not a build that fails."""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING

import pytest

from dynbuild.compression import packing
from dynbuild.digest import sha256
from dynbuild.link.model import Layer, Record
from dynbuild.tiers.memory import MemoryTier
from dynbuild.tiers.wrap.trust import VerifiedTier
from tests.contracts.tiers import AMD, STEP

if TYPE_CHECKING:
    from pathlib import Path

    from dynbuild.digest import Digest

TAR = b"tar" * 1000


def zstd(data: bytes) -> bytes:
    packed = io.BytesIO()
    with packing(packed, "zstd") as writer:
        writer.write(data)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("blob", "diff_id", "fits"),
    [
        (gzip.compress(TAR), sha256(TAR), True),
        (gzip.compress(TAR) + gzip.compress(TAR), sha256(TAR + TAR), True),
        (TAR, sha256(TAR), True),
        (gzip.compress(TAR), sha256(b"other"), False),
        (TAR, sha256(b"other"), False),
        (gzip.compress(TAR)[:-4], sha256(TAR), False),
        (gzip.compress(TAR)[:30], sha256(TAR), False),
        (b"\x1f\x8bnonsense", sha256(TAR), False),
        (zstd(TAR), sha256(TAR), True),
        (zstd(TAR), sha256(b"other"), False),
        (zstd(TAR)[:-4], sha256(TAR), False),
        (b"\x28\xb5\x2f\xfdnonsense", sha256(TAR), False),
    ],
    ids=[
        "gzip",
        "two members",
        "plain",
        "gzip of another",
        "another",
        "no end",
        "half",
        "no gzip",
        "zstd",
        "zstd of another",
        "no end of zstd",
        "no zstd",
    ],
)
def test_a_layer_and_its_diff_id(
    tmp_path: Path, blob: bytes, diff_id: Digest, *, fits: bool
) -> None:
    told: list[str] = []
    inner = MemoryTier({sha256(blob): blob})
    layer = Layer(diff_id, sha256(blob), 1)
    inner.record(Record(STEP, STEP, AMD, (layer,), {}))
    tier = VerifiedTier(inner, told.append)
    path = tmp_path / "layer"
    # Nobody said yet what it is.
    assert tier.fetch(sha256(blob), str(path))
    path.unlink()
    assert len(tier.find([STEP])) == 1
    assert tier.fetch(sha256(blob), str(path)) == fits
    assert path.exists() == fits
    assert len(tier.find([STEP])) == fits
    assert len(told) == (not fits)
    assert tier.fetch(sha256(blob), str(tmp_path / "again")) == fits


def test_two_records_that_contradict_one_another(tmp_path: Path) -> None:
    blob = gzip.compress(TAR)
    inner = MemoryTier({sha256(blob): blob})
    for number, diff_id in enumerate((sha256(TAR), sha256(b"other"))):
        layer = Layer(diff_id, sha256(blob), len(blob))
        on = (sha256(bytes([number])),)
        inner.record(Record(STEP, STEP, AMD, (layer,), {}, on=on))
    tier = VerifiedTier(inner, lambda _: None)
    assert len(tier.find([STEP])) == 2
    assert not tier.fetch(sha256(blob), str(tmp_path / "layer"))
    assert tier.find([STEP]) == ()
