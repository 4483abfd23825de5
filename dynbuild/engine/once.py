"""Work for whoever asks first, whose answer all others wait for."""

from collections.abc import Callable
from threading import Lock
from typing import TypeVar

_T = TypeVar("_T")


def once(work: Callable[[], _T]) -> Callable[[], _T]:
    """The work done when somebody asks, by one at a time until it succeeds.

    Then it is forgotten, with all that it needed.
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
