"""The meaning of quoted text: escapes, line endings, common indentation."""

import re
from typing import TypeAlias, TypeVar

from dynbuild.values import dataclass

ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}

_ESCAPE = re.compile(r"\\(\r\n|.)|\r\n?", re.DOTALL)
_PIECE = re.compile(r"(?:[^$']|\$[^{']|'[^'$])+|''\$|\$|'''|''\\.|'", re.DOTALL)

NO_INDENT = 1_000_000
"""Indentation of an all-space string: all of it is dropped, as in Nix."""

_Expression = TypeVar("_Expression")
Piece: TypeAlias = tuple[str, bool]
"""A text of an indented string, and whether it was written verbatim (no escape)."""


@dataclass(slots=True)
class _StringLine:
    """The line being stripped, which may continue in the next piece."""

    starts: bool = True
    dropped: int = 0


def _unescape_one(match: re.Match[str]) -> str:
    char = match[1]
    return "\n" if char in {None, "\r\n"} else ESCAPES.get(char, char)


def unescape(text: str) -> str:
    """Return the meaning of the text between double quotes."""
    if "\\" in text or "\r" in text:
        return _ESCAPE.sub(_unescape_one, text)
    return str(text)


def joined(parts: list[str | _Expression]) -> tuple[str | _Expression, ...]:
    """Return the parts with adjacent texts merged and empty ones dropped."""
    result: list[str | _Expression] = []
    for part in parts:
        if not isinstance(part, str):
            result.append(part)
        elif result and isinstance(last := result[-1], str):
            result[-1] = last + part
        elif part:
            result.append(part)
    return tuple(result)


def _piece(text: str) -> Piece:
    """Return one piece of an indented string, split as by Nix's lexer."""
    if text == "''$":
        return "$", False
    if text == "'''":
        return "''", False
    if text.startswith("''\\"):
        return ESCAPES.get(text[3], text[3]), False
    return text, text not in {"$", "'"}


def indented_parts(items: list[_Expression]) -> list[str | _Expression]:
    """Return the parts of an indented string without their common indentation.

    All-space lines do not count, nor do tabs; an escape or a value ends the
    indentation of its line. A last line of only spaces is dropped.
    """
    pieces: list[Piece | _Expression] = []
    for item in items:
        if isinstance(item, str):
            # An editor or a checkout chooses the line ends: they mean the same.
            text = item.replace("\r\n", "\n")
            pieces += map(_piece, _PIECE.findall(text))
        else:
            pieces.append(item)
    indent = _common_indent(pieces)
    stripped: list[str | _Expression] = []
    line = _StringLine()
    for number, piece in enumerate(pieces, 1):
        if not isinstance(piece, tuple):
            line.starts, line.dropped = False, 0
            stripped.append(piece)
            continue
        text = _strip(piece[0], indent, line)
        if number == len(pieces):
            head, newline, tail = text.rpartition("\n")
            if newline and not tail.strip(" "):
                text = head + newline
        stripped.append(text)
    return stripped


def _common_indent(pieces: list[Piece | _Expression]) -> int:
    common = None
    current = 0
    at_line_start = True
    for piece in pieces:
        if not isinstance(piece, tuple) or not piece[1]:
            ends = at_line_start
            at_line_start = False
            if ends:
                common = current if common is None else min(common, current)
            continue
        lines = piece[0].split("\n")
        for number, line in enumerate(lines):
            if number:
                at_line_start, current = True, 0
            if at_line_start:
                spaces = len(line) - len(line.lstrip(" "))
                current += spaces
                if spaces < len(line):
                    at_line_start = False
                    common = current if common is None else min(common, current)
    return NO_INDENT if common is None else common


def _strip(text: str, indent: int, line: _StringLine) -> str:
    lines = text.split("\n")
    for number, content in enumerate(lines):
        if number:
            line.starts, line.dropped = True, 0
        if line.starts:
            spaces = len(content) - len(content.lstrip(" "))
            lines[number] = content[max(0, min(spaces, indent - line.dropped)) :]
            line.dropped += spaces
            if spaces < len(content):
                line.starts, line.dropped = False, 0
    return "\n".join(lines)
