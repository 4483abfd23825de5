#!/usr/bin/env python3
"""Measures shared tiers against the tools that others use; asserts nothing.

    python scripts/bench_tiers.py [GIGABYTES of the sparse layer, else 2]

S3 against rclone on the same server; the registry tier, with Debian's docker-registry
(of `eval "$(scripts/engine env)"`), against skopeo where that is installed. Each
transfer is done five times by both, turn by turn, the first in one the last in the
next, with other content each time, since skopeo remembers what a registry has, and a
disk that has nothing left to write; the ratio is of the medians.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench_parts.measure import once, told
from bench_parts.transfers import (
    AMD,
    Place,
    files,
    pull,
    push,
    registry_place,
    s3_places,
)

from dynbuild.digest import sha256
from dynbuild.link.model import Record, Written
from dynbuild.tiers.daemon_threads import each
from tests.faults import faulty

FILES, SIZE = 8, 32 << 20
STEPS = 100
DELAY = 0.02
TURNS = 5


def throughput(place: Place, work: Path) -> None:
    taken: dict[str, list[float]] = {}
    for turn in range(TURNS):
        work.mkdir()
        what = files(work, FILES, SIZE)
        ours, theirs = place.there(), place.there()
        rounds = {
            "push": partial(push, place, ours, what, work),
            "pull": partial(pull, place, ours, what, work),
        }
        if place.tool:
            rounds["push of theirs"] = partial(place.send, what.folder, theirs)
            rounds["pull of theirs"] = partial(place.get, theirs, work / "got")
        order = sorted(rounds, key=lambda name: "theirs" in name, reverse=turn % 2 == 1)
        for name in sorted(order, key=lambda name: "pull" in name):
            os.sync()
            taken.setdefault(name, []).append(once(rounds[name]))
        shutil.rmtree(work)
    for name in ("push", "pull"):
        median = statistics.median(taken[name])
        ratio = ""
        if place.tool:
            other = statistics.median(taken[f"{name} of theirs"])
            told(
                f"{place.name}: {place.tool} {name}, {FILES} x {SIZE >> 20} MiB", other
            )
            ratio = f"{other / median:.2f} x the throughput of {place.tool}"
        told(f"{place.name}: dynbuild {name}", median, ratio=ratio)


def look_up(place: Place) -> None:
    """In one tier, through a proxy that answers after a while, in a process of its own.

    Each record says that its step wrote 200 files.
    """
    there = place.there()
    tier = place.open(place.address, there)
    steps = [sha256(f"step {number}".encode()) for number in range(STEPS)]
    writes = {
        f"usr/lib/{number}": Written("file", 0o644, content=sha256(b"%d" % number))
        for number in range(200)
    }
    each(
        lambda step: tier.record(Record(step, step, AMD, (), (), writes, 1.0)), steps, 8
    )
    reading, writing = os.pipe()
    proxy = os.fork()
    if proxy == 0:
        with faulty(place.address, delay=DELAY) as one:
            os.write(writing, one.endpoint.encode())
            threading.Event().wait()
    try:
        address = os.read(reading, 100).decode()

        def find() -> None:
            assert len(place.open(address, there).find(steps)) == STEPS

        median = statistics.median(once(find) for _ in range(5))
        told(f"{place.name}: look-up of {STEPS}, {DELAY * 1000:.0f} ms away", median)
    finally:
        os.kill(proxy, 9)
        os.waitpid(proxy, 0)


def memory(place: Place, work: Path, gigabytes: int) -> None:
    """Of a process that pushes and pulls layers of a gigabyte."""
    program = Path(__file__).with_name("bench_parts") / "layers.py"
    words = [sys.executable, str(program), place.name.split()[0], place.address]
    words += [place.there(), str(work), str(gigabytes)]
    found = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    pushed, pulled, before, peak = map(float, found.stdout.split())
    told(f"{place.name}: push of {gigabytes} GB in layers of 1 GB", pushed)
    told(f"{place.name}: pull of them", pulled)
    more = f"{peak - before:.1f} MiB more than before"
    told(f"{place.name}: peak of memory of all of it", peak, "MiB", more)


def measured(place: Place, work: Path, gigabytes: int, *, whole: bool) -> None:
    throughput(place, work)
    look_up(place)
    if whole:
        work.mkdir()
        memory(place, work, gigabytes)
        shutil.rmtree(work)


def main() -> None:
    gigabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with s3_places(root) as places:
            for number, place in enumerate(places):
                # What a process takes is not of the server's making.
                measured(place, root / "work", gigabytes, whole=not number)
        (root / "registry").mkdir()
        with registry_place(root / "registry") as place_:
            if place_ is None:
                print("docker-registry is not there: nothing of the registry tier")
            else:
                measured(place_, root / "work", gigabytes, whole=True)


if __name__ == "__main__":
    main()
