"""Built-ins for numbers, kinds, control and diagnosis."""

import math
from collections.abc import Callable

from dynbuild.errors import inert
from dynbuild.lang import operators
from dynbuild.lang.builtins import builtin
from dynbuild.lang.coerce import interpolate, to_text
from dynbuild.lang.deep import force_deep
from dynbuild.lang.failure import Catchable, Failure, TraceFrame
from dynbuild.lang.machine import EvalMachine
from dynbuild.lang.operators import MAX_INT, MIN_INT, Numeric
from dynbuild.lang.printing import print_value
from dynbuild.lang.values import (
    KINDS,
    Attrs,
    Lambda,
    PathValue,
    Primitive,
    Slot,
    Value,
    force,
)

# Numbers


@builtin("add a:number b:number", "The sum.")
def _add(_: EvalMachine, a: Numeric, b: Numeric) -> Numeric:
    return operators.add_numbers(a, b)


@builtin("sub a:number b:number", "The difference.")
def _sub(_: EvalMachine, a: Numeric, b: Numeric) -> Numeric:
    return operators.subtract(a, b)


@builtin("mul a:number b:number", "The product.")
def _mul(_: EvalMachine, a: Numeric, b: Numeric) -> Numeric:
    return operators.multiply(a, b)


@builtin("div a:number b:number", "The quotient; of integers, without its fraction.")
def _div(_: EvalMachine, a: Numeric, b: Numeric) -> Numeric:
    return operators.divide(a, b)


@builtin("lessThan a:value b:value", "Whether a < b.")
def _less_than(machine: EvalMachine, a: Value, b: Value) -> bool:
    return operators.less(machine, a, b)


@builtin("bitAnd a:int b:int", "The bits that both have.")
def _bit_and(_: EvalMachine, a: int, b: int) -> int:
    return a & b


@builtin("bitOr a:int b:int", "The bits that either has.")
def _bit_or(_: EvalMachine, a: int, b: int) -> int:
    return a | b


@builtin("bitXor a:int b:int", "The bits that one of them has.")
def _bit_xor(_: EvalMachine, a: int, b: int) -> int:
    return a ^ b


def _rounded(name: str, number: Numeric, rounding: Callable[[float], int]) -> int:
    if type(number) is int:
        return number
    if math.isfinite(number):
        result = rounding(number)
        if MIN_INT <= result <= MAX_INT:
            return result
    raise Failure("DB0218", f"'builtins.{name}': {number:g} does not fit into 64 bits")


@builtin("ceil number:number", "The least integer that is not smaller.")
def _ceil(_: EvalMachine, number: Numeric) -> int:
    return _rounded("ceil", number, math.ceil)


@builtin("floor number:number", "The largest integer that is not larger.")
def _floor(_: EvalMachine, number: Numeric) -> int:
    return _rounded("floor", number, math.floor)


# Kinds


@builtin(
    "typeOf value:value", "int, float, bool, string, path, null, list, set, lambda."
)
def _type_of(_: EvalMachine, value: Value) -> str:
    return KINDS[type(value)][0]


@builtin("isAttrs value:value", "Whether it is a set.")
def _is_attrs(_: EvalMachine, value: Value) -> bool:
    return type(value) is Attrs


@builtin("isBool value:value", "Whether it is a Boolean.")
def _is_bool(_: EvalMachine, value: Value) -> bool:
    return type(value) is bool


@builtin("isFloat value:value", "Whether it is a float.")
def _is_float(_: EvalMachine, value: Value) -> bool:
    return type(value) is float


@builtin("isFunction value:value", "Whether it is a function.")
def _is_function(_: EvalMachine, value: Value) -> bool:
    kind = type(value)
    return kind is Lambda or kind is Primitive


@builtin("isInt value:value", "Whether it is an integer.")
def _is_int(_: EvalMachine, value: Value) -> bool:
    return type(value) is int


@builtin("isList value:value", "Whether it is a list.")
def _is_list(_: EvalMachine, value: Value) -> bool:
    return isinstance(value, list)


@builtin("isNull value:value", "Whether it is null.")
def _is_null(_: EvalMachine, value: Value) -> bool:
    return value is None


@builtin("isPath value:value", "Whether it is a path.")
def _is_path(_: EvalMachine, value: Value) -> bool:
    return type(value) is PathValue


@builtin("isString value:value", "Whether it is a string.")
def _is_string(_: EvalMachine, value: Value) -> bool:
    return type(value) is str


# Control


@builtin("seq first:value second:any", "The second, after the first is evaluated.")
def _seq(_: EvalMachine, __: Value, second: Slot) -> Slot:
    return second


@builtin(
    "deepSeq first:value second:any",
    "The second, after the first is evaluated with all that is in it.",
)
def _deep_seq(machine: EvalMachine, first: Value, second: Slot) -> Slot:
    force_deep(machine, first)
    return second


@builtin("throw message:value", "Give up with a message; tryEval can catch it.")
def _throw(machine: EvalMachine, message: Value) -> Slot:
    raise Catchable("DB0216", interpolate(machine, message, None))


@builtin("abort message:value", "Give up with a message, for good.")
def _abort(machine: EvalMachine, message: Value) -> Slot:
    text = interpolate(machine, message, None)
    raise Failure("DB0216", f"evaluation aborted: {text}")


@builtin(
    "tryEval value:any",
    "{ success, value } of it; a `throw` or a false `assert` is no success.",
)
def _try_eval(machine: EvalMachine, value: Slot) -> Attrs:
    depth = machine.depth
    try:
        result = force(value)
    except Catchable:
        machine.depth = depth
        return Attrs({"success": False, "value": False}, {})
    return Attrs({"success": True, "value": result}, {})


@builtin("trace message:value value:any", "The value, after the message is shown.")
def _trace(machine: EvalMachine, message: Value, value: Slot) -> Slot:
    text = message if isinstance(message, str) else print_value(machine, message)
    machine.say(_said("trace: ", text))
    return value


def _said(opening: str, text: str) -> str:
    """Return what is said, so that no line of it can pass for another's."""
    return opening + inert(text, " " * len(opening))


@builtin("traceVerbose message:any value:any", "The value; the message is not shown.")
def _trace_verbose(_: EvalMachine, __: Slot, value: Slot) -> Slot:
    return value


@builtin("warn message:string value:any", "The value, after a warning is shown.")
def _warn(machine: EvalMachine, message: str, value: Slot) -> Slot:
    machine.say(_said("evaluation warning: ", message))
    return value


@builtin("break value:any", "The value: there is no debugger to break into.")
def _break(_: EvalMachine, value: Slot) -> Slot:
    return value


@builtin(
    "addErrorContext message:any value:any",
    "The value; where its evaluation fails, the message is part of the trace.",
)
def _add_error_context(machine: EvalMachine, message: Slot, value: Slot) -> Slot:
    try:
        return force(value)
    except Failure as failure:
        failure.steps.append(TraceFrame(to_text(machine, force(message)), None))
        raise


@builtin("toString value:value", "The value as text; of a list, with spaces between.")
def _to_string(machine: EvalMachine, value: Value) -> str:
    return to_text(machine, value)
