"""Why a step does not write the same twice: the likely reason of each path."""

import gzip

import pytest

from dynbuild.digest import sha256
from dynbuild.explain.reproducing import (
    ADDRESS,
    ARCHIVE,
    BYTE_CODE,
    GZIP,
    MANAGER,
    NAMED,
    ORDER,
    ORDERED,
    PROCESS,
    RANDOM,
    TIME,
    TIMES,
    WRITTEN,
    Entry,
    Irreproducible,
    irreproducible,
)

ABOUT = {"mode": "644", "owner": "0:0"}


def file(text: bytes, time: float = 0.0, about: dict[str, str] | None = None) -> Entry:
    return Entry("file", time, about or ABOUT, sha256(text), text)


def reason_of(one: bytes, other: bytes, path: str = "srv/file") -> str | None:
    (found,) = irreproducible({path: file(one)}, {path: file(other)})
    assert (found.path, found.what) == (path, "content")
    return found.reason


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        (b"Mon Nov 30 09:12:10 UTC 2026", b"Tue Dec  1 00:00:01 UTC 2026", TIME),
        (b"built 2026-11-30T09:12:10.125Z", b"built 2026-12-01T10:00:00.5Z", TIME),
        (b"v=1796029930\n", b"v=1796029932\n", TIME),
        (b"30 Nov 2026, 09:12", b"1 Dec 2026, 10:13", TIME),
        (b"20261130091210", b"20261201101112", TIME),
        (b"at 0x7f3a10c0 in f", b"at 0x7f3b20d8 in f", ADDRESS),
        (b"in /tmp/tmp.Xa81kLq0 done", b"in /tmp/tmp.b77Qz9wR done", RANDOM),
        (
            b"id 0b5c2c1e-90f3-4c44-9a6f-2c4b8f2f1f10",
            b"id 2d1f7a9c-1111-4c44-8a6f-2c4b8f2f1f99",
            RANDOM,
        ),
        (
            b"9f86d081884c7d659a2feaa0c55ad015",
            b"b3a8e0e1f9ab1bfe3a36f231f676f78b",
            RANDOM,
        ),
        (b"pid 41 started", b"pid 57 started", PROCESS),
        (b"c\na\nb\n", b"a\nb\nc\n", ORDER),
        (b"2026-11-30 tmp.Xa81kLq0", b"2026-12-01 tmp.b77Qz9wR", TIME),
        (b"one", b"another", None),
        (b"\xff\x00\x01", b"\xfe\x00\x02", None),
    ],
)
def test_a_text(one: bytes, other: bytes, reason: str | None) -> None:
    assert reason_of(one, other) == reason


def test_many_digits_that_mean_nothing() -> None:
    assert reason_of(b"seed 0123456789 end", b"seed 9876543210 end") == RANDOM


def test_formats_that_hold_a_time() -> None:
    first, second = (gzip.compress(b"same", mtime=time) for time in (1, 9))
    assert reason_of(first, second) == GZIP
    first, second = (gzip.compress(text) for text in (b"2026-11-30", b"2026-12-01"))
    assert reason_of(first, second) == TIME
    damaged = (b"\x1f\x8b" + text for text in (b"one", b"another"))
    assert reason_of(*damaged) is None
    code = [b"\x00" * 8 + time + b"code" for time in (b"aaaa", b"bbbb")]
    assert reason_of(*code, path="a/b.pyc") == BYTE_CODE
    tars = [b"x" * 257 + b"ustar" + end for end in (b"1", b"2")]
    assert reason_of(*tars) == ARCHIVE
    assert reason_of(b"PK\x03\x041", b"PK\x03\x042") == ARCHIVE


@pytest.mark.parametrize(
    "path", ["var/log/dpkg.log", "etc/machine-id", "etc/shadow", "root/.npm/_logs/x"]
)
def test_what_package_managers_write(path: str) -> None:
    assert reason_of(b"a", b"b", path) == MANAGER


def test_names() -> None:
    one = {"srv/tmp.aB3dE6gH": file(b""), "srv/only-here": file(b"")}
    other = {"srv/tmp.zY9xW7vU": file(b"")}
    assert irreproducible(one, other) == (
        Irreproducible("srv/only-here", "in the first run only", None),
        Irreproducible("srv/tmp.aB3dE6gH", "in the first run only", NAMED),
        Irreproducible("srv/tmp.zY9xW7vU", "in the second run only", NAMED),
    )


def test_all_but_the_content() -> None:
    link = Entry("symlink", 0.0, {**ABOUT, "link": "/run/1234"})
    moved = Entry("symlink", 0.0, {**ABOUT, "link": "/run/5678"})
    first = {"a": file(b""), "b": file(b"", 1.0), "c": link, "d": file(b"")}
    closed = file(b"", about={**ABOUT, "mode": "600"})
    second = {"a": closed, "b": file(b"", 2.5), "c": moved, "d": link}
    assert irreproducible(first, second) == (
        Irreproducible("a", "mode", PROCESS),
        Irreproducible("b", TIMES, WRITTEN),
        Irreproducible("c", "link", PROCESS),
        Irreproducible("d", "file, then symlink", None),
    )


def test_nothing_but_the_order() -> None:
    same = {"a": file(b"")}
    assert irreproducible(same, same) == (Irreproducible("", ORDERED),)
