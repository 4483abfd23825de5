"""What an edit did not touch is taken over, and nothing else: as if all were parsed."""

import os
import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dynbuild.errors import DeclarationError, render
from dynbuild.lang import parse, reparse
from dynbuild.lang.reparse import Parses, moved
from dynbuild.lang.scanner import scan
from dynbuild.lang.syntax import SyntaxNode
from dynbuild.spans import Source
from tests.language.corpus import okay_cases
from tests.language.fuzz import nodes
from tests.language.terms import closed

SEEDS = range(int(os.environ.get("DYNBUILD_EDITS", "24")))

STAGE = """\
    { # a comment; not "closed
      name = "s{number}";
      commands = [ "echo ${{toString {number}}}" ''
        make -C /src ''${{x}} ${{if true then "a" else ''b''}}
      '' ];
      copy = [ {{ from = ./src/${{"a"}}.c; to = "/src"; }} ];
      inherit (rec {{ a = 1; b = a - 1; }}) a b;
    }
"""
TYPED = (
    *"\"'[]{}()=,;:.#\n\t $\\-*/~<>?@!",
    *(
        "''",
        "${",
        "''${",
        "*/",
        "/*",
        "/* a */",
        "# b\n",
        "\r\n",
        "\u2028",
        "\U0001f600",
    ),
    *(
        "let ",
        " in ",
        "with a; ",
        "rec ",
        "or",
        " or ",
        "inherit ",
        "x: ",
        "a:b",
        "./a",
    ),
    *("...", "0.", ".5", "1e9", "->", "++", "//", "<a>", "~/", "a.b", "a = 1; ", "{ }"),
)


def exact(tree: SyntaxNode) -> Iterator[object]:
    """All that a tree says, with its places, which a comparison leaves out."""
    for node in nodes(tree):
        names = type(node).__slots__
        plain = (getattr(node, name) for name in names)
        kept = [one for one in plain if isinstance(one, str | int | float | tuple)]
        kept = [len(one) if isinstance(one, tuple) else one for one in kept]
        yield type(node).__name__, node.start, node.end, kept


def outcome(parsed: object, text: str) -> object:
    """The tree of a text, or what is wrong with it, as another parser has it."""
    assert callable(parsed)
    try:
        return [*exact(parsed(Source("x.nix", text)))]
    except DeclarationError as error:
        return [render(one) for one in error.diagnostics]


def stages(count: int) -> str:
    body = "".join(
        STAGE.replace("{number}", str(number)).replace("{{", "{").replace("}}", "}")
        for number in range(count)
    )
    return f"let\n  a = [ 1 2 3 ];\nin\n{{\n  stages = [\n{body}  ];\n  base = a;\n}}\n"


STARTS = [stages(4), *(case.text for case in okay_cases() if len(case.text) > 80)]
PIECES = [piece.text for text in STARTS for piece in scan(text)]


def edited(chance: random.Random, text: str, before: list[str]) -> str:
    at = chance.randrange(len(text) + 1)
    match chance.randrange(6):
        case 0:
            return text[:at] + text[at + chance.choice((1, 1, 2, 20)) :]
        case 1:
            return text[:at] + chance.choice(PIECES) + text[at:]
        case 2:
            return text[:at] + chance.choice(TYPED) + text[at + 1 :]
        case 3:
            return before[chance.randrange(len(before))]
        case 4:
            other = chance.randrange(len(text) + 1)
            return text[:at] + text[other : other + chance.randrange(90)] + text[at:]
        case _:
            return text[:at] + chance.choice(TYPED) + text[at:]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_text_that_was_edited_parses_as_if_it_were_new(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reparse, "LEAST", 1)
    chance = random.Random(seed)
    text = STARTS[0] if seed % 2 else chance.choice(STARTS)
    if seed % 5 == 1:
        text = text.replace("\n", "\r\n")
    parses, before = Parses(), [text]
    for _ in range(40):
        known = outcome(parses.parse, text)
        assert known == outcome(parse, text), before[-2:]
        before.append(text)
        # What does not parse is mostly undone, as a typist does.
        if isinstance(known[0], str) and chance.random() < 0.6:
            text = before[-2]
        text = edited(chance, text, before)


def test_what_is_not_touched_is_taken_over() -> None:
    parses = Parses()
    text = stages(40)
    tree = parses.parse(Source("x.nix", text))
    assert parses.parse(Source("x.nix", text)) is tree
    at = text.index('"s20"') + 1
    for number, new in enumerate(("x", "")):
        parses.parse(Source("x.nix", text[:at] + new + text[at:]))
        now = [piece.node for piece in parses.last["x.nix"].pieces.values()]
        before = {id(node) for node in nodes(tree)}
        kept = [node for node in now if id(node) in before]
        assert len(kept) >= 20, number


@given(closed, st.integers(-3, 500))
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_a_moved_tree_is_that_of_the_moved_text(text: str, by: int) -> None:
    tree = parse(Source("x", text))
    if by < 0:
        assert [*exact(moved(moved(tree, by), -by))] == [*exact(tree)]
        return
    there = parse(Source("x", " " * by + text))
    assert [*exact(moved(tree, by))] == [*exact(there)]


def test_deeply_nested_pieces_are_moved() -> None:
    parses = Parses()
    deep = "[" * 1_900 + "]" * 1_900
    text = f"{{\n  a = 1;\n  b = {deep};\n}}\n"
    parses.parse(Source("x", text))
    text = text.replace("1", "12")
    assert [*exact(parses.parse(Source("x", text)))] == [
        *exact(parse(Source("x", text)))
    ]
