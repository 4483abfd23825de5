"""The table of the built-ins: name, parameters and function of each.

A row is written above the function that implements it:

    @builtin("elemAt list:list index:int", "The element at an index, from 0.")

The kinds of the arguments (``KINDS``) are checked before the function is called. The
functions are in the modules ``builtins_*``, by subject.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from dynbuild.lang.coerce import interpolate
from dynbuild.lang.failure import Failure
from dynbuild.lang.machine import EvalMachine
from dynbuild.lang.values import (
    Attrs,
    Lambda,
    PathValue,
    Primitive,
    Slot,
    Value,
    a_kind,
    force,
)

Implementation: TypeAlias = Callable[..., Slot]
ArgumentPosition: TypeAlias = tuple[str, int]
"""An argument position: the built-in's name, and the index from 0."""
Check: TypeAlias = Callable[[EvalMachine, ArgumentPosition, Slot], Any]

F = TypeVar("F", bound=Implementation)


@dataclass(frozen=True, slots=True)
class Builtin:
    """A row of the table."""

    name: str
    parameters: tuple[tuple[str, str], ...]
    """Names and kinds."""
    summary: str
    function: Implementation

    @property
    def usage(self) -> str:
        """``elemAt list index``."""
        return " ".join([self.name, *(name for name, _ in self.parameters)])


BUILTINS: dict[str, Builtin] = {}

GLOBAL = frozenset(
    {
        "abort",
        "baseNameOf",
        "break",
        "dirOf",
        "fromTOML",
        "import",
        "isNull",
        "map",
        "removeAttrs",
        "throw",
        "toString",
    }
)
"""The built-ins in scope without ``builtins.``, as in Nix."""


def _wanted(position: ArgumentPosition, wanted: str, value: Value) -> Failure:
    failure = Failure(
        "DB0210",
        f"'builtins.{position[0]}' needs {wanted}, but this is {a_kind(value)}",
    )
    failure.argument = position
    return failure


def _exactly(wanted: str, *types: type) -> Check:
    def check(_: EvalMachine, position: ArgumentPosition, slot: Slot) -> Value:
        value = force(slot)
        if type(value) not in types:
            raise _wanted(position, wanted, value)
        return value

    return check


def _list(_: EvalMachine, position: ArgumentPosition, slot: Slot) -> Value:
    value = force(slot)
    if not isinstance(value, list):
        raise _wanted(position, "a list", value)
    return value


def as_function(_: EvalMachine, position: ArgumentPosition, slot: Slot) -> Value:
    """Return the value of a slot, which must be callable."""
    value = force(slot)
    kind = type(value)
    if kind is Lambda or kind is Primitive:
        return value
    if type(value) is Attrs and "__functor" in value.items:
        return value
    raise _wanted(position, "a function", value)


def _text(machine: EvalMachine, position: ArgumentPosition, slot: Slot) -> str:
    value = force(slot)
    if type(value) is str:
        return value
    try:
        return interpolate(machine, value, None)
    except Failure as failure:
        if failure.culprit is value:
            failure.argument = position
        raise


def _path(machine: EvalMachine, position: ArgumentPosition, slot: Slot) -> str:
    value = force(slot)
    if type(value) is PathValue:
        return value.text
    text = _text(machine, position, value)
    if not text.startswith("/"):
        failure = Failure(
            "DB0219",
            f"'builtins.{position[0]}' needs an absolute path, but this is '{text}'",
            hint="a path is written without quotes: ./name",
        )
        failure.argument = position
        raise failure
    return text


KINDS: dict[str, Check] = {
    "any": lambda _, __, slot: slot,
    "value": lambda _, __, slot: force(slot),
    "bool": _exactly("a Boolean", bool),
    "int": _exactly("an integer", int),
    "number": _exactly("a number", int, float),
    "string": _exactly("a string", str),
    "text": _text,
    "list": _list,
    "set": _exactly("a set", Attrs),
    "function": as_function,
    "path": _path,
}


def builtin(row: str, summary: str) -> Callable[[F], F]:
    """Add a row to the table."""
    name, *parameters = row.split()
    pairs = tuple(
        (parameter, kind)
        for parameter, _, kind in (each.partition(":") for each in parameters)
    )

    def register(function: F) -> F:
        BUILTINS[name] = Builtin(name, pairs, summary, function)
        return function

    return register


def primitive(row: Builtin) -> Primitive:
    """Return the value of a row: its function, wrapped in its argument checks."""
    name, function = row.name, row.function
    checks = [KINDS[kind] for _, kind in row.parameters]
    first, second, third = (checks * 3)[:3]
    positions = (name, 0), (name, 1), (name, 2)

    def unary(machine: EvalMachine, a: Slot) -> Slot:
        return function(machine, first(machine, positions[0], a))

    if len(checks) == 1:
        return Primitive(name, 1, unary)

    def binary(machine: EvalMachine, a: Slot, b: Slot) -> Slot:
        return function(
            machine, first(machine, positions[0], a), second(machine, positions[1], b)
        )

    if len(checks) == len(("a", "b")):
        return Primitive(name, 2, binary)

    def ternary(machine: EvalMachine, a: Slot, b: Slot, c: Slot) -> Slot:
        return function(
            machine,
            first(machine, positions[0], a),
            second(machine, positions[1], b),
            third(machine, positions[2], c),
        )

    return Primitive(name, 3, ternary)
