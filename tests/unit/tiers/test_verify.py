"""A store read as a whole: each kind of damage is found, told, and gone afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dynbuild.digest import Digest, sha256
from dynbuild.link.model import Layer, Record
from dynbuild.tiers.local.machine import LocalMachine
from dynbuild.tiers.local.tier import Local
from dynbuild.tiers.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

STEP = sha256(b"step")
AMD = "linux/amd64"


@pytest.fixture
def tier(tmp_path: Path) -> Local:
    """A store of two records, three blobs and a note."""
    tier = Local(tmp_path / "store", lambda _: None)
    for name in (b"one", b"two"):
        (tmp_path / "layer").write_bytes(name)
        tier.keep(sha256(name), str(tmp_path / "layer"))
        (tmp_path / "layer").unlink()
        layer = Layer(sha256(b"tar of " + name), sha256(name), 3)
        tier.record(Record(STEP, STEP, AMD, (layer,), {}, on=(sha256(name),)))
    LocalMachine(tier, lambda _: None).note("seconds", "{}")
    return tier


def flipped(path: Path) -> None:
    data = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


def blob(tier: Local, digest: Digest) -> Path:
    return tier.root / "blobs/sha256" / digest.removeprefix("sha256:")


def records(tier: Local) -> list[Path]:
    return sorted((tier.root / "realizations").glob("*/*"))


def test_a_sound_store(tier: Local) -> None:
    found = verify(tier.root)
    assert (found.blobs, found.records, found.damaged) == (3, 2, ())
    assert found.size == sum(
        path.stat().st_size for path in (tier.root / "blobs/sha256").iterdir()
    )


def test_no_store_at_all(tmp_path: Path) -> None:
    assert verify(tmp_path / "nothing").damaged == ()


def test_a_damaged_layer_takes_its_record_along(tier: Local) -> None:
    path = blob(tier, sha256(b"one"))
    flipped(path)
    found = verify(tier.root)
    assert (found.blobs, found.records) == (2, 1)
    assert found.damaged[0] == f"the blob {sha256(b'one')} is damaged"
    assert f"names {sha256(b'one')}, which is not there" in found.damaged[1]
    assert not path.exists()
    assert verify(tier.root).damaged == ()
    assert len(tier.find([STEP])) == 1


@pytest.mark.parametrize("how", ["flip", "cut", "empty", "swap", "move"])
def test_a_damaged_record(tier: Local, how: str) -> None:
    first, second = records(tier)
    match how:
        case "flip":
            flipped(first)
        case "cut":
            data = first.read_bytes()
            first.chmod(0o644)
            first.write_bytes(data[:100])
        case "empty":
            first.chmod(0o644)
            first.write_bytes(b"")
        case "swap":
            first.chmod(0o644)
            first.write_bytes(second.read_bytes())
        case _:
            other = tier.root / "realizations" / ("0" * 64)
            other.mkdir()
            first.rename(other / first.name)
    found = verify(tier.root)
    assert (found.blobs, found.records, len(found.damaged)) == (3, 1, 1)
    assert verify(tier.root).damaged == ()
    assert records(tier) == [second]


def test_a_damaged_note(tier: Local) -> None:
    flipped(tier.root / "notes/seconds")
    (told,) = verify(tier.root).damaged
    assert told == f"the note {tier.root}/notes/seconds is damaged"
    assert LocalMachine(tier, lambda _: None).noted("seconds") is None


def test_what_is_being_written_is_left_alone(tier: Local) -> None:
    started = [blob(tier, sha256(b"one")).with_name(".x"), records(tier)[0].parent]
    started[1] /= ".y"
    for path in started:
        path.write_bytes(b"half")
    assert verify(tier.root).damaged == ()
    assert all(path.exists() for path in started)
