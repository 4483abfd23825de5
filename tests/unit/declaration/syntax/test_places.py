"""The places of values in the language: of each its name, itself, whether spelled."""

import pytest

from dynbuild.declaration.inputs import Inputs
from dynbuild.declaration.syntax import nix
from dynbuild.declaration.syntax.tree import Leaf, List, Node, Table
from dynbuild.errors import DeclarationError
from dynbuild.lang.compiler import MAX_NESTING
from dynbuild.spans import Source, Span


def shown(span: Span) -> str:
    return span.source.text[span.start : span.end]


def places(node: Node) -> object:
    """What stands where a tree says that its keys and values are."""
    match node:
        case Table(entries):
            return {
                name: (shown(entry.key), shown(entry.value.span), places(entry.value))
                for name, entry in entries.items()
            }
        case List(items):
            return [(shown(item.span), places(item)) for item in items]
        case Leaf(_, _, literal):
            return literal


def read(text: str) -> object:
    return places(nix.read(Source("dynbuild.nix", text), Inputs()).tree)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{ a = "x"; }', {"a": ("a", '"x"', True)}),
        ("{ a = -1; b = true; }", {"a": ("a", "-1", True), "b": ("b", "true", True)}),
        ('{ a = "x" + "y"; }', {"a": ("a", '"x" + "y"', False)}),
        ('{ a = [ "x" 1 ]; }', {"a": ("a", '[ "x" 1 ]', [('"x"', True), ("1", True)])}),
        (
            '{ a = [ "x" ("y" + "") ]; }',
            {"a": ("a", '[ "x" ("y" + "") ]', [('"x"', True), ('"y" + ""', False)])},
        ),
        ("{ a = [ ]; }", {"a": ("a", "[ ]", [])}),
        ("{ a.b = 1; }", {"a": ("a", "a", {"b": ("a.b", "1", True)})}),
        (
            "{ a = { b = 1; }; a.c = 2; }",
            {
                "a": (
                    "a",
                    "{ b = 1; }",
                    {"b": ("b", "1", True), "c": ("a.c", "2", True)},
                )
            },
        ),
        (
            "{ a.c = 2; a = { b = 1; }; }",
            {
                "a": (
                    "a",
                    "a",
                    {"b": ("b", "1", True), "c": ("a.c", "2", True)},
                )
            },
        ),
        ('{ ${"a"} = 1; }', {"a": ('${"a"}', "1", True)}),
        ('let n = "a"; in { ${n} = 1; }', {"a": ("${n}", "1", True)}),
        ("let a = 1; in { inherit a; }", {"a": ("a", "a", False)}),
        ("{ inherit ({ a = 1; }) a; }", {"a": ("a", "a", False)}),
        (
            "let f = _: [ 1 ]; in { a = f 1; b = f 2; }",
            {"a": ("a", "f 1", [("1", True)]), "b": ("b", "f 2", [("1", True)])},
        ),
    ],
)
def test_each_value_is_where_it_is_written(text: str, expected: object) -> None:
    assert read(text) == expected


@pytest.mark.parametrize("inner", ["", "1", '"x" 1'])
def test_a_list_of_constants_is_a_level_like_any(inner: str) -> None:
    """Around the lists are a function, a set and the selection from it."""
    levels = MAX_NESTING - 3

    def nested(levels: int) -> str:
        lists = f"{'[ ' * levels}{inner}{' ]' * levels}"
        return f"{{ a = _: {lists}; }}.b or {{ }}"

    assert read(nested(levels)) == {}
    with pytest.raises(DeclarationError, match="nested more than"):
        read(nested(levels + 1))
