"""Whatever is typed, wherever the cursor is: places are found, and nothing fails."""

from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynbuild.declaration.syntax import Syntax
from dynbuild.editor.completion import complete, complete_nix
from dynbuild.editor.fields import choices_at, field_at, fields_at
from dynbuild.editor.flow import cursor_in_flow
from dynbuild.editor.lined import cursor_in_toml, cursor_in_yaml
from dynbuild.editor.lines import Encoding, Lines
from dynbuild.editor.moved import moved
from dynbuild.editor.nested import cursor_in_nix
from dynbuild.editor.outline import folds

if TYPE_CHECKING:
    from dynbuild.editor.cursor import Cursor

WORDS = (
    "let ",
    "in ",
    "rec ",
    "stages",
    "name",
    "[[stages]]\n",
    "[stages.copy]\n",
    "dependencies",
    "= ",
    ": ",
    "/* ",
    "*/",
    "./a",
    "- ",
    "  ",
    "\r\n",
    "''",
    '"""',
    "${",
    "𝄞",
    "é",
)
PIECES = st.sampled_from([*"{}[]():;=,.\"'#-|>/\\$ \n", *WORDS])
TEXTS = st.lists(PIECES, max_size=40).map("".join)


@given(TEXTS, st.integers(0, 200))
def test_there_is_a_cursor_everywhere(text: str, place: int) -> None:
    at = min(place, len(text))
    cursors: list[tuple[Syntax, Cursor]] = [
        ("toml", cursor_in_toml(text, at)),
        ("yaml", cursor_in_yaml(text, at)),
        ("json", cursor_in_flow(text, 0, at, ())),
    ]
    for syntax, cursor in cursors:
        assert cursor.start <= at <= cursor.end <= len(text)
        for item in complete(cursor, syntax, ["one"], at):
            assert 0 <= item.start <= at <= item.end
    here = cursor_in_nix(text, at)
    assert here.cursor.start <= at <= here.cursor.end <= len(text)
    for item in complete_nix(here, ["one"], {"x": "a let"}, {"y": ""}, at):
        assert 0 <= item.start <= at <= item.end


@given(TEXTS, st.sampled_from(get_args(Syntax)))
def test_what_is_folded_begins_before_it_ends(text: str, syntax: Syntax) -> None:
    for start, end in folds(text, syntax):
        assert 0 <= start < end <= len(text)
        assert "\n" in text[start:end]


@given(TEXTS, st.sampled_from(get_args(Encoding)))
def test_places_survive_the_way_to_an_editor_and_back(
    text: str, encoding: Encoding
) -> None:
    lines = Lines(text, encoding)
    for offset in range(len(text) + 1):
        if not offset or text[offset - 1 : offset + 1] != "\r\n":
            assert lines.offset(*lines.position(offset)) == offset
    assert lines.offset(len(text) + 1, 0) == len(text)


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_places_around_an_edit_stay(
    before: str, old: str, new: str, after: str
) -> None:
    first, second = before + old + after, before + new + after
    places = [moved(offset, first, second) for offset in range(len(second) + 1)]
    assert places == sorted(places)
    assert places[: len(before) + 1] == [*range(len(before) + 1)]


def test_fields_have_their_documentation() -> None:
    assert "dependencies" in fields_at(("stages", 0))
    assert "dependencies" in fields_at(("stages", "one"))
    network = field_at(("stages", 0, "network"))
    assert network
    assert 'one of `"default"`' in network.text
    assert choices_at(("sudo",)) == ("true", "false")
    assert field_at(("stages", 0, "commands", 3)) == field_at(("stages", 0, "commands"))
    assert field_at(("nothing",)) is None


@pytest.mark.parametrize(
    ("text", "path", "part"),
    [
        ("base = 1\napt|", (), "key"),
        ('[[stages]]\ndependencies = ["|"]', ("stages", 0, "dependencies", 0), "value"),
        ("[stages.web]\nco|", ("stages", "web"), "key"),
        ('[[stages]]\ncopy = [{ from = "x", t|', ("stages", 0, "copy", 0), "key"),
        ("[[stages]]\n[[stages.copy]]\nfr|", ("stages", 0, "copy", 0), "key"),
        ("[cache.m|", ("cache",), "key"),
        ('user = { name = "|', ("user", "name"), "value"),
    ],
)
def test_a_cursor_in_toml(text: str, path: object, part: str) -> None:
    cursor = cursor_in_toml(text.replace("|", ""), text.index("|"))
    assert (cursor.path, cursor.part) == (path, part)
