"""Compilation of the operators; ``operators.py`` has their semantics."""

from collections.abc import Callable
from typing import TypeAlias

from dynbuild.lang import operators, syntax
from dynbuild.lang.compile_basic import boolean, truth
from dynbuild.lang.compiler import Scope, Unit, compile_node, compiles
from dynbuild.lang.failure import Failure
from dynbuild.lang.machine import EvalMachine
from dynbuild.lang.values import Code, EvalEnv, Value

Operation: TypeAlias = Callable[[EvalMachine, Value, Value], Value]

OPERATIONS: dict[str, Operation] = {
    "+": operators.add,
    "-": lambda _, left, right: operators.subtract(left, right),
    "*": lambda _, left, right: operators.multiply(left, right),
    "/": lambda _, left, right: operators.divide(left, right),
    "++": operators.concatenate,
    "//": operators.update,
    "==": operators.equal,
    "!=": lambda machine, left, right: not operators.equal(machine, left, right),
    "<": operators.less,
    "<=": lambda machine, left, right: not operators.less(machine, right, left),
    ">": lambda machine, left, right: operators.less(machine, right, left),
    ">=": lambda machine, left, right: not operators.less(machine, left, right),
}
"""The operators that evaluate both operands."""

FAST: dict[str, Callable[[int, int], int | bool]] = {
    "+": int.__add__,
    "-": int.__sub__,
    "*": int.__mul__,
    "<": int.__lt__,
    "<=": int.__le__,
    ">": int.__gt__,
    ">=": int.__ge__,
    "==": int.__eq__,
    "!=": int.__ne__,
}
"""Their fast path for two integers, unless the result overflows."""

MAX_SMALL = 2**31


@compiles(syntax.Binary)
def _binary(unit: Unit, scope: Scope | None, node: syntax.Binary) -> Code:
    if node.operator in SPECIAL:
        return SPECIAL[node.operator](unit, scope, node)
    left = compile_node(unit, scope, node.left)
    right = compile_node(unit, scope, node.right)
    operation = OPERATIONS[node.operator]
    fast = FAST.get(node.operator)
    machine = unit.machine
    span = unit.span(node)
    left_span, right_span = unit.span(node.left), unit.span(node.right)

    def binary(env: EvalEnv) -> Value:
        left_value = left(env)
        right_value = right(env)
        if fast and type(left_value) is int and type(right_value) is int:
            result = fast(left_value, right_value)
            if -MAX_SMALL < result < MAX_SMALL:
                return result
        try:
            return operation(machine, left_value, right_value)
        except Failure as failure:
            if failure.span is None:
                failure.span = span
                if failure.culprit is not None:
                    failure.span = (
                        left_span if failure.culprit is left_value else right_span
                    )
            raise

    return binary


@compiles(syntax.Unary)
def _unary(unit: Unit, scope: Scope | None, node: syntax.Unary) -> Code:
    operand = compile_node(unit, scope, node.operand)
    span = unit.span(node.operand)
    if node.operator == "!":
        return lambda env: not boolean(operand(env), "`!`", span)

    def negate(env: EvalEnv) -> Value:
        value = operand(env)
        try:
            return operators.subtract(0, value)
        except Failure as failure:
            if failure.span is None:
                failure.span = span
            raise

    return negate


def _truths(unit: Unit, scope: Scope | None, node: syntax.Binary) -> tuple[Code, Code]:
    what = f"`{node.operator}`"
    return (
        truth(unit, scope, node.left, what),
        truth(unit, scope, node.right, what),
    )


def _and(unit: Unit, scope: Scope | None, node: syntax.Binary) -> Code:
    left, right = _truths(unit, scope, node)
    return lambda env: left(env) and right(env)


def _or(unit: Unit, scope: Scope | None, node: syntax.Binary) -> Code:
    left, right = _truths(unit, scope, node)
    return lambda env: left(env) or right(env)


def _implies(unit: Unit, scope: Scope | None, node: syntax.Binary) -> Code:
    left, right = _truths(unit, scope, node)
    return lambda env: not left(env) or right(env)


def _pipe_into(unit: Unit, scope: Scope | None, node: syntax.Binary) -> Code:
    call = syntax.Call(node.start, node.end, node.right, (node.left,))
    return compile_node(unit, scope, call)


def _pipe_from(unit: Unit, scope: Scope | None, node: syntax.Binary) -> Code:
    call = syntax.Call(node.start, node.end, node.left, (node.right,))
    return compile_node(unit, scope, call)


SPECIAL: dict[str, Callable[[Unit, Scope | None, syntax.Binary], Code]] = {
    "&&": _and,
    "||": _or,
    "->": _implies,
    "|>": _pipe_into,
    "<|": _pipe_from,
}
"""The operators that do not evaluate both operands."""
