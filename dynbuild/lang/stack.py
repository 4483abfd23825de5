"""Room on Python's stack, for as long as it is needed.

Since Python 3.11 a call from Python to Python takes none of C's stack, so a higher
limit costs only memory.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

FRAMES_PER_LEVEL = 30
"""Generously: a call of the language in a common body takes about eight frames."""


@contextmanager
def deep_stack(levels: int) -> Iterator[None]:
    """Allow so many levels of the language's own recursion."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + levels * FRAMES_PER_LEVEL)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
