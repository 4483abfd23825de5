"""What names refer to, and which attributes are known without evaluating."""

import pytest
from hypothesis import given, settings

from dynbuild.editor.infer import Inference, NixFile
from dynbuild.editor.scopes import names_in
from dynbuild.errors import DeclarationError
from dynbuild.lang.parser import parse
from dynbuild.spans import Source
from tests.language.terms import terms

OTHER = '{ release }: { name = "other"; commands = [ release ]; }'


def file_of(text: str, name: str = "dynbuild.nix") -> NixFile:
    source = Source(name, text)
    tree = parse(source)
    return NixFile(source, tree, names_in(tree))


@pytest.mark.parametrize(
    ("text", "kind", "uses"),
    [
        ("let |x = 1; in [ x x ]", "let", 2),
        ("let |x = 1; in let x = 2; in x", "let", 0),
        ("let |x = 1; in { inherit x; }", "let", 1),
        ("{ |x, y ? x }: x", "parameter", 2),
        ("|x: y: [ x y ]", "parameter", 1),
        ("{ a }@|x: x.a", "parameter", 1),
        ("rec { |x = 1; y = x; }", "attribute", 1),
        ("{ |x = 1; y = 2; }", "attribute", 0),
        ("let |x.a = 1; x.b = 2; in x", "let", 1),
        ("let |x = 1; in with { x = 2; }; x", "let", 1),
        ("let |x = 1; y = assert x == 1; if x < 2 then x else 3; in y", "let", 3),
        ("let |x = { }; in { ${x} = 1; inherit (x) a; b.${x} = 2; }", "let", 3),
    ],
)
def test_a_name_has_its_uses(text: str, kind: str, uses: int) -> None:
    at, file = text.index("|"), file_of(text.replace("|", ""))
    binder = file.names.binder_at(at)
    assert binder
    assert (binder.name, binder.kind, binder.start) == ("x", kind, at)
    assert len(file.names.uses_of(binder)) == uses
    for use in file.names.uses_of(binder):
        assert file.names.binder_at(use.start) == binder
        assert file.source.text[use.start : use.end] == "x"


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("{ a = 1; b.c = 2; }", ["a", "b"]),
        ("let y = { a = 1; }; in y", ["a"]),
        ("{ a = 1; } // { b = 2; }", ["a", "b"]),
        ("if c then { a = 1; } else { b = 2; }", ["a", "b"]),
        ("with c; assert c; { a = 1; }", ["a"]),
        ("let f = { n }: { a = n; }; in f { n = 1; }", ["a"]),
        ("let f = a: b: { inherit a b; }; in f 1 2", ["a", "b"]),
        ("{ a = { b = 1; }; }.a", ["b"]),
        ("{ a = 1; }.b", []),
        ('import ./other.nix { release = "1"; }', ["commands", "name"]),
        ("import ./gone.nix", []),
        ("import (./. + x)", []),
        ("let y = y; in y", []),
        ("(f 1) 2", []),
        ("1", []),
    ],
)
def test_attributes_are_known_without_evaluating(value: str, names: list[str]) -> None:
    file, other = file_of(f"c: f: x: {value}"), file_of(OTHER, "other.nix")
    inference = Inference(lambda _, name: other if name == "./other.nix" else None)
    body = file.tree
    for _ in range(3):
        body = body.body  # type: ignore[union-attr]
    assert sorted(inference.attributes(file, body)) == names


@settings(max_examples=60)
@given(terms())
def test_every_use_names_what_it_stands_for(text: str) -> None:
    try:
        file = file_of(text)
    except DeclarationError:
        return
    for use in file.names.uses:
        assert file.source.text[use.start : use.end] == use.binder.name
