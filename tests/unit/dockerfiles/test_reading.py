from textwrap import dedent

import pytest

from dynbuild.dockerfiles.model import CommentedLine
from dynbuild.dockerfiles.reading import at_line, read
from dynbuild.errors import DeclarationError, render
from dynbuild.spans import Source


def source(text: str) -> Source:
    return Source("Dockerfile", dedent(text).removeprefix("\n"))


def refusal(text: str) -> str:
    with pytest.raises(DeclarationError) as caught:
        read(source(text))
    (diagnostic,) = caught.value.diagnostics
    return render(diagnostic)


def test_instructions_have_their_lines_and_comments() -> None:
    found = read(
        source("""
            # syntax=docker/dockerfile:1
            # Licence

            # The version
            ARG V=1
            FROM debian:${V} AS Base
            # Tools,
            # all of them
            RUN --mount=type=cache,target=/c --network=none \\
                apt-get update && \\
                # why
                apt-get install -y \\
                  git

            CMD ["a"]
            # the end
            """)
    )
    assert found.header == ("Licence",)
    assert found.footer == ("the end",)
    assert [one.line for one in found.instructions] == [5, 6, 9, 15]
    arg, start, run, cmd = found.instructions
    assert arg.comments == ("The version",)
    assert found.stages[0].name == "base"
    assert start.words == ("debian:${V}", "AS", "Base")
    assert run.comments == ("Tools,", "all of them")
    assert run.flags == ("--mount=type=cache,target=/c", "--network=none")
    assert run.text == "apt-get update &&     apt-get install -y       git"
    assert [run.text[:cut] for cut in run.breaks] == [
        "apt-get update && ",
        "apt-get update &&     apt-get install -y ",
    ]
    assert run.inner == (CommentedLine(18, "why"),)
    assert cmd.is_json
    assert run.last == 13


def test_flags_in_quotes() -> None:
    found = read(source("FROM a\nCOPY --chown=\"a b\" --from='x' c d\n"))
    assert found.stages[0].instructions[0].text == "c d"


def test_documents() -> None:
    found = read(
        source("""
            FROM debian
            COPY <<A <<'B' /x/
            one $V
            A
            two
            B
            RUN <<-E
            \tx
            E
            """)
    )
    copy, run = found.stages[0].instructions
    assert [(one.name, one.text, one.expands) for one in copy.heredocs] == [
        ("A", "one $V\n", True),
        ("B", "two\n", False),
    ]
    assert run.heredocs[0].text == "x\n"
    assert run.breaks == ()


def test_the_escape_directive_and_windows_line_ends() -> None:
    found = read(source("# escape=`\nFROM a\nRUN a `\n  b\nWORKDIR C:\\x\n"))
    assert found.escape == "`"
    assert found.stages[0].instructions[0].text == "a   b"
    ends = read(Source("Dockerfile", "FROM a\r\nRUN x && \\\r\n  y\r\n"))
    assert ends.stages[0].instructions[0].text == "x &&   y"
    assert len(ends.stages[0].instructions[0].breaks) == 1


def test_an_empty_line_within_an_instruction() -> None:
    found = read(source("FROM a\nRUN x && \\\n\n  y\n"))
    assert found.stages[0].instructions[0].text == "x &&   y"


def test_a_text_that_stands_in_none_of_its_lines() -> None:
    """Where words are taken out of a line, what is where is not told."""
    found = read(source("FROM a\nONBUILD RUN x\nRUN   \\\n  x\n"))
    assert found.stages[0].instructions[0].words == ("RUN x",)
    assert found.stages[0].instructions[1].text == "x"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Dockerfile:1:1: error[DB0332]: not a Dockerfile: it is empty"),
        ("# only\n", "not a Dockerfile: it is empty"),
        ("ARG x\n", "Dockerfile:1:1: error[DB0332]: not a Dockerfile: it has no FROM"),
        ("RUN x\nFROM a\n", "RUN stands before the first FROM"),
        (
            "FROM a\n\nFORM b\n",
            "Dockerfile:3:1: error[DB0332]: not a Dockerfile: unknown",
        ),
        ("FROM a\nRUN <<E\nx\n", "Dockerfile:2:1: error[DB0332]: not a Dockerfile"),
        ("FROM a AS\n", "FROM is `FROM IMAGE` or `FROM IMAGE AS NAME`"),
        ("FROM a\nWORKDIR\n", "WORKDIR needs an argument"),
        ("FROM a\nENV x\n", "ENV must have two arguments"),
        (
            "# syntax=example.org/other:1\nFROM a\n",
            "Dockerfile:1:1: error[DB0332]: not a Dockerfile: it is for another reader",
        ),
        ("# escape=x\nFROM a\n", "invalid escape token"),
    ],
)
def test_what_is_no_dockerfile(text: str, told: str) -> None:
    assert told in refusal(text)


def test_an_ordinary_syntax_line_is_no_matter() -> None:
    for name in ("docker/dockerfile:1.7-labs", "docker.io/docker/dockerfile:1"):
        assert read(source(f"# syntax={name}\nFROM a\n")).stages


def test_a_span_is_within_the_text() -> None:
    text = source("  FROM a  \nRUN x")
    assert at_line(text, 1).place == "Dockerfile:1:3"
    assert at_line(text, 9).place == "Dockerfile:2:1"


def test_a_text_that_goes_on_at_the_end() -> None:
    found = read(source("FROM a\nRUN x \\\n"))
    assert found.stages[0].instructions[0].text == "x"
