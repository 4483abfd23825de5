"""Runs work some times, takes the median, tells it with what it is measured by."""

import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path


def seconds(work: Callable[[], object], times: int) -> float:
    """The median time of some runs, after one that does not count."""
    work()
    return statistics.median(once(work) for _ in range(times))


def once(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def told(what: str, measured: float, unit: str = "s", ratio: str = "") -> None:
    print(f"{what:48} {measured:8.3f} {unit}  {ratio}", flush=True)


def command(cwd: Path, *words: str) -> Callable[[], object]:
    def run() -> object:
        return subprocess.run(words, cwd=cwd, check=True, capture_output=True)

    return run
