"""The scanner finds what tomllib finds, and its places are those in the text."""

import tomllib
from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from dynbuild.declaration.syntax import toml
from dynbuild.declaration.syntax.tree import Leaf, List, Node, Table, plain
from dynbuild.errors import DeclarationError
from dynbuild.spans import Source

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | TEXT
    | st.dates(date(1000, 1, 1))
    | st.times()
    | st.datetimes(datetime(1000, 1, 1))  # noqa: DTZ001
    | st.datetimes(datetime(1000, 1, 2), timezones=st.just(UTC))  # noqa: DTZ001
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(document=st.dictionaries(TEXT, VALUES), multiline=st.booleans())
def test_documents_of_a_writer(*, document: dict[str, object], multiline: bool) -> None:
    text = tomli_w.dumps(document, multiline_strings=multiline)
    assert plain(toml.read(Source("a.toml", text))) == tomllib.loads(text)


KEY = st.sampled_from(["a", "b-1", "_", "1", '"q.x"', "'l'", r'"\u00e9\t"', '""'])
PATH = st.lists(KEY, min_size=1, max_size=3).flatmap(
    lambda parts: st.sampled_from([".", " . ", "\t."]).map(lambda dot: dot.join(parts))
)
LITERAL = st.sampled_from(
    [
        "1",
        "0x1f",
        "0o17",
        "1_000",
        "1e3",
        "-inf",
        "true",
        "1979-05-27 07:32:00",
        "1979-05-27T07:32:00.5-07:00",
        "07:32:00",
        '"a#b"',
        r'"\b\t\n\f\r\"\\\u00e9\U0001F600"',
        "'c:\\x'",
        '""""two"" quotes"""""',
        '"""\nline\r\nnext\\\n   folded\\\\"""',
        "'''\nraw ''two'' \\x'''''",
        '""',
        "[]",
        "[ # c\n 1,\n 2, # d\n]",
        "{}",
        "{ x.y = 1, z = [ { w = '' } ] }",
        "[[1, [2]], ['#']]",
    ]
)
LINE = st.one_of(
    st.builds("{} = {}".format, PATH, LITERAL),
    st.builds("[ {} ]".format, PATH),
    st.builds("[[{}]] # [x]".format, PATH),
    st.sampled_from(["", '  # comment ] } "', "\t"]),
)


@given(st.lists(LINE, max_size=12), st.sampled_from(["\n", "\r\n"]))
def test_documents_of_people(lines: list[str], newline: str) -> None:
    text = newline.join(lines)
    source = Source("a.toml", text)
    try:
        expected = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        with pytest.raises(DeclarationError):
            toml.read(source)
    else:
        tree = toml.read(source)
        assert plain(tree) == expected
        check_places(tree)


def check_places(node: Node) -> None:
    """What stands at a leaf's place is its literal, and keys are keys."""
    text = node.span.source.text[node.span.start : node.span.end]
    match node:
        case Leaf(value):
            assert tomllib.loads(f"v = {text}")["v"] == value
        case List(items):
            for item in items:
                check_places(item)
        case Table(entries):
            for name, entry in entries.items():
                key = text[:0] + entry.key.source.text[entry.key.start : entry.key.end]
                assert tomllib.loads(f"{key} = 1") == {name: 1}
                check_places(entry.value)


def test_places_of_tables() -> None:
    text = "a.b = 1\n[[s]]\nx = 1\n[s.t]\n[[s]]\n[u.v]\ni = { j = 1 }\n"
    tree = toml.read(Source("a.toml", text))

    def shown(*path: str | int) -> str:
        node: Node = tree
        for step in path:
            if isinstance(node, Table):
                node = node.entries[str(step)].value
            elif isinstance(node, List):
                node = node.items[int(step)]
        return text[node.span.start : node.span.end]

    assert shown("a") == "a"
    assert shown("a", "b") == "1"
    assert shown("s") == shown("s", 0) == shown("s", 1) == "[[s]]"
    assert shown("s", 0, "t") == "[s.t]"
    assert shown("u") == "u"
    assert shown("u", "v") == "[u.v]"
    assert shown("u", "v", "i") == "{ j = 1 }"
    assert tree.entries["s"].value.items[1].span.start > 20  # type: ignore[union-attr]


ZONE = timezone(timedelta(hours=-7))


def test_dates() -> None:
    tree = toml.read(Source("a.toml", "a = 07:32:00\nb = 1979-05-27T07:32:00-07:00"))
    assert plain(tree) == {
        "a": time(7, 32),
        "b": datetime(1979, 5, 27, 7, 32, tzinfo=ZONE),
    }


@pytest.mark.parametrize(
    "text", ["[a]\n[[a]]", "[[a]]\n[a]", "[a.b]\n[[a]]", "a = {}\n[[a]]"]
)
def test_a_table_is_no_list_of_tables(text: str) -> None:
    with pytest.raises(DeclarationError) as told:
        toml.read(Source("a.toml", text))
    assert "twice" in str(told.value)
