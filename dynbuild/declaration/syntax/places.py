"""Source locations of the language's values, in sources that are safe to show."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from dynbuild.declaration.inputs import ROOT
from dynbuild.declaration.syntax.secrecy import redacted_expression, starred_texts
from dynbuild.errors import DeclarationError, Diagnostic, Label
from dynbuild.lang.bindings import Definitions, Written
from dynbuild.lang.showing import MOST_OF_A_TEXT
from dynbuild.lang.syntax import Expression, Identifier, NumberLiteral, String, Unary
from dynbuild.spans import Source, Span

_LITERALS = (NumberLiteral, String)
_CONSTANTS = {"true", "false", "null"}


class _Known(NamedTuple):
    """A source, which is kept so that its identity stays its own, and what it shows."""

    source: Source
    seen: Source
    values: Written


class Places:
    """A map from the locations of names and elements to those of their values.

    The results are in sources with secrets starred out, under their user-visible
    names.
    """

    def __init__(
        self, values: Mapping[Source, Written], shown: Callable[[str], str]
    ) -> None:
        self._values = values
        self._shown = shown
        self._known: dict[int, _Known] = {}

    def entry(self, name: Span) -> tuple[Span, Span, bool]:
        """Return the spans of a name and of its value, and whether that is literal."""
        known = self._of(name.source)
        # Most spans are as they were: a declaration has thousands.
        is_as_it_was = known.seen is name.source
        key = name if is_as_it_was else replace(name, source=known.seen)
        node = known.values.get((name.start, name.end))
        if node is None:
            return key, key, False
        is_literal = isinstance(node, _LITERALS) or _is_constant(node)
        return key, Span(known.seen, node.start, node.end), is_literal

    def seen(self, span: Span) -> Span:
        return self.entry(span)[0]

    def _of(self, source: Source) -> "_Known":
        # By identity, which costs less than to compare two texts' hashes.
        known = self._known.get(id(source))
        if known is None:
            safe = replace(redacted_expression(source), name=self._shown(source.name))
            values = self._values.get(source, {})
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


def _is_constant(node: Expression | Definitions) -> bool:
    if isinstance(node, Unary):
        return isinstance(node.operand, NumberLiteral)
    return isinstance(node, Identifier) and node.name in _CONSTANTS
