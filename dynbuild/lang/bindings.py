"""The table of names that a list of bindings defines, merged as Nix merges them.

``a.b = 1; a.c = 2;`` and ``a = { b = 1; }; a.c = 2;`` define one set. A name that is
defined twice otherwise is an error that shows both places.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
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


Twice: TypeAlias = Callable[[str, Name, Name], None]
"""Callback for a path defined twice: the path, its second and its first location."""
Misplaced: TypeAlias = Callable[[Dynamic], None]
"""Callback for a dynamic name where none is allowed."""


def tabulate(node: AttrSet, twice: Twice, misplaced: Misplaced) -> Definitions:
    """Return the table of a set."""
    table = Definitions(node.start, node.end, node.recursive)
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
    if len(path) > 1:
        path = tuple(replace(name, start=path[0].start) for name in path)
    for depth, name in enumerate(path[:-1]):
        inner = Definitions(name.start, path[-1].end, recursive=False)
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
