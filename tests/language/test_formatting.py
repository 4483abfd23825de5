"""The formatter: one layout for all layouts of a tree."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dynbuild.errors import DeclarationError
from dynbuild.lang import format_source, parse
from dynbuild.spans import Source
from tests.language.layouts import layout, tokens
from tests.language.terms import closed

RELAXED = settings(
    max_examples=150, deadline=None, suppress_health_check=list(HealthCheck)
)


def formatted(text: str) -> str:
    return format_source(Source("x.nix", text))


@RELAXED
@given(closed, st.randoms(use_true_random=False), st.sampled_from([0.0, 0.05, 0.5]))
def test_two_layouts_of_a_tree_are_formatted_alike(
    text: str, random: Random, dense: float
) -> None:
    parts = tokens(text, random, dense)
    one, other = layout(parts, random), layout(parts, random)
    result = formatted(one)
    assert parse(Source("x", result)) == parse(Source("x", text))
    assert formatted(other) == result
    assert formatted(result) == result


@RELAXED
@given(
    st.lists(st.text(alphabet=" \tan$'\\", max_size=6), min_size=1, max_size=5),
    st.integers(0, 5),
    st.integers(0, 5),
)
def test_the_indentation_of_an_indented_string_is_layout(
    lines: list[str], one: int, other: int
) -> None:
    def indented(width: int) -> str:
        # A line of spaces alone has no indentation, and keeps what is beyond it.
        body = [" " * width + line if line.strip(" ") else "" for line in lines]
        return "{ a = ''\n" + "\n".join(body) + "\n''; }"

    texts = indented(one), indented(other)
    assume("''\\\n" not in texts[0] and "''\\n" not in texts[0])  # kept as it is
    try:
        trees = [parse(Source("x", text)) for text in texts]
    except DeclarationError:
        return  # a quote too many
    assert trees[0] == trees[1]
    result = formatted(texts[0])
    assert formatted(texts[1]) == result
    assert parse(Source("x", result)) == trees[0]
    assert formatted(result) == result


LONG = "a" * 60

CASES = {
    # Short lines are joined; what holds several items never is.
    "x:\n x\n + 1": "x: x + 1\n",
    "f\n a\n b": "f a b\n",
    "[ 1 2 ]": "[\n  1\n  2\n]\n",
    "{ a=1; b=2; }": "{\n  a = 1;\n  b = 2;\n}\n",
    "{a, b ? 1}: a": "{\n  a,\n  b ? 1,\n}:\na\n",
    "{ a, }: a": "{ a }: a\n",
    # What the author keeps: blank lines, and brackets that end their line.
    "[\n1 ]": "[\n  1\n]\n",
    "[ 1\n]": "[ 1 ]\n",
    "{\n}": "{\n}\n",
    "{\n} // a": "{\n}\n// a\n",
    "{\na }: a": "{\n  a,\n}:\na\n",
    "{ inherit\na; }": "{\n  inherit\n    a\n    ;\n}\n",
    "let a = 1;\n\n\n\nb = 2; in a": "let\n  a = 1;\n\n  b = 2;\nin\na\n",
    # Long lines break: at the last argument first, then at each.
    f"{{ a = {LONG} [ {LONG} ]; }}": f"{{\n  a = {LONG} [\n    {LONG}\n  ];\n}}\n",
    f"{LONG} ({LONG} + 1) b": f"{LONG} (\n  {LONG} + 1\n) b\n",
    f"{LONG} + {LONG}": f"{LONG}\n+ {LONG}\n",
    f"if {LONG} then {LONG} else c": f"if {LONG} then\n  {LONG}\nelse\n  c\n",
    # Comments stay with what they are about.
    "{ a = 1; # one\n# two\nb = 2; }": "{\n  a = 1; # one\n  # two\n  b = 2;\n}\n",
    "f /* x */ a": "f /* x */ a\n",
    "[ a # last\n]": "[\n  a # last\n]\n",
    "[ a\n# end\n]": "[\n  a\n  # end\n]\n",
    "{ a # one\n, b }: a": "{\n  a, # one\n  b,\n}:\na\n",
    "/* a\n     b\n   c */ 1": "/*\n  a\n    b\n  c\n*/\n1\n",
    "# a\n\n\n1\n# b": "# a\n\n1\n# b\n",
    # Words stay apart where they would be others.
    "1 .a or 2": "1 .a or 2\n",
    "- ./a": "- ./a\n",
    "- -1": "- -1\n",
    "./a ${b}": "./a ${b}\n",
    "./a${ b }/c${ d}": "./a${b}/c${d}\n",
    "!(a)": "!(a)\n",
    # Strings: what is in them stays, what is in their braces is code.
    '"${ a }\n b"': '"${a}\n b"\n',
    "''\n    a\n      b\n ''": "''\n  a\n    b\n''\n",
    "''a\nb''": "''\n  a\n  b''\n",
    "''\n  ''\\n  a''": "''\n  ''\\n  a''\n",
    "''\n  '''\\n  a''": "'''''\\n  a''\n",
    "''\r\n  a\r\n''": "''\n  a\n''\n",
    "''\n  a\r\r\n''": "''\n  a\r\r\n''\n",
    "''\n   ''\\\n  a''": "''\n   ''\\\n  a''\n",
}


@pytest.mark.parametrize(("text", "expected"), CASES.items())
def test_the_layout_of(text: str, expected: str) -> None:
    assert formatted(text) == expected
    assert formatted(expected) == expected
    assert parse(Source("x", expected)) == parse(Source("x", text))


def test_what_is_nested_deep_is_formatted_all_the_same() -> None:
    for opening, closing in (("(", ")"), ("x: ", ""), ("f (", ") y"), ("a // ", "")):
        text = opening * 3000 + "1" + closing * 3000
        result = formatted(text)
        assert formatted(result) == result
    with pytest.raises(DeclarationError, match="nested too deeply"):
        formatted("1" + " + 1 - 1" * 60_000)


def test_what_is_long_is_formatted_all_the_same() -> None:
    for item in ("x ", "[ 1 ] ", "{ a = 1; } "):
        result = formatted("f " + item * 2000)
        assert len(max(result.split("\n"), key=len)) <= 100
        assert formatted(result) == result


ROOT = Path(__file__).parents[2]
OURS = [
    *sorted((ROOT / "examples").rglob("*.nix")),
    ROOT / "dynbuild/lang/library.nix",
]


@pytest.mark.parametrize(
    "path", OURS, ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_what_is_ours_is_formatted(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert formatted(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "(./a /* c */ )",
        "{ b = ./a /* c */; }",
        "{ b ? ./a /* c */, c }: b",
        "with ./a /* c */; b",
        '"${./a /* c */}"',
        "''${./a/${b} /* c */ }''",
        "{ ${./a /* c */} = 1; }",
        "./a/${./b /* c */}",
        "(~/a /* c */)",
        "(http://a.b /* c */)",
        "./a /* c */ .b",
    ],
)
def test_a_comment_after_a_path_is_no_part_of_it(text: str) -> None:
    result = formatted(text)
    assert parse(Source("x", result)) == parse(Source("x", text))
    assert " /* c */" in result
    assert formatted(result) == result
