"""Prices in a few words."""

import pytest

from dynbuild.editor.lens import Estimate, spoken
from dynbuild.explain.price import Price


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.44, "0.4 s"), (12.4, "12 s"), (240, "4 min"), (9000, "2.5 h")],
)
def test_a_duration_is_as_precise_as_an_estimate(seconds: float, text: str) -> None:
    assert spoken(seconds) == text


def estimate(price: Price, *unknown: str, runs: tuple[str, ...] = ("b",)) -> Estimate:
    names = ("a", "b", "c", "d")
    return Estimate(
        runs,
        price,
        seqs={"a": 1, "b": 2, "e": 3},
        stands_on={"a": [], "b": ["a"], "e": names},
        sources={"a": "s3"},
        seconds={"a": 3.0},
        unknown=unknown,
    )


def test_what_is_not_known_counts_as_at_least() -> None:
    whole = Price(240.0)
    assert estimate(whole).summary() == "≈ runs 1 step again, about 4 min"
    assert estimate(whole, "x").summary() == "≈ runs 1 step again, at least 4 min"
    part = Price(240.0, ("b",))
    assert estimate(part).summary() == "≈ runs 1 step again, at least 4 min"
    none = estimate(Price(0.0, ("b",)), runs=("a", "b"))
    assert none.summary() == "≈ runs 2 steps again, for a time not measured yet"
    assert estimate(Price(0.0), runs=()).summary() == "≈ runs nothing again"


def test_a_stage_tells_where_it_stands() -> None:
    told = estimate(Price(240.0))
    assert told.of_stage("a") == "seq 1 · on the base · held: s3 · took 3.0 s"
    assert told.of_stage("b") == "seq 2 · on a · runs again, not measured yet"
    assert told.of_stage("e") == "seq 3 · on a, b, c and 1 more · held: local"
    assert told.of_stage("x") is None
    measured = estimate(Price(3.0), runs=("a",))
    assert measured.of_stage("a") == "seq 1 · on the base · runs again, ≈ 3.0 s"
