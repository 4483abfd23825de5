"""Source locations of the language's values, in sources that are safe to show."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from dynbuild.declaration.inputs import ROOT
from dynbuild.declaration.syntax.secrecy import redacted_expression, starred_texts
from dynbuild.errors import DeclarationError, Diagnostic, Label
from dynbuild.lang.showing import MOST_OF_A_TEXT
from dynbuild.lang.syntax import (
    Binding,
    Expression,
    Identifier,
    ListLiteral,
    Name,
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
_WITHOUT_PARTS = frozenset((Identifier, NumberLiteral))


class _Known(NamedTuple):
    """A source, which is kept so that its identity stays its own, and what it shows."""

    source: Source
    seen: Source
    values: dict[_Offsets, SyntaxNode]


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
        self._known: dict[int, _Known] = {}

    def value(self, name: Span) -> tuple[Span, bool]:
        """Return an attribute's value's span, and whether it is spelled out there."""
        node = self._of(name.source).values.get((name.start, name.end))
        if node is None:
            return self.seen(name), False
        return self.seen(Span(name.source, node.start, node.end)), _is_literal(node)

    def seen(self, span: Span) -> Span:
        seen = self._of(span.source).seen
        # Most spans are as they were: a declaration has thousands.
        return span if seen is span.source else replace(span, source=seen)

    def _of(self, source: Source) -> "_Known":
        # By identity, which costs less than to compare two texts' hashes.
        known = self._known.get(id(source))
        if known is None:
            safe = replace(redacted_expression(source), name=self._shown(source.name))
            tree = self._trees.get(source)
            values = _values(tree) if tree else {}
            seen = source if safe == source else safe
            known = self._known[id(source)] = _Known(source, seen, values)
        return known

    def told(self, error: DeclarationError) -> DeclarationError:
        """Return the same mistakes, at locations that are safe to show."""
        return DeclarationError(*map(self._diagnostic, error.diagnostics))

    def _diagnostic(self, one: Diagnostic) -> Diagnostic:
        spans = [label.span for label in one.labels]
        sources = {span.source for span in (*spans, one.span) if span}
        hidden = [text for source in sources for text in starred_texts(source)]
        return replace(
            one,
            message=_starred(self._spelled(one.message), hidden),
            span=one.span and self.seen(one.span),
            labels=tuple(
                Label(
                    self.seen(label.span), _starred(self._spelled(label.text), hidden)
                )
                for label in one.labels
            ),
            mends=tuple(
                replace(
                    mend,
                    edits=tuple(
                        replace(edit, span=self.seen(edit.span)) for edit in mend.edits
                    ),
                )
                for mend in one.mends
            ),
        )

    def _spelled(self, text: str) -> str:
        here = "" if self._shown(ROOT) == "." else f"{self._shown(ROOT)}/"
        return text.replace(f"{ROOT}/", here)


def _starred(text: str, hidden: Iterable[str]) -> str:
    """Return a message, which may show a value, without the texts of secrets."""
    for secret in sorted(hidden, key=len, reverse=True):
        for shown in (secret, f"{secret[:MOST_OF_A_TEXT]}…"):
            text = text.replace(shown, "*" * len(shown))
    return text


def _values(tree: Expression) -> dict[_Offsets, SyntaxNode]:
    """Return value nodes by the location of their name; elements by their own."""
    found: dict[_Offsets, SyntaxNode] = {}
    waiting: list[SyntaxNode] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Binding):
            found[node.path[0].start, node.path[-1].end] = node.value
            waiting.append(node.value)
            waiting += [name for name in node.path if type(name) is not Name]
        elif isinstance(node, ListLiteral):
            found |= {(item.start, item.end): item for item in node.items}
            waiting += node.items
        elif type(node) not in _WITHOUT_PARTS:
            waiting += children(node)
    return found


def _is_literal(node: SyntaxNode) -> bool:
    if isinstance(node, Unary):
        return isinstance(node.operand, NumberLiteral)
    if isinstance(node, Identifier):
        return node.name in _CONSTANTS
    return isinstance(node, _LITERALS)
