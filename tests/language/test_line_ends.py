"""A source means the same whatever line ends an editor or a checkout chose for it."""

import pytest

from dynbuild.lang import parse
from dynbuild.spans import Source
from tests.language.corpus import Case, okay_cases
from tests.language.test_corpus import run

WITHOUT_RETURNS = [case for case in okay_cases() if "\r" not in case.text]


@pytest.mark.parametrize(
    "case", WITHOUT_RETURNS, ids=[case.name for case in WITHOUT_RETURNS]
)
def test_crlf_gives_what_lf_gives(case: Case) -> None:
    other = case.text.replace("\n", "\r\n")
    assert parse(Source("/case.nix", other)) == parse(Source("/case.nix", case.text))
    assert run(other) == case.expected


@pytest.mark.parametrize(
    "text",
    [
        "''\n  a\n  b\n''",
        "''  \n  a\n''",
        "''\n\n  a\n    b\n  ''",
        "''\n  a\n  \n  b\n''",
        "''${\"x\"}\n  a\n''",
        "''\n  $\n  a'\n  b''\\\n  c\n''",
        '"a\\\nb"',
        '"$\\\n"',
        '"a\n\n${"b"}\n"',
        "{\n  a = ''\n    x\n\n    ${\"y\"}\n  ''; # z\n  /* z\n */\n}",
    ],
)
def test_crlf_in_texts(text: str) -> None:
    assert run(text.replace("\n", "\r\n")) == run(text)


def test_a_return_alone_is_kept_as_in_nix() -> None:
    assert run("''a\rb''") == '"a\\rb"'
    assert run('"a\rb"') == '"a\\nb"'
