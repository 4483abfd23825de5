"""Values in messages: short, on one line, and nothing is evaluated for it."""

import re

from dynbuild.lang.values import (
    Attrs,
    Lambda,
    PathValue,
    Primitive,
    Slot,
    Thunk,
    Value,
    a_kind,
)

MOST = 100
"""Characters of a value that a message shows."""
MOST_OF_A_TEXT = 40
_ITEMS = 6

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_'-]*")
_CONSTANTS = {None: "null", True: "true", False: "false"}
_TO_QUOTE = re.compile(r'["\\\x00-\x1f\x7f-\x9f]|\$(?=\{)')
_QUOTED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def told(value: Value) -> str:
    """Return a value in a sentence: ``an integer: 80``, ``the function 'f'``."""
    if type(value) is Lambda and value.signature.name:
        return f"the function '{value.signature.name}'"
    if type(value) is Primitive:
        return f"the built-in function '{value.name}'"
    kind = a_kind(value)
    return kind if value is None or type(value) is Lambda else f"{kind}: {brief(value)}"


def brief(value: Value) -> str:
    """Return a value as it is written, shortened."""
    for depth in (3, 2):
        text = _written(value, depth)
        if len(text) <= MOST:
            return text
    return _written(value, 1)


def _written(slot: Slot, depth: int) -> str:
    if type(slot) is Thunk:
        if slot.code is not None:
            return "…"
        slot = slot.value
    if isinstance(slot, str):
        return _quoted(slot)
    if isinstance(slot, list):
        parts = [_written(item, depth - 1) for item in slot[: _ITEMS * (depth > 0)]]
        return _enclosed("[", parts, "]", is_whole=len(parts) == len(slot))
    if type(slot) is Attrs:
        names = sorted(slot.items)[: _ITEMS * (depth > 0)]
        parts = [
            f"{_name(name)} = {_written(slot.items[name], depth - 1)};"
            for name in names
        ]
        return _enclosed("{", parts, "}", is_whole=len(parts) == len(slot.items))
    return _atom(slot)  # type: ignore[arg-type]  # type() does not narrow the rest


def _enclosed(opener: str, parts: list[str], closer: str, *, is_whole: bool) -> str:
    return " ".join([opener, *parts, *([] if is_whole else ["…"]), closer])


def _quoted(text: str) -> str:
    shown = text if len(text) <= MOST_OF_A_TEXT else f"{text[:MOST_OF_A_TEXT]}…"
    shown = shown.encode("utf-8", "replace").decode()
    return f'"{_TO_QUOTE.sub(_escape, shown)}"'


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    if char in {'"', "\\", "$"}:
        return f"\\{char}"
    return _QUOTED.get(char, f"\\x{ord(char):02x}")


def _name(name: str) -> str:
    return name if _IDENTIFIER.fullmatch(name) else _quoted(name)


def _atom(value: Value) -> str:
    if value is None or isinstance(value, bool):
        return _CONSTANTS[value]
    if isinstance(value, int | float):
        return repr(value)
    return value.text if type(value) is PathValue else "<function>"
