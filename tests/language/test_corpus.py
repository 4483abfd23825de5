"""Every chunk of the corpus gives the value, or the errors, that stand beside it."""

import pytest
from lark.exceptions import UnexpectedInput, UnexpectedToken

from dynbuild.errors import DeclarationError
from dynbuild.lang import evaluate, format_source, parse, to_nix
from dynbuild.lang.driver import Stopped, driver
from dynbuild.lang.grammar import parser
from dynbuild.spans import Source
from tests.language.corpus import (
    Case,
    expected_messages,
    fail_cases,
    memory_files,
    okay_cases,
)

FILES = memory_files()
OKAY = okay_cases()
FAIL = fail_cases()


def run(text: str) -> str:
    return to_nix(evaluate(Source("/case.nix", text), files=FILES))


@pytest.mark.parametrize("case", OKAY, ids=[case.name for case in OKAY])
def test_okay(case: Case) -> None:
    assert run(case.text) == case.expected


@pytest.mark.parametrize("case", FAIL, ids=[case.name for case in FAIL])
def test_fail(case: Case) -> None:
    with pytest.raises(DeclarationError) as caught:
        run(case.text)
    found = [
        (
            diagnostic.span.source.position(diagnostic.span.start)[0]
            if diagnostic.span and diagnostic.span.source.name == "/case.nix"
            else case.text.count("\n") + 1,
            diagnostic.message,
        )
        for diagnostic in caught.value.diagnostics
    ]
    assert sorted(found) == sorted(expected_messages(case.text))
    assert all(each.code.startswith("DB02") for each in caught.value.diagnostics)


@pytest.mark.parametrize("case", OKAY, ids=[case.name for case in OKAY])
def test_the_driver_makes_the_tree_that_lark_makes(case: Case) -> None:
    assert driver().parse(case.text) == parser().parse(case.text)


def stop_of_lark(text: str) -> tuple[int, set[str]] | None:
    """Where Lark itself stops, and what would fit there."""
    attempt = parser().parse_interactive(text)
    try:
        attempt.exhaust_lexer()
        attempt.feed_eof()
    except UnexpectedInput as error:
        end = isinstance(error, UnexpectedToken) and error.token.type == "$END"
        return len(text) if end else error.pos_in_stream or 0, attempt.accepts()
    return None


@pytest.mark.parametrize("case", FAIL, ids=[case.name for case in FAIL])
def test_the_driver_stops_where_lark_does(case: Case) -> None:
    expected = stop_of_lark(case.text)
    if expected is None:
        assert driver().parse(case.text) == parser().parse(case.text)
        return
    with pytest.raises(Stopped) as caught:
        driver().parse(case.text)
    assert (caught.value.position, caught.value.accepts) == expected


@pytest.mark.parametrize("case", OKAY, ids=[case.name for case in OKAY])
def test_format_keeps_the_meaning(case: Case) -> None:
    source = Source("/case.nix", case.text)
    formatted = Source("/case.nix", format_source(source))
    assert parse(formatted) == parse(source)
    assert format_source(formatted) == formatted.text


def test_the_corpus_is_large() -> None:
    assert len(OKAY) + len(FAIL) >= 1000
