"""Values: dataclasses that cost little, and are frozen to the type checker alone."""

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    _T = TypeVar("_T")

    def dataclass(
        *,
        frozen: bool = False,
        slots: bool = False,
        kw_only: bool = False,
        eq: bool = True,
        order: bool = False,
    ) -> Callable[[type[_T]], type[_T]]:
        """Make a dataclass as Python does, for a third, with instances for half.

        Python writes and compiles six methods for each class, which for the hundreds
        that a command imports was a third of its start. Here it writes ``__init__``;
        comparing, hashing and showing fields are functions that were compiled with
        this module. What is frozen refuses every assignment, so that dataclasses work
        around that for each field of each instance. To mypy these are as frozen as
        any: it reads all code, and lets none assign.
        """

        def made(declared: type[_T]) -> type[_T]:
            # Who compares by a method of its own has no hash unless it says one.
            own = {name for name, found in vars(declared).items() if found is not None}
            # Python makes up a text of the signature where there is none.
            declared.__doc__ = declared.__doc__ or ""
            options = {"slots": slots, "kw_only": kw_only, "order": order, "eq": order}
            cls = dataclasses.dataclass(repr=False, **options)(declared)
            methods = {"__repr__": _showing(cls)}
            if eq:
                methods |= _comparing(cls, hashed=frozen)
            for name in methods.keys() - own:
                setattr(cls, name, methods[name])
            return cls

        return made


def _showing(cls: type) -> Callable[[object], str]:
    shown = [one.name for one in dataclasses.fields(cls) if one.repr]

    def shown_as(self: object) -> str:
        said = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__qualname__}({said})"

    return shown_as


def _comparing(cls: type, *, hashed: bool) -> dict[str, object]:
    compared = [one.name for one in dataclasses.fields(cls) if one.compare]
    values = _getter(compared)

    def equals(self: object, other: object) -> object:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return values(self) == values(other)

    def hashed_by(self: object) -> int:
        return hash(values(self))

    return {"__eq__": equals, "__hash__": hashed_by if hashed else None}


def _getter(names: list[str]) -> Callable[[object], tuple[object, ...]]:
    """A tuple, which ``attrgetter`` makes of several names only."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda self: tuple(getattr(self, name) for name in names)


__all__ = ["dataclass"]
