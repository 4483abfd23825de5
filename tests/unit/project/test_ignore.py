"""Patterns mean what they mean to Docker: compared with docker-py's own matcher.

It forgets of ``**`` that what lies in a directory that matches does so too, as moby's
``patternmatcher`` has it: it is asked of each directory on the way.
"""

import posixpath
import re

import pytest
from docker.utils.build import PatternMatcher
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dynbuild.project.ignore import PatternError, dockerignore, ignored

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
    parts = path.split("/")
    on_the_way = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
    theirs = False
    for pattern in patterns:
        one = PatternMatcher([pattern.removeprefix("!")])
        if any(one.matches(each) for each in on_the_way):
            theirs = not pattern.startswith("!")
    assert (path in ignored(patterns)) == theirs


def naive(pattern: str) -> re.Pattern[str]:
    """As Go's engine is asked, for one that goes back and forth."""
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    spelled = re.sub(r"(?<=.)\*\*/?$", "\0", pattern)
    found = re.findall(r"\0|\*\*/?|\[.*?\]|.", spelled)
    return re.compile(
        "".join(
            ".*"
            if part == "\0"
            else words["**/"]
            if part.startswith("**")
            else words.get(part, part if part[0] == "[" else re.escape(part))
            for part in found
        )
    )


@settings(max_examples=1000)
@given(st.text("ab*?/", min_size=2, max_size=9), st.text("ab/", min_size=1, max_size=9))
def test_nothing_is_missed_by_going_straight_on(pattern: str, path: str) -> None:
    clean, path = posixpath.normpath(pattern).lstrip("/"), path.strip("/")
    assume(clean != "." and path and "//" not in path)
    # A name after ** alone has a meaning of its own; three stars are two and one.
    assume(not re.fullmatch(r"\*\*[^*?/\[]*", clean))
    wanted = naive(clean)
    ends = [at for at, one in enumerate(path) if one == "/"] + [len(path)]
    theirs = any(wanted.fullmatch(path[:end]) for end in ends)
    assert (path in ignored([clean])) == theirs


@pytest.mark.parametrize(
    "pattern",
    [
        "**/" * 25 + "x",
        "**/a*/" * 12 + "x",
        "*a" * 60 + "b",
        "**/" + "*a" * 60 + "b",
        "a**" * 25 + "x",
        "a**b*" * 12 + "x",
        "*?" * 60 + "x",
    ],
)
def test_no_pattern_takes_long(pattern: str) -> None:
    """Going back and forth would take longer than anybody waits."""
    rules = ignored([pattern])
    for path in ("a/" * 200 + "y", "a" * 255, "ab/" * 100 + "a" * 200):
        assert path not in rules


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


@pytest.mark.parametrize(
    ("pattern", "left_out", "kept"),
    [
        ("a/**b", "a/b a/x/b a/xx/b/c", "a/xb a/x/yb"),
        ("a**b", "ab a/b a/x/b ax/b", "axb ax/yb"),
        ("a**/b", "ab a/b ax/b", "axb"),
        ("a**", "ab a/b", "b"),
        ("**b", "b xb a/xb zab ax/yb", "bx"),
        ("**b/c", "b/c xb/c a/b/c", "b"),
        ("**foo*", "foo foobar a/foobar a/foo/r", "xfoo a/xfoo"),
        ("***foo", "foo xfoo a/xfoo", "foobar"),
        ("**/**b", "b x/b", "xb"),
        ("a/***", "a/b a/x/b", "a"),
        ("a***b", "ab axb ax/yb a-b", "b"),
        ("a[!c]b", "acb a!b", "axb"),
        ("a[[]b", "a[b", "ab"),
        ("a[\\]]b", "a]b", "ab"),
        ("a[b-dx]b", "acb axb", "aeb"),
        ("a(b|c)+.$", "a(b|c)+.$", "ab"),
    ],
)
def test_as_buildkit(pattern: str, left_out: str, kept: str) -> None:
    """As seen in builds, in .dockerignore and in COPY --exclude alike."""
    rules = ignored([pattern])
    assert [path for path in left_out.split() if path not in rules] == []
    assert [path for path in kept.split() if path in rules] == []


@pytest.mark.parametrize(
    "pattern",
    [
        "[z-a]",
        "[a",
        "a[]]b",
        "a[]b]b",
        "a[-c]b",
        "a[c-]b",
        "a[^]b]b",
        "a\\",
        "[]",
        "!",
        "a/[",
    ],
)
def test_what_buildkit_refuses(pattern: str) -> None:
    with pytest.raises(PatternError, match="syntax error in pattern"):
        ignored([pattern])
