"""Located trees: a declaration's content, with the location of every key and value.

Every syntax is read into one, so nothing after the readers knows the original syntax.
Keys are text; a tree is finite, without sharing that would make it large, and never
deeper than ``MAX_DEPTH``, so it can be walked by plain recursion.
"""

from collections.abc import Mapping
from datetime import date, datetime, time

from dynbuild.errors import Diagnostic, Label
from dynbuild.spans import Span
from dynbuild.values import dataclass

MAX_DEPTH = 64
"""Maximum nesting of values; the schema needs 6, and recursion must be bounded."""

MAX_VALUES = 300_000
"""Values per declaration: 30 for each of 10,000 stages; bounds the time to read."""

MIN_INTEGER, MAX_INTEGER = -(2**63), 2**63 - 1
"""The range of integers in every syntax is that of TOML: 64 bits, signed."""

Scalar = str | int | float | bool | datetime | date | time | None
Path = tuple[str | int, ...]
"""Keys and indexes from the root, such as ``("stages", 2, "commands", 0)``."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A text, number, Boolean, date, or null."""

    value: Scalar
    span: Span
    literal: bool = True
    """Whether the source has the value itself there, not an expression for it."""


@dataclass(frozen=True, slots=True)
class List:
    """An ordered list; one of TOML's ``[[tables]]`` has the span of the first."""

    items: "tuple[Node, ...]"
    span: Span


@dataclass(frozen=True, slots=True)
class TableEntry:
    """A value in a table, and the span of its key."""

    key: Span
    value: "Node"


@dataclass(frozen=True, slots=True)
class Table:
    """Values by key, in source order; TOML's ``[table]`` has its header's span."""

    entries: Mapping[str, TableEntry]
    span: Span


Node = Leaf | List | Table
Plain = Scalar | list["Plain"] | dict[str, "Plain"]


def within_image(path: Path) -> Path:
    """Return a path as it is within its image, if it leads into one of several."""
    return path[2:] if path[:1] == ("images",) else path


def plain(node: Node) -> Plain:
    """Return a value without its locations."""
    if isinstance(node, Leaf):  # by far the most
        return node.value
    if isinstance(node, List):
        return [plain(item) for item in node.items]
    return {name: plain(entry.value) for name, entry in node.entries.items()}


def child(node: Node, step: str | int) -> Node | None:
    """Return the value one step below, if there is one."""
    match node, step:
        case Table(entries), str() if step in entries:
            return entries[step].value
        case List(items), int() if 0 <= step < len(items):
            return items[step]
    return None


def find(node: Node, path: Path) -> Node | None:
    """Return the value at a path, if there is one."""
    at: Node | None = node
    for step in path:
        at = child(at, step) if at else None
    return at


def span_at(node: Node, path: Path) -> Span:
    """Return the span of the value at a path, or of the nearest one around it."""
    for step in path:
        below = child(node, step)
        if below is None:
            break
        node = below
    return node.span


def key_at(node: Node, path: Path) -> Span:
    """Return the span of a path's last key, or of the nearest value around it."""
    *above, last = path
    around = find(node, tuple(above))
    if isinstance(around, Table) and last in around.entries:
        return around.entries[str(last)].key
    return span_at(node, path)


def twice(name: str, key: Span, first: Span) -> Diagnostic:
    """Return the diagnostic for a duplicate key, in every syntax."""
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
