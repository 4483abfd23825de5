"""What tomllib says of a text is told in words that no version of Python changes."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynbuild.toml_words import explained

TEXTS = st.text(alphabet="ab=[]{}\"'\\\n #.,1-:_u0é\t", max_size=30)


def said(text: str) -> str | None:
    try:
        tomllib.loads(text)
    except ValueError as error:
        return str(error)
    return None


@given(TEXTS)
def test_every_mistake_is_known(text: str) -> None:
    error = said(text)
    if error is not None:
        mistake = explained(error)
        assert mistake.message != "this is not TOML"
        assert 0 <= mistake.offset(text) <= len(text)


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        ("a = 1\nb = ", "expected a value", 10),
        ("a = 1\na = 2\n", "this key already has a value", 11),
        ("[a]\n[a]", "this table is defined twice", 6),
        ("a = 1" + "0" * 5000, "this number is too long", 0),
    ],
)
def test_the_place(text: str, message: str, offset: int) -> None:
    error = said(text)
    assert error is not None
    assert (explained(error).message, explained(error).offset(text)) == (
        message,
        offset,
    )


def test_what_a_later_python_says_is_not_repeated() -> None:
    mistake = explained("Something new (at line 1, column 2)")
    assert (mistake.message, mistake.hint) == ("this is not TOML", None)
    assert mistake.offset("abc") == 1
