"""Bytes become text, and file names tell the syntax, or it is said why not."""

import pytest

from dynbuild.declaration.syntax import MAX_SIZE, decode, syntax_of
from dynbuild.errors import DeclarationError


@pytest.mark.parametrize(
    ("name", "syntax"),
    [
        ("dynbuild.toml", "toml"),
        ("a.b/x.JSON", "json"),
        ("x.yaml", "yaml"),
        ("x.yml", "yaml"),
    ],
)
def test_syntax_of(name: str, syntax: str) -> None:
    assert syntax_of(name) == syntax


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("dynbuild.ini", "the suffix '.ini' is not known"),
        ("Dockerfile", "a file without a suffix is not known"),
        ("a.b/", "a file without a suffix is not known"),
    ],
)
def test_unknown_syntax(name: str, said: str) -> None:
    with pytest.raises(
        DeclarationError, match=r"\.toml, \.json, \.yaml, \.yml"
    ) as error:
        syntax_of(name)
    assert said in str(error.value)


def test_decode_drops_a_byte_order_mark() -> None:
    assert decode("x", b"\xef\xbb\xbfbase").text == "base"
    assert decode("x", "é\r\n".encode()).text == "é\r\n"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a\n\xe9b", "x:2:1: error[DB0106]: not UTF-8: byte 0xe9 at offset 2"),
        (b"\xff\xfea\0", "x:1:1: error[DB0106]: not UTF-8: byte 0xff at offset 0"),
        (b"\xef\xbb\xbf\xc3\xa9\xe9", "x:1:2: error[DB0106]: not UTF-8: byte 0xe9 at"),
        (b"\xed\xa0\x80", "x:1:1: error[DB0106]: not UTF-8: byte 0xed at offset 0"),
    ],
)
def test_decode_refuses_what_is_not_utf_8(data: bytes, said: str) -> None:
    with pytest.raises(DeclarationError) as error:
        decode("x", data)
    assert said in str(error.value)


def test_decode_refuses_what_is_too_large() -> None:
    assert len(decode("x", b"#" * MAX_SIZE).text) == MAX_SIZE
    with pytest.raises(DeclarationError, match=r"4,194,305 bytes.*\n.*4 MiB"):
        decode("x", b"#" * (MAX_SIZE + 1))
