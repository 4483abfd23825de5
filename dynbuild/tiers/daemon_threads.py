"""Concurrent work in daemon threads, which no exit of the process waits for.

The standard library's executor joins its threads at exit, so that a thread hanging on a
network would keep the process alive after an interrupt.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")


def submit(job: Callable[[], _R]) -> Future[_R]:
    """Start a job and return its future."""
    future: Future[_R] = Future()

    def work() -> None:
        try:
            future.set_result(job())
        except BaseException as error:  # noqa: BLE001 - who asks for the result is told
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return future


def parallel_map(
    job: Callable[[_T], _R], items: Iterable[_T], at_once: int
) -> Sequence[_R]:
    """Apply a job to all items, ``at_once`` concurrently; return results in order.

    Raises what the first job to fail raises; no more are started then.
    """
    pending = deque(enumerate(items))
    results: dict[int, _R] = {}
    errors: list[BaseException] = []

    def work() -> None:
        while not errors:
            try:
                number, item = pending.popleft()
            except IndexError:
                return
            try:
                results[number] = job(item)
            except BaseException as error:  # noqa: BLE001 - the caller is told
                errors.append(error)

    threads = [
        threading.Thread(target=work, daemon=True)
        for _ in range(min(at_once, len(pending)))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return [results[number] for number in sorted(results)]
