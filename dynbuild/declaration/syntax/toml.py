"""The TOML reader: ``tomllib`` decides validity, a small scanner finds locations.

The scanner runs over text that ``tomllib`` accepted, so it only finds where things
begin and end; a property test checks that its values equal those of ``tomllib``.
"""

import re
import tomllib
from dataclasses import field

from dynbuild.declaration.syntax.tree import (
    MAX_DEPTH,
    MAX_INTEGER,
    MAX_VALUES,
    MIN_INTEGER,
    Leaf,
    List,
    Node,
    Scalar,
    Table,
    TableEntry,
    too_deep,
    too_large,
    too_many,
    twice,
)
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.spans import Source, Span
from dynbuild.toml_words import explained
from dynbuild.values import dataclass

_BLANK = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*")
_SPACE = re.compile(r"[ \t]*+")
_EQUALS = re.compile(r"[ \t]*+=[ \t]*+")
_HEADER = re.compile(r"\[\[?[ \t]*+")
_HEADER_END = re.compile(r"[ \t]*+\]\]?")
_DOT = re.compile(r"[ \t]*+\.[ \t]*+")
_COMMA = re.compile(r",?")
_KEY = re.compile(r""""(?:[^"\\\n]++|\\.)*"|'[^'\n]*+'|[A-Za-z0-9_-]++""")
_SCALAR = re.compile(
    r'"""(?:[^"\\]++|\\.|"{1,2}(?!"))*"{3,5}|'
    r"'''(?:[^']++|'{1,2}(?!'))*'{3,5}|"
    r'"(?:[^"\\\n]++|\\.)*"|'
    r"'[^'\n]*+'|"
    r"[^\s,\[\]{}#\"']++(?: \d[^\s,\[\]{}#\"']*+)?",  # a date may contain one space
    re.DOTALL,
)
_DEPTH = re.compile(
    # As above, but a string may be unterminated, so that none is tried twice.
    r'"""(?:[^"\\]++|\\.|"{1,2}(?!"))*"{0,5}|'
    r"'''(?:[^']++|'{1,2}(?!'))*'{0,5}|"
    r'"(?:[^"\\\n]++|\\.)*"?|'
    r"'[^'\n]*+'?|"
    r"[^\s,\[\]{}#\"']++(?: \d[^\s,\[\]{}#\"']*+)?|"
    r"#[^\n]*+|[\[\]{}\n]|.",
    re.DOTALL,
)

_TWICE = re.compile(r"twice|overwrite|namespace|Duplicate inline")


def read(source: Source) -> Table:
    """Return the tree of a document. Raises DeclarationError with its first mistake."""
    bound(source, MAX_VALUES)
    try:
        tomllib.loads(source.text)
    except ValueError as error:
        raise DeclarationError(_explain(source, str(error))) from None
    return _Scanner(source).document()


def bound(source: Source, most: int) -> None:
    """Refuse input that ``tomllib`` is slow on: nesting, a.a.a.a…, and many values.

    Raises DeclarationError with the location.
    """
    depth = dots = values = 0
    for token in _DEPTH.finditer(source.text):
        text = token[0]
        if text in "[{":
            depth += 1
        elif text in "]}":
            depth -= 1
        elif text == "\n":
            dots = 0
        elif text[0] not in "\"'#":
            dots += text.count(".")
            values += text.count("=") + (text == ",")
        if depth > MAX_DEPTH or dots > MAX_DEPTH:
            raise DeclarationError(too_deep(Span(source, token.start(), token.end())))
        if values > most:
            span = Span(source, token.start(), token.end())
            raise DeclarationError(too_many(span, most))


def _explain(source: Source, error: str) -> Diagnostic:
    """Return the diagnostic for an error of ``tomllib``, at its location."""
    if _TWICE.search(error):
        try:
            _Scanner(source).document()
        except DeclarationError as found:
            return found.diagnostics[0]
        except (_LostError, ValueError):
            pass  # another mistake stands before or behind it
    mistake = explained(error)
    offset = min(mistake.offset(source.text), max(0, len(source.text.rstrip()) - 1))
    span = Span(source, offset, offset + 1)
    return Diagnostic(
        "DB0101", f"not valid TOML: {mistake.message}", span, mistake.hint
    )


class _LostError(Exception):
    """Text that the scanner does not recognise as TOML."""


@dataclass(slots=True)
class _Draft:
    """A table that later lines may still extend."""

    span: Span
    closed: bool = False
    entries: "dict[str, tuple[Span, Node | _Draft | list[_Draft]]]" = field(
        default_factory=dict
    )


def _frozen(draft: "Node | _Draft | list[_Draft]") -> Node:
    match draft:
        case _Draft(span=span, entries=entries):
            return Table(
                {
                    name: TableEntry(key, _frozen(below))
                    for name, (key, below) in entries.items()
                },
                span,
            )
        case list():
            return List(tuple(_frozen(item) for item in draft), draft[0].span)
        case _:
            return draft


class _Scanner:
    """One pass over the text; ``at`` is the current offset."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.at = 0

    def document(self) -> Table:
        root = here = _Draft(Span(self.source, 0, 0))
        self._take(_BLANK)
        while self.at < len(self.text):
            if self.text.startswith("[", self.at):
                here = self._header(root)
            else:
                self._pair(here)
            self._take(_BLANK)
        table = _frozen(root)
        assert isinstance(table, Table)
        return table

    def _take(self, pattern: re.Pattern[str]) -> Span:
        """Consume the pattern's match at the current offset; return its span."""
        match = pattern.match(self.text, self.at)
        if match is None:
            raise _LostError
        self.at = match.end()
        return Span(self.source, match.start(), match.end())

    def _header(self, root: _Draft) -> _Draft:
        opened = self._take(_HEADER)
        several = self.text.startswith("[[", opened.start)
        *above, (name, key) = self._key()
        table = _Draft(
            Span(self.source, opened.start, self.at + 1 + several), closed=True
        )
        around = self._descend(root, above)
        _, known = around.entries.get(name, (key, None))
        if several:
            if known is None:
                around.entries[name] = (key, [table])
            elif isinstance(known, list):
                known.append(table)
            else:
                raise self._twice(around, name, key)
        elif isinstance(known, _Draft) and not known.closed:
            table.entries = known.entries
            around.entries[name] = (key, table)
        elif known is None:
            around.entries[name] = (key, table)
        else:
            raise self._twice(around, name, key)
        self._take(_HEADER_END)
        return table

    def _descend(self, table: _Draft, path: list[tuple[str, Span]]) -> _Draft:
        """Return the table at a dotted path, creating missing ones."""
        for name, key in path:
            if name not in table.entries:
                table.entries[name] = (key, _Draft(key))
            _, below = table.entries[name]
            if isinstance(below, list):
                below = below[-1]
            if not isinstance(below, _Draft):
                raise self._twice(table, name, key)
            table = below
        return table

    def _pair(self, table: _Draft) -> None:
        *above, (name, key) = self._key()
        self._take(_EQUALS)
        value = self._value()
        table = self._descend(table, above)
        if name in table.entries:
            raise self._twice(table, name, key)
        table.entries[name] = (key, value)

    def _twice(self, table: _Draft, name: str, key: Span) -> DeclarationError:
        return DeclarationError(twice(name, key, table.entries[name][0]))

    def _key(self) -> list[tuple[str, Span]]:
        parts = [self._key_part()]
        while _DOT.match(self.text, self.at):
            self._take(_DOT)
            parts.append(self._key_part())
        return parts

    def _key_part(self) -> tuple[str, Span]:
        span = self._take(_KEY)
        raw = self.text[span.start : span.end]
        return str(_scalar(raw)) if raw[0] in "\"'" else raw, span

    def _value(self) -> Node:
        match self.text[self.at : self.at + 1]:
            case "[":
                return self._list()
            case "{":
                return self._inline_table()
            case _:
                span = self._take(_SCALAR)
                value = _scalar(self.text[span.start : span.end])
                if type(value) is int and not MIN_INTEGER <= value <= MAX_INTEGER:
                    raise DeclarationError(too_large(span))
                return Leaf(value, span)

    def _list(self) -> List:
        start = self.at
        self.at += 1
        items = []
        self._take(_BLANK)
        while not self.text.startswith("]", self.at):
            items.append(self._value())
            self._take(_BLANK)
            self._take(_COMMA)
            self._take(_BLANK)
        self.at += 1
        return List(tuple(items), Span(self.source, start, self.at))

    def _inline_table(self) -> Node:
        start = self.at
        self.at += 1
        table = _Draft(Span(self.source, start, start + 1))
        self._take(_BLANK)
        while not self.text.startswith("}", self.at):
            self._pair(table)
            self._take(_BLANK)
            self._take(_COMMA)
            self._take(_BLANK)
        self.at += 1
        table.span = Span(self.source, start, self.at)
        return _frozen(table)


def _scalar(raw: str) -> Scalar:
    """Return the value of one literal, by ``tomllib`` unless it is trivial."""
    if raw[0] in "\"'" and not raw.startswith(('"""', "'''")) and "\\" not in raw:
        return raw[1:-1]
    if raw.isdecimal() and raw.isascii():
        return int(raw)
    value: Scalar = tomllib.loads(f"value = {raw}")["value"]
    return value
