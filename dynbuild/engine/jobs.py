"""Concurrent jobs in threads; an interrupt of the main thread ends them all."""

import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue

from dynbuild.engine.process import (
    GRACE,
    HARSHER,
    RunningProcesses,
    StoppedError,
    heeding,
)
from dynbuild.ports import Job, JobEnded, JobResult


class ThreadJobs:
    """Implements ``ports.Jobs``. Only the main thread may use it."""

    def __init__(self, running: RunningProcesses) -> None:
        self._running = running
        # SimpleQueue.put is reentrant: a signal handler may call it at any time.
        self._ends: SimpleQueue[JobResult | JobEnded | None] = SimpleQueue()
        self._at_work: dict[str, threading.Thread] = {}

    def start(self, key: str, job: Job) -> None:
        def work() -> None:
            error: BaseException | None = None
            try:
                for result in job():
                    self._ends.put(JobResult(key, result))
            except BaseException as raised:  # noqa: BLE001 - the main thread is told
                error = raised
            self._ends.put(JobEnded(key, error))

        thread = threading.Thread(target=work, name=key)
        self._at_work[key] = thread
        thread.start()

    def wait(self) -> JobResult | JobEnded:
        next_one = self._ends.get()
        if next_one is None:
            raise KeyboardInterrupt
        if isinstance(next_one, JobEnded):
            self._gone(next_one)
        return next_one

    def keys(self) -> Collection[str]:
        return tuple(self._at_work)

    def interrupt(self, *_: object) -> None:
        """End the main thread's wait, and start nothing more. Is a signal handler."""
        self._running.ending = True
        self._ends.put(None)

    def end(self) -> None:
        """End all jobs, escalating after a grace period or another interrupt."""
        for harsher in HARSHER:
            if self._at_work:
                self._running.stop(harsher)
                self._let_end(GRACE)
        while self._at_work:
            if isinstance(ended := self._ends.get(), JobEnded):
                self._gone(ended)

    def _let_end(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self._at_work:
            try:
                ended = self._ends.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                return
            if ended is None:
                return
            if isinstance(ended, JobEnded):
                self._gone(ended)

    def _gone(self, ended: JobEnded) -> None:
        self._at_work.pop(ended.key).join()


@contextmanager
def job_pool(running: RunningProcesses) -> Iterator[ThreadJobs]:
    """Yield a job pool; all of its jobs end with the context.

    Raises KeyboardInterrupt if an interrupt came, whatever the jobs were doing.
    """
    jobs = ThreadJobs(running)
    with heeding(jobs.interrupt):
        try:
            yield jobs
        except StoppedError:
            raise KeyboardInterrupt from None
        finally:
            jobs.end()
    if running.ending:
        raise KeyboardInterrupt
