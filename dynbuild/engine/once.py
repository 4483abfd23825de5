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
    pending = [work]
    del work
    results: list[_T] = []

    def answer() -> _T:
        with lock:
            if not results:
                results.append(pending[0]())
                pending.clear()
            return results[0]

    return answer
