"""Jobs in threads, and what an interrupt does to them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from dynbuild.engine.jobs import job_pool
from dynbuild.engine.process import RunningProcesses, StoppedError
from dynbuild.ports import JobEnded, JobResult

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_jobs_end_in_their_own_time() -> None:
    with job_pool(RunningProcesses()) as jobs:
        gate = threading.Event()

        def slow() -> Iterator[object]:
            yield "soon"
            gate.wait()

        jobs.start("slow", slow)
        assert jobs.wait() == JobResult("slow", "soon")
        jobs.start("fast", lambda: iter(["done"]))
        assert jobs.wait() == JobResult("fast", "done")
        assert jobs.wait() == JobEnded("fast", None)
        assert list(jobs.keys()) == ["slow"]
        gate.set()
        assert jobs.wait() == JobEnded("slow", None)
        jobs.start("broken", lambda: (1 / number for number in [0]))
        ended = jobs.wait()
        assert isinstance(ended, JobEnded)
        assert isinstance(ended.error, ZeroDivisionError)


def test_what_a_job_has_begun_is_done_though_nobody_listens() -> None:
    done = []

    def job() -> Iterator[object]:
        yield "built"
        time.sleep(0.3)
        done.append("recorded")

    with pytest.raises(KeyboardInterrupt), job_pool(RunningProcesses()) as jobs:  # noqa: PT012
        jobs.start("job", job)
        interrupted(signal.SIGINT)
        jobs.wait()
        jobs.wait()
    assert done


def interrupted(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_ends_what_runs(number: int) -> None:
    running = RunningProcesses()
    began = time.monotonic()

    def job() -> Iterator[object]:
        with (
            subprocess.Popen(
                [sys.executable, "-c", "import time; time.sleep(60)"],
                process_group=0,
                text=True,
            ) as process,
            running.holding(process),
        ):
            process.wait()
        yield from ()

    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), job_pool(running) as jobs:  # noqa: PT012
        jobs.start("sleeps", job)
        time.sleep(0.3)
        interrupted(number)
        jobs.wait()
    assert time.monotonic() - began < 5
    assert signal.getsignal(number) is before


def test_an_interrupt_that_nobody_waited_for_is_not_lost() -> None:
    reached = []
    with pytest.raises(KeyboardInterrupt), job_pool(RunningProcesses()):  # noqa: PT012
        interrupted(signal.SIGINT)
        reached.append("the end")
    assert reached


def test_nothing_starts_once_all_is_to_end() -> None:
    running = RunningProcesses()
    with pytest.raises(KeyboardInterrupt), job_pool(running):  # noqa: PT012
        interrupted(signal.SIGINT)
        running.pause(0)
    with pytest.raises(StoppedError):
        running.pause(0)


def test_a_second_interrupt_is_harsher() -> None:
    running = RunningProcesses()
    script = (
        "import signal, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "print('ready', flush=True); time.sleep(60)\n"
    )
    ready = threading.Event()

    def job() -> Iterator[object]:
        with (
            subprocess.Popen(
                [sys.executable, "-c", script],
                process_group=0,
                text=True,
                stdout=subprocess.PIPE,
            ) as process,
            running.holding(process),
        ):
            assert process.stdout is not None
            process.stdout.readline()
            ready.set()
            process.wait()
        yield from ()

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), job_pool(running) as jobs:  # noqa: PT012
        jobs.start("stubborn", job)
        ready.wait()
        interrupted(signal.SIGINT)
        interrupted(signal.SIGINT)
        jobs.wait()
    assert time.monotonic() - began < 4
