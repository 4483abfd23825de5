"""What is wrong with a text that is not TOML, in words that are ours.

``tomllib`` decides; what it says is for programmers, and may differ from one version
of Python to the next.
"""

import re

from dynbuild.values import dataclass

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_WORDS: tuple[tuple[str, str, str | None], ...] = (
    (r"^Cannot declare", "this table is defined twice", "join the two"),
    (r"overwrite|Duplicate", "this key already has a value", "keep one of the two"),
    (
        r"namespace",
        "this table is closed: it was written whole elsewhere",
        "write it there",
    ),
    (r"^Invalid statement", "expected a key or a [table]", "write key = value"),
    (
        r"^Expected newline or end of document",
        "expected the end of the line after a value",
        "put a text in quotes, and write one key = value on a line",
    ),
    (r"^Expected '=' after a key", "expected = after the key", "write key = value"),
    (r"^Expected '\]", "the header of this table is not closed", "write [table]"),
    (
        r"^Invalid initial character for a key",
        "a key cannot start like this",
        "put a key that has other characters than A-Z a-z 0-9 _ - in quotes",
    ),
    (r"^Unclosed array", "expected , or ] in a list", "write [a, b]"),
    (
        r"^Unclosed inline table",
        "expected , or } in an inline table",
        "write { a = 1, b = 2 }",
    ),
    (
        r"^Unescaped '\\'",
        r"a backslash starts an escape, and this is not one",
        r"write \\ for a backslash, or use 'single quotes'",
    ),
    (
        r"^Invalid hex value",
        r"\u takes 4 hex digits, \U takes 8",
        r"write \\ for a backslash",
    ),
    (r"scalar value", "this escape is not a character of Unicode", "write another"),
    (
        r"^Unterminated string|^Expected [\"']",
        "this text is not closed",
        "end it with the quotes that it begins with",
    ),
    (
        r"^Illegal character '\\n'",
        "this text is not closed at the end of its line",
        'use """ for text of several lines',
    ),
    (
        r"^Illegal character '\\r'",
        "a carriage return without a line feed",
        "save the file with LF or CRLF line endings",
    ),
    (
        r"^Illegal character|^Found invalid",
        "this control character is not allowed",
        r"remove it, or write it as \uXXXX",
    ),
    (r"^Invalid date", "there is no such date or time", "put a text in quotes"),
    (r"^Invalid value", "expected a value", "put a text in quotes"),
    (r"^Exceeds the limit", "this number is too long", "put a text in quotes"),
)


@dataclass(frozen=True, slots=True)
class TomlMistake:
    """A mistake in words, what to do, and its line and column where they are known."""

    message: str
    hint: str | None
    place: tuple[int, int] | None
    is_at_end: bool

    def offset(self, text: str) -> int:
        """Return the place as an offset into the text."""
        if self.place is None:
            return len(text) if self.is_at_end else 0
        line, column = self.place
        before = text.split("\n", line - 1)
        return sum(len(each) + 1 for each in before[: line - 1]) + column - 1


def explained(error: str) -> TomlMistake:
    """Return the mistake that a message of ``tomllib`` tells."""
    found = _PLACE.search(error)
    place = (int(found[1]), int(found[2])) if found and found[1] else None
    message, hint = next(
        ((words, hint) for pattern, words, hint in _WORDS if re.search(pattern, error)),
        ("this is not TOML", None),
    )
    return TomlMistake(message, hint, place, found is not None and place is None)
