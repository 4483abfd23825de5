#!/usr/bin/env python3
"""Measures the S3 tier against rclone on one server in one run; asserts nothing.

    python scripts/bench_tiers.py [GIGABYTES of the sparse layer, else 2]

Each transfer is done three times by both, turn by turn; the ratio is of the medians.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dynbuild.digest import sha256
from dynbuild.link.model import Layer, Record, Written
from dynbuild.tiers.beside import each
from dynbuild.tiers.chain import Chain
from dynbuild.tiers.guarded import Far, Guarded
from dynbuild.tiers.local import Local, digest_of_file
from dynbuild.tiers.s3 import S3
from dynbuild.tiers.s3_client import Settings
from dynbuild.tiers.s3_shelf import S3Shelf
from tests.faults import faulty
from tests.s3_servers import (
    ACCESS,
    SECRET,
    Server,
    bucket_name,
    credentials,
    program,
    rclone,
    seaweedfs,
)

FILES, SIZE = 8, 32 << 20
STEPS = 100
DELAY = 0.02
TURNS = 3
AMD = "linux/amd64"


def told(what: str, measured: float, unit: str = "s", ratio: str = "") -> None:
    print(f"{what:56} {measured:9.3f} {unit}  {ratio}", flush=True)


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def chain(store: Path, settings: Settings, folder: Path) -> Chain:
    far = Far(
        "s3",
        settings.place,
        lambda tell, came, went: S3(settings, tell, came, went),
        lambda: S3Shelf(settings, print),
    )
    guarded = Guarded(far, lambda told: print(told.message), lambda _: None)
    return Chain(Local(store, print), [guarded], folder, lambda: None)


def throughput(server: Server, work: Path) -> None:
    source = work / "source"
    source.mkdir()
    for number in range(FILES):
        (source / str(number)).write_bytes(os.urandom(SIZE))
    store = Local(work / "store", print)
    records = []
    for path in sorted(source.iterdir()):
        blob = digest_of_file(path)
        store.keep(blob, str(path))
        layer = Layer(blob, blob, SIZE)
        records.append(Record(blob, blob, AMD, (), (layer,), {}, 1.0))
    steps = [record.step for record in records]
    taken: dict[str, list[float]] = {}

    def push(tiers: Chain) -> None:
        tiers.held(steps, AMD)
        tiers.share(records)
        tiers.finish()

    def pull(tiers: Chain, into: Path) -> None:
        found = [held.record.layers[0] for held in tiers.held(steps, AMD)]
        with ThreadPoolExecutor(4) as threads:
            fetched = threads.map(
                lambda layer: tiers.fetch(layer.digest, f"{into}-{layer.digest[7:]}"),
                found,
            )
            assert sum(fetched) == FILES

    for turn in range(TURNS):
        ours, theirs = server.settings(bucket_name()), bucket_name()
        rounds = {
            "push rclone": lambda: copy(server, source, f"s3:{theirs}"),  # noqa: B023
            "push": lambda: push(chain(work / "store", ours, work)),  # noqa: B023
            "pull rclone": lambda: copy(server, f"s3:{theirs}", work / "back"),  # noqa: B023
            "pull": lambda: pull(
                chain(work / f"other{turn}", ours, work),  # noqa: B023
                work / f"out{turn}",  # noqa: B023
            ),
        }
        for name, round_ in rounds.items():
            taken.setdefault(name, []).append(timed(round_))
        shutil.rmtree(work / "back")
        shutil.rmtree(work / f"other{turn}")
        for path in work.glob("out*"):
            path.unlink()
    for name in ("push", "pull"):
        ours_, theirs_ = (
            statistics.median(taken[key]) for key in (name, f"{name} rclone")
        )
        amount = f"{FILES} x {SIZE >> 20} MiB"
        told(f"{server.name}: rclone {name} of {amount}", theirs_)
        ratio = f"{theirs_ / ours_:.2f} x rclone's throughput"
        told(f"{server.name}: dynbuild {name}", ours_, ratio=ratio)


def copy(server: Server, source: object, target: object) -> None:
    settings = {
        "TYPE": "s3",
        "PROVIDER": "Other",
        "ACCESS_KEY_ID": ACCESS,
        "SECRET_ACCESS_KEY": SECRET,
        "ENDPOINT": f"http://{server.endpoint}",
    }
    environment = {f"RCLONE_CONFIG_S3_{name}": text for name, text in settings.items()}
    subprocess.run(
        [program("rclone"), "copy", "--config", "", str(source), str(target)],
        env={**os.environ, **environment},
        check=True,
    )


def look_up(server: Server) -> None:
    """In one tier, through a proxy that answers after a while, in a process of its own.

    Each record says that its step wrote 200 files.
    """
    bucket = bucket_name()
    tier = S3(server.settings(bucket), print)
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
        with faulty(server.endpoint, delay=DELAY) as one:
            os.write(writing, one.endpoint.encode())
            threading.Event().wait()
    try:
        there = Server(server.name, os.read(reading, 100).decode())

        def find() -> None:
            far = S3(there.settings(bucket), print)
            assert len(far.find(steps, AMD)) == STEPS

        what = f"look-up of {STEPS} steps, {DELAY * 1000:.0f} ms of latency"
        told(what, statistics.median(timed(find) for _ in range(5)))
    finally:
        os.kill(proxy, 9)
        os.waitpid(proxy, 0)


def memory(server: Server, work: Path, gigabytes: float) -> None:
    """Of a process that pushes and pulls one large layer."""
    layer = work / "sparse"
    with layer.open("wb") as file:
        file.truncate(int(gigabytes * 10**9))
    blob = digest_of_file(layer)
    bucket = bucket_name()
    child = os.fork()
    if child == 0:
        tier = S3(server.settings(bucket), print)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        took = timed(lambda: tier.keep(blob, str(layer)))
        told(f"push of a layer of {gigabytes:g} GB", took)
        took = timed(lambda: tier.fetch(blob, str(work / "back")))
        told("pull of it", took)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        told("peak of memory above the start", peak - before, "MiB", f"{peak:.0f} MiB")
        os._exit(0)
    os.waitpid(child, 0)


def main() -> None:
    gigabytes = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    for make in (rclone, seaweedfs):
        with (
            tempfile.TemporaryDirectory() as folder,
            tempfile.TemporaryDirectory() as work,
            make(Path(folder)) as server,
            credentials(server),
        ):
            throughput(server, Path(work))
            look_up(server)
            if make is rclone:
                memory(server, Path(work), gigabytes)


if __name__ == "__main__":
    main()
