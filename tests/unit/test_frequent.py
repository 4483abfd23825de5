"""What is frozen to the type checker alone is a value like any other."""

from dataclasses import replace

from dynbuild.declaration.syntax.tree import Leaf, TableEntry
from dynbuild.lang.syntax import Identifier, Name
from dynbuild.spans import Source, Span

SOURCE = Source("a.nix", "text")


def test_equal_fields_make_equal_values() -> None:
    one, same = Span(SOURCE, 0, 2), Span(Source("a.nix", "text"), 0, 2)
    assert one == same
    assert hash(one) == hash(same)
    assert {one: 1}[same] == 1
    assert one != replace(one, end=3)


def test_another_class_is_another_value() -> None:
    at = Span(SOURCE, 0, 2)
    assert Leaf("a", at) != TableEntry(at, Leaf("a", at))
    assert Identifier(0, 1, "a") != Name(0, 1, "a")


def test_places_of_nodes_do_not_count() -> None:
    assert Name(0, 1, "a") == Name(5, 6, "a")
    assert hash(Name(0, 1, "a")) == hash(Name(5, 6, "a"))
    assert Name(0, 1, "a") != Name(0, 1, "b")
