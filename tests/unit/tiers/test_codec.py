"""Records and write sets of strangers: what is none is unreadable, and nothing else."""

import json
import zlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dynbuild.building import BuildEvent
from dynbuild.digest import Digest, sha256
from dynbuild.inventory import Inventory
from dynbuild.link.model import Inside, Layer, Record, Written
from dynbuild.ports import CountBytes, Notify
from dynbuild.tiers.codec import (
    StoredWrites,
    UnreadableError,
    dump_record,
    dump_writes,
    load_record,
    parsed,
)
from dynbuild.tiers.kind import TierConfig
from dynbuild.tiers.memory import MemoryTier
from dynbuild.tiers.wrap.guarded import CircuitBreakerTier

if TYPE_CHECKING:
    from dynbuild.errors import Diagnostic

STEP = sha256(b"step")
LAYER = Layer(sha256(b"tar"), sha256(b"blob"), 4)
RECORD = Record(STEP, STEP, "linux/amd64", (LAYER,), {}, on=(STEP,), seconds=1.0)
WRITES = sha256(b"writes")


def told(**changes: object) -> bytes:
    facts = json.loads(dump_record(RECORD, WRITES).partition(b"\n")[2])
    text = json.dumps(facts | changes).encode()
    return sha256(text).encode() + b"\n" + text


def test_what_is_written_is_read() -> None:
    assert load_record(told()) == (RECORD, WRITES)


@pytest.mark.parametrize("inside", [None, Inside(), Inside(STEP, 7)])
def test_what_is_installed_is_stated(inside: Inside | None) -> None:
    record = replace(RECORD, inside=lambda: inside)
    assert load_record(dump_record(record, WRITES))[0].inside() == inside


def test_more_than_is_ever_read_is_not_known() -> None:
    assert load_record(told(inside=[STEP, 1 << 40]))[0].inside() is None


@pytest.mark.parametrize(
    "changes",
    [
        {"layers": [[LAYER.diff_id, "/root/.ssh/id_ed25519", 4]]},
        {"layers": [[LAYER.diff_id, "../../file", 4]]},
        {"layers": [["x", LAYER.digest, 4]]},
        {"layers": [[1, 2, 3]]},
        {"layers": [[LAYER.diff_id, LAYER.digest, -1]]},
        {"layers": [[LAYER.diff_id, LAYER.digest, True]]},
        {"layers": 7},
        {"placed": "/etc/passwd"},
        {"step": STEP.upper()},
        {"on": ["x"]},
        {"sources": [[STEP]]},
        {"sources": [[STEP, "x"]]},
        {"joins": "x"},
        {"reads": [1]},
        {"parts": [None]},
        {"made": -1},
        {"made": 1.5},
        {"made": 1 << 63},
        {"seconds": float("nan")},
        {"seconds": float("inf")},
        {"seconds": -1},
        {"seconds": 1e300},
        {"writes": "../x"},
        {"seconds": "x"},
        {"inside": "x"},
        {"inside": [STEP]},
        {"inside": [STEP, -1]},
        {"inside": ["../x", 1]},
        {"inside": [STEP, 1, 2]},
    ],
)
def test_a_digest_that_is_none_is_no_path(changes: dict[str, object]) -> None:
    with pytest.raises(UnreadableError):
        load_record(told(**changes))


JUNK = [
    b"junk",
    zlib.compress(b"junk"),
    zlib.compress(b"7"),
    zlib.compress(b'[["a"]]'),
    zlib.compress(b"[" * 100_000),
    dump_writes({"a": Written("file")})[:-2],
    zlib.compress(b'[["a","file","0644",0,0,"",[],true]]'),
    zlib.compress(b'[["a","file",0.5,0,0,"",[],true]]'),
    zlib.compress(b'[["a","evil",0,0,0,"",[],true]]'),
    zlib.compress(b'[["a","file",0,0,0,7,[],true]]'),
    zlib.compress(b'[[["a"],"file",0,0,0,"",[],true]]'),
    zlib.compress(b"[" + b" " * (50 << 20) + b"]"),
]


@pytest.mark.parametrize("depth", [3, 3000])
def test_paths_that_repeat_themselves_are_read_again(depth: int) -> None:
    writes = {"/".join("a" * n): Written("directory", 0o755) for n in range(1, depth)}
    assert parsed(dump_writes(writes)) == writes


@pytest.mark.parametrize("data", JUNK, ids=range(len(JUNK)))
def test_a_write_set_that_is_none_is_a_miss(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        parsed(data)
    record = Record(STEP, STEP, "p", (LAYER,), StoredWrites(data))
    said: list[Diagnostic] = []

    class Junk(MemoryTier):
        def find(self, steps: object) -> tuple[Record, ...]:
            del steps
            return (record,)

    def open_(tell: Notify, came: CountBytes, went: CountBytes) -> MemoryTier:
        del tell, came, went
        return Junk()

    def inventory() -> Inventory:
        raise AssertionError(Path())

    def report(event: BuildEvent) -> None:
        del event

    far = CircuitBreakerTier(
        TierConfig("s3", "there", open_, inventory), said.append, report
    )
    assert far.find([Digest(STEP)]) == ()
    assert [one.code for one in said] == ["DB0606"]
