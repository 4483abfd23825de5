"""A write set that is read once, by whoever looks first."""

from threading import Barrier, Thread

import pytest

from dynbuild.engine.later import Later
from dynbuild.link.entries import MalformedLayerError
from dynbuild.link.model import WriteSet, Written


def test_it_is_read_once_and_by_nobody_before() -> None:
    reads: list[str] = []
    start = Barrier(4)
    sizes: list[int] = []

    def read() -> WriteSet:
        reads.append("read")
        return {"a": Written("file"), "b": Written("directory")}

    later = Later(read)
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
    assert dict(later) == {"a": Written("file"), "b": Written("directory")}


def test_whoever_looks_hears_what_is_wrong() -> None:
    def read() -> WriteSet:
        raise MalformedLayerError("no layer")

    later = Later(read)
    for _ in range(2):
        with pytest.raises(MalformedLayerError, match="no layer"):
            len(later)
