"""The semantics of the operators: arithmetic, order, equality, concatenation."""

import operator
from collections.abc import Callable

from dynbuild.lang.coerce import embed, interpolate
from dynbuild.lang.failure import Failure
from dynbuild.lang.machine import EvalMachine
from dynbuild.lang.paths import normalise
from dynbuild.lang.showing import brief, told
from dynbuild.lang.values import (
    Attrs,
    Elements,
    PathValue,
    Slot,
    Value,
    a_kind,
    force,
)

MIN_INT, MAX_INT = -(2**63), 2**63 - 1

Numeric = int | float


def is_number(value: Value) -> bool:
    return type(value) is int or type(value) is float


def _operands(doing: str, left: Value, right: Value) -> tuple[Numeric, Numeric]:
    for value in (left, right):
        if type(value) is not int and type(value) is not float:
            raise Failure(
                "DB0210",
                f"{doing} needs numbers, but this is {told(value)}",
                hint="a number has no quotes" if isinstance(value, str) else None,
                culprit=value,
            )
    return left, right  # type: ignore[return-value]  # checked above


def _checked(doing: str, sign: str, left: Numeric, right: Numeric, result: int) -> int:
    if MIN_INT <= result <= MAX_INT:
        return result
    raise Failure("DB0218", f"integer overflow in {doing} {left} {sign} {right}")


def _arithmetic(
    doing: str, sign: str, compute: Callable[[Numeric, Numeric], Numeric]
) -> Callable[[Value, Value], Numeric]:
    def apply(left: Value, right: Value) -> Numeric:
        if type(left) is int and type(right) is int:
            result = compute(left, right)
            if MIN_INT <= result <= MAX_INT:
                return result
        first, second = _operands(doing, left, right)
        result = compute(first, second)
        if type(result) is int:
            return _checked(doing, sign, first, second, result)
        return result

    return apply


def _quotient(left: Numeric, right: Numeric) -> Numeric:
    if right == 0:
        raise Failure("DB0218", "division by zero")
    if type(left) is int and type(right) is int:
        return abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    return left / right


def _float_safe(
    compute: Callable[[Numeric, Numeric], Numeric],
) -> Callable[[Numeric, Numeric], Numeric]:
    def apply(left: Numeric, right: Numeric) -> Numeric:
        if type(left) is float or type(right) is float:
            left, right = float(left), float(right)
        return compute(left, right)

    return apply


add_numbers = _arithmetic("adding", "+", _float_safe(operator.add))
subtract = _arithmetic("subtracting", "-", _float_safe(operator.sub))
multiply = _arithmetic("multiplying", "*", _float_safe(operator.mul))
divide = _arithmetic("dividing", "/", _float_safe(_quotient))


def add(machine: EvalMachine, left: Value, right: Value) -> Value:
    """``+``: add numbers, join strings and paths."""
    if type(left) is int or type(left) is float:
        if type(right) is not int and type(right) is not float:
            raise Failure(
                "DB0210",
                f"{a_kind(right)} cannot be added to {a_kind(left)}: "
                f"{brief(left)} + {brief(right)}",
                hint="convert the number with toString"
                if isinstance(right, str)
                else None,
            )
        return add_numbers(left, right)
    if type(left) is PathValue:
        if type(right) is PathValue:
            return PathValue(normalise(machine.text([left.text, right.text])))
        text = interpolate(machine, right, None)
        return PathValue(normalise(machine.text([left.text, text])))
    sets = type(left) is Attrs and type(right) is Attrs and not _is_text(left)
    if sets or not isinstance(left, str | Attrs):
        raise Failure(
            "DB0210",
            f"{a_kind(right)} cannot be added to {a_kind(left)}: "
            f"{brief(left)} + {brief(right)}",
            hint="lists are joined by `++`, sets by `//`",
        )
    if isinstance(left, str) and type(right) in {int, float, bool}:
        raise Failure(
            "DB0210",
            f"{a_kind(right)} cannot be added to a string: "
            f"{brief(left)} + {brief(right)}",
            hint="to join them, convert it with toString; a number has no quotes",
            culprit=right,
        )
    first = interpolate(machine, left, None)
    return machine.text([first, embed(machine, right, None)])


def _is_text(value: Attrs) -> bool:
    """Whether a set can be coerced to a string."""
    return "__toString" in value.items or "outPath" in value.items


def concatenate(machine: EvalMachine, left: Value, right: Value) -> Value:
    """``++``."""
    for value in (left, right):
        if not isinstance(value, list):
            hint = "join strings by `+`, sets by `//`; put one element in [ ]"
            message = f"`++` needs lists, but this is {told(value)}"
            raise Failure("DB0210", message, hint=hint, culprit=value)
    assert isinstance(left, list)
    assert isinstance(right, list)
    if not left:
        return right
    if not right:
        return left
    machine.charge(len(left) + len(right))
    spans = getattr(left, "spans", None), getattr(right, "spans", None)
    if spans == (None, None):
        return left + right
    result = Elements(left)
    result += right
    result.spans = (spans[0] or (None,) * len(left)) + (
        spans[1] or (None,) * len(right)
    )
    return result


def update(machine: EvalMachine, left: Value, right: Value) -> Value:
    """``//``."""
    for value in (left, right):
        if type(value) is not Attrs:
            message = f"`//` needs sets, but this is {told(value)}"
            raise Failure("DB0210", message, culprit=value)
    assert type(left) is Attrs
    assert type(right) is Attrs
    if not right.items:
        return left
    if not left.items:
        return right
    machine.charge((len(left.items) + len(right.items)) >> 3)
    return Attrs(left.items | right.items, left.spans | right.spans)


# Order and equality

COMPARED = 12
"""Comparing two texts costs one element per 2**12 characters: it is fast."""


def less(machine: EvalMachine, left: Value, right: Value) -> bool:
    """``<``: numbers, strings, paths, and lists of them."""
    kinds = type(left), type(right)
    if kinds in {(int, int), (float, float)}:
        return left < right  # type: ignore[operator]  # both are numbers
    if isinstance(left, str) and isinstance(right, str):
        machine.charge(len(left) >> COMPARED)
        return left < right
    if is_number(left) and is_number(right):
        return float(left) < float(right)  # type: ignore[arg-type]  # numbers
    if type(left) is PathValue and type(right) is PathValue:
        return left.text < right.text
    if isinstance(left, list) and isinstance(right, list):
        return _less_lists(machine, left, right)
    raise _incomparable(left, right)


def _incomparable(left: Value, right: Value) -> Failure:
    return Failure(
        "DB0210",
        f"{a_kind(left)} cannot be compared with {a_kind(right)}: "
        f"{brief(left)}, {brief(right)}",
    )


def _less_lists(machine: EvalMachine, left: list[Slot], right: list[Slot]) -> bool:
    machine.enter()
    machine.charge(1)
    result = len(left) < len(right)
    for first, second in zip(left, right, strict=False):
        if not equal_slots(machine, first, second):
            result = less(machine, force(first), force(second))
            break
    machine.depth -= 1
    return result


def equal(machine: EvalMachine, left: Value, right: Value) -> bool:
    """``==`` of two values."""
    if isinstance(left, str | bool) or left is None:
        return _equal_plain(machine, left, right)
    if is_number(left):
        return is_number(right) and _equal_numbers(left, right)
    if type(left) is PathValue:
        return type(right) is PathValue and left.text == right.text
    if isinstance(left, list):
        return isinstance(right, list) and _equal_lists(machine, left, right)
    if type(left) is Attrs:
        return type(right) is Attrs and _equal_sets(machine, left, right)
    return False


def _equal_plain(machine: EvalMachine, left: Value, right: Value) -> bool:
    if isinstance(left, str):
        machine.charge(len(left) >> COMPARED)
        return isinstance(right, str) and left == right
    return left is right


def _equal_numbers(left: Value, right: Value) -> bool:
    if type(left) is type(right):
        return left == right
    return float(left) == float(right)  # type: ignore[arg-type]  # both are numbers


def equal_slots(machine: EvalMachine, left: Slot, right: Slot) -> bool:
    """Compare two slots; as in Nix the *same* value equals itself, even a function."""
    left_value, right_value = force(left), force(right)
    return left is right or equal(machine, left_value, right_value)


def _equal_lists(machine: EvalMachine, left: list[Slot], right: list[Slot]) -> bool:
    if len(left) != len(right):
        return False
    machine.enter()
    machine.charge(1 + (len(left) >> 2))
    for first, second in zip(left, right, strict=True):
        if not equal_slots(machine, first, second):
            machine.depth -= 1
            return False
    machine.depth -= 1
    return True


def _is_derivation(value: Attrs) -> bool:
    """Whether a set is a derivation, which Nix compares by its output alone."""
    if "type" not in value.items or "outPath" not in value.items:
        return False
    return force(value.items["type"]) == "derivation"


def _equal_sets(machine: EvalMachine, left: Attrs, right: Attrs) -> bool:
    machine.enter()
    machine.charge(1 + (len(left.items) >> 2))
    if _is_derivation(left) and _is_derivation(right):
        names = ["outPath"]
    elif left.items.keys() == right.items.keys():
        names = sorted(left.items)
    else:
        machine.depth -= 1
        return False
    for name in names:
        if not equal_slots(machine, left.items[name], right.items[name]):
            machine.depth -= 1
            return False
    machine.depth -= 1
    return True
