"""What a layer writes, read when somebody looks: builds go on meanwhile."""

from collections.abc import Callable, Iterator, Mapping
from threading import Lock

from dynbuild.link.model import WriteSet, Written


class Later(Mapping[str, Written]):
    """A write set that the first who looks at it reads; others wait for that."""

    def __init__(self, read: Callable[[], WriteSet]) -> None:
        self._read = read
        self._lock = Lock()
        self._found: WriteSet | None = None

    def _writes(self) -> WriteSet:
        with self._lock:
            if self._found is None:
                self._found = self._read()
            return self._found

    def __getitem__(self, path: str) -> Written:
        return self._writes()[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._writes())

    def __len__(self) -> int:
        return len(self._writes())
