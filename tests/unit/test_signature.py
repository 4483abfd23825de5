"""Signatures cover all that a record stands for, and nothing that it does not."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import fields, replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from dynbuild.digest import Digest, digest_of, sha256
from dynbuild.link.model import Inside, Layer, Record, facts_of
from dynbuild.signature import (
    SecretKey,
    public_key,
    secret_key,
    signed,
    signers,
)

KEY = SecretKey("example-1", bytes(range(32)))
OTHER = SecretKey("example-2", bytes(32))
WRITES = sha256(b"writes")
LAYER = Layer(sha256(b"tar"), sha256(b"blob"), 5)
RECORD = Record(
    placed=sha256(b"placed"),
    step=sha256(b"step"),
    platform="linux/amd64",
    layers=(LAYER,),
    writes={},
    on=(sha256(b"a"), sha256(b"b")),
    sources=((sha256(b"source"), sha256(b"its id")),),
    joins=(sha256(b"join"),),
    reads=("usr/share/x/",),
    parts=(sha256(b"part"),),
    seconds=1.5,
    made=1_700_000_000_123,
    inside=lambda: Inside(sha256(b"readings"), 7),
)


def test_what_is_signed_is_trusted() -> None:
    assert signers(signed(RECORD, WRITES, KEY), WRITES, [KEY.public])


def test_nothing_else_is() -> None:
    record = signed(RECORD, WRITES, KEY)
    assert not signers(RECORD, WRITES, [KEY.public])
    assert not signers(record, WRITES, [])
    assert not signers(record, WRITES, [OTHER.public])
    same_name = replace(OTHER, name=KEY.name)
    assert not signers(record, WRITES, [same_name.public])
    assert signers(record, WRITES, [same_name.public, OTHER.public, KEY.public])


@pytest.mark.parametrize(
    "change",
    [
        {"placed": sha256(b"x")},
        {"step": sha256(b"x")},
        {"platform": "linux/arm64"},
        {"on": RECORD.on[::-1]},
        {"on": RECORD.on[:1]},
        {"sources": ()},
        {"sources": ((sha256(b"source"), sha256(b"another")),)},
        {"joins": ()},
        {"reads": ()},
        {"parts": ()},
        {"seconds": 9.0},
        {"made": RECORD.made + 1},
        {"inside": Inside},
        {"inside": lambda: None},
        {"inside": lambda: Inside(sha256(b"others"), 7)},
        {"inside": lambda: Inside(sha256(b"readings"), 8)},
        {"layers": ()},
        {"layers": (LAYER, LAYER)},
        {"layers": (replace(LAYER, diff_id=sha256(b"x")),)},
        {"layers": (replace(LAYER, digest=sha256(b"x")),)},
        {"layers": (replace(LAYER, size=6),)},
        {"layers": (replace(LAYER, media_type="x"),)},
    ],
    ids="-".join,
)
def test_every_change_is_seen(change: dict[str, Any]) -> None:
    record = replace(signed(RECORD, WRITES, KEY), **change)
    assert not signers(record, WRITES, [KEY.public])


def test_what_it_wrote_is_covered() -> None:
    assert not signers(signed(RECORD, WRITES, KEY), sha256(b"x"), [KEY.public])


def test_every_field_is_covered() -> None:
    """Each but what it wrote, which is covered by its digest, and who signed."""
    names = {field.name for field in fields(RECORD)}
    assert names - {"id", "writes", "signatures", "origins"} == {
        *facts_of(RECORD, WRITES)
    } - {"writes"}


def test_several_may_sign() -> None:
    record = signed(signed(RECORD, WRITES, KEY), WRITES, OTHER)
    assert [name for name, _ in record.signatures] == ["example-1", "example-2"]
    assert signers(record, WRITES, [KEY.public])
    assert signers(record, WRITES, [OTHER.public])
    assert signed(record, WRITES, KEY).signatures == record.signatures


@pytest.mark.parametrize("text", ["", "?", "AAAA", "ä", b64encode(bytes(64)).decode()])
def test_a_signature_that_is_none(text: str) -> None:
    record = replace(RECORD, signatures=((KEY.name, text),))
    assert not signers(record, WRITES, [KEY.public])


def test_keys_are_spelled_as_in_nix() -> None:
    text = KEY.dump()
    name, _, data = text.partition(":")
    assert name == "example-1"
    assert b64decode(data) == bytes(range(32)) + KEY.public.key
    assert secret_key(text) == KEY
    assert public_key(str(KEY.public)) == KEY.public
    assert str(KEY.public) == ("example-1:A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=")
    Ed25519PublicKey.from_public_bytes(public_key(str(KEY.public)).key)


@pytest.mark.parametrize(
    ("record", "more"),
    [
        (replace(RECORD, inside=lambda: None), {}),
        (RECORD, {"inside": [sha256(b"readings"), 7]}),
    ],
    ids=["of before", "with what is inside"],
)
def test_the_signature_is_over_one_text(record: Record, more: dict[str, Any]) -> None:
    """What is signed must not change: signatures of before would count no more."""
    layers = [[LAYER.diff_id, LAYER.digest, 5, LAYER.media_type]]
    told = digest_of(
        {
            "joins": list(RECORD.joins),
            "layers": layers,
            "made": 1_700_000_000_123,
            "on": list(RECORD.on),
            "parts": list(RECORD.parts),
            "placed": RECORD.placed,
            "platform": "linux/amd64",
            "reads": ["usr/share/x/"],
            "seconds": 1.5,
            "sources": [list(pair) for pair in RECORD.sources],
            "step": RECORD.step,
            "version": 2,
            "what": "dynbuild record",
            "writes": WRITES,
            **more,
        }
    )
    (_, signature), *_ = signed(record, WRITES, KEY).signatures
    assert b64decode(signature) == KEY.sign(told.encode())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example-1",
        "example-1:",
        "example-1:AAAA",
        f"a b:{b64encode(bytes(64)).decode()}",
        f"example-1:{b64encode(bytes(63)).decode()}",
        f"example-1:{b64encode(bytes(64)).decode()}",
    ],
)
def test_a_secret_key_that_is_none_is_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="secret key") as caught:
        secret_key(text)
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize("text", ["", "x", "x:AAAA", KEY.dump(), f"{KEY.public}\n"])
def test_a_public_key_that_is_none_is_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="public key") as caught:
        public_key(text)
    assert KEY.dump().partition(":")[2] not in str(caught.value)


def test_a_secret_is_in_no_repr() -> None:
    assert repr(KEY) == "SecretKey(name='example-1')"
    assert Digest("x") in repr(Layer(Digest("x"), Digest("y"), 1))
