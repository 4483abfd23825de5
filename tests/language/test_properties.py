"""What holds for all terms."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dynbuild.errors import DeclarationError
from dynbuild.lang import MemoryFiles, evaluate, format_source, parse, to_nix
from dynbuild.spans import Source
from tests.language.terms import closed, terms
from tests.language.unparse import unparse

RELAXED = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)


def value(text: str) -> str | None:
    try:
        return to_nix(evaluate(Source("x", text), files=MemoryFiles({})))
    except DeclarationError:
        return None


@RELAXED
@given(closed)
def test_a_printed_tree_parses_to_itself(text: str) -> None:
    tree = parse(Source("x", text))
    assert parse(Source("x", unparse(tree))) == tree


@RELAXED
@given(closed)
def test_formatting_is_idempotent_and_keeps_the_tree(text: str) -> None:
    spread = text.replace("; ", ";\n\n\n   ").replace("[ ", "[\n# note\n")
    formatted = format_source(Source("x", spread))
    assert parse(Source("x", formatted)) == parse(Source("x", text))
    assert format_source(Source("x", formatted)) == formatted


@RELAXED
@given(closed, st.sampled_from(['throw "poison"', "poison", '1 + "x"', "poison 1"]))
def test_a_poisoned_binding_that_nobody_needs_does_no_harm(
    text: str, poison: str
) -> None:
    assert value(f"let poison = {poison}; in {text}") == value(text)


@RELAXED
@given(closed)
def test_a_printed_value_is_a_source_of_itself(text: str) -> None:
    printed = value(text)
    if printed is not None and "«" not in printed and "<" not in printed:
        assert value(f"({printed})") in {printed, None}


@RELAXED
@given(terms())
def test_what_is_unbound_is_an_error_and_not_a_crash(text: str) -> None:
    value(text)
