"""The table of the built-ins: name, parameters and function of each.

A row is written above the function that implements it:

    @builtin("elemAt list:list index:int", "The element at an index, from 0.")

The kinds of the arguments (``KINDS``) are checked before the function is called. The
functions are in the modules ``builtins_*``, by subject.
"""

import re
from collections.abc import Callable
from itertools import combinations
from typing import Any, TypeAlias, TypeVar

from dynbuild.lang.coerce import interpolate
from dynbuild.lang.failure import Failure
from dynbuild.lang.machine import EvalMachine
from dynbuild.lang.showing import told
from dynbuild.lang.values import (
    Attrs,
    Lambda,
    PathText,
    PathValue,
    Primitive,
    Slot,
    Value,
    force,
)
from dynbuild.values import dataclass

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

_NAME_OF_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*(?:/[A-Za-z0-9._+-]+)*")

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
        f"'builtins.{position[0]}' needs {wanted}, but this is {told(value)}",
    )
    failure.argument = position
    row = BUILTINS[position[0]]
    if len(row.parameters) > 1:
        failure.hint = f"it is called as builtins.{row.usage}"
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
    if isinstance(value, str):
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
        return PathText(value.text, value.text)
    text = _text(machine, position, value)
    if not text.startswith("/"):
        failure = Failure(
            "DB0219",
            f"'builtins.{position[0]}' needs an absolute path, but this is '{text}'",
            hint="a path is written without quotes: "
            + (f"./{text}" if _NAME_OF_FILE.fullmatch(text) else "./name"),
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
    "string": _exactly("a string", str, PathText),
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


CALLED = frozenset({"function", "operator", "predicate"})
"""Parameters that hold functions, those included that are checked only when called."""

QUICK = 10_000
"""Calls, and elements, that a better hint is worth."""


def _note_swapped(
    failure: Failure, machine: EvalMachine, row: Builtin, arguments: tuple[Slot, ...]
) -> None:
    """Let a failure say so if two arguments fit the other way round.

    The arguments are evaluated for it, as far as that is quick: nothing catches such a
    failure.
    """
    if failure.span is not None or (failure.argument or ("",))[0] != row.name:
        return
    if machine.calls <= QUICK:  # perhaps for a hint already, which must not nest
        return
    counts = machine.calls, machine.elements
    machine.calls = machine.elements = QUICK
    if _fit_if_turned(machine, row, arguments):
        failure.hint = (
            f"two arguments are swapped: it is called as builtins.{row.usage}"
        )
    machine.calls, machine.elements = counts


def _fit_if_turned(
    machine: EvalMachine, row: Builtin, arguments: tuple[Slot, ...]
) -> bool:
    for one, other in combinations(range(len(arguments)), 2):
        turned = [*arguments]
        turned[one], turned[other] = turned[other], turned[one]
        for index, slot in enumerate(turned):
            if not _fits(machine, row, index, slot):
                break
        else:
            return True
    return False


def _fits(machine: EvalMachine, row: Builtin, index: int, slot: Slot) -> bool:
    name, kind = row.parameters[index]
    depth = machine.depth
    try:
        KINDS["function" if name in CALLED else kind](machine, (row.name, index), slot)
    except Failure:
        return False
    finally:
        machine.depth = depth
    return True


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
        try:
            return function(
                machine,
                first(machine, positions[0], a),
                second(machine, positions[1], b),
            )
        except Failure as failure:
            _note_swapped(failure, machine, row, (a, b))
            raise

    if len(checks) == len(("a", "b")):
        return Primitive(name, 2, binary)

    def ternary(machine: EvalMachine, a: Slot, b: Slot, c: Slot) -> Slot:
        try:
            return function(
                machine,
                first(machine, positions[0], a),
                second(machine, positions[1], b),
                third(machine, positions[2], c),
            )
        except Failure as failure:
            _note_swapped(failure, machine, row, (a, b, c))
            raise

    return Primitive(name, 3, ternary)
