"""Patterns mean what they mean to Docker: compared with docker-py's own matcher."""

import pytest
from docker.utils.build import PatternMatcher
from hypothesis import given
from hypothesis import strategies as st

from dynbuild.project.ignore import dockerignore, ignored

NAMES = st.sampled_from(["a", "b", "a.log", "src", "node_modules", ".git", "x y"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
PARTS = st.sampled_from(["a", "*", "**", "?", "*.log", "src", "node_*", "[ab]", ".git"])
PATTERNS = st.builds(
    lambda parts, negated: ("!" if negated else "") + "/".join(parts),
    st.lists(PARTS, min_size=1, max_size=3),
    st.booleans(),
)


@given(st.lists(PATTERNS, max_size=4), PATHS)
def test_as_docker(patterns: list[str], path: str) -> None:
    theirs = PatternMatcher(patterns).matches(path)
    assert (path in ignored(patterns)) == theirs


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("*.log", "a.log", True),
        ("*.log", "sub/a.log", False),
        ("**/*.log", "sub/deep/a.log", True),
        ("node_modules", "node_modules/x/y", True),
        ("/build/", "build/x", True),
        ("# comment\n\n  tmp  \n", "tmp", True),
        ("docs\n!docs/keep.md", "docs/keep.md", False),
        ("docs\n!docs/keep.md", "docs/other.md", True),
        ("a\\*b", "a*b", True),
        ("a\\*b", "axb", False),
        ("[^a]x", "bx", True),
        ("[^a]x", "ax", False),
        (".", "anything", False),
    ],
)
def test_examples(text: str, path: str, *, expected: bool) -> None:
    assert (path in dockerignore(text)) == expected
