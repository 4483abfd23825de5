"""A best-effort scanner, for messages and for the formatter.

Unlike the parser's own lexer it never fails, and it keeps comments.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from dynbuild.values import dataclass

KEYWORDS = frozenset(
    {"if", "then", "else", "assert", "with", "let", "in", "rec", "inherit", "or"}
)

_CODE = re.compile(
    r"""
    (?P<space>[ \t\r\n]+)
  | (?P<comment>\#[^\r\n]*|/\*(?:[^*]|\*(?!/))*\*/)
  | (?P<unclosed>/\*.*)
  | (?P<url>[A-Za-z][A-Za-z0-9+.-]{0,31}+:[A-Za-z0-9%/?:@&=+$,_.!~*'-]+)
  | (?P<path>[A-Za-z0-9._+-]{0,99}+(?:(?:/[A-Za-z0-9._+-]++)+/?|/(?=\$\{))
      | ~(?:(?:/[A-Za-z0-9._+-]+)+/?|/(?=\$\{))
      | <[A-Za-z0-9._+-]+(?:/[A-Za-z0-9._+-]+)*>)
  | (?P<number>(?:[1-9][0-9]*\.[0-9]*|0?\.[0-9]+)(?:[Ee][+-]?[0-9]+)?|[0-9]+)
  | (?P<name>[A-Za-z_][A-Za-z0-9_'-]*)
  | (?P<open>"|''(?:\ *\r?\n)?)
  | (?P<operator>\.\.\.|\$\{|//|\+\+|->|==|!=|<=|>=|&&|\|\||\|>|<\|
      |[{}\[\]();:,@.=?!*/+<>-])
  | (?P<bad>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_TEXTS = {
    '"': re.compile(r"(?:[^$\"\\]|\$[^{\"\\]|\\.|\$\\.|\$(?=\"))+", re.DOTALL),
    "''": re.compile(
        r"(?:[^$']|\$[^{']|\$(?=')|'[^'$]|'(?=\$)|''\$|'''|''\\.)+", re.DOTALL
    ),
    "path": re.compile(r"[A-Za-z0-9._+/-]+"),
}
_CLOSES = {"}": ("{", "${"), "]": ("[",), ")": ("(",)}


class Opened(NamedTuple):
    """An open bracket, string or path, and the construct around it."""

    kind: str
    start: int
    outer: "Opened | None"
    literals: int
    """The number of strings and paths among them."""


@dataclass(frozen=True, slots=True)
class Lexeme:
    """A part of a source. The kind of a keyword or operator is its text.

    The other kinds: space, comment, url, path, number, name, text (of a string), open
    and close (of a string), unclosed (a comment), bad. ``inside`` is the innermost
    open construct around it.
    """

    kind: str
    text: str
    start: int
    inside: Opened | None

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def scan(text: str) -> Iterator[Lexeme]:
    """Split a source into all of its pieces."""
    position = 0
    inside: Opened | None = None
    while position < len(text) or (inside and inside.kind == "path"):
        mode = inside.kind if inside else ""
        if mode in _TEXTS:
            piece = _in_literal(text, position, mode, inside)
        else:
            match = _CODE.match(text, position)
            assert match
            kind = match.lastgroup or ""
            if kind == "operator" or match[0] in KEYWORDS:
                kind = match[0]
            piece = Lexeme(kind, match[0], position, inside)
        yield piece
        inside = _after(text, piece, mode)
        position = piece.end


def _in_literal(text: str, position: int, mode: str, inside: Opened | None) -> Lexeme:
    match = _TEXTS[mode].match(text, position)
    if match:
        return Lexeme("text", match[0], position, inside)
    if text.startswith("${", position):
        return Lexeme("${", "${", position, inside)
    if mode == "path":
        return Lexeme("close", "", position, inside)
    if text.startswith(mode, position):
        return Lexeme("close", mode, position, inside)
    return Lexeme("text", text[position : position + 1], position, inside)


def _after(text: str, piece: Lexeme, mode: str) -> Opened | None:
    """Return the innermost construct that is open after a piece."""
    inside = piece.inside
    kind = piece.kind
    literals = inside.literals if inside else 0
    if kind == "open":
        quote = "''" if piece.text[0] == "'" else '"'
        return Opened(quote, piece.start, inside, literals + 1)
    if _opens_path(text, piece):
        return Opened("path", piece.start, inside, literals + 1)
    if kind in {"{", "[", "(", "${"}:
        return Opened(kind, piece.start, inside, literals)
    if kind == "close" or mode in _CLOSES.get(kind, ()):
        return inside.outer if inside else None
    return inside


def lexemes(text: str) -> Iterator[Lexeme]:
    """Split a source into pieces, each literal one piece, with its interpolations."""
    start = None
    for piece in scan(text):
        if start is None and (piece.kind == "open" or _opens_path(text, piece)):
            start = piece.start
        elif start is None:
            yield piece
        elif piece.kind == "close" and piece.inside and piece.inside.literals == 1:
            yield Lexeme("literal", text[start : piece.end], start, piece.inside.outer)
            start = None


def _opens_path(text: str, piece: Lexeme) -> bool:
    return piece.kind == "path" and text.startswith("${", piece.end)
