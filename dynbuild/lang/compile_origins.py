"""Where an operand that does not fit comes from, and habits that explain a bad call.

Compiled when something has failed: what works pays nothing for it.
"""

from dataclasses import replace

from dynbuild.errors import Edit, Label, Mend
from dynbuild.lang import syntax
from dynbuild.lang.compiler import Scope, Unit, compile_node
from dynbuild.lang.failure import Failure
from dynbuild.lang.values import Attrs, EvalEnv, Value
from dynbuild.spans import Span

_PREFIXES = frozenset({"f", "F", "r", "R", "b", "u", "fr", "rf"})
"""Letters that other languages put before a string."""


def add_origin(
    failure: Failure,
    unit: Unit,
    scope: Scope | None,
    node: syntax.Expression,
    env: EvalEnv,
) -> None:
    """Label a failure with the place where the value of an operand was defined."""
    label = _origin(unit, scope, node, env)
    if label and label.span != failure.span and not failure.labels:
        failure.labels = (label,)


def _origin(
    unit: Unit, scope: Scope | None, node: syntax.Expression, env: EvalEnv
) -> Label | None:
    name, span = "", None
    if isinstance(node, syntax.Identifier):
        name = node.name
        while scope is not None and not (scope.places and name in scope.places):
            scope = scope.parent
        span = scope.spans.get(name) if scope else None
    elif isinstance(node, syntax.Select) and isinstance(node.path[-1], syntax.Name):
        *front, _ = node.path
        name = node.path[-1].text
        around = replace(node, path=tuple(front)) if front else node.subject
        value = compile_node(unit, scope, around)(env)
        span = value.spans.get(name) if type(value) is Attrs else None
    return Label(span, f"'{name}' is defined here") if span else None


def habit_of_call(node: syntax.Call, called: Value) -> str | None:
    """Return what to write instead of a call of what is no function."""
    function, argument = node.function, node.arguments[0]
    if argument.start != function.end:
        return None
    if isinstance(argument, syntax.ListLiteral):
        if isinstance(called, list):
            return "an element is taken by builtins.elemAt list 0"
        if type(called) is Attrs:
            return "an attribute is taken by a dot: set.name, or set.${name}"
    if isinstance(argument, syntax.String) and isinstance(function, syntax.String):
        return "text of several lines is written ''…'', between two single quotes"
    if isinstance(argument, syntax.NumberLiteral):
        return 'a version is text: "3.12.1"'
    return None


def mends_of_call(unit: Unit, node: syntax.Call, called: Value) -> tuple[Mend, ...]:
    """Return the mend of an element that is taken as other languages take it."""
    function, argument = node.function, node.arguments[0]
    if (
        isinstance(called, list)
        and isinstance(argument, syntax.ListLiteral)
        and argument.start == function.end
        and len(argument.items) == 1
        and isinstance(function, syntax.Identifier | syntax.Select)
    ):
        text, item = unit.source.text, argument.items[0]
        element = f"(builtins.elemAt {text[function.start : function.end]} "
        element += f"{text[item.start : item.end]})"
        edit = Edit(Span(unit.source, function.start, argument.end), element)
        return (Mend("take it by builtins.elemAt", (edit,)),)
    return ()


def advise_prefix(
    unit: Unit, item: syntax.Expression, following: syntax.Expression | None
) -> bool:
    """Give a letter that stands before a string in a list its hint; say whether."""
    if (
        not isinstance(item, syntax.Identifier)
        or item.name not in _PREFIXES
        or not isinstance(following, syntax.String)
        or following.start != item.end
    ):
        return False
    hint = "a string has no prefix; a value is put in by ${…}"
    mends = (Mend("remove the prefix", (Edit(unit.span(item), ""),)),)
    unit.problems[-1] = replace(unit.problems[-1], hint=hint, mends=mends)
    return True


def advise_call(unit: Unit, node: syntax.Call) -> None:
    """Give the undefined name that is called a hint, if a habit explains it."""
    function, argument = node.function, node.arguments[0]
    if not isinstance(function, syntax.Identifier) or not isinstance(
        argument, syntax.String
    ):
        return
    hint, mends = None, unit.problems[-1].mends
    if argument.start == function.end and function.name in _PREFIXES:
        hint = "a string has no prefix; a value is put in by ${…}"
        mends = (Mend("remove the prefix", (Edit(unit.span(function), ""),)),)
    elif isinstance(node.arguments[-1], syntax.AttrSet):
        hint = f"there are no blocks: write {function.name}.NAME = {{ … }};"
    if hint:
        unit.problems[-1] = replace(unit.problems[-1], hint=hint, mends=mends)
