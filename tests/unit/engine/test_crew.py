"""Jobs in threads, and what an interrupt does to them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from dynbuild.engine.crew import crew
from dynbuild.engine.process import Running, StoppedError


def test_jobs_end_in_their_own_time() -> None:
    with crew(Running()) as jobs:
        gate = threading.Event()
        jobs.start("slow", gate.wait)
        jobs.start("fast", lambda: "done")
        ended = jobs.wait()
        assert (ended.key, ended.result, ended.error) == ("fast", "done", None)
        assert list(jobs.keys()) == ["slow"]
        gate.set()
        assert jobs.wait().key == "slow"
        jobs.start("broken", lambda: 1 / 0)
        assert isinstance(jobs.wait().error, ZeroDivisionError)


def interrupted(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_ends_what_runs(number: int) -> None:
    running = Running()
    began = time.monotonic()

    def job() -> int:
        with (
            subprocess.Popen(
                [sys.executable, "-c", "import time; time.sleep(60)"],
                process_group=0,
                text=True,
            ) as process,
            running.holding(process),
        ):
            return process.wait()

    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), crew(running) as jobs:  # noqa: PT012
        jobs.start("sleeps", job)
        time.sleep(0.3)
        interrupted(number)
        jobs.wait()
    assert time.monotonic() - began < 5
    assert signal.getsignal(number) is before


def test_an_interrupt_that_nobody_waited_for_is_not_lost() -> None:
    reached = []
    with pytest.raises(KeyboardInterrupt), crew(Running()):  # noqa: PT012
        interrupted(signal.SIGINT)
        reached.append("the end")
    assert reached


def test_nothing_starts_once_all_is_to_end() -> None:
    running = Running()
    with pytest.raises(KeyboardInterrupt), crew(running):  # noqa: PT012
        interrupted(signal.SIGINT)
        running.pause(0)
    with pytest.raises(StoppedError):
        running.pause(0)


def test_a_second_interrupt_is_harsher() -> None:
    running = Running()
    script = (
        "import signal, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "print('ready', flush=True); time.sleep(60)\n"
    )
    ready = threading.Event()

    def job() -> int:
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
            return process.wait()

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), crew(running) as jobs:  # noqa: PT012
        jobs.start("stubborn", job)
        ready.wait()
        interrupted(signal.SIGINT)
        interrupted(signal.SIGINT)
        jobs.wait()
    assert time.monotonic() - began < 4
