"""Conversion of values to text: strict in interpolations, lenient in ``toString``."""

import re
from collections.abc import Callable
from typing import Any

from dynbuild.errors import Edit, Mend
from dynbuild.lang.failure import Failure
from dynbuild.lang.files import FileRefused
from dynbuild.lang.machine import EvalMachine
from dynbuild.lang.showing import told
from dynbuild.lang.values import (
    Attrs,
    PathText,
    PathValue,
    Slot,
    Value,
    force,
)
from dynbuild.spans import Span


def encode(text: str) -> bytes:
    """Return the bytes of a string of the language."""
    return text.encode("utf-8", "surrogateescape")


def decode(data: bytes) -> str:
    """Return bytes as a string of the language."""
    return data.decode("utf-8", "surrogateescape")


def interpolate(machine: EvalMachine, value: Value, span: Span | None) -> str:
    """Return a string-like value as text."""
    if isinstance(value, str):
        return value
    if type(value) is PathValue:
        return PathText(value.text, value.text)
    if type(value) is Attrs:
        return interpolate(machine, _text_of_set(machine, value, span), span)
    raise _no_text(value, span)


def embed(machine: EvalMachine, value: Value, span: Span | None) -> str:
    """Return a value as part of a string; a file of the project must exist.

    Nix would copy the file to its store here. A path outside the project, such as one
    in an image, is plain text.
    """
    if type(value) is PathValue:
        _must_exist(machine, value, span)
    return interpolate(machine, value, span)


def _must_exist(machine: EvalMachine, path: PathValue, span: Span | None) -> None:
    try:
        missing = machine.files.kind(path.text) is None
    except FileRefused:
        return
    if missing:
        raise Failure(
            "DB0220",
            f"'{path.text}' does not exist",
            span=span,
            hint="a path that is only meant in the image is written as text",
        )


def _text_of_set(machine: EvalMachine, value: Attrs, span: Span | None) -> Value:
    machine.enter()
    if "__toString" in value.items:
        text = machine.call(force(value.items["__toString"]), value)
    elif "outPath" in value.items:
        text = force(value.items["outPath"])
    else:
        raise _no_text(value, span)
    machine.depth -= 1
    return text


def _no_text(value: Value, span: Span | None) -> Failure:
    hint = None
    if type(value) in _ATOMS or isinstance(value, list):
        hint = "convert it with toString"
    elif type(value) is Attrs:
        hint = "select an attribute; or give the set `__toString` or `outPath`"
    message = f"a string is needed, but this is {told(value)}"
    mends = _converting(span) if type(value) in _ATOMS and span else ()
    return Failure("DB0210", message, span=span, hint=hint, culprit=value, mends=mends)


def _converting(span: Span) -> tuple[Mend, ...]:
    """Return the mend of what stands between the braces of a text."""
    text = span.source.text
    written = text[span.start : span.end]
    if not text[: span.start].rstrip().endswith("${"):
        return ()
    plain = re.fullmatch(r"[\w.'-]+", written)
    value = written if plain else f"({written})"
    return (Mend("convert it with toString", (Edit(span, f"toString {value}"),)),)


_ATOMS: dict[type, Callable[[Any], str]] = {
    bool: lambda value: "1" if value else "",
    int: str,
    float: "{:f}".format,
    type(None): lambda _: "",
}


def to_text(machine: EvalMachine, value: Value) -> str:
    """Return a value as text, as ``toString`` does."""
    if type(value) in _ATOMS:
        return _ATOMS[type(value)](value)
    if isinstance(value, list):
        return _list_text(machine, value)
    if type(value) is Attrs:
        return to_text(machine, _text_of_set(machine, value, None))
    return interpolate(machine, value, None)


def _list_text(machine: EvalMachine, items: list[Slot]) -> str:
    machine.enter()
    machine.charge(1 + len(items))
    texts: list[str] = []
    for number, slot in enumerate(items, 1):
        value = force(slot)
        texts.append(to_text(machine, value))
        if number < len(items) and value != []:
            texts.append(" ")
    machine.depth -= 1
    return machine.text(texts)
