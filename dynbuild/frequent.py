"""Values that are made by the ten thousand: frozen to the type checker alone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from dataclasses import dataclass as frequent
else:
    _T = TypeVar("_T")

    def frequent(*, frozen: bool, slots: bool) -> Callable[[type[_T]], type[_T]]:
        """Make a dataclass as ``dataclass`` does, whose instances cost a quarter.

        What is frozen refuses every assignment, so that dataclasses work around that
        for each field of each instance. To mypy these are as frozen as any: it reads
        all code, and lets none assign.
        """
        return dataclass(slots=slots, unsafe_hash=frozen)


__all__ = ["frequent"]
