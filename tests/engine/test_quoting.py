"""Hostile strings in a real build: out as they went in, or refused, never run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.engine.quoting_cases import Given, one_build
from tests.unit.emit.hostile import FRAGMENTS, texts

if TYPE_CHECKING:
    from pathlib import Path


def test_all_fragments(
    engine: dict[str, str], busybox_base: str, tmp_path: Path
) -> None:
    one_build(Given(list(FRAGMENTS)), engine, busybox_base, tmp_path)


@given(strings=st.lists(texts, min_size=30, max_size=45, unique=True))
@settings(
    max_examples=3,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # a build for each step is too slow
    suppress_health_check=list(HealthCheck),
)
def test_generated_strings(
    engine: dict[str, str],
    busybox_base: str,
    tmp_path_factory: pytest.TempPathFactory,
    strings: list[str],
) -> None:
    one_build(Given(strings), engine, busybox_base, tmp_path_factory.mktemp("build"))


@pytest.mark.slow
@given(strings=st.lists(texts, min_size=30, max_size=45, unique=True))
@settings(
    max_examples=40,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
def test_many_generated_strings(
    engine: dict[str, str],
    busybox_base: str,
    tmp_path_factory: pytest.TempPathFactory,
    strings: list[str],
) -> None:
    one_build(Given(strings), engine, busybox_base, tmp_path_factory.mktemp("build"))
