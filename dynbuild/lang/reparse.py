"""Parsing again what was edited: what the edit did not touch is taken over.

A piece of the last text that parsed is taken over where the parser is in the state in
which it was made, and all that the parser looked at then is still there. What stands
behind the edit is moved. The tree is the one that the whole text parses to.
"""

from collections.abc import Callable
from dataclasses import field
from typing import Any

from dynbuild.lang import syntax
from dynbuild.lang.driver import KnownPieces, Piece
from dynbuild.lang.parser import parse
from dynbuild.lang.syntax import Expression, SyntaxNode
from dynbuild.spans import Source
from dynbuild.values import dataclass

LEAST, MOST = 30, 4_000
"""Characters of a piece: a smaller one is parsed as fast, a larger one is edited."""

_AHEAD = 4
"""Characters after a token that decide where it ends, unless they are its like.

Those end with the line: no pattern of the grammar looks beyond an end of line that it
does not take, but for a comment that is never closed, with which nothing parses.
"""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text that parses, its tree, and its pieces by where they start."""

    text: str
    tree: Expression
    pieces: dict[int, Piece]


@dataclass(frozen=True, slots=True)
class Parses:
    """The last text of each source that parsed, by its name."""

    last: dict[str, Parsed] = field(default_factory=dict)

    def parse(self, source: Source) -> Expression:
        """Return the syntax tree of a source, as ``parser.parse`` does."""
        last = self.last.get(source.name)
        if last is not None and last.text == source.text:
            return last.tree
        pieces: dict[int, Piece] = {}
        known = _known(last, source.text) if last is not None else None
        tree = parse(source, known, pieces)
        kept = {
            at: one
            for at, one in pieces.items()
            if LEAST <= one.node.end - one.node.start <= MOST
        }
        self.last[source.name] = Parsed(source.text, tree, kept)
        return tree


def _known(last: Parsed, text: str) -> KnownPieces:
    """Return the pieces of the last text that a text has too, where it has them."""
    before, pieces = last.text, last.pieces
    begin = _common(before, text)
    by = len(text) - len(before)
    end = len(before) - _common_end(before, text, begin)
    # What ended on an earlier line has not seen the edit.
    safe = before.rfind("\n", 0, max(0, begin - _AHEAD))

    def known(at: int) -> Piece | None:
        if at < safe:
            piece = pieces.get(at)
            return piece if piece and piece.next_end <= safe else None
        # One character before is looked at: `}` before the rest of a path.
        if at - by <= end:
            return None
        piece = pieces.get(at - by)
        if piece is None or not by:
            return piece
        below, origin, node, matching, next_start, next_end = piece
        node = moved(node, by)
        return Piece(below, origin, node, matching, next_start + by, next_end + by)

    return known


def _common(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _common_end(one: str, other: str, begin: int) -> int:
    """Return how many characters two texts end with alike, behind a place in both."""
    low, high = 0, min(len(one), len(other)) - begin
    while low < high:
        middle = (low + high + 1) // 2
        if one[len(one) - middle :] == other[len(other) - middle :]:
            low = middle
        else:
            high = middle - 1
    return low


def moved(node: Any, by: int) -> Any:  # noqa: ANN401  # the same class as the node
    """Return a node as it is where its text begins so many characters later."""
    mover = _MOVERS.get(type(node))
    if mover is not None:
        return mover(node, by)
    parts = [_moved_part(getattr(node, name), by) for name in type(node).__slots__]
    return type(node)(node.start + by, node.end + by, *parts)


def _moved_part(part: object, by: int) -> object:
    if isinstance(part, SyntaxNode):
        return moved(part, by)
    if isinstance(part, tuple):
        return tuple([_moved_part(one, by) for one in part])
    return part


def _name(node: syntax.Name, by: int) -> syntax.Name:
    return syntax.Name(node.start + by, node.end + by, node.text)


def _identifier(node: syntax.Identifier, by: int) -> syntax.Identifier:
    return syntax.Identifier(node.start + by, node.end + by, node.name)


def _string(node: syntax.String, by: int) -> syntax.String:
    parts = node.parts
    if len(parts) != 1 or type(parts[0]) is not str:
        parts = tuple([one if type(one) is str else moved(one, by) for one in parts])
    return syntax.String(node.start + by, node.end + by, parts)


def _binding(node: syntax.Binding, by: int) -> syntax.Binding:
    first = node.path[0]
    if len(node.path) == 1 and type(first) is syntax.Name:
        path: tuple[syntax.AttrName, ...] = (_name(first, by),)
    else:
        path = tuple([moved(name, by) for name in node.path])
    value = moved(node.value, by)
    return syntax.Binding(node.start + by, node.end + by, path, value)


def _list(node: syntax.ListLiteral, by: int) -> syntax.ListLiteral:
    items = tuple([moved(item, by) for item in node.items])
    return syntax.ListLiteral(node.start + by, node.end + by, items)


def _attr_set(node: syntax.AttrSet, by: int) -> syntax.AttrSet:
    bindings = tuple([moved(binding, by) for binding in node.bindings])
    return syntax.AttrSet(node.start + by, node.end + by, bindings, node.recursive)


_MOVERS: dict[type, Callable[[Any, int], Any]] = {
    syntax.Name: _name,
    syntax.Identifier: _identifier,
    syntax.String: _string,
    syntax.Binding: _binding,
    syntax.ListLiteral: _list,
    syntax.AttrSet: _attr_set,
}
"""What most nodes are, and what moves these fastest."""
