"""Our dataclasses are values as Python's are, but that assigning is left to mypy."""

import dataclasses
from collections.abc import Callable
from dataclasses import field, fields, replace
from functools import partial
from itertools import product
from operator import lt
from typing import Any

import pytest

from dynbuild.declaration.syntax.tree import Leaf, TableEntry
from dynbuild.lang.syntax import Identifier, Name
from dynbuild.spans import Source, Span
from dynbuild.values import dataclass

SOURCE = Source("a.nix", "text")
NAN = float("nan")
Make = Callable[..., Callable[[type], Any]]
OPTIONS = [
    {"frozen": True, "slots": True},
    {"frozen": True, "slots": True, "kw_only": True},
    {"frozen": True, "slots": True, "order": True},
    {"frozen": True},
    {"slots": True},
    {"eq": False},
]


def declared(make: Make, options: dict[str, bool]) -> dict[str, Any]:
    """Classes of each number of fields, and some that say more."""

    @make(**options)
    class Nothing:
        pass

    @make(**options)
    class One:
        value: object

    @make(**options)
    class Two:
        """Two, of which one is shown and one compared."""

        shown: object = field(default=1, compare=False)
        compared: object = field(default=2, repr=False)
        more: tuple[int, ...] = ()

    @make(**options)
    class Below(One):
        further: int = 0

    @make(**options)
    class Own:  # noqa: PLW1641 - what Python then makes of its hash is compared
        value: object = 1

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Own)

        def __repr__(self) -> str:
            return "own"

    @make(**options)
    class Hashed:
        value: object = 1

        def __hash__(self) -> int:
            return 7

    return {one.__name__: one for one in (Nothing, One, Two, Below, Own, Hashed)}


def instances(classes: dict[str, Any]) -> list[Any]:
    some: dict[str, list[dict[str, object]]] = {
        "Nothing": [{}, {}],
        "One": [{"value": 1}, {"value": 1.0}, {"value": NAN}, {"value": "1"}],
        "Two": [{}, {"shown": 5}, {"compared": 5}, {"more": (1, 2)}],
        "Below": [{"value": 1}, {"value": 1, "further": 2}],
        "Own": [{}, {"value": 2}],
        "Hashed": [{}],
    }
    return [classes[name](**said) for name, all_ in some.items() for said in all_]


def tried(what: Callable[[], object]) -> object:
    """What comes of it: of an error its class."""
    try:
        return what()
    except TypeError as error:
        return type(error)


def behaviour(made: list[Any], *, hashed: bool) -> list[object]:
    pairs = list(product(made, repeat=2))
    return [
        [repr(one) for one in made],
        [one == other for one, other in pairs],
        [tried(partial(lt, one, other)) for one, other in pairs],
        [tried(partial(hash, one)) for one in made] if hashed else None,
        [replace(one) == one for one in made],
        [[each.name for each in fields(one)] for one in made],
        [type(one).__match_args__ for one in made],
        [hasattr(one, "__dict__") for one in made],
    ]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_they_are_as_pythons_are(options: dict[str, bool]) -> None:
    hashed = options.get("eq", True)  # else two objects, with a hash each
    ours, theirs = (
        behaviour(instances(declared(make, options)), hashed=hashed)
        for make in (dataclass, dataclasses.dataclass)
    )
    assert ours == theirs


def test_another_class_is_another_value() -> None:
    at = Span(SOURCE, 0, 2)
    assert Leaf("a", at) != TableEntry(at, Leaf("a", at))
    assert Identifier(0, 1, "a") != Name(0, 1, "a")


def test_places_of_nodes_do_not_count() -> None:
    assert Name(0, 1, "a") == Name(5, 6, "a")
    assert hash(Name(0, 1, "a")) == hash(Name(5, 6, "a"))
    assert Name(0, 1, "a") != Name(0, 1, "b")
