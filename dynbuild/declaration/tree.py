"""Located trees: what a declaration says, with the place of every key and value.

Every syntax ends in one, so nothing after the readers knows which syntax it was.
Keys are text; a tree is finite, without sharing that would make it large, and never
deeper than ``MAX_DEPTH``, so it can be walked by plain recursion.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import assert_never

from dynbuild.errors import Diagnostic, Label
from dynbuild.spans import Span

MAX_DEPTH = 64
"""How deep values nest; the schema needs 6, and recursion ends somewhere."""

MAX_VALUES = 300_000
"""Values in one declaration: 30 for each of 10,000 stages; reading must end soon."""

MIN_INTEGER, MAX_INTEGER = -(2**63), 2**63 - 1
"""Whole numbers are those of TOML in every syntax: 64 bits, signed."""

Scalar = str | int | float | bool | datetime | date | time | None
Path = tuple[str | int, ...]
"""Keys and indexes from the root, such as ``("stages", 2, "commands", 0)``."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """Text, number, truth value, date, or null."""

    value: Scalar
    span: Span
    literal: bool = True
    """The source has the value itself there, not an expression for it."""


@dataclass(frozen=True, slots=True)
class List:
    """Values in order; a list of TOML's ``[[tables]]`` has the span of the first."""

    items: "tuple[Node, ...]"
    span: Span


@dataclass(frozen=True, slots=True)
class Entry:
    """Value in a table, and the place of its key."""

    key: Span
    value: "Node"


@dataclass(frozen=True, slots=True)
class Table:
    """Values by name, in written order; TOML's ``[table]`` has its header's span."""

    entries: Mapping[str, Entry]
    span: Span


Node = Leaf | List | Table
Plain = Scalar | list["Plain"] | dict[str, "Plain"]


def plain(node: Node) -> Plain:
    """Value without its places."""
    match node:
        case Leaf(value):
            return value
        case List(items):
            return [plain(item) for item in items]
        case Table(entries):
            return {name: plain(entry.value) for name, entry in entries.items()}
        case _:
            assert_never(node)


def child(node: Node, step: str | int) -> Node | None:
    """Value one step below, if there is one."""
    match node, step:
        case Table(entries), str() if step in entries:
            return entries[step].value
        case List(items), int() if 0 <= step < len(items):
            return items[step]
    return None


def find(node: Node, path: Path) -> Node | None:
    """Value at a path, if there is one."""
    at: Node | None = node
    for step in path:
        at = child(at, step) if at else None
    return at


def span_at(node: Node, path: Path) -> Span:
    """Place of the value at a path, or of the nearest one around it."""
    for step in path:
        below = child(node, step)
        if below is None:
            break
        node = below
    return node.span


def key_at(node: Node, path: Path) -> Span:
    """Place of the key that a path ends with, or of the nearest value around it."""
    *above, last = path
    around = find(node, tuple(above))
    if isinstance(around, Table) and last in around.entries:
        return around.entries[str(last)].key
    return span_at(node, path)


def twice(name: str, key: Span, first: Span) -> Diagnostic:
    """Mistake of a key that is in its table already, in every syntax."""
    label = Label(first, "first defined here")
    hint = "keep one of the two"
    return Diagnostic("DB0102", f"{name!r} is defined twice", key, hint, (label,))


def too_deep(span: Span) -> Diagnostic:
    return Diagnostic("DB0103", f"values nest deeper than {MAX_DEPTH} levels", span)


def too_many(span: Span, most: int = MAX_VALUES) -> Diagnostic:
    return Diagnostic("DB0103", f"more than {most:,} values in one file", span)


def too_large(span: Span) -> Diagnostic:
    hint = "a whole number has 64 bits; put a text in quotes"
    return Diagnostic("DB0103", "this number is too large", span, hint)
