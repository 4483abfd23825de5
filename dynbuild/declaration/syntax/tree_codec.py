"""Evaluation results to plain data and back, for a cache of them."""

from collections.abc import Mapping
from typing import Any, assert_never

from dynbuild.declaration.inputs import Data
from dynbuild.declaration.syntax.tree import Leaf, List, Node, Table, TableEntry
from dynbuild.errors import Diagnostic
from dynbuild.spans import Source, Span
from dynbuild.values import dataclass

Frozen = tuple[Any, ...]
"""Tuples, lists, dictionaries with text keys, and scalars."""


@dataclass(frozen=True, slots=True)
class ReadFact:
    """A tree, the arguments that determined it, and the warnings about those."""

    tree: Node
    arguments: Mapping[str, Data]
    warnings: tuple[Diagnostic, ...] = ()


def freeze(read: ReadFact) -> Frozen:
    """Return all but the warnings, which are for one run, as plain data."""
    sources: dict[Source, int] = {}

    def place(span: Span) -> Frozen:
        return sources.setdefault(span.source, len(sources)), span.start, span.end

    def frozen(node: Node) -> Frozen:
        match node:
            case Leaf(value, span, literal):
                return "leaf", place(span), value, literal
            case List(items, span):
                return "list", place(span), tuple(map(frozen, items))
            case Table(entries, span):
                rows = tuple(
                    (name, place(entry.key), frozen(entry.value))
                    for name, entry in entries.items()
                )
                return "table", place(span), rows
            case _:
                assert_never(node)

    tree = frozen(read.tree)
    texts = tuple((source.name, source.text) for source in sources)
    return texts, tree, dict(read.arguments)


def thaw(data: Frozen) -> ReadFact:
    """Invert ``freeze``."""
    texts, tree, arguments = data
    sources = [Source(name, text) for name, text in texts]

    def span(place: Frozen) -> Span:
        return Span(sources[place[0]], place[1], place[2])

    def thawed(node: Frozen) -> Node:
        match node:
            case "leaf", place, value, literal:
                return Leaf(value, span(place), literal)
            case "list", place, items:
                return List(tuple(map(thawed, items)), span(place))
            case _:
                _, place, rows = node
                entries = {
                    name: TableEntry(span(key), thawed(below))
                    for name, key, below in rows
                }
                return Table(entries, span(place))

    return ReadFact(thawed(tree), arguments)
