"""A strict JSON reader (RFC 8259) that recovers from a mistake to find the next.

Common near-JSON (an extra or missing comma, comments, single quotes, ``None``) is
understood, reported with the correct spelling, and never accepted.

``json`` stops at the first mistake; PyYAML has no places for keys of more than 1024
characters, tabs, DEL, and reads U+2028 as a line break.
"""

import json
import re
from typing import NoReturn

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
from dynbuild.errors import DeclarationError, Diagnostic, Edit, Label, Mend
from dynbuild.spans import Source, Span

_BLANK = re.compile(
    r"[ \t\r\n]++|(?P<comment>//[^\n]*+|/\*(?:[^*]++|\*(?!/))*(?:\*/)?|#[^\n]*+)"
)
_STRING = re.compile(r'"(?:[^"\\\n]++|\\[^\n])*"')
_SINGLE = re.compile(r"'(?:[^'\\\n]++|\\[^\n])*'")
_OPEN_STRING = re.compile(r"[\"'][^\n]*+")
_WORD = re.compile(r"[^\s\"'\[\]{},:/#]++")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*+)(?:\.\d++)?(?:[eE][-+]?\d++)?", re.ASCII)
_WORDS: dict[str, Scalar] = {"true": True, "false": False, "null": None}
_OTHERWISE = {"True": "true", "False": "false", "None": "null", "undefined": "null"}
"""Words of other languages, as JSON has them."""

_ALMOST = {
    **{word: f"JSON writes {right}" for word, right in _OTHERWISE.items()},
    "NaN": "JSON has no NaN",
    "Infinity": "JSON has no Infinity",
    "-Infinity": "JSON has no Infinity",
}
_SURROGATE = re.compile("[\ud800-\udfff]")
_LONGEST_NUMBER = 400
"""Digits: every 64-bit integer and every finite float has fewer."""


def read(source: Source) -> Node:
    """Return the tree of a document. Raises DeclarationError with all its mistakes.

    ``$schema`` at the top tells an editor the schema, and says nothing of the image.
    """
    reader = _Reader(source)
    try:
        node = reader.document()
    except _StopError:
        node = None
    if reader.mistakes or node is None:
        raise DeclarationError(*reader.mistakes)
    match node:
        case Table({"$schema": TableEntry(_, Leaf(str())), **fields}, span):
            return Table(fields, span)
        case _:
            return node


class _StopError(Exception):
    """A mistake after which the rest cannot be understood."""


class _Reader:
    """One pass over the text; ``at`` is the current offset."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.at = 0
        self.values = 0
        self.commented = False
        self.mistakes: list[Diagnostic] = []

    def document(self) -> Node:
        self._blank()
        node = self._value(0)
        self._blank()
        if self.at < len(self.text):
            self._mistake(
                "the document ends before this",
                self._here(),
                "remove it, or write one { … } around all",
            )
        return node

    def _value(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            self.mistakes.append(too_deep(self._here()))
            raise _StopError
        self.values += 1
        if self.values > MAX_VALUES:
            self.mistakes.append(too_many(self._here()))
            raise _StopError
        match self._next():
            case "{":
                return self._table(depth)
            case "[":
                return self._list(depth)
            case '"' | "'":
                text, span = self._string()
                return Leaf(text, span)
            case _:
                return self._word()

    def _list(self, depth: int) -> List:
        opened = self._here()
        self._step()
        items: list[Node] = []
        while not self._closed("]", opened, first=not items):
            items.append(self._value(depth + 1))
        return List(tuple(items), Span(self.source, opened.start, self.at))

    def _table(self, depth: int) -> Table:
        opened = self._here()
        self._step()
        entries: dict[str, TableEntry] = {}
        first = True
        while not self._closed("}", opened, first=first):
            first = False
            if self._next() not in ("'", '"'):
                self._fatal(
                    "expected a key in double quotes",
                    self._token(),
                    'write "key": value',
                )
            name, key = self._string()
            self._blank()
            if self._next() != ":":
                self._fatal(
                    "expected : after the key", self._token(), 'write "key": value'
                )
            self._step()
            self._blank()
            value = self._value(depth + 1)
            if name in entries:
                self.mistakes.append(twice(name, key, entries[name].key))
            else:
                entries[name] = TableEntry(key, value)
        return Table(entries, Span(self.source, opened.start, self.at))

    def _closed(self, bracket: str, opened: Span, *, first: bool) -> bool:
        """Advance to the next item, or past the closing bracket."""
        self._blank()
        comma = self._here()
        if not first:
            if self._next() == ",":
                self._step()
                self._blank()
            elif self._next() not in ("", "]", "}", ":"):
                here = self._token()
                end = len(self.text[: comma.start].rstrip())
                self._mistake(
                    "expected a comma before this",
                    here,
                    "add the comma",
                    mend=("add the comma", Span(self.source, end, end), ","),
                )
        if self._next() == bracket:
            if comma.start < self.at:
                self._mistake(
                    f"a comma before {bracket}",
                    comma,
                    "JSON has no comma after the last item: remove it",
                    mend=("remove the comma", comma, ""),
                )
            self._step()
            return True
        if self._next() in ("", "]", "}", ":", ","):
            label = Label(opened, "opened here")
            hint = f"end it with {bracket}"
            self._fatal(f"expected {bracket} or an item", self._token(), hint, (label,))
        return False

    def _string(self) -> tuple[str, Span]:
        quote = self._next()
        match = (_STRING if quote == '"' else _SINGLE).match(self.text, self.at)
        if match is None:
            self._fatal(
                "this text is not closed at the end of its line",
                self._token(),
                r"a line break in a text is written \n",
            )
        self.at = match.end()
        span = Span(self.source, match.start(), match.end())
        if quote == "'":
            inner = match[0][1:-1]
            self._mistake(
                "a text in single quotes",
                span,
                'JSON uses "double quotes"',
                mend=None
                if '"' in inner or "\\" in inner
                else ("use double quotes", span, f'"{inner}"'),
            )
            return inner, span
        try:
            text = str(json.loads(match[0]))
        except json.JSONDecodeError as error:
            place = Span(
                self.source, span.start + error.pos, span.start + error.pos + 1
            )
            if "control" in error.msg:
                escape = f"\\u{ord(self.text[place.start]):04x}"
                self._mistake(
                    "a control character in a text",
                    place,
                    r"write it as \uXXXX",
                    mend=(f"write it as {escape}", place, escape),
                )
            else:
                hint = r"write \\ for a backslash"
                at = Span(self.source, place.start, place.start)
                self._mistake(
                    "this is not an escape of JSON",
                    place,
                    hint,
                    mend=(r"write \\", at, "\\"),
                )
            return match[0], span
        if _SURROGATE.search(text):
            self._mistake(
                "half of a surrogate pair, which is not a character",
                span,
                r"write both halves (\ud83d\ude00), or the character itself",
            )
        return text, span

    def _word(self) -> Leaf:
        span = self._token()
        word = self.text[span.start : span.end]
        self.at = span.end
        if word in _WORDS:
            return Leaf(_WORDS[word], span)
        if _NUMBER.fullmatch(word):
            return Leaf(self._number(word, span), span)
        if word in _ALMOST:
            right = _OTHERWISE.get(word)
            mend = (f"write {right}", span, right) if right else None
            self._mistake(f"{word} is not a value", span, _ALMOST[word], mend=mend)
        elif re.match(r"[-+.\d]", word):
            self._mistake(
                f"{word[:20]} is not a number of JSON",
                span,
                "put a text in double quotes",
            )
        elif _WORD.fullmatch(word):
            mend = ("put it in double quotes", span, f'"{word}"')
            if "\\" in word:
                mend = None
            hint = "put a text in double quotes"
            self._mistake("expected a value", span, hint, mend=mend)
        else:
            self._fatal("expected a value", span, "write one, or remove what needs it")
        return Leaf(None, span)

    def _number(self, word: str, span: Span) -> int | float:
        if len(word) <= _LONGEST_NUMBER:
            try:
                whole = int(word)
            except ValueError:
                number = float(word)
                if abs(number) != float("inf"):
                    return number
            else:
                if MIN_INTEGER <= whole <= MAX_INTEGER:
                    return whole
        self.mistakes.append(too_large(span))
        return 0

    def _blank(self) -> None:
        """Skip white space, and comments, of which only the first is reported."""
        while match := _BLANK.match(self.text, self.at):
            if match["comment"] and not self.commented:
                self.commented = True
                span = Span(self.source, match.start(), match.end())
                hint = "TOML and YAML do: dynbuild reads them as well"
                self._mistake("JSON has no comments", span, hint)
            self.at = match.end()

    def _next(self) -> str:
        return self.text[self.at : self.at + 1]

    def _step(self) -> None:
        self.at += 1

    def _here(self) -> Span:
        end = max(0, len(self.text.rstrip()) - 1)
        start = self.at if self.at < len(self.text) else end
        return Span(self.source, start, start + 1)

    def _token(self) -> Span:
        """Return the span of the token at the current offset."""
        for pattern in (_WORD, _STRING, _SINGLE, _OPEN_STRING):
            if match := pattern.match(self.text, self.at):
                return Span(self.source, match.start(), match.end())
        return self._here()

    def _mistake(
        self,
        message: str,
        span: Span,
        hint: str | None = None,
        labels: tuple[Label, ...] = (),
        mend: tuple[str, Span, str] | None = None,
    ) -> None:
        mends: tuple[Mend, ...] = ()
        if mend is not None:
            title, place, text = mend
            mends = (Mend(title, (Edit(place, text),)),)
        message = f"not valid JSON: {message}"
        self.mistakes.append(
            Diagnostic("DB0101", message, span, hint, labels, mends=mends)
        )

    def _fatal(
        self,
        message: str,
        span: Span,
        hint: str | None = None,
        labels: tuple[Label, ...] = (),
    ) -> NoReturn:
        self._mistake(message, span, hint, labels)
        raise _StopError
