"""The formatter: spaces and indentation, and nothing else.

Line breaks are the author's, except that runs of blank lines collapse to one. Comments
and literals stay as they are, byte for byte. There are no options.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

from dynbuild.lang.parser import parse
from dynbuild.lang.scanner import KEYWORDS, Lexeme, lexemes
from dynbuild.lang.syntax import OPERATORS
from dynbuild.spans import Source

STEP = "  "

_OPENERS = {"{": "}", "[": "]", "(": ")", "${": "}"}
_CLOSERS = frozenset("}])")
_BLOCKS = frozenset({"{", "let"})
_OPERATORS = frozenset({"=", "?", "!", ":", *OPERATORS})
_LINE_END = re.compile(r"\r\n?|\n")
_BEFORE_UNARY = _OPERATORS | KEYWORDS | frozenset({"{", "[", "(", "${", ";", ",", "@"})


def format_source(source: Source) -> str:
    """Return the formatted source. Raises ``DeclarationError`` if it does not parse."""
    parse(source)
    tokens = _tokens(source.text)
    texts: list[str] = []
    layout = _Layout()
    before: _Token | None = None
    for token in tokens:
        if before is None or token.breaks:
            if before:
                texts.append("\n\n" if token.breaks > 1 else "\n")
            texts.append(STEP * layout.start_line(token))
        else:
            texts.append(_space(before, token))
        texts.append(token.text)
        layout.take(token)
        before = token
    return "".join(texts) + "\n"


@dataclass(slots=True)
class _Token:
    """A piece, the line breaks before it, and the facts that decide its spacing."""

    kind: str
    text: str
    breaks: int
    spaced: bool
    """Whether anything separated it from the previous token."""
    unary: bool = False
    ends_line: bool = False
    dynamic: bool = False
    """Whether it is a brace of ``${}``."""


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    breaks = 0
    spaced = False
    braces: list[str] = []
    significant = ""
    for piece in lexemes(text):
        if piece.kind == "space":
            breaks += len(_LINE_END.findall(piece.text))
            spaced = True
            continue
        if tokens and tokens[-1].text.startswith("#"):
            breaks = max(1, breaks)
        token = _Token(piece.kind, piece.text, breaks, spaced)
        if piece.kind in {"-", "!"}:
            token.unary = not significant or significant in _BEFORE_UNARY
        token.dynamic = _is_dynamic(piece, braces)
        tokens.append(token)
        if piece.kind != "comment":
            significant = "!" if token.unary else piece.kind
        breaks, spaced = 0, False
    for current, following in pairwise(tokens):
        current.ends_line = following.breaks > 0
    return tokens


def _is_dynamic(piece: Lexeme, braces: list[str]) -> bool:
    if piece.kind in {"{", "${"}:
        braces.append(piece.kind)
        return piece.kind == "${"
    return piece.kind == "}" and bool(braces) and braces.pop() == "${"


# Spaces


def _space(before: _Token, token: _Token) -> str:
    """Return the space between two tokens of a line."""
    if token.kind == "." or before.kind == ".":
        return " " if token.spaced else ""
    joined = (
        token.kind in {";", ",", ")", ":", "@"}
        or before.kind in {"(", "${", "@"}
        or (token.dynamic and token.kind == "}")
        or (before.unary and token.kind not in {"path", "literal", "-"})
    )
    return "" if joined else " "


# Indentation


@dataclass(slots=True)
class _Context:
    """An open construct, the indent of its line, and whether an item begins here."""

    kind: str
    line: int
    fresh: bool = True

    @property
    def indent(self) -> int:
        if not self.kind:
            return 0
        return self.line + 1 + (self.kind in _BLOCKS and not self.fresh)


class _Layout:
    """The indentation of the next line, given the tokens so far."""

    def __init__(self) -> None:
        self._stack = [_Context("", 0)]
        self._line = 0

    def start_line(self, token: _Token) -> int:
        """Return the indentation level of a line that starts with this token."""
        top = self._stack[-1]
        if token.kind in _CLOSERS:
            opener = next(
                (each for each in reversed(self._stack) if each.kind in _OPENERS), top
            )
            self._line = opener.line
        elif token.kind in {"in", "else"}:
            word = "let" if token.kind == "in" else "then"
            opened = next(
                (each for each in reversed(self._stack) if each.kind == word), None
            )
            self._line = opened.line if opened else self._plain_indent()
        elif token.kind == ",":
            self._line = top.line
        else:
            self._line = self._plain_indent()
        return self._line

    def _plain_indent(self) -> int:
        return self._stack[-1].indent

    def take(self, token: _Token) -> None:
        """Record what a token opens, ends and closes."""
        kind = token.kind
        if kind == "comment":
            return
        if kind in _CLOSERS:
            self._close(_OPENERS)
        elif kind == "in":
            self._close({"let"})
        elif kind == "else":
            self._close({"then"})
        elif kind in {";", ","} and self._end_item():
            return
        self._stack[-1].fresh = False
        if kind in _OPENERS or kind in {"let", "with", "assert"}:
            opened = "with" if kind == "assert" else kind
            self._stack.append(_Context(opened, self._line))
        elif kind == "then" or (kind == "else" and token.ends_line):
            self._stack.append(_Context(kind, self._line))

    def _close(self, kinds: dict[str, str] | set[str]) -> None:
        """Leave the innermost context of these kinds, and all contexts inside it."""
        for index in range(len(self._stack) - 1, 0, -1):
            if self._stack[index].kind in kinds:
                del self._stack[index:]
                return

    def _end_item(self) -> bool:
        """End a binding or formal; return False if it ended a ``with`` instead."""
        while self._stack[-1].kind in {"then", "else"}:
            self._stack.pop()
        if self._stack[-1].kind == "with":
            self._stack.pop()
            return False
        self._stack[-1].fresh = True
        return True
