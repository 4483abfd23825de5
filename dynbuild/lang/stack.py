"""Temporary room for an evaluation: on Python's stack, and before its collector runs.

Since Python 3.11 a call from Python to Python takes no C stack, so a higher limit
costs only memory.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from dynbuild.collector import UNCOLLECTED

FRAMES_PER_LEVEL = 30
"""Generous: a call of the language in a typical body takes about eight frames."""


@contextmanager
def deep_stack(levels: int) -> Iterator[None]:
    """Allow this many levels of recursion of the language."""
    limit = sys.getrecursionlimit()
    thresholds = gc.get_threshold()
    sys.setrecursionlimit(limit + levels * FRAMES_PER_LEVEL)
    gc.set_threshold(UNCOLLECTED, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        sys.setrecursionlimit(limit)
