"""What a layer writes, read when somebody looks."""

from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping

from dynbuild.link.model import WriteSet, Written


class Later(Mapping[str, Written]):
    """A write set that whoever looks first reads; two at once may both."""

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

    # Without these each item would be looked up by itself: plans read millions.
    def items(self) -> ItemsView[str, Written]:
        return self._writes().items()

    def keys(self) -> KeysView[str]:
        return self._writes().keys()
