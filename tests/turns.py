"""Threads that take turns: one runs at a time, and a choice says which is next.

What would happen by chance happens by choice, and can be repeated.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dynbuild.ports import Job, JobEnded, JobResult

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from dynbuild.digest import Digest
    from dynbuild.ports import Base

_MOST = 20_000
"""Turns after which nothing seems to move any more."""


@dataclass
class _Thread:
    thread: threading.Thread
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    back: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    error: BaseException | None = None
    over: bool = False


class Turns:
    """Runs threads until all have ended; raises the first error of any."""

    def __init__(self, choose: Callable[[Sequence[str]], str]) -> None:
        self._choose = choose
        self._threads: dict[str, _Thread] = {}
        self._now: _Thread | None = None

    def spawn(self, name: str, work: Callable[[], object]) -> None:
        """Add a thread; it begins when it is chosen."""
        assert name not in self._threads

        def run() -> None:
            own.go.acquire()
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - raised by ``run``
                own.error = error
            own.over = True
            own.back.release()

        own = _Thread(threading.Thread(target=run, name=name, daemon=True))
        self._threads[name] = own
        own.thread.start()

    def pause(self) -> None:
        """Let another thread run; return when this one is chosen again."""
        own = self._now
        assert own is not None
        own.back.release()
        own.go.acquire()

    def run(self) -> None:
        for _ in range(_MOST):
            if not self._threads:
                return
            name = self._choose(sorted(self._threads))
            own = self._now = self._threads[name]
            own.go.release()
            own.back.acquire()
            if own.over:
                self._threads.pop(name).thread.join()
                if own.error is not None:
                    raise own.error
        raise AssertionError(f"nothing moves: {sorted(self._threads)}")


class TurnJobs:
    """Implements ``ports.Jobs``: the jobs of one process, at most some at once.

    A failure ends all where they are for one image, which is ``alone``.
    """

    def __init__(
        self, turns: Turns, process: str, most: int, *, alone: bool = True
    ) -> None:
        self._turns = turns
        self._process = process
        self._most = most
        self._alone = alone
        self._events: list[JobResult | JobEnded] = []
        self._keys: list[str] = []
        self._building: set[str] = set()
        self.failed = False

    def start(self, key: str, job: Job) -> None:
        assert not (self.failed and self._alone), "started after a failure was told"
        assert key not in self._keys
        assert len(self._building) < self._most
        self._keys.append(key)
        self._building.add(key)

        def work() -> None:
            error: BaseException | None = None
            try:
                for result in job():
                    self._events.append(JobResult(key, result))
                    self._turns.pause()
            except Exception as raised:  # noqa: BLE001 - the loop is told
                error = raised
            self._events.append(JobEnded(key, error))

        self._turns.spawn(f"{self._process} {key}", work)

    def wait(self) -> JobResult | JobEnded:
        while not self._events:
            self._turns.pause()
        event = self._events.pop(0)
        # What was built and is being read takes no part in the budget.
        self._building.discard(event.key)
        if isinstance(event, JobEnded):
            self._keys.remove(event.key)
            self.failed = self.failed or event.error is not None
        elif getattr(event.result, "failed", None) is not None:
            self.failed = True
        return event

    def keys(self) -> Collection[str]:
        return tuple(self._keys)


@dataclass
class TurnMachine:
    """Implements ``ports.Machine``, as far as steps need it: who builds what."""

    turns: Turns
    taken: set[Digest] = field(default_factory=set)

    @contextmanager
    def alone(self, steps: list[Digest], waiting: Callable[[], None]) -> Iterator[None]:
        if self.taken & {*steps}:
            waiting()
        while self.taken & {*steps}:
            self.turns.pause()
        self.taken |= {*steps}
        try:
            yield
        finally:
            self.taken -= {*steps}

    def base(self, digest: Digest) -> Base | None:
        raise NotImplementedError

    def keep_base(self, digest: Digest, base: Base) -> None:
        raise NotImplementedError

    def note(self, name: str, text: str) -> None:
        raise NotImplementedError

    def noted(self, name: str, *, own: bool = False) -> str | None:
        raise NotImplementedError
