"""JSON that is wrong has a place and words that are ours."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynbuild.lang.builtins_formats import _float, _integer, _no_constant
from dynbuild.lang.json_mistakes import first_mistake

PIECES = st.sampled_from(
    [
        *("{", "}", "[", "]", ",", ":", '"a"', '"', "\\", "\\u12", "1", "-", "0", ".5"),
        *(
            "e9",
            "true",
            "null",
            "NaN",
            "tru",
            "'a'",
            "//",
            "\n",
            " ",
            "\t",
            "é",
            "1e999",
        ),
    ]
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_finds_a_mistake_where_the_reader_does(text: str) -> None:
    try:
        json.loads(
            text, parse_constant=_no_constant, parse_int=_integer, parse_float=_float
        )
    except ValueError:
        found = first_mistake(text)
        assert found is not None
        line, column, _ = found
        assert 1 <= line <= text.count("\n") + 1
        assert 1 <= column <= len(text) + 1
    else:
        assert first_mistake(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1,]", (1, 3, "no comma may stand before `]`")),
        ('{"a": 1,}', (1, 8, "no comma may stand before `}`")),
        ("[1 2]", (1, 4, "`,` or `]` must follow")),
        ('{"a": 1 "b": 2}', (1, 9, "`,` or `}` must follow")),
        ("{a: 1}", (1, 2, "a key in double quotes must stand here")),
        ('{"a" 1}', (1, 6, "`:` must follow the key")),
        ("['a']", (1, 2, "a text is written in double quotes")),
        ("[\n  True\n]", (2, 3, "'True' is no value of JSON")),
        ('["a\n"]', (1, 4, "a text has '\\n' only as an escape")),
        ('["a', (1, 2, "this text is not closed")),
        ("[", (1, 2, "a value is missing")),
        ("# x\n1", (1, 1, "JSON has no comments")),
        ("1 2", (1, 3, "the text goes on after its value")),
    ],
)
def test_says_what_is_wrong(text: str, expected: tuple[int, int, str]) -> None:
    assert first_mistake(text) == expected
