"""Readings as bytes: those of a tier are anybody's."""

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynbuild.inside import codec
from dynbuild.inside.codec import UnreadableReadingsError, dumps, loads
from dynbuild.inside.model import Archive, Package, Reading

WORDS = st.text(st.characters(categories=["L", "N", "P"]), max_size=8)
PACKAGES = st.builds(
    Package,
    st.sampled_from(["apk", "deb", "npm", "pypi", "rpm"]),
    *[WORDS] * 6,
    st.lists(WORDS, max_size=3).map(tuple),
)
ARCHIVES = st.builds(
    Archive,
    WORDS,
    WORDS,
    st.lists(WORDS, max_size=2).map(tuple),
    st.sampled_from(["deb", "apk", "rpm"]),
    st.booleans(),
)
READINGS = st.builds(
    Reading,
    st.lists(PACKAGES, max_size=3).map(tuple),
    st.none() | st.tuples(WORDS, WORDS),
    WORDS,
    WORDS,
    st.lists(ARCHIVES, max_size=2).map(tuple),
    st.lists(WORDS, max_size=2).map(tuple),
    WORDS,
)


@given(st.dictionaries(WORDS, READINGS, max_size=3))
def test_what_is_written_is_read(readings: dict[str, Reading]) -> None:
    assert loads(dumps(readings)) == readings


def packed(facts: object) -> bytes:
    return zlib.compress(json.dumps(facts).encode())


def file(**row: object) -> bytes:
    return packed({"version": 4, "files": {"x": row}})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"junk",
        zlib.compress(b"junk"),
        dumps({"x": Reading()})[:-3],
        packed([]),
        packed({"version": 1, "files": {}}),
        packed({"version": 5, "files": {}}),
        packed({"version": 4, "files": []}),
        packed({"version": 4, "files": {"x": 7}}),
        file(packages=7),
        file(packages=[[]]),
        file(packages=[["deb"]]),
        file(packages=[["exe", "a", "1", "", "", "", "", []]]),
        file(packages=[["deb", 7, "1", "", "", "", "", []]]),
        file(packages=[["deb", "a", "1", "", "", "", "", "needs"]]),
        file(packages=[["deb", "a", "1", "", "", "", "", [7]]]),
        file(distribution=["a"]),
        file(distribution=7),
        file(distribution=[1, 2]),
        file(licence=7),
        file(problem=[]),
        file(archives=[["http://a", "stable", "main", "deb", False]]),
        file(archives=[["http://a", 7, [], "deb", False]]),
        file(archives=[["http://a", "stable", [], "exe", False]]),
        file(archives=[["http://a", "stable", []]]),
        file(variable=7),
        zlib.compress(b"[" * 100_000),
        zlib.compress(b" " * (65 << 20)),
    ],
    ids=range(28),
)
def test_what_is_none_is_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableReadingsError):
        loads(data)


def test_what_a_tier_says_is_safe_to_show() -> None:
    data = file(packages=[["deb", "a\x1b[2J", "1", "", "", "", "", []]])
    assert loads(data)["x"].packages[0].name == "a\N{REPLACEMENT CHARACTER}[2J"


def test_too_much_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "LARGEST", 200)
    many = {f"{n * 7919}": Reading(licence=f"{n * 104729}") for n in range(99)}
    (only,) = loads(dumps(many)).values()
    assert only.problem.startswith("it says more than is kept")
