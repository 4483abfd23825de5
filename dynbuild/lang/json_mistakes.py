"""The first mistake of a text that is not JSON, in words that are ours.

Python's reader decides; what it says differs from version to version.
"""

import math
import re

_BLANK = re.compile(r"[ \t\r\n]*")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile(r"true|false|null")
_FOREIGN = re.compile(r"[^\s\[\]{},:\"]{1,20}")
_CLOSERS = {"[": "]", "{": "}"}


class _Found(Exception):  # noqa: N818  # it is an answer
    """The mistake, and where it is."""

    def __init__(self, position: int, message: str) -> None:
        self.position = position
        self.message = message


def first_mistake(text: str) -> tuple[int, int, str] | None:
    """Return the line, the column and the words of the first mistake, if any.

    The nesting of the text is bounded by the caller.
    """
    try:
        end = _blank(text, _value(text, _blank(text, 0)))
        if end < len(text):
            raise _Found(end, "the text goes on after its value")  # noqa: TRY301
    except _Found as found:
        before = text[: found.position]
        line = before.count("\n") + 1
        return line, found.position - before.rfind("\n"), found.message
    return None


def _blank(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at


def _value(text: str, at: int) -> int:
    """Return where the value at a position ends."""
    opener = text[at : at + 1]
    if opener in _CLOSERS:
        return _container(text, at, opener)
    if opener == '"':
        return _string(text, at)
    if match := _WORD.match(text, at):
        return match.end()
    if match := _NUMBER.match(text, at):
        if math.isinf(float(match[0])):
            raise _Found(at, f"{match[0]} is out of the range of a float")
        return match.end()
    raise _Found(at, _no_value(text, at))


def _no_value(text: str, at: int) -> str:
    match = _FOREIGN.match(text, at)
    if match is None:
        return "a value is missing"
    if match[0].startswith(("//", "/*", "#")):
        return "JSON has no comments"
    if match[0].startswith("'"):
        return "a text is written in double quotes"
    return f"'{match[0]}' is no value of JSON"


def _container(text: str, at: int, opener: str) -> int:
    closer = _CLOSERS[opener]
    at = _blank(text, at + 1)
    if text.startswith(closer, at):
        return at + 1
    while True:
        if opener == "{":
            at = _key(text, at)
        at = _blank(text, _value(text, at))
        if text.startswith(closer, at):
            return at + 1
        if not text.startswith(",", at):
            raise _Found(at, f"`,` or `{closer}` must follow")
        comma, at = at, _blank(text, at + 1)
        if text.startswith(closer, at):
            raise _Found(comma, f"no comma may stand before `{closer}`")


def _key(text: str, at: int) -> int:
    """Return where the value of the key at a position starts."""
    if not text.startswith('"', at):
        raise _Found(at, "a key in double quotes must stand here")
    at = _blank(text, _string(text, at))
    if not text.startswith(":", at):
        raise _Found(at, "`:` must follow the key")
    return _blank(text, at + 1)


def _string(text: str, start: int) -> int:
    at = start + 1
    while True:
        match = _PLAIN.match(text, at)
        at = match.end() if match else at
        if at >= len(text):
            raise _Found(start, "this text is not closed")
        if text[at] == '"':
            return at + 1
        if text[at] != "\\":
            raise _Found(at, f"a text has {text[at]!r} only as an escape")
        escape = _ESCAPE.match(text, at)
        if escape is None:
            raise _Found(at, "a backslash starts an escape, and this is not one")
        at = escape.end()
