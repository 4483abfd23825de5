"""An S3 server that is against us: every answer has a bound, and is a miss at worst."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dynbuild.digest import sha256
from dynbuild.link.model import Layer, Record
from dynbuild.ports import TierError
from dynbuild.tiers.codec import dump_record, dump_writes
from dynbuild.tiers.http.connections import Timeouts
from dynbuild.tiers.s3.client import Settings
from dynbuild.tiers.s3.tier import S3
from tests.hostile.servers import endless, said, server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

STEP = sha256(b"step")
AMD = "linux/amd64"
SOON = Timeouts(connect=1.5, answer=1.5, transfer=1.5, pace=1.5)
XML = "Content-Type: application/xml"
LIST = (
    '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>'
    "<IsTruncated>false</IsTruncated>{}</ListBucketResult>"
)
CONTENT = b"content" * 99
LAYER = Layer(sha256(b"diff"), sha256(CONTENT), len(CONTENT))
RECORD = Record(STEP, STEP, AMD, (LAYER,), {}, seconds=1.0)


def s3(endpoint: str, tell: Callable[[str], None] = lambda _: None) -> S3:
    return S3(Settings(endpoint, "bucket", secure=False), tell, timeouts=SOON)


def stored(record: Record) -> bytes:
    writes = dump_writes(record.writes)
    return dump_record(record, sha256(writes)) + b"\n" + writes


def listed(*keys: str) -> str:
    one = "<Contents><Key>{}</Key><Size>1</Size></Contents>"
    return LIST.format("".join(map(one.format, keys)))


def fails(answer: Callable[[str, str], Iterable[bytes]]) -> str:
    with server(answer) as endpoint, pytest.raises(TierError) as caught:
        s3(endpoint).find([STEP])
    return caught.value.why


def test_a_list_that_says_it_is_enormous() -> None:
    """No memory is taken for a length that is only said."""
    assert fails(lambda *_: said(b"x", XML, length=10**18))


def test_a_list_without_end() -> None:
    """It is left after a bounded part of it."""
    assert "more than" in fails(lambda *_: endless(XML))


def test_a_list_whose_pages_never_end() -> None:
    """No more of it is looked at than a step can have records."""
    pages = 0

    def answer(_: str, path: str) -> list[bytes]:
        nonlocal pages
        if "list-type" not in path:
            return said(b"x", "ETag: x", status="404 Not Found")
        pages += 1
        more = f"{listed(*('x' * 3 for _ in range(100)))}"
        next_ = "<NextContinuationToken>x</NextContinuationToken>"
        return said(
            more.replace("false</IsTruncated>", f"true</IsTruncated>{next_}"), XML
        )

    with server(answer) as endpoint:
        assert s3(endpoint).find([STEP]) == ()
    assert pages <= 11


def test_a_refusal_without_end() -> None:
    """Nothing of it is read before the next try."""
    assert fails(lambda *_: endless(XML, status="503 Slow Down"))


def test_a_list_that_unfolds() -> None:
    """Entities that name one another fill no memory."""
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE x [<!ENTITY e0 "xxxxxxxxxx">{entities}]><x>&e9;</x>'
    assert "strange answer" in fails(lambda *_: said(bomb, XML))


def test_an_answer_that_steers_the_terminal() -> None:
    """What a server says is shown in one line of bounded length."""
    error = f"<Error><Code>Denied</Code><Message>\x9b31m{'x' * 9999}</Message></Error>"
    why = fails(lambda *_: said(error, XML, status="403 Forbidden"))
    assert len(why) <= 300
    assert why.isprintable()


def test_keys_that_lead_elsewhere() -> None:
    """A record counts only under the key that its own content gives it."""
    keys = ("realizations/../../etc/passwd", f"realizations/{STEP[7:]}/{'0' * 64}")

    def answer(_: str, path: str) -> list[bytes]:
        return said(listed(*keys), XML) if "list-type" in path else said(stored(RECORD))

    with server(answer) as endpoint:
        assert s3(endpoint).find([STEP]) == ()


def test_a_record_without_end() -> None:
    """It is damaged, and a miss."""
    told: list[str] = []

    def answer(_: str, path: str) -> Iterable[bytes]:
        if "list-type" in path:
            return said(listed(f"realizations/{STEP[7:]}/{'0' * 64}"), XML)
        return endless("ETag: x", "Last-Modified: Sat, 01 Jan 2022 00:00:00 GMT")

    with server(answer) as endpoint:
        assert s3(endpoint, told.append).find([STEP]) == ()
    assert any("is damaged" in one for one in told)


def test_a_layer_without_end(tmp_path: Path) -> None:
    """No more of it goes to the disk than its record says that it has."""
    name = f"realizations/{STEP[7:]}/{RECORD.id[7:]}"
    told: list[str] = []

    def answer(_: str, path: str) -> Iterable[bytes]:
        if "list-type" in path:
            return said(listed(name), XML)
        return said(stored(RECORD)) if "realizations" in path else endless("ETag: x")

    with server(answer) as endpoint:
        tier = s3(endpoint, told.append)
        assert tier.find([STEP]) == (RECORD,)
        assert not tier.fetch(LAYER.digest, str(tmp_path / "layer"))
    assert [*tmp_path.iterdir()] == []
    assert told == [f"the blob {LAYER.digest} is damaged"]


def test_other_content_under_a_digest(tmp_path: Path) -> None:
    """It never reaches the path that asked for it."""
    with server(lambda *_: said(b"other", "ETag: x")) as endpoint:
        assert not s3(endpoint).fetch(sha256(b"this"), str(tmp_path / "blob"))
    assert [*tmp_path.iterdir()] == []
