"""Where records of a store are from: what its files say, and what a run believes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynbuild.digest import sha256
from dynbuild.link.model import Layer, Origin, Record
from dynbuild.signature import SecretKey, signed
from dynbuild.tiers.codec import dump_record, dump_writes
from dynbuild.tiers.local.machine import LocalMachine
from dynbuild.tiers.local.tier import Local
from dynbuild.tiers.origin import (
    ANY,
    STORE,
    Trust,
    dump_built,
    dump_taken,
    is_sealed,
    origins_in,
    parted,
    seal_of_note,
)

if TYPE_CHECKING:
    from pathlib import Path

STEP = sha256(b"step")
WRITES = sha256(dump_writes({}))
LAYER = Layer(sha256(b"tar"), sha256(b"blob"), 4)
RECORD = Record(STEP, STEP, "linux/amd64", (LAYER,), {})
DATA = dump_record(RECORD, WRITES)
KEY = SecretKey("main-1", bytes(range(32)))
HERE = Trust(frozenset({"s3 a"}), seal=b"k" * 32)
KEYED = Trust(frozenset({"s3 a"}), (KEY.public,), signed_only=True, seal=b"k" * 32)
BY_KEY = Origin("s3 a", (str(KEY.public),))


def test_what_was_built_here_on_nothing_else_has_no_origin() -> None:
    told = dump_built(DATA, (), HERE)
    assert origins_in(told, DATA, RECORD, WRITES, HERE) == ()
    assert KEYED.believes(())


def test_what_was_built_here_has_the_origins_of_what_is_below() -> None:
    on = (Origin("s3 a"), BY_KEY)
    told = dump_built(DATA, on, HERE)
    assert origins_in(told, DATA, RECORD, WRITES, HERE) == on
    assert HERE.believes(on)
    assert not KEYED.believes(on)
    assert KEYED.believes((BY_KEY,))


@pytest.mark.parametrize("trust", [HERE, KEYED])
def test_what_another_machine_sealed_is_from_the_store(trust: Trust) -> None:
    told = dump_built(DATA, (), replace(HERE, seal=b"x" * 32))
    origins = origins_in(told, DATA, RECORD, WRITES, trust)
    assert origins == (Origin(STORE),)
    assert trust.believes(origins) is (trust is HERE)


def test_without_a_key_nothing_is_sealed() -> None:
    assert dump_built(DATA, (), ANY) == b""
    told = dump_built(DATA, (), HERE)
    assert origins_in(told, DATA, RECORD, WRITES, ANY) == (Origin(STORE),)
    assert seal_of_note("x", b"y", ANY) is None
    assert not is_sealed("x", b"y", "", ANY)


@pytest.mark.parametrize(
    "change",
    [
        {"platform": "linux/arm64"},
        {"seconds": 1.0},
        {"layers": ()},
        {"on": (STEP,)},
        {"reads": ("etc",)},
    ],
    ids=str,
)
def test_a_seal_covers_all_that_a_record_says(change: dict[str, object]) -> None:
    told = dump_built(DATA, (), HERE)
    other = replace(RECORD, **change)  # type: ignore[arg-type]
    assert origins_in(told, dump_record(other, WRITES), other, WRITES, HERE) == (
        Origin(STORE),
    )
    assert origins_in(
        told, dump_record(RECORD, sha256(b"x")), RECORD, WRITES, HERE
    ) == (Origin(STORE),)


def test_a_seal_covers_what_it_was_built_on() -> None:
    told = json.loads(dump_built(DATA, (BY_KEY,), HERE))
    told["built_on"] = []
    text = json.dumps(told).encode()
    assert origins_in(text, DATA, RECORD, WRITES, HERE) == (Origin(STORE),)


def test_what_a_tier_gave_is_from_there_whoever_signed_it() -> None:
    taken = replace(RECORD, origins=(Origin("s3 a"),))
    assert origins_in(dump_taken(taken), DATA, RECORD, WRITES, HERE) == (
        Origin("s3 a"),
    )
    own = signed(RECORD, WRITES, KEY)
    assert origins_in(dump_taken(taken), DATA, own, WRITES, KEYED) == (BY_KEY,)
    # A key that is not trusted here, or no longer, is nobody's.
    assert origins_in(dump_taken(taken), DATA, own, WRITES, HERE) == (Origin("s3 a"),)
    other = SecretKey("main-1", bytes(32)).public
    revoked = replace(KEYED, keys=(other,))
    assert not revoked.believes((BY_KEY,))


@given(st.binary() | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(["built_on", "seal", "taken_from"]), inner
    ),
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_whatever_a_file_says_it_is_never_built_here(told: bytes) -> None:
    origins = origins_in(told, DATA, RECORD, WRITES, HERE)
    assert len(origins) == 1
    assert not KEYED.believes(origins)


def test_a_note_is_sealed_with_its_name() -> None:
    seal = seal_of_note("base-1", b"data", HERE)
    assert seal is not None
    assert is_sealed("base-1", b"data", seal, HERE)
    assert not is_sealed("base-2", b"data", seal, HERE)
    assert not is_sealed("base-1", b"other", seal, HERE)


def test_what_only_its_writer_may_use_needs_the_seal(tmp_path: Path) -> None:
    """As which image an engine has: a note of a shared store would hide the new one."""
    own, other = replace(HERE, seal=b"o" * 32), replace(HERE, seal=None)
    for trust in (HERE, own, other):
        machine = LocalMachine(Local(tmp_path, pytest.fail, trust), pytest.fail)
        assert machine.noted("loaded-1", own=True) is None
        machine.note("loaded-1", "{}")
        assert machine.noted("loaded-1") == "{}"
        assert machine.noted("loaded-1", own=True) == ("{}" if trust.seal else None)


def test_a_file_has_a_record_and_what_is_said_of_it() -> None:
    assert parted(b"digest\ntext\ntold") == (b"digest\ntext", b"told")
    assert parted(b"digest\ntext") == (b"digest\ntext", b"")


def test_of_a_store_counts_what_is_believed(tmp_path: Path) -> None:
    """The same store, as runs that trust one thing or another see it."""
    path = tmp_path / "blob"
    path.write_bytes(b"blob")

    def store(trust: Trust) -> Local:
        return Local(tmp_path / "store", pytest.fail, trust)

    store(HERE).keep(LAYER.digest, str(path))
    store(HERE).take(replace(signed(RECORD, WRITES, KEY), origins=(Origin("s3 a"),)))
    elsewhere = Trust(frozenset({"s3 b"}), seal=b"k" * 32)
    (found,) = store(HERE).find([STEP])
    assert found.origins == (Origin("s3 a"),)
    assert dict(found.signatures).keys() == {"main-1"}
    (found,) = store(KEYED).find([STEP])
    assert found.origins == (BY_KEY,)
    assert store(elsewhere).find([STEP]) == ()
    # What is built here takes the place of what is not believed.
    store(elsewhere).record(RECORD)
    for trust in (HERE, KEYED, elsewhere):
        (found,) = store(trust).find([STEP])
        assert found.origins == ()
