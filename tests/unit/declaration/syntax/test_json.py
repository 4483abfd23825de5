"""JSON is read as json reads it, with places; YAML reads it to the same tree."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from dynbuild.declaration.syntax import json as reader
from dynbuild.declaration.syntax import yaml
from dynbuild.declaration.syntax.tree import Leaf, List, Node, Table, plain
from dynbuild.spans import Source

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4)
    ),
    max_leaves=20,
)


@given(value=VALUES, indent=st.sampled_from([None, 2, "\t"]), escaped=st.booleans())
def test_json_is_read_as_json_reads_it(
    *, value: object, indent: int | str | None, escaped: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=escaped)
    tree = reader.read(Source("a.json", text))
    assert plain(tree) == value
    check_places(tree)


def check_places(node: Node) -> None:
    text = node.span.source.text[node.span.start : node.span.end]
    assert json.loads(text) == plain(node)
    match node:
        case List(items):
            for item in items:
                check_places(item)
        case Table(entries):
            for name, entry in entries.items():
                key = entry.key
                assert json.loads(key.source.text[key.start : key.end]) == name
                check_places(entry.value)
        case Leaf():
            pass


@given(VALUES, st.sampled_from([None, 2]), st.sampled_from([(",", ":"), (", ", ": ")]))
@settings(deadline=None)
def test_yaml_reads_json_to_the_same_tree(
    value: object, indent: int | None, separators: tuple[str, str]
) -> None:
    text = json.dumps(value, indent=indent, separators=separators)
    source = Source("a", text)
    assert yaml.read(source) == reader.read(source)


def test_the_schema_that_a_document_names_is_no_field() -> None:
    def keys(text: str) -> list[str]:
        tree = reader.read(Source("a.json", text))
        assert isinstance(tree, Table)
        return [*tree.entries]

    assert keys('{"$schema": "dynbuild.schema.json", "base": "debian:12"}') == ["base"]
    assert keys('{"$schema": 5, "base": "debian:12"}') == ["$schema", "base"]
