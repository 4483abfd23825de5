"""What every tier has to do, as one list of scenarios."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from dynbuild.digest import Digest, sha256
from dynbuild.link.model import Inside, Layer, Record, Written

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dynbuild.ports import Tier

STEP = sha256(b"step")
AMD, ARM = "linux/amd64", "linux/arm64"


@dataclass(frozen=True)
class Bench:
    """A tier, a directory for files, and a way to damage what the tier holds."""

    tier: Tier
    folder: Path
    damage: Callable[[Digest, bytes | None], None]

    def file(self, data: bytes) -> str:
        path = self.folder / sha256(data).removeprefix("sha256:")
        # A store may have linked it: it is not written while another thread reads.
        if not path.exists():
            path.write_bytes(data)
        return str(path)

    def keep(self, data: bytes) -> Layer:
        self.tier.keep(sha256(data), self.file(data))
        return Layer(sha256(b"tar of " + data), sha256(data), len(data))

    def fetch(self, blob: Digest) -> bytes | None:
        path = self.folder / "fetched"
        path.unlink(missing_ok=True)
        return path.read_bytes() if self.tier.fetch(blob, str(path)) else None

    def kept(self, name: bytes = b"one", **other: object) -> Record:
        layer = self.keep(b"layer " + name)
        record = Record(
            placed=STEP,
            step=STEP,
            platform=AMD,
            layers=(layer,),
            writes={
                "etc": Written("directory", 0o755),
                "etc/x": Written(
                    "file", 0o644, 1, 2, "sha256:0", (("user.a", "\udcff"),), new=True
                ),
            },
            on=(sha256(b"on"),),
            sources=((sha256(b"source"), sha256(b"its id")),),
            joins=(sha256(b"join"),),
            reads=("usr/share/x/",),
            seconds=1.5,
            made=1_700_000_000_123,
        )
        record = replace(record, **other)
        self.tier.record(record)
        return record

    def found(self) -> list[Record]:
        return [
            replace(record, writes=dict(record.writes))
            for record in self.tier.find([STEP])
        ]


def unknown_is_absent(bench: Bench) -> None:
    assert bench.found() == []
    assert bench.fetch(sha256(b"nothing")) is None


def what_is_put_is_got(bench: Bench) -> None:
    record = bench.kept()
    assert bench.found() == [record]
    assert bench.fetch(record.layers[0].digest) == b"layer one"


def put_twice_is_once(bench: Bench) -> None:
    record = bench.kept()
    assert bench.kept() == record
    assert bench.found() == [record]


def a_record_for_each_realization(bench: Bench) -> None:
    """Of one step on one ground, too: two builds of what is not reproducible."""
    kept = [
        bench.kept(),
        bench.kept(b"two"),
        bench.kept(on=(sha256(b"other"),)),
        bench.kept(sources=()),
        bench.kept(placed=sha256(b"placed")),
    ]
    found = bench.found()
    assert len(found) == len(kept)
    assert all(record in found for record in kept)


def records_say_their_platform(bench: Bench) -> None:
    arm = bench.kept(platform=ARM)
    assert bench.found() == [arm]


def the_last_record_of_a_realization_counts(bench: Bench) -> None:
    bench.kept()
    later = bench.kept(seconds=2.5, made=1_800_000_000_000)
    assert bench.found() == [later]


def a_step_without_layers(bench: Bench) -> None:
    record = bench.kept(layers=(), writes={})
    assert bench.found() == [record]


def a_damaged_blob_is_a_miss_until_it_is_put_again(bench: Bench) -> None:
    record = bench.kept()
    blob = record.layers[0].digest
    bench.damage(blob, b"layer 0ne")
    assert bench.fetch(blob) is None
    bench.keep(b"layer one")
    assert bench.fetch(blob) == b"layer one"
    assert bench.found() == [record]


def a_record_whose_blob_is_gone_is_a_miss(bench: Bench) -> None:
    record = bench.kept()
    bench.damage(record.layers[0].digest, None)
    # A tier that is far away may see it when somebody wants the blob.
    assert bench.fetch(record.layers[0].digest) is None
    assert bench.found() == []
    bench.kept()
    assert bench.found() == [record]


def content_that_is_not_its_digest_is_refused(bench: Bench) -> None:
    with pytest.raises(ValueError, match="is not"):
        bench.tier.keep(sha256(b"a"), bench.file(b"b"))
    assert bench.fetch(sha256(b"a")) is None


def what_is_installed_is_known_with_a_record(bench: Bench) -> None:
    readings = bench.keep(b"readings")
    inside = Inside(readings.digest, readings.size)
    kept = {
        bench.kept(inside=lambda: inside).id: inside,
        bench.kept(b"two", inside=Inside).id: Inside(),
        bench.kept(b"three").id: None,
    }
    assert {one.id: one.inside() for one in bench.found()} == kept
    assert bench.fetch(readings.digest) == b"readings"


def a_record_outlives_what_says_what_is_installed(bench: Bench) -> None:
    readings = bench.keep(b"readings")
    inside = Inside(readings.digest, readings.size)
    record = bench.kept(inside=lambda: inside)
    bench.damage(readings.digest, None)
    assert bench.fetch(readings.digest) is None
    assert bench.found() == [record]
    later = bench.kept(b"two", inside=Inside)
    assert later in bench.found()


SCENARIOS = (
    unknown_is_absent,
    what_is_put_is_got,
    put_twice_is_once,
    a_record_for_each_realization,
    records_say_their_platform,
    the_last_record_of_a_realization_counts,
    a_step_without_layers,
    a_damaged_blob_is_a_miss_until_it_is_put_again,
    a_record_whose_blob_is_gone_is_a_miss,
    content_that_is_not_its_digest_is_refused,
    what_is_installed_is_known_with_a_record,
    a_record_outlives_what_says_what_is_installed,
)
