"""Cut a source into pieces, as far as that goes: for messages, and for the formatter.

Beside the parser's own lexer this one never fails, and keeps comments.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

KEYWORDS = frozenset(
    {"if", "then", "else", "assert", "with", "let", "in", "rec", "inherit", "or"}
)

_CODE = re.compile(
    r"""
    (?P<space>[ \t\r\n]+)
  | (?P<comment>\#[^\r\n]*|/\*(?:[^*]|\*(?!/))*+\*/)
  | (?P<unclosed>/\*.*)
  | (?P<url>[A-Za-z][A-Za-z0-9+.-]{0,31}+:[A-Za-z0-9%/?:@&=+$,_.!~*'-]+)
  | (?P<path>[A-Za-z0-9._+-]{0,99}+(?:(?:/[A-Za-z0-9._+-]++)++/?|/(?=\$\{))
      | ~(?:/[A-Za-z0-9._+-]+)+ | <[A-Za-z0-9._+-]+(?:/[A-Za-z0-9._+-]+)*>)
  | (?P<number>(?:[1-9][0-9]*\.[0-9]*|0?\.[0-9]+)(?:[Ee][+-]?[0-9]+)?|[0-9]+)
  | (?P<name>[A-Za-z_][A-Za-z0-9_'-]*)
  | (?P<open>"|''(?:\ *\n)?)
  | (?P<operator>\.\.\.|\$\{|//|\+\+|->|==|!=|<=|>=|&&|\|\||\|>|<\|
      |[{}\[\]();:,@.=?!*/+<>-])
  | (?P<bad>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_TEXTS = {
    '"': re.compile(r"(?:[^$\"\\]|\$[^{\"\\]|\\.|\$\\.|\$(?=\"))++", re.DOTALL),
    "''": re.compile(
        r"(?:[^$']|\$[^{']|\$(?=')|'[^'$]|'(?=\$)|''\$|'''|''\\.)++", re.DOTALL
    ),
    "path": re.compile(r"[A-Za-z0-9._+/-]+"),
}
_CLOSES = {"}": ("{", "${"), "]": ("[",), ")": ("(",)}


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a source: its kind, which for keywords and operators is their text.

    The kinds: space, comment, url, path, number, name, text (of a string), open and
    close (of a string), unclosed (a comment), bad. ``inside`` are the openers around
    it, the innermost last, with their offsets.
    """

    kind: str
    text: str
    start: int
    inside: tuple[tuple[str, int], ...]

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def scan(text: str) -> Iterator[Piece]:
    """All pieces of a source."""
    at = 0
    inside: tuple[tuple[str, int], ...] = ()
    while at < len(text) or (inside and inside[-1][0] == "path"):
        mode = inside[-1][0] if inside else ""
        if mode in _TEXTS:
            piece = _in_literal(text, at, mode, inside)
        else:
            match = _CODE.match(text, at)
            assert match
            kind = match.lastgroup or ""
            if kind == "operator" or match[0] in KEYWORDS:
                kind = match[0]
            piece = Piece(kind, match[0], at, inside)
        yield piece
        inside = _after(text, piece, mode)
        at = piece.end


def _in_literal(
    text: str, at: int, mode: str, inside: tuple[tuple[str, int], ...]
) -> Piece:
    match = _TEXTS[mode].match(text, at)
    if match:
        return Piece("text", match[0], at, inside)
    if text.startswith("${", at):
        return Piece("${", "${", at, inside)
    if mode == "path":
        return Piece("close", "", at, inside)
    if text.startswith(mode, at):
        return Piece("close", mode, at, inside)
    return Piece("text", text[at : at + 1], at, inside)


def _after(text: str, piece: Piece, mode: str) -> tuple[tuple[str, int], ...]:
    """Return the openers around what follows a piece."""
    inside = piece.inside
    kind = piece.kind
    if kind == "open":
        return (*inside, ("''" if piece.text[0] == "'" else '"', piece.start))
    if kind == "path" and text.startswith("${", piece.end):
        return (*inside, ("path", piece.start))
    if kind in {"{", "[", "(", "${"}:
        return (*inside, (kind, piece.start))
    if kind == "close" or mode in _CLOSES.get(kind, ()):
        return inside[:-1]
    return inside


def lexemes(text: str) -> Iterator[Piece]:
    """Return the pieces with each literal as one, whatever is interpolated in it."""
    start = None
    for piece in scan(text):
        outside = not any(opener in _TEXTS for opener, _ in piece.inside)
        if start is None and (piece.kind == "open" or _opens_path(text, piece)):
            start = piece.start
        elif start is None:
            yield piece
        elif (
            piece.kind == "close"
            and len([1 for opener, _ in piece.inside if opener in _TEXTS]) == 1
        ):
            yield Piece("literal", text[start : piece.end], start, piece.inside[:-1])
            start = None
        assert start is not None or outside or piece.kind == "close"


def _opens_path(text: str, piece: Piece) -> bool:
    return piece.kind == "path" and text.startswith("${", piece.end)
