"""The table of names that a list of bindings defines, merged as Nix merges them.

``a.b = 1; a.c = 2;`` and ``a = { b = 1; }; a.c = 2;`` define one set. A name that is
defined twice otherwise is an error that shows both places.
"""

from collections.abc import Callable
from dataclasses import field
from typing import TypeAlias

from dynbuild.lang.syntax import (
    AttrName,
    AttrSet,
    Bindings,
    Dynamic,
    Expression,
    Inherit,
    Name,
)
from dynbuild.values import dataclass


@dataclass(slots=True)
class Inherited:
    """A name taken from the surrounding scope."""

    name: Name


@dataclass(slots=True)
class Taken:
    """A name inherited from the value of one of the table's ``origins``."""

    name: Name
    origin: int


@dataclass(slots=True)
class Definitions:
    """The names that a set or a ``let`` defines. Built once, then read-only."""

    start: int
    end: int
    recursive: bool
    is_written: bool
    """Whether it stands in braces, or in a ``let``: no part of a path only."""
    entries: "dict[str, Definition]" = field(default_factory=dict)
    dynamic: "list[tuple[Dynamic, Expression | Definitions]]" = field(
        default_factory=list
    )
    origins: list[Expression] = field(default_factory=list)


@dataclass(slots=True)
class Definition:
    """One name of a table: its source location and its value."""

    place: Name
    value: "Expression | Definitions | Inherited | Taken"


Written: TypeAlias = dict[tuple[int, int], Expression | Definitions]
"""What is bound to names, by where they are; elements of lists, by where they are."""
Twice: TypeAlias = Callable[[str, Name, Name], None]
"""Callback for a path defined twice: the path, its second and its first location."""
Misplaced: TypeAlias = Callable[[Dynamic], None]
"""Callback for a dynamic name where none is allowed."""


def tabulate(node: AttrSet, twice: Twice, misplaced: Misplaced) -> Definitions:
    """Return the table of a set."""
    table = Definitions(node.start, node.end, node.recursive, is_written=True)
    fill(table, node.bindings, twice, misplaced)
    return table


def fill(
    table: Definitions, bindings: Bindings, twice: Twice, misplaced: Misplaced
) -> None:
    """Add the names that bindings define to a table."""
    for binding in bindings:
        if isinstance(binding, Inherit):
            _inherit(table, binding, twice, misplaced)
            continue
        value: Expression | Definitions = binding.value
        if isinstance(value, AttrSet):
            value = tabulate(value, twice, misplaced)
        _bind(table, binding.path, value, twice)


def _inherit(
    table: Definitions, binding: Inherit, twice: Twice, misplaced: Misplaced
) -> None:
    if binding.origin is not None:
        table.origins.append(binding.origin)
    for name in binding.names:
        if isinstance(name, Dynamic):
            misplaced(name)
        elif name.text in table.entries:
            twice(name.text, name, table.entries[name.text].place)
        else:
            table.entries[name.text] = Definition(
                name,
                Inherited(name)
                if binding.origin is None
                else Taken(name, len(table.origins) - 1),
            )


def _bind(
    table: Definitions,
    path: tuple[AttrName, ...],
    value: Expression | Definitions,
    twice: Twice,
) -> None:
    first = path[0]
    if len(path) > 1:
        path = (first, *(_begun(first.start, name) for name in path[1:]))
    elif type(first) is Name and first.text not in table.entries:
        table.entries[first.text] = Definition(first, value)
        return
    for depth, name in enumerate(path[:-1]):
        inner = Definitions(name.start, path[-1].end, recursive=False, is_written=False)
        if isinstance(name, Dynamic):
            table.dynamic.append((name, inner))
        else:
            entry = table.entries.setdefault(name.text, Definition(name, inner))
            if not isinstance(entry.value, Definitions):
                twice(_dotted(path[: depth + 1]), name, entry.place)
                return
            inner = entry.value
        table = inner
    last = path[-1]
    if isinstance(last, Dynamic):
        table.dynamic.append((last, value))
    else:
        _define(table, last, value, _dotted(path), twice)


def _begun(start: int, name: AttrName) -> AttrName:
    """Return a name with the place of all of its path that ends with it."""
    if isinstance(name, Name):
        return Name(start, name.end, name.text)
    return Dynamic(start, name.end, name.expression)


def _define(
    table: Definitions,
    name: Name,
    value: "Expression | Definitions | Inherited | Taken",
    path: str,
    twice: Twice,
) -> None:
    entry = table.entries.get(name.text)
    if entry is None:
        table.entries[name.text] = Definition(name, value)
    elif isinstance(entry.value, Definitions) and isinstance(value, Definitions):
        _merge(entry.value, value, path, twice)
    else:
        twice(path, name, entry.place)


def _merge(table: Definitions, other: Definitions, path: str, twice: Twice) -> None:
    shift = len(table.origins)
    table.origins += other.origins
    table.dynamic += other.dynamic
    for name, entry in other.entries.items():
        value = entry.value
        if isinstance(value, Taken):
            value = Taken(value.name, value.origin + shift)
        _define(table, entry.place, value, f"{path}.{name}", twice)


def _dotted(path: tuple[AttrName, ...]) -> str:
    return ".".join(name.text if isinstance(name, Name) else "${…}" for name in path)
