"""What was found of values that never change: one command asks of the same again."""

from collections import deque
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

_Of = TypeVar("_Of")
_P = ParamSpec("_P")
_T = TypeVar("_T")

_FEW = 6


def recently(
    function: Callable[Concatenate[_Of, _P], _T],
) -> Callable[Concatenate[_Of, _P], _T]:
    """Remember what a function found of the last few values, which never change.

    They are told apart by identity: to compare two locks takes as long as to ask. What
    else it is given is compared.
    """
    known: deque[tuple[_Of, object, _T]] = deque(maxlen=_FEW)

    @wraps(function)
    def remembered(value: _Of, *more: _P.args, **named: _P.kwargs) -> _T:
        asked = more, named
        for one, other, found in tuple(known):
            if one is value and other == asked:
                return found
        found = function(value, *more, **named)
        known.append((value, asked, found))
        return found

    return cast("Callable[Concatenate[_Of, _P], _T]", remembered)


def kept_with(
    function: Callable[Concatenate[_Of, _P], _T],
) -> Callable[Concatenate[_Of, _P], _T]:
    """Keep what a function found of a value with it, as ``cached_property`` does.

    For what many locks share. Only the answer to the last arguments is kept.
    """
    name = f"_{function.__qualname__}"

    @wraps(function)
    def kept(value: _Of, *more: _P.args, **named: _P.kwargs) -> _T:
        asked = more, named
        known = value.__dict__.get(name)
        if known is None or known[0] != asked:
            known = value.__dict__[name] = asked, function(value, *more, **named)
        return cast("_T", known[1])

    return cast("Callable[Concatenate[_Of, _P], _T]", kept)
