"""Compilation of the operators; ``operators.py`` has their semantics."""

import operator
from collections.abc import Callable
from typing import TypeAlias

from dynbuild.lang import operators, syntax
from dynbuild.lang.compile_basic import boolean, truth
from dynbuild.lang.compile_origins import add_origin
from dynbuild.lang.compiler import Scope, Unit, compile_node, compiles
from dynbuild.lang.failure import Catchable, Failure
from dynbuild.lang.machine import EvalMachine
from dynbuild.lang.showing import brief
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
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
"""Their fast path for two integers, unless the result overflows."""

MAX_SMALL = 2**31


@compiles(syntax.Binary)
def _binary(unit: Unit, scope: Scope | None, node: syntax.Binary) -> Code:
    if node.operator in SPECIAL:
        return SPECIAL[node.operator](unit, scope, node)
    left = compile_node(unit, scope, node.left)
    right = compile_node(unit, scope, node.right)
    fast = FAST.get(node.operator)
    apply = _applied(unit, scope, node)

    if fast is None:
        return lambda env: apply(env, left(env), right(env))

    def binary(env: EvalEnv) -> Value:
        left_value = left(env)
        right_value = right(env)
        if type(left_value) is int and type(right_value) is int:
            result = fast(left_value, right_value)
            if -MAX_SMALL < result < MAX_SMALL:
                return result
        return apply(env, left_value, right_value)

    return binary


def _applied(
    unit: Unit, scope: Scope | None, node: syntax.Binary
) -> Callable[[EvalEnv, Value, Value], Value]:
    """Return the operation of a node, whose failures have its place."""
    operation = OPERATIONS[node.operator]
    machine = unit.machine

    def apply(env: EvalEnv, left: Value, right: Value) -> Value:
        try:
            return operation(machine, left, right)
        except Failure as failure:
            if failure.span is None:
                side: syntax.Expression = node
                if failure.culprit is not None:
                    side = node.left if failure.culprit is left else node.right
                failure.span = unit.span(side)
                if side is not node:
                    add_origin(failure, unit, scope, side, env)
            raise

    return apply


COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})


@compiles(syntax.Assert)
def _assert(unit: Unit, scope: Scope | None, node: syntax.Assert) -> Code:
    condition = node.condition
    span = unit.span(condition)
    if isinstance(condition, syntax.Binary) and condition.operator in COMPARISONS:
        return _assert_comparison(unit, scope, condition, node.body)
    holds = truth(unit, scope, condition, "an assertion")
    body = compile_node(unit, scope, node.body)

    def assertion(env: EvalEnv) -> Value:
        if not holds(env):
            raise Catchable("DB0217", "this assertion is false", span=span)
        return body(env)

    return assertion


def _assert_comparison(
    unit: Unit, scope: Scope | None, node: syntax.Binary, rest: syntax.Expression
) -> Code:
    """Return the code of an assertion that can tell both sides."""
    left = compile_node(unit, scope, node.left)
    right = compile_node(unit, scope, node.right)
    apply = _applied(unit, scope, node)
    body = compile_node(unit, scope, rest)
    span = unit.span(node)

    def assertion(env: EvalEnv) -> Value:
        left_value, right_value = left(env), right(env)
        if not apply(env, left_value, right_value):
            sides = f"{brief(left_value)} {node.operator} {brief(right_value)}"
            message = f"this assertion is false: {sides}"
            raise Catchable("DB0217", message, span=span)
        return body(env)

    return assertion


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
