"""Entries against real shells: nothing that a shell can read is refused, and nothing
that would swallow the line after it is taken for complete."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dynbuild.declaration.scripts.entry import incomplete, read_entry
from tests import shells

WORDS = st.sampled_from(
    [
        *("a", "'b c'", '"d $x"', '"$(e)"', "$(f)", "${g}", "${h:-i}", "`j`", "k=l"),
        *("$((1+(2)))", "m#", "# n\\", "[", "]", "!", "{", "}", "(", ")", "if", "then"),
        *("elif", "else", "fi", "for", "x", "in", "while", "until", "do", "done"),
        *("case", "esac", "esac)", "y)", ";;", ";", "&", "&&", "||", "|", ">", "<"),
        *("2>&1", "f()", "function", "\\", "'", '"', "`", "$(", "${", "((", "))"),
        *("<<E", "E"),
    ]
)
BLANKS = st.sampled_from([" ", " ", " ", "\n", "", "\\\n"])
WHOLE = st.sampled_from(
    [
        "if a; then b; fi",
        "for x in a b; do c; done",
        "while a; do b; done",
        "case x in a) b;; (c|d) e; esac",
        "f() { a; }",
        "( a; b )",
        "{ a; b; }",
        "cat <<E\n'x\nE",
        "x=$(a \"b $(c 'd)')\")",
        "a && b",
        "a || b | c",
        "! a",
        "a \\\n b # c'",
    ]
)
LISTS = st.recursive(
    WHOLE,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["\n", "\n\n"]), inner).map("".join),
        inner.map("if a\nthen {}\nfi".format),
        inner.map("for x in b c\ndo {}\ndone".format),
        inner.map("case $x in\n(a) {}\n;;\nesac".format),
        inner.map("{{\n{}\n}}".format),
        inner.map("(\n{}\n)".format),
        inner.map("f()\n{{ {}\n}}".format),
        inner.map("x=$(\n{}\n)".format),
        inner.map('echo "$(\n{}\n)"'.format),
    ),
    max_leaves=6,
)
SOUP = st.lists(st.tuples(WORDS, BLANKS), max_size=8).map(
    lambda pairs: "".join(word + blank for word, blank in pairs)
)
LINE = "\n(exit $?)"
DOCUMENTS = st.tuples(
    st.sampled_from(["<<E", "<<-E", "<<'E'", '<<-"E"', "<<\\E"]),
    st.lists(
        st.sampled_from(["x", "", "\\", "x\\", "x\\\\", "\\\\\\", "E", "\tE", "E\\"]),
        max_size=5,
    ),
).map(lambda drawn: "\n".join([f"cat {drawn[0]}", *drawn[1], "E"]))


def ends_open(text: str) -> bool:
    """What a shell forgives at the end of its input, and of nothing else."""
    whole = text.replace("\\\n", "")
    return (
        whole.rstrip().endswith(("\\", "!")) or text.endswith("\\\n") or "<<" in whole
    )


@pytest.mark.parametrize("name", ["dash", "bash"])
@settings(max_examples=60, deadline=None)
@given(text=LISTS)
def test_what_is_whole_is_taken(name: str, text: str) -> None:
    assert shells.parses(name, text + LINE)
    assert read_entry(text).missing is None


@pytest.mark.parametrize("name", ["dash", "bash"])
@settings(max_examples=200, deadline=None)
@given(text=SOUP)
@example(text="a &&")
@example(text="case x in y)")
@example(text="a <<E")
@example(text="! > a ")
@example(text='"$(e)" && ')
@example(text="`j` |")
def test_what_a_shell_reads_alone_is_taken_and_nothing_swallows(
    name: str, text: str
) -> None:
    if "${$" in text.replace("\\\n", ""):
        return  # no name of a variable: where it ends, shells do not agree
    of_bash = ("function", "[[")
    if name == "dash" and any(word in text.replace("\\\n", "") for word in of_bash):
        return  # a command like any other there
    alone = shells.parses(name, text)
    missing = read_entry(text).missing
    if alone and not ends_open(text):
        assert missing is None
    if missing is None and shells.parses(name, text + LINE):
        assert alone


@pytest.mark.parametrize("name", shells.NAMES)
@settings(max_examples=100, deadline=None)
@given(text=DOCUMENTS)
@example(text="cat <<E\nx\\\nE")
def test_no_document_swallows_what_comes_behind(name: str, text: str) -> None:
    if read_entry(text).missing is None:
        done = shells.run(name, f"{text}\n(exit 7)", Path("/"))
        assert done.returncode == 7


@settings(max_examples=60, deadline=None)
@given(text=LISTS, data=st.data())
def test_what_is_cut_is_joined_again(text: str, data: st.DataObject) -> None:
    """Lines of one command, written as entries: the hint joins them again."""
    lines = text.split("\n")
    cut = data.draw(st.integers(1, len(lines)))
    entries = ["\n".join(lines[:cut]), *lines[cut:]]
    for start, end, _ in incomplete(entries):
        joined = "\n".join(entries[start:end])
        if read_entry(joined).missing is None:
            assert shells.parses("dash", joined + LINE)


@settings(max_examples=300, deadline=None)
@given(text=st.text("aif; then(){}[]<>&|$'\"`\\\n#=!e", max_size=60))
def test_any_text_is_read(text: str) -> None:
    read_entry(text)
