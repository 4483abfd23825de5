"""Work that runs once, for the first caller; all others wait for its result."""

from collections.abc import Callable
from threading import Lock
from typing import TypeVar

_T = TypeVar("_T")


def once(work: Callable[[], _T]) -> Callable[[], _T]:
    """Return a function that runs the work on demand, until it succeeds once.

    Callers run it one at a time. After that the work is released, with everything it
    refers to.
    """
    lock = Lock()
    left = [work]
    del work
    found: list[_T] = []

    def answer() -> _T:
        with lock:
            if not found:
                found.append(left[0]())
                left.clear()
            return found[0]

    return answer
