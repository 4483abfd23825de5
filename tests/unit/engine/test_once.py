"""Work that is done once, by whoever asks first, for all who ask."""

from threading import Barrier, Thread

import pytest

from dynbuild.engine.once import once
from dynbuild.link.entries import MalformedLayerError
from dynbuild.link.lazy import LazyWriteSet
from dynbuild.link.model import WriteSet, Written

WRITES: WriteSet = {"a": Written("file"), "b": Written("directory")}


def test_it_is_done_once_and_by_nobody_before() -> None:
    reads: list[str] = []
    start = Barrier(4)
    sizes: list[int] = []

    def read() -> WriteSet:
        reads.append("read")
        return WRITES

    later = LazyWriteSet(once(read))
    assert reads == []

    def look() -> None:
        start.wait()
        sizes.append(len(later))

    threads = [Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reads == ["read"]
    assert sizes == [2, 2, 2, 2]


def test_a_write_set_that_is_read_later_is_one() -> None:
    later = LazyWriteSet(lambda: WRITES)
    assert dict(later) == dict(later.items()) == WRITES
    assert list(later) == list(later.keys()) == ["a", "b"]
    assert later["a"] == Written("file")


def test_whoever_asks_hears_what_is_wrong() -> None:
    def read() -> WriteSet:
        raise MalformedLayerError("no layer")

    later = LazyWriteSet(once(read))
    for _ in range(2):
        with pytest.raises(MalformedLayerError, match="no layer"):
            len(later)
