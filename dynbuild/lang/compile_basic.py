"""Compilation of literals, lists, conditions, functions and calls."""

from collections.abc import Callable

from dynbuild.errors import Label
from dynbuild.lang import syntax
from dynbuild.lang.coerce import embed, interpolate
from dynbuild.lang.compiler import (
    Scope,
    Unit,
    compile_node,
    compiles,
    constant,
    delay_in_frame,
    delay_node,
)
from dynbuild.lang.failure import Catchable, Failure, TraceFrame
from dynbuild.lang.machine import EvalMachine
from dynbuild.lang.paths import join
from dynbuild.lang.refusals import REFUSALS
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
    a_kind,
)
from dynbuild.spans import Span


@compiles(syntax.NumberLiteral)
def _number(_unit: Unit, _scope: Scope | None, node: syntax.NumberLiteral) -> Code:
    value = node.value
    return lambda _: value


@compiles(syntax.String)
def _string(unit: Unit, scope: Scope | None, node: syntax.String) -> Code:
    if values := constant(node):
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
    parts: list[tuple[str | Code, Span | None]] = []
    for part in node.parts:
        if isinstance(part, str):
            parts.append((part, None))
            continue
        problems_before = len(unit.problems)
        parts.append((compile_node(unit, scope, part), unit.span(part)))
        if len(unit.problems) > problems_before:
            unit.advise(part, f"to leave it to the shell, write {shell}…}}")

    def string(env: EvalEnv) -> Value:
        texts: list[str] = []
        for part, span in parts:
            if isinstance(part, str):
                texts.append(part)
            else:
                texts.append(text_of(machine, part(env), span))
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
    refusal = REFUSALS[node.reason]
    message = refusal.message.format(text=node.text)
    hint = refusal.hint.format(text=node.text) if refusal.hint else None
    if node.reason == "search path":
        return _not_found(refusal.code, message, unit.span(node), hint)
    unit.report(refusal.code, message, node, hint)
    return lambda _: None


def _not_found(code: str, message: str, span: Span, hint: str | None) -> Code:
    """Return code that fails when forced, as Nix does with an empty search path."""

    def search(_: EvalEnv) -> Value:
        raise Catchable(code, message, span=span, hint=hint)

    return search


@compiles(syntax.ListLiteral)
def _list(unit: Unit, scope: Scope | None, node: syntax.ListLiteral) -> Code:
    delays = []
    for item in node.items:
        problems_before = len(unit.problems)
        delays.append(delay_node(unit, scope, item))
        if len(unit.problems) > problems_before:
            unit.advise(item, "a text stands in quotes")
    spans = tuple(unit.span(item) for item in node.items)
    if not delays:
        empty: list[object] = []
        return lambda _: empty  # type: ignore[return-value]  # it stays empty

    def elements(env: EvalEnv) -> Value:
        result = Elements()
        for delay in delays:
            result.append(delay(env))
        result.spans = spans
        return result

    return elements


@compiles(syntax.Assert)
def _assert(unit: Unit, scope: Scope | None, node: syntax.Assert) -> Code:
    condition = truth(unit, scope, node.condition, "an assertion")
    body = compile_node(unit, scope, node.body)
    span = unit.span(node.condition)

    def assertion(env: EvalEnv) -> Value:
        if not condition(env):
            raise Catchable("DB0217", "this assertion is false", span=span)
        return body(env)

    return assertion


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
        "DB0210", f"{what} needs a Boolean, but this is {a_kind(value)}", span=span
    )


def truth(unit: Unit, scope: Scope | None, node: syntax.Expression, what: str) -> Code:
    """Return the code of a node that must be a Boolean for ``what``, its construct."""
    code = compile_node(unit, scope, node)
    span = unit.span(node)

    def test(env: EvalEnv) -> Value:
        value = code(env)
        return value if value is True or value is False else boolean(value, what, span)

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
    function = compile_node(unit, scope, node.function)
    arguments = [delay_node(unit, scope, argument) for argument in node.arguments]
    machine = unit.machine
    span = unit.span(node.function)
    site = TraceFrame(f"while calling {_called(node.function)}", span)
    spans = [unit.span(argument) for argument in node.arguments]
    if len(arguments) == 1:
        return _call_one(unit, function, arguments[0], site, spans)

    pair = len(arguments) if len(arguments) == len(("a", "b")) else None

    def call(env: EvalEnv) -> Value:
        called = value = function(env)
        try:
            if type(value) is Primitive and value.arity == pair:
                machine.charge(1)
                return machine.call2(value, arguments[0](env), arguments[1](env))
            for argument in arguments:
                value = machine.call(value, argument(env))
        except Failure as failure:
            _place(failure, called, spans, site)
            raise
        return value

    return call


def _place(
    failure: Failure, called: Value, spans: list[Span], site: TraceFrame
) -> None:
    """Set a failure's location: the mismatching argument, else the function."""
    if failure.span is None and failure.argument and type(called) is Primitive:
        name, index = failure.argument
        index -= len(called.arguments)
        if called.name == name and 0 <= index < len(spans):
            failure.span = spans[index]
            return
    failure.span = failure.span or site.span
    failure.steps.append(site)


def _call_one(
    unit: Unit, function: Code, argument: Delay, site: TraceFrame, spans: list[Span]
) -> Code:
    machine = unit.machine
    limit = machine.limits.depth

    def call(env: EvalEnv) -> Value:
        value = function(env)
        try:
            if type(value) is not Lambda or value.signature.parameters is not None:
                return machine.call(value, argument(env))
            machine.steps -= 1
            machine.depth += 1
            if machine.depth > limit or machine.steps < 0:
                machine.depth -= 1
                return machine.call(value, argument(env))
            result = value.body([value.env, argument(env)])
        except Failure as failure:
            _place(failure, value, spans, site)
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
