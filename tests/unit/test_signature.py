"""Signatures cover all that a record stands for, and nothing that it does not."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from dynbuild.digest import Digest, digest_of, sha256
from dynbuild.link.model import Layer, Record
from dynbuild.signature import (
    SecretKey,
    is_trusted,
    public_key,
    secret_key,
    signed,
)

KEY = SecretKey("example-1", bytes(range(32)))
OTHER = SecretKey("example-2", bytes(32))
WRITES = sha256(b"writes")
LAYER = Layer(sha256(b"tar"), sha256(b"blob"), 5)
RECORD = Record(
    placed=sha256(b"placed"),
    step=sha256(b"step"),
    platform="linux/amd64",
    stack=(sha256(b"base"), sha256(b"below")),
    layers=(LAYER,),
    writes={},
    seconds=1.5,
)


def test_what_is_signed_is_trusted() -> None:
    assert is_trusted(signed(RECORD, WRITES, KEY), WRITES, [KEY.public])


def test_nothing_else_is() -> None:
    record = signed(RECORD, WRITES, KEY)
    assert not is_trusted(RECORD, WRITES, [KEY.public])
    assert not is_trusted(record, WRITES, [])
    assert not is_trusted(record, WRITES, [OTHER.public])
    same_name = replace(OTHER, name=KEY.name)
    assert not is_trusted(record, WRITES, [same_name.public])
    assert is_trusted(record, WRITES, [same_name.public, OTHER.public, KEY.public])


@pytest.mark.parametrize(
    "change",
    [
        {"placed": sha256(b"x")},
        {"step": sha256(b"x")},
        {"platform": "linux/arm64"},
        {"stack": RECORD.stack[::-1]},
        {"stack": RECORD.stack[:1]},
        {"layers": ()},
        {"layers": (LAYER, LAYER)},
        {"layers": (replace(LAYER, diff_id=sha256(b"x")),)},
        {"layers": (replace(LAYER, digest=sha256(b"x")),)},
        {"layers": (replace(LAYER, size=6),)},
        {"layers": (replace(LAYER, media_type="x"),)},
    ],
    ids=str,
)
def test_every_change_is_seen(change: dict[str, Any]) -> None:
    record = replace(signed(RECORD, WRITES, KEY), **change)
    assert not is_trusted(record, WRITES, [KEY.public])


def test_what_it_wrote_is_covered() -> None:
    assert not is_trusted(signed(RECORD, WRITES, KEY), sha256(b"x"), [KEY.public])


def test_how_long_it_took_is_not() -> None:
    record = replace(signed(RECORD, WRITES, KEY), seconds=9.0)
    assert is_trusted(record, WRITES, [KEY.public])


def test_several_may_sign() -> None:
    record = signed(signed(RECORD, WRITES, KEY), WRITES, OTHER)
    assert [name for name, _ in record.signatures] == ["example-1", "example-2"]
    assert is_trusted(record, WRITES, [KEY.public])
    assert is_trusted(record, WRITES, [OTHER.public])
    assert signed(record, WRITES, KEY).signatures == record.signatures


@pytest.mark.parametrize("text", ["", "?", "AAAA", "ä", b64encode(bytes(64)).decode()])
def test_a_signature_that_is_none(text: str) -> None:
    record = replace(RECORD, signatures=((KEY.name, text),))
    assert not is_trusted(record, WRITES, [KEY.public])


def test_keys_are_spelled_as_in_nix() -> None:
    text = KEY.dump()
    name, _, data = text.partition(":")
    assert name == "example-1"
    assert b64decode(data) == bytes(range(32)) + KEY.public.key
    assert secret_key(text) == KEY
    assert public_key(str(KEY.public)) == KEY.public
    assert str(KEY.public) == ("example-1:A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=")
    Ed25519PublicKey.from_public_bytes(public_key(str(KEY.public)).key)


def test_the_signature_is_over_one_text() -> None:
    """What is signed must not change: signatures of before would count no more."""
    layers = [[LAYER.diff_id, LAYER.digest, 5, LAYER.media_type]]
    told = digest_of(
        {
            "layers": layers,
            "placed": RECORD.placed,
            "platform": "linux/amd64",
            "stack": list(RECORD.stack),
            "step": RECORD.step,
            "version": 1,
            "what": "dynbuild record",
            "writes": WRITES,
        }
    )
    (_, signature), *_ = signed(RECORD, WRITES, KEY).signatures
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
