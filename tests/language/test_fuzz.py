"""Broken sources give errors, and nothing worse."""

import os

import pytest

from tests.language.corpus import memory_files
from tests.language.fuzz import inputs, survive

FILES = memory_files()


def test_a_few_broken_sources() -> None:
    for text in inputs(300, seed=20):
        survive(text, FILES)


@pytest.mark.slow
def test_a_million_broken_sources() -> None:
    for text in inputs(int(os.environ.get("DYNBUILD_FUZZ", "1000000")), seed=21):
        survive(text, FILES)
