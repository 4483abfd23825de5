"""Whatever a Dockerfile says, each instruction has a note, and nothing crashes."""

import tomllib

import dockerfile
from hypothesis import given
from hypothesis import strategies as st

from dynbuild.dockerfiles.convert import Conversion, convert
from dynbuild.dockerfiles.shell import read_script
from dynbuild.errors import DeclarationError
from dynbuild.spans import Source

WORDS = st.sampled_from(
    [
        *(
            "a",
            "/x",
            "b/",
            ".",
            "$A",
            "${A:-b}",
            "'$A'",
            '"q r"',
            "1000",
            "app",
            "\\$A",
        ),
        *("x=1", "A=$A:/y", "&&", ";", "||", "|", "mkdir", "-p", "/x/y", "apt-get"),
        *(
            "install",
            "git",
            "echo",
            ">",
            "if",
            "then",
            "fi",
            "<<E",
            "#",
            "*.txt",
            "\\\\",
        ),
    ]
)
NAMES = st.sampled_from(
    [
        *("RUN", "COPY", "ADD", "ENV", "ARG", "WORKDIR", "USER", "CMD", "ENTRYPOINT"),
        *("EXPOSE", "VOLUME", "LABEL", "SHELL", "ONBUILD", "STOPSIGNAL", "MAINTAINER"),
        *("HEALTHCHECK CMD", "HEALTHCHECK NONE", "RUN --mount=type=cache,target=/c"),
        *("COPY --from=s", "COPY --chown=app", "FROM debian AS", "FROM s", "# comment"),
        'RUN ["x",',
    ]
)
LINES = st.builds(
    lambda name, words, end: f"{name} {' '.join(words)}{end}\n",
    NAMES,
    st.lists(WORDS, max_size=6),
    st.sampled_from(["", "", " \\\n  && z", "]"]),
)
FILES = st.lists(LINES, max_size=10).map(
    lambda lines: "".join(["FROM debian AS s\n", *lines])
)


def converted(text: str) -> Conversion | None:
    try:
        return convert(Source("Dockerfile", text))
    except DeclarationError:
        return None


@given(FILES)
def test_every_instruction_has_a_note(text: str) -> None:
    found = converted(text)
    if found is not None:
        lines = [note.instruction.line for note in found.notes]
        assert lines == [one.start_line for one in dockerfile.parse_string(text)]
        assert all(note.where or note.reason for note in found.notes)


@given(FILES)
def test_what_is_written_is_toml_and_always_the_same(text: str) -> None:
    found = converted(text)
    if found is not None:
        assert converted(text) == found
        tomllib.loads(found.text)


@given(st.lists(WORDS, max_size=12).map(" ".join))
def test_entries_hold_the_whole_text(text: str) -> None:
    """Between the entries of a list stand its operators, and nothing else."""
    entries = read_script(text).entries
    if entries is None:
        return
    at = 0
    for entry in entries:
        assert text[at : entry.start].strip(" ;&") == ""
        assert text[entry.start :].startswith(entry.text)
        at = entry.start + len(entry.text)
    assert text[at:].strip(" ;") == ""
