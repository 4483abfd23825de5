"""Compilation of literals, lists, conditions, functions and calls."""

from collections.abc import Callable
from itertools import zip_longest
from typing import TypeAlias

from dynbuild.errors import Edit, Label, Mend
from dynbuild.lang import syntax
from dynbuild.lang.coerce import embed, interpolate
from dynbuild.lang.compile_origins import (
    add_origin,
    advise_call,
    advise_prefix,
    habit_of_call,
    mends_of_call,
)
from dynbuild.lang.compiler import (
    Scope,
    Unit,
    compile_node,
    compiles,
    constant,
    delay_in_frame,
    delay_node,
    element_spans,
)
from dynbuild.lang.failure import Catchable, Failure, TraceFrame
from dynbuild.lang.machine import EvalMachine
from dynbuild.lang.paths import join
from dynbuild.lang.refusals import AT_USE, LIBRARY, REFUSALS
from dynbuild.lang.showing import told
from dynbuild.lang.values import (
    Code,
    Delay,
    Elements,
    EvalEnv,
    Lambda,
    Parameter,
    PathValue,
    Primitive,
    Signature,
    Value,
)
from dynbuild.spans import Span


@compiles(syntax.NumberLiteral)
def _number(_unit: Unit, _scope: Scope | None, node: syntax.NumberLiteral) -> Code:
    value = node.value
    return lambda _: value


@compiles(syntax.String)
def _string(unit: Unit, scope: Scope | None, node: syntax.String) -> Code:
    if values := constant(unit, node):
        value = values[0]
        return lambda _: value
    return _joined(unit, scope, node, embed)


def _joined(
    unit: Unit,
    scope: Scope | None,
    node: syntax.String,
    text_of: Callable[[EvalMachine, Value, Span | None], str],
) -> Code:
    machine = unit.machine
    shell = "\\${" if unit.source.text.startswith('"', node.start) else "''${"
    parts: list[tuple[str | Code, syntax.Expression | None]] = []
    for part in node.parts:
        if isinstance(part, str):
            parts.append((part, None))
            continue
        problems_before = len(unit.problems)
        parts.append((compile_node(unit, scope, part), part))
        if len(unit.problems) > problems_before:
            at = unit.source.text.rfind("${", 0, part.start + 1)
            edit = Edit(Span(unit.source, at, at + 2), shell)
            hint = f"to leave it to the shell, write {shell}…}}"
            unit.advise(part, hint, Mend("leave it to the shell", (edit,)))

    def string(env: EvalEnv) -> Value:
        texts: list[str] = []
        for part, inner in parts:
            if inner is None:
                texts.append(part)  # type: ignore[arg-type]  # without a node, a text
                continue
            value = part(env)  # type: ignore[operator]  # with a node, its code
            if type(value) is str:
                texts.append(value)
                continue
            try:
                texts.append(text_of(machine, value, unit.span(inner)))
            except Failure as failure:
                if failure.culprit is value:
                    add_origin(failure, unit, scope, inner, env)
                raise
        return machine.text(texts)

    return string


@compiles(syntax.PathLiteral)
def _path(unit: Unit, scope: Scope | None, node: syntax.PathLiteral) -> Code:
    first, *rest = node.parts
    assert isinstance(first, str)
    if not rest:
        path = PathValue(join(unit.directory, first))
        return lambda _: path
    machine = unit.machine
    directory = unit.directory
    tail = syntax.String(node.start, node.end, tuple(rest))
    string = _joined(unit, scope, tail, interpolate)

    def path_code(env: EvalEnv) -> Value:
        text = machine.text([first, str(string(env))])
        return PathValue(join(directory, text))

    return path_code


@compiles(syntax.Refused)
def _refused(unit: Unit, _scope: Scope | None, node: syntax.Refused) -> Code:
    if f"/{node.text}" == LIBRARY:
        library = PathValue(LIBRARY)
        return lambda _: library
    refusal = REFUSALS[node.reason]
    message = refusal.message.format(text=node.text)
    hint = refusal.hint.format(text=node.text) if refusal.hint else None
    if node.reason in AT_USE:
        # Nix lets tryEval catch that a file is not on the search path.
        kind = Catchable if node.reason == "search path" else Failure
        span = unit.span(node)

        def refuse(_: EvalEnv) -> Value:
            raise kind(refusal.code, message, span=span, hint=hint)

        return refuse
    written = {"url": ('"{}"',), "path": ("./{}", '"{}"')}.get(node.reason, ())
    mends = tuple(
        Mend(f"write {text}", (Edit(unit.span(node), text),))
        for text in (form.format(node.text) for form in written)
    )
    unit.report(refusal.code, message, node, hint, (), mends)
    return lambda _: None


@compiles(syntax.ListLiteral)
def _list(unit: Unit, scope: Scope | None, node: syntax.ListLiteral) -> Code:
    if values := constant(unit, node):
        value = values[0]
        return lambda _: value
    delays = []
    for item, following in zip_longest(node.items, node.items[1:]):
        problems_before = len(unit.problems)
        delays.append(delay_node(unit, scope, item))
        is_new = len(unit.problems) > problems_before
        if is_new and not advise_prefix(unit, item, following):
            text = unit.source.text[item.start : item.end]
            edit = Edit(unit.span(item), f'"{text}"')
            mend = Mend("put it in quotes", (edit,))
            unit.advise(item, "a text stands in quotes", mend)
    spans = element_spans(unit, node)

    def elements(env: EvalEnv) -> Value:
        result = Elements()
        for delay in delays:
            result.append(delay(env))
        result.spans = spans
        return result

    return elements


@compiles(syntax.If)
def _if(unit: Unit, scope: Scope | None, node: syntax.If) -> Code:
    condition = truth(unit, scope, node.condition, "a condition")
    then = compile_node(unit, scope, node.then)
    otherwise = compile_node(unit, scope, node.otherwise)
    return lambda env: then(env) if condition(env) else otherwise(env)


def boolean(value: Value, what: str, span: Span | None) -> bool:
    """Return the value as a Boolean, or fail with a message that ``what`` needs one."""
    if type(value) is bool:
        return value
    raise Failure(
        "DB0210",
        f"{what} needs a Boolean, but this is {told(value)}",
        span=span,
        hint="compare it, as in a != null; nothing counts as true or false by itself",
    )


def truth(unit: Unit, scope: Scope | None, node: syntax.Expression, what: str) -> Code:
    """Return the code of a node that must be a Boolean for ``what``, its construct."""
    code = compile_node(unit, scope, node)
    span = unit.span(node)

    def test(env: EvalEnv) -> Value:
        value = code(env)
        if value is True or value is False:
            return value
        try:
            return boolean(value, what, span)
        except Failure as failure:
            add_origin(failure, unit, scope, node, env)
            raise

    return test


# Functions


@compiles(syntax.Function)
def _function(unit: Unit, scope: Scope | None, node: syntax.Function) -> Code:
    name, unit.naming = unit.naming, None
    places: dict[str, int] = {}
    if node.whole:
        places[node.whole.text] = 1
    formals = node.pattern.formals if node.pattern else ()
    inner = Scope(scope, places, {each.name: unit.span(each) for each in formals})
    named: list[tuple[str, syntax.SyntaxNode]] = []
    if node.whole:
        named.append((node.whole.text, node.whole))
    for formal in formals:
        if formal.name in places:
            first = next(each for each in named if each[0] == formal.name)[1]
            label = Label(unit.span(first), "first named here")
            unit.report(
                "DB0205",
                f"the argument '{formal.name}' is there twice",
                formal,
                labels=(label,),
            )
        named.append((formal.name, formal))
        places[formal.name] = len(places) + 1
    unfilled = [formal.name for formal in formals]
    parameters: list[Parameter] = []
    for formal in formals:
        span = unit.span(formal)
        default = None
        if formal.default is not None:
            frame = TraceFrame(f"while evaluating the default of '{formal.name}'", span)
            default = delay_in_frame(unit, inner, formal.default, frame, unfilled)
        parameters.append(Parameter(formal.name, span, default))
        unfilled.remove(formal.name)
    if isinstance(node.body, syntax.Function):
        unit.naming = name
    body = compile_node(unit, inner, node.body)
    unit.naming = None
    signature = Signature(
        name,
        unit.span(node.pattern or node.whole or node),
        tuple(parameters) if node.pattern else None,
        bool(node.pattern and node.pattern.ellipsis),
        node.whole is not None,
    )
    return lambda env: Lambda(env, body, signature)


@compiles(syntax.Call)
def _call(unit: Unit, scope: Scope | None, node: syntax.Call) -> Code:
    problems_before = len(unit.problems)
    function = compile_node(unit, scope, node.function)
    if len(unit.problems) > problems_before:
        advise_call(unit, node)
    arguments = [delay_node(unit, scope, argument) for argument in node.arguments]
    machine = unit.machine
    place = _placing(unit, scope, node)
    if len(arguments) == 1:
        return _call_one(unit, function, arguments[0], place)

    pair = len(arguments) if len(arguments) == len(("a", "b")) else None

    def call(env: EvalEnv) -> Value:
        called = value = function(env)
        try:
            if type(value) is Primitive and value.arity == pair:
                machine.count_call()
                return machine.call2(value, arguments[0](env), arguments[1](env))
            for argument in arguments:
                value = machine.call(value, argument(env))
        except Failure as failure:
            place(failure, called, env)
            raise
        return value

    return call


Placing: TypeAlias = Callable[[Failure, Value, EvalEnv], None]


def _placing(unit: Unit, scope: Scope | None, node: syntax.Call) -> Placing:
    """Return what places a failure: at the argument that does not fit, or the call."""
    site = TraceFrame(
        f"while calling {_called(node.function)}", unit.span(node.function)
    )

    def place(failure: Failure, called: Value, env: EvalEnv) -> None:
        if failure.span is None and failure.argument and type(called) is Primitive:
            name, index = failure.argument
            index -= len(called.arguments)
            if called.name == name and 0 <= index < len(node.arguments):
                argument = node.arguments[index]
                failure.span = unit.span(argument)
                add_origin(failure, unit, scope, argument, env)
                return
        if failure.span is None and failure.culprit is called:
            failure.hint = habit_of_call(node, called) or failure.hint
            failure.mends = mends_of_call(unit, node, called)
            failure.span = site.span
            add_origin(failure, unit, scope, node.function, env)
        failure.span = failure.span or site.span
        failure.steps.append(site)

    return place


def _call_one(unit: Unit, function: Code, argument: Delay, place: Placing) -> Code:
    machine = unit.machine
    limit = machine.limits.depth

    def call(env: EvalEnv) -> Value:
        value = function(env)
        try:
            if type(value) is not Lambda or value.signature.parameters is not None:
                return machine.call(value, argument(env))
            machine.calls -= 1
            machine.depth += 1
            if machine.depth > limit or machine.calls < 0:
                machine.depth -= 1
                machine.calls += 1
                return machine.call(value, argument(env))
            result = value.body([value.env, argument(env)])
        except Failure as failure:
            place(failure, value, env)
            raise
        machine.depth -= 1
        return result

    return call


def _called(node: syntax.Expression) -> str:
    match node:
        case syntax.Identifier(name=name):
            return f"'{name}'"
        case syntax.Select(path=path) if isinstance(last := path[-1], syntax.Name):
            return f"'{last.text}'"
    return "a function"
