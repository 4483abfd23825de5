"""Temporary extra room on Python's stack.

Since Python 3.11 a call from Python to Python takes no C stack, so a higher limit
costs only memory.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

FRAMES_PER_LEVEL = 30
"""Generous: a call of the language in a typical body takes about eight frames."""


@contextmanager
def deep_stack(levels: int) -> Iterator[None]:
    """Allow this many levels of recursion of the language."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + levels * FRAMES_PER_LEVEL)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
