"""Three-way merge of values: one side's change is taken, main's if both changed it.

As ``diff3`` merges lines (Khanna, Kunal, Pierce: A Formal Investigation of Diff3,
FSTTCS 2007).
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Generic, TypeVar

from dynbuild.values import dataclass

_T = TypeVar("_T")
_T_co = TypeVar("_T_co", covariant=True)
_K = TypeVar("_K", bound=Hashable)
_H = TypeVar("_H", bound=Hashable)

Tell = Callable[[str], None]
"""A listener for what both sides changed, each in its own way."""


@dataclass(frozen=True, slots=True)
class Three(Generic[_T_co]):
    """A value at the common ancestor, on main, and on the branch."""

    start: _T_co
    main: _T_co
    branch: _T_co

    @property
    def sides(self) -> tuple[_T_co, _T_co, _T_co]:
        return self.start, self.main, self.branch


def value(three: Three[_T], what: str, tell: Tell) -> _T:
    """Merge a value as a whole."""
    if three.main != three.branch and three.start not in (three.main, three.branch):
        tell(what)
    return three.branch if three.main == three.start else three.main


def keyed(three: Three[Mapping[_K, _T]], what: str, tell: Tell) -> dict[_K, _T]:
    """Merge a mapping key by key: main's order, then what the branch added."""
    start, main, branch = three.sides
    merged: dict[_K, _T] = {}
    for key in dict.fromkeys([*main, *branch]):
        own = Three(start.get(key), main.get(key), branch.get(key))
        found = value(own, f"{what} {key}", tell)
        if found is not None:
            merged[key] = found
    return merged


def listed(three: Three[tuple[_H, ...]], what: str, tell: Tell) -> tuple[_H, ...]:
    """Merge a list item by item; edits that touch one another count as one by both."""
    start, main, branch = three.sides
    if main == branch or start in (main, branch):
        return value(three, what, tell)
    both = dict.fromkeys([*_edits(start, main), *_edits(start, branch)])
    merged: list[_H] = []
    at = -1
    for begin, end, items in sorted(both, key=lambda edit: edit[:2]):
        if begin <= at:
            tell(what)
            return main
        merged += [*start[max(at, 0) : begin], *items]
        at = end
    return (*merged, *start[max(at, 0) :])


def _edits(
    before: Sequence[_H], after: Sequence[_H]
) -> Iterator[tuple[int, int, tuple[_H, ...]]]:
    """Yield the edits from one list to another: the bounds replaced, the new items."""
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, begin, end, first, last in matcher.get_opcodes():
        if tag != "equal":
            yield begin, end, tuple(after[first:last])
