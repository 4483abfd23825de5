"""The writes of a layer and the reads of a step, found on first use."""

from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, Sequence
from typing import overload

from dynbuild.link.model import WriteSet, Written


class LazyWriteSet(Mapping[str, Written]):
    """A write set that is read on first use; two concurrent users may both read it."""

    def __init__(self, read: Callable[[], WriteSet]) -> None:
        self._read = read
        self._found: WriteSet | None = None

    def _writes(self) -> WriteSet:
        if self._found is None:
            self._found = self._read()
        return self._found

    def __getitem__(self, path: str) -> Written:
        return self._writes()[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._writes())

    def __len__(self) -> int:
        return len(self._writes())

    # Without these each item would be looked up individually: plans read millions.
    def items(self) -> ItemsView[str, Written]:
        return self._writes().items()

    def keys(self) -> KeysView[str]:
        return self._writes().keys()


class LazyReads(Sequence[str]):
    """The known reads of a step, found on use."""

    def __init__(self, find: Callable[[], tuple[str, ...]]) -> None:
        self._find = find

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[str, ...]: ...
    def __getitem__(self, at: int | slice) -> str | tuple[str, ...]:
        return self._find()[at]

    def __len__(self) -> int:
        return len(self._find())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))
