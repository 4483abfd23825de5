"""A meter for the bytes that go to and come from a tier, reported now and then."""

import threading
import time
from dataclasses import field

from dynbuild.building import Report, Working
from dynbuild.values import dataclass

_EVERY = 0.2
"""Seconds between two reports."""


@dataclass(slots=True)
class Meter:
    """One direction of one tier; ``what`` describes it to users.

    A transfer is reported from the start of its first job to the end of its last.
    """

    what: str
    report: Report
    moved: int = 0
    _expected: int = 0
    _jobs: int = 0
    _reported_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, size: int) -> None:
        """Count bytes that were moved."""
        with self._lock:
            self.moved += size
            now = time.monotonic()
            if now - self._reported_at < _EVERY:
                return
            self._reported_at = now
            event = self._event()
        self.report(event)

    def begin(self, size: int) -> None:
        """Begin a job that moves at most ``size`` bytes."""
        with self._lock:
            self._jobs += 1
            self._expected += size

    def end(self) -> None:
        """End a job, whatever it moved."""
        with self._lock:
            self._jobs -= 1
            if self._jobs:
                return
            event = Working(self.what, self.moved, done=True)
            moved, self.moved, self._expected = self.moved, 0, 0
        if moved:
            self.report(event)

    def _event(self) -> Working:
        return Working(self.what, self.moved, max(self._expected, self.moved))
