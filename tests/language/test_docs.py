"""The reference page is true: its examples run, its tables are those of the code."""

import pytest

from dynbuild.lang import evaluate, to_nix
from dynbuild.spans import Source
from tests.language.docs import PAGE, examples, generated

TEXT = PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(("source", "value"), examples(TEXT))
def test_example(source: str, value: str) -> None:
    assert to_nix(evaluate(Source("/dynbuild.nix", source))) == value


def test_tables_are_up_to_date() -> None:
    assert generated(TEXT) == TEXT
