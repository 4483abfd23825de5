"""Each spelling, by example; tests/properties and tests/engine say the rest."""

from __future__ import annotations

import pytest

from dynbuild import quote
from dynbuild.quote import UnfitError


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a/b-c_1.2:3=4,5@6%7+8", "a/b-c_1.2:3=4,5@6%7+8"),
        ("", "''"),
        ("a b", "'a b'"),
        ("it's", "'it'\"'\"'s'"),
        ("$HOME", "'$HOME'"),
    ],
)
def test_shell(text: str, written: str) -> None:
    assert quote.shell(text) == written
    assert quote.words([text, "x"]) == f"{written} x"


@pytest.mark.parametrize(
    ("source", "target", "written"),
    [
        ("src/a.txt", "/app/", "src/a.txt /app/"),
        (".", "/", ". /"),
        ("a b", "/c", '["a b", "/c"]'),
        ("a*", "/a*", r'["a[\\\\*]", "/a*"]'),
        ("$x", "/$x", r'["\\$x", "/\\$x"]'),
        ("!x", "/!x", r'["[\\\\!]x", "/!x"]'),
        ("x!", "/", '["x!", "/"]'),
        (" x", "/", '["[ ]x", "/"]'),
        ("\ufeffx", "/", r'["[\ufeff]x", "/"]'),
        ("<<EOF", "/", r'["[\\\\<][\\\\<]EOF", "/"]'),
        ("git@x:y", "/", r'["git@x[\\\\:]y", "/"]'),
        ("--from=x", "/", '["--from=x", "/"]'),
        ("x", "/\u202e\U000e0041\n", r'["x", "/\u202e\udb40\udc41\n"]'),
    ],
)
def test_copy_paths(source: str, target: str, written: str) -> None:
    assert quote.copy_paths([source], target) == written


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("/a/*.whl", "/a/*.whl /to/"),
        ("/?", "/? /to/"),
        ("*", '["*", "/to/"]'),
        ("/a b/*", '["/a b/*", "/to/"]'),
        ("/[a-z]*[^0]", '["/[a-z]*[^0]", "/to/"]'),
        ("/[*]?", '["/[*]?", "/to/"]'),
        ("/[*", r'["/[\\\\[]*", "/to/"]'),
        ("/[a b]*", r'["/[\\\\[]a b]*", "/to/"]'),
        ("/^:*", r'["/[\\\\^][\\\\:]*", "/to/"]'),
        ("!*", r'["[\\\\!]*", "/to/"]'),
        (r"/\*", r'["/[\\\\\\\\]*", "/to/"]'),
        ("/${TARGETARCH}/${B}*", r'["/${TARGETARCH}/\\${B}*", "/to/"]'),
    ],
)
def test_patterns_are_those_of_the_builder(source: str, written: str) -> None:
    assert quote.copy_patterns([source], "/to/", ["TARGETARCH"]) == written


def test_several_sources_are_one_copy() -> None:
    assert quote.copy_paths(["a", "b"], "/x/") == "a b /x/"
    assert quote.copy_paths(["a", "b c"], "/x/") == '["a", "b c", "/x/"]'
    with pytest.raises(UnfitError, match="a source and a target"):
        quote.copy_paths(["a", ""], "/x/")


def test_some_variables_of_a_copy_stay() -> None:
    path = "/out/${TARGETARCH}/${HOME}/$TARGETARCH"
    written = quote.copy_paths([path], "/x", ["TARGETARCH"])
    assert written == r'["/out/${TARGETARCH}/\\${HOME}/\\$TARGETARCH", "/x"]'


def test_what_is_bound_is_one_path() -> None:
    assert quote.bound("/a/b") == "/a/b"
    for path in ("a*", "a?", "a[b]", "a,b", "a b"):
        with pytest.raises(UnfitError):
            quote.bound(path)


def test_a_written_file() -> None:
    assert quote.document("") == ["<<'EOF'", "EOF"]
    assert quote.document("a\n\nEOF \n") == ["<<'EOF1'", "a", "", "EOF ", "EOF1"]
    assert quote.document("a") == ["<<'EOF'", "a", "EOF"]
    assert quote.written("/etc/a-b.conf") == "/etc/a-b.conf"
    for text in ("a\r", "\0"):
        with pytest.raises(UnfitError, match="carriage return"):
            quote.document(text)
    for path in ("/", "a", "/a b", "/a/", "/$x", '/"', "/a\n"):
        with pytest.raises(UnfitError, match="plain absolute"):
            quote.written(path)


def test_lists_in_json() -> None:
    assert quote.exec_form([]) == "[]"
    assert quote.exec_form(["$x", "é\n\u200b"]) == r'["$x", "é\n\u200b"]'
    assert quote.command(["sh", ""]) == '["sh", ""]'
    assert quote.volumes(["/a", "/$b"]) == r'["/a", "/\\$b"]'


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("/app", "/app"),
        ("/a b", '"/a b"'),
        ("/$x", r'"/\$x"'),
        ("--x", '"--x"'),
        ('a"\\', r'"a\"\\"'),
    ],
)
def test_argument(text: str, written: str) -> None:
    assert quote.argument(text) == written
    assert quote.label(text) == written


@pytest.mark.parametrize("text", ["a || b", '[ "$a" = b ] # \\ c', "[x", '"a"'])
def test_a_line_for_the_shell(text: str) -> None:
    assert quote.shell_line(text) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a\nb", "line end"),
        ("", "empty"),
        (" a", "blanks"),
        ("a \\", "backslash"),
        ('["a"] && b', "list"),
        ("[" * 100_000, "list"),
    ],
)
def test_no_line_for_the_shell(text: str, why: str) -> None:
    with pytest.raises(UnfitError, match=why):
        quote.shell_line(text)


def test_names() -> None:
    assert quote.stage("Web-1") == "web-1"
    assert quote.variable("_A1") == "_A1"
    assert quote.account("app:1000") == "app:1000"
    assert quote.port("8000-8010/udp") == "8000-8010/udp"
    assert quote.reference("[::1]:5000/x:1") == "[::1]:5000/x:1"
    assert quote.name("stable") == "stable"


def test_no_line_end_at_the_end() -> None:
    with pytest.raises(UnfitError):
        quote.variable("A\n")
    with pytest.raises(UnfitError):
        quote.stage("a\n")


def test_a_comment_shows_what_nobody_sees() -> None:
    text = "a\tb\nRUN \u202e\u200b\u2028\x1b\uffa0é\ud800\\"
    shown = r"a\tb\nRUN \u202e\u200b\u2028\x1b\uffa0é\ud800" + "\\"
    assert quote.comment(text) == shown
    assert quote.unseen([text, "\u200b"]) == (
        "U+000A",
        "U+001B",
        "U+200B",
        "U+2028",
        "U+202E",
        "U+D800",
        "U+FFA0",
    )
    assert quote.unseen(["plain", "\ttab é 中文 \N{PILE OF POO}"]) == ()


def test_heredoc() -> None:
    assert quote.heredoc("a\nb") == ["<<'EOF'", "a", "b", "EOF"]
    assert quote.heredoc("EOF\r\n EOF1")[0] == "<<'EOF2'"
    with pytest.raises(UnfitError, match="#!"):
        quote.heredoc("#!/bin/sh\ntrue")
