"""What YAML has beside JSON: anchors, merge keys, its own words for values."""

import pytest

from dynbuild.declaration.syntax import yaml
from dynbuild.declaration.syntax.tree import plain
from dynbuild.errors import DeclarationError
from dynbuild.spans import Source


def read(text: str) -> object:
    return plain(yaml.read(Source("x.yaml", text)))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", {}),
        ("# nothing\n", {}),
        ("---\n", {}),
        ("a: !!str 1", {"a": "1"}),
        ("a: ! 1", {"a": "1"}),
        ("a: =", {"a": "="}),
        ("a: 1e3", {"a": 1000.0}),
        ("a: ~", {"a": None}),
        ("a: |\n  b\n  c\n", {"a": "b\nc\n"}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("a: &x { b: 1 }\nc: { <<: *x, d: 2 }", {"a": {"b": 1}, "c": {"d": 2, "b": 1}}),
        ("x: &x {a: 1}\ny: &y {a: 2, b: 3}\nz: {<<: [*x, *y]}", None),
        ("a: &x {b: 1}\nc: {<<: *x, b: 2}", {"a": {"b": 1}, "c": {"b": 2}}),
        ('"<<": 1', {"<<": 1}),
        (r'"\ud83d\ude00"', "\N{GRINNING FACE}"),
    ],
)
def test_values(text: str, value: object) -> None:
    if value is None:
        value = {"x": {"a": 1}, "y": {"a": 2, "b": 3}, "z": {"a": 1, "b": 3}}
    assert read(text) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x 1\n*x : 2", "a key must be plain text"),
        ("a: {<<: [1]}", "<< takes an alias to a table"),
        ("a: !!int []", "the tag !!int is not allowed here"),
        ("a: !!map []", "the tag !!map is not allowed here"),
        ("a: !!bool maybe", "this is no bool"),
        ("a: !!timestamp x", "this is no timestamp"),
        (
            "[" * 30 + "&x " + "[" * 30 + "]" * 30 + ", " + "[" * 40 + "*x",
            "nest deeper",
        ),
        ("&a [*a]", "no anchor &a is finished"),
        pytest.param(
            "- " + "1\n- " * 300_000, "more than 300,000 values", marks=pytest.mark.slow
        ),
        ("%YAML 1.1\n%YAML 1.1\n---\na", "not valid YAML"),
    ],
)
def test_refusals(text: str, said: str) -> None:
    with pytest.raises(DeclarationError) as error:
        read(text)
    assert said in str(error.value)
