"""How values become text: in interpolations, and more freely by ``toString``."""

from typing import NoReturn

from dynbuild.lang.failure import Failure
from dynbuild.lang.machine import Machine
from dynbuild.lang.values import Attrs, Path, Value, a_kind, force
from dynbuild.spans import Span


def encode(text: str) -> bytes:
    """The bytes of a string of the language."""
    return text.encode("utf-8", "surrogateescape")


def decode(data: bytes) -> str:
    """The string of the language for some bytes."""
    return data.decode("utf-8", "surrogateescape")


def interpolate(machine: Machine, value: Value, span: Span | None) -> str:
    """A value as text where only what is like a text may stand."""
    if type(value) is str:
        return value
    if type(value) is Path:
        return value.text
    if type(value) is Attrs:
        return interpolate(machine, _text_of_set(machine, value, span), span)
    _no_text(value, span)


def _text_of_set(machine: Machine, value: Attrs, span: Span | None) -> Value:
    machine.enter()
    if "__toString" in value.items:
        text = machine.call(force(value.items["__toString"]), value)
    elif "outPath" in value.items:
        text = force(value.items["outPath"])
    else:
        _no_text(value, span)
    machine.depth -= 1
    return text


def _no_text(value: Value, span: Span | None) -> NoReturn:
    hint = None
    if type(value) in {int, float, bool, type(None), list}:
        hint = "convert it with toString"
    elif type(value) is Attrs:
        hint = "select an attribute; or give the set `__toString` or `outPath`"
    raise Failure(
        "DB0210", f"a string is needed, but this is {a_kind(value)}", span=span, hint=hint
    )


def to_text(machine: Machine, value: Value) -> str:
    """A value as text in the way of ``toString``."""
    if type(value) is str:
        return value
    if type(value) is bool:
        return "1" if value else ""
    if type(value) is int:
        return str(value)
    if type(value) is float:
        return f"{value:f}"
    if value is None:
        return ""
    if isinstance(value, list):
        return _list_text(machine, value)
    if type(value) is Attrs:
        return to_text(machine, _text_of_set(machine, value, None))
    return interpolate(machine, value, None)


def _list_text(machine: Machine, items: list[object]) -> str:
    machine.enter()
    texts: list[str] = []
    for number, slot in enumerate(items, 1):
        value = force(slot)  # type: ignore[arg-type]  # elements are slots
        texts.append(to_text(machine, value))
        if number < len(items) and value != []:
            texts.append(" ")
    machine.depth -= 1
    return machine.text(texts)
