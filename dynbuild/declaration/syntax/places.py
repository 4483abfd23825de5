"""Source locations of the language's values, in sources that are safe to show."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from dynbuild.declaration.inputs import ROOT
from dynbuild.declaration.syntax.secrecy import redacted_expression
from dynbuild.errors import DeclarationError, Diagnostic, Label
from dynbuild.lang.syntax import (
    Binding,
    Expression,
    Identifier,
    ListLiteral,
    NumberLiteral,
    String,
    SyntaxNode,
    Unary,
    children,
)
from dynbuild.spans import Source, Span

_Offsets = tuple[int, int]
_LITERALS = (NumberLiteral, String)
_CONSTANTS = {"true", "false", "null"}


class Places:
    """A map from the locations of names and elements to those of their values.

    The results are in sources with secrets starred out, under their user-visible
    names.
    """

    def __init__(
        self, trees: Mapping[Source, Expression], shown: Callable[[str], str]
    ) -> None:
        self._trees = trees
        self._shown = shown
        self._values: dict[Source, dict[_Offsets, SyntaxNode]] = {}
        self._sources: dict[Source, Source] = {}

    def value(self, name: Span) -> tuple[Span, bool]:
        """Return an attribute's value's span, and whether it is spelled out there."""
        source = name.source
        if source not in self._values:
            tree = self._trees.get(source)
            self._values[source] = _values(tree) if tree else {}
        node = self._values[source].get((name.start, name.end))
        if node is None:
            return self.seen(name), False
        return self.seen(Span(source, node.start, node.end)), _is_literal(node)

    def seen(self, span: Span) -> Span:
        source = span.source
        if source not in self._sources:
            safe = redacted_expression(source)
            self._sources[source] = replace(safe, name=self._shown(source.name))
        return replace(span, source=self._sources[source])

    def told(self, error: DeclarationError) -> DeclarationError:
        """Return the same mistakes, at locations that are safe to show."""
        return DeclarationError(*map(self._diagnostic, error.diagnostics))

    def _diagnostic(self, one: Diagnostic) -> Diagnostic:
        return replace(
            one,
            message=self._spelled(one.message),
            span=one.span and self.seen(one.span),
            labels=tuple(
                Label(self.seen(label.span), self._spelled(label.text))
                for label in one.labels
            ),
        )

    def _spelled(self, text: str) -> str:
        here = "" if self._shown(ROOT) == "." else f"{self._shown(ROOT)}/"
        return text.replace(f"{ROOT}/", here)


def _values(tree: Expression) -> dict[_Offsets, SyntaxNode]:
    """Return value nodes by the location of their name; elements by their own."""
    found: dict[_Offsets, SyntaxNode] = {}
    waiting: list[SyntaxNode] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Binding):
            found[node.path[0].start, node.path[-1].end] = node.value
        elif isinstance(node, ListLiteral):
            found |= {(item.start, item.end): item for item in node.items}
        waiting += children(node)
    return found


def _is_literal(node: SyntaxNode) -> bool:
    if isinstance(node, Unary):
        return isinstance(node.operand, NumberLiteral)
    if isinstance(node, Identifier):
        return node.name in _CONSTANTS
    return isinstance(node, _LITERALS)
