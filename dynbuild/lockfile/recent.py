"""What was found of the last few locks: one command asks of the same few again."""

from collections import deque
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

_Of = TypeVar("_Of")
_T = TypeVar("_T")

_FEW = 6


def recently(function: Callable[[_Of], _T]) -> Callable[[_Of], _T]:
    """Remember what a function found of the last few values, which never change.

    They are told apart by identity: to compare two locks takes as long as to ask.
    """
    known: deque[tuple[_Of, _T]] = deque(maxlen=_FEW)

    @wraps(function)
    def remembered(value: _Of) -> _T:
        for one, found in tuple(known):
            if one is value:
                return found
        found = function(value)
        known.append((value, found))
        return found

    return remembered
