"""Printing of values: as ``nix-instantiate --eval`` does, and as JSON."""

import math
import re
from collections.abc import Callable
from typing import Any

from dynbuild.lang.coerce import embed, encode, interpolate
from dynbuild.lang.failure import Failure, TraceFrame
from dynbuild.lang.machine import EvalMachine
from dynbuild.lang.scanner import KEYWORDS
from dynbuild.lang.values import (
    Attrs,
    Lambda,
    PathText,
    PathValue,
    Primitive,
    Slot,
    Thunk,
    Value,
    a_kind,
    force,
    marked,
)

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_'-]*")
_QUOTED = {
    '"': '\\"',
    "\\": "\\\\",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}
_TO_QUOTE = re.compile(r'["\\\n\r\t]|\$(?=\{)')
_JSON_QUOTED = {
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}
_TO_QUOTE_JSON = re.compile(r'["\\\x00-\x1f]')


def quote(text: str) -> str:
    """Return text as a string literal of the language."""
    body = _TO_QUOTE.sub(lambda match: _QUOTED.get(match[0], "\\$"), text)
    return f'"{body}"'


def attribute_literal(name: str) -> str:
    """Return the name of an attribute as written in a set."""
    if _IDENTIFIER.fullmatch(name) and name not in KEYWORDS - {"or"}:
        return name
    return quote(name)


def print_value(machine: EvalMachine, value: Slot) -> str:
    """Return a value as Nix prints it; unevaluated parts are «thunk»."""
    parts: list[str] = []
    _print(machine, value, parts, set())
    return "".join(parts)


def _print(
    machine: EvalMachine, slot: Slot, parts: list[str], printed: set[int]
) -> None:
    if type(slot) is Thunk and slot.code is not None:
        parts.append("«thunk»")
        return
    value = force(slot)
    if isinstance(value, list) and value:
        if id(slot) in printed:
            parts.append("«repeated»")
            return
        printed.add(id(slot))
        machine.enter()
        parts.append("[ ")
        for item in value:
            _print(machine, item, parts, printed)
            parts.append(" ")
        parts.append("]")
        machine.depth -= 1
    elif type(value) is Attrs and value.items:
        if id(value) in printed:
            parts.append("«repeated»")
            return
        printed.add(id(value))
        machine.enter()
        parts.append("{ ")
        for name in sorted(value.items):
            machine.charge(len(name) >> 4)
            parts.append(f"{attribute_literal(name)} = ")
            _print(machine, value.items[name], parts, printed)
            parts.append("; ")
        parts.append("}")
        machine.depth -= 1
    else:
        parts.append(_atom(value))
        machine.charge(len(parts[-1]) >> 4)
    machine.charge(1)


def float_text(value: float) -> str:
    """Return a float as C's ``%g`` formats it."""
    return f"{value:g}"


_ATOMS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "null",
    bool: lambda value: "true" if value else "false",
    int: str,
    float: float_text,
    str: quote,
    PathText: quote,
    PathValue: lambda value: str(value.text),
    Primitive: lambda value: "<PRIMOP-APP>" if value.arguments else "<PRIMOP>",
    Lambda: lambda _: "<LAMBDA>",
    Attrs: lambda _: "{ }",
}
"""Printers of the atomic values; the only others here are empty lists."""


def _atom(value: Value) -> str:
    write = _ATOMS.get(type(value))
    return write(value) if write else "[ ]"


# JSON


def json_value(machine: EvalMachine, value: Slot) -> str:
    """Return a value as JSON, keys sorted, no spaces, evaluating it as needed."""
    parts: list[str] = []
    _json(machine, value, parts)
    return machine.text(parts)


def _json(machine: EvalMachine, slot: Slot, parts: list[str]) -> None:
    value = force(slot)
    machine.charge(1)
    if isinstance(value, list):
        _json_list(machine, value, parts)
    elif type(value) is Attrs:
        _json_set(machine, value, parts)
    elif type(value) is PathValue:
        parts.append(json_string(embed(machine, value, None)))
    else:
        parts.append(_json_atom(value))
        machine.charge(len(parts[-1]) >> 4)


def _json_list(machine: EvalMachine, items: list[Slot], parts: list[str]) -> None:
    machine.enter()
    separator = "["
    for item in items:
        parts.append(separator)
        _json(machine, item, parts)
        separator = ","
    parts.append("]" if items else "[]")
    machine.depth -= 1


def _json_set(machine: EvalMachine, value: Attrs, parts: list[str]) -> None:
    machine.enter()
    if "__toString" in value.items:
        parts.append(json_string(interpolate(machine, value, None)))
    elif "outPath" in value.items:
        _json(machine, value.items["outPath"], parts)
    else:
        separator = "{"
        for name in sorted(value.items):
            machine.charge(len(name) >> 4)
            parts.append(f"{separator}{json_string(name)}:")
            try:
                _json(machine, value.items[name], parts)
            except Failure as failure:
                _note(failure, value, name)
                raise
            separator = ","
        parts.append("}" if value.items else "{}")
    machine.depth -= 1


def _note(failure: Failure, value: Attrs, name: str) -> None:
    """Record in a failure which attribute holds the unprintable value."""
    span = value.spans.get(name)
    if span and failure.span is None:
        failure.span = span
    elif span:
        failure.steps.append(TraceFrame(f"while writing '{name}'", span))


def json_string(text: str) -> str:
    """Return text as a JSON string."""
    try:
        text.encode()
    except UnicodeEncodeError:
        shown = encode(text).decode("utf-8", "replace")
        raise Failure(
            "DB0222", f"the string {quote(shown)} is not UTF-8, which JSON needs"
        ) from None
    return marked(f'"{_TO_QUOTE_JSON.sub(_json_escape, text)}"', text)


def _json_escape(match: re.Match[str]) -> str:
    char = match[0]
    return _JSON_QUOTED.get(char) or f"\\u{ord(char):04x}"


LARGEST_POINT, SMALLEST_POINT = 15, -4
"""Positions of the decimal point that need no exponent."""


def json_float(value: float) -> str:
    """Return the shortest text that round-trips the float, in Nix's format."""
    if not math.isfinite(value):
        return "null"
    sign, digits, exponent = _shortest(value)
    point = len(digits) + exponent
    if SMALLEST_POINT < point <= LARGEST_POINT:
        if point <= 0:
            return f"{sign}0.{'0' * -point}{digits}"
        digits += "0" * (point - len(digits))
        return f"{sign}{digits[:point]}.{digits[point:] or '0'}"
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    scale = point - 1
    return f"{sign}{digits[0]}{tail}e{'-' if scale < 0 else '+'}{abs(scale):02d}"


def _shortest(value: float) -> tuple[str, str, int]:
    text = repr(abs(value))
    mantissa, _, scale = text.partition("e")
    whole, _, fraction = mantissa.partition(".")
    exponent = int(scale or 0) - len(fraction)
    digits = (whole + fraction).lstrip("0")
    significant = digits.rstrip("0")
    exponent += len(digits) - len(significant)
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    return sign, significant or "0", exponent if significant else 0


_JSON_ATOMS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "null",
    bool: lambda value: "true" if value else "false",
    int: str,
    float: json_float,
    str: json_string,
    PathText: json_string,
}


def _json_atom(value: Value) -> str:
    write = _JSON_ATOMS.get(type(value))
    if write is None:
        raise Failure("DB0222", f"{a_kind(value)} cannot be written as JSON")
    return write(value)
