"""Compilation of variables, selection, ``?`` and ``with``."""

from collections.abc import Callable
from typing import NoReturn

from dynbuild.errors import Edit, Label, Mend, did_you_mean, nearest, respellings
from dynbuild.lang import syntax
from dynbuild.lang.bindings import Definitions, Inherited, Taken
from dynbuild.lang.compile_origins import add_origin
from dynbuild.lang.compiler import (
    Scope,
    Unit,
    compile_node,
    compiles,
    delay_node,
    find,
    names_in,
    read,
)
from dynbuild.lang.failure import Failure, TraceFrame
from dynbuild.lang.machine import EvalMachine
from dynbuild.lang.paths import base, join
from dynbuild.lang.refusals import ABSENT, ABSENT_NAMES
from dynbuild.lang.showing import told
from dynbuild.lang.values import (
    Attrs,
    Code,
    EvalEnv,
    PathText,
    Slot,
    Thunk,
    Value,
    a_kind,
    force,
)
from dynbuild.spans import Span

SPELLINGS = {
    "True": "the Booleans are `true` and `false`",
    "False": "the Booleans are `true` and `false`",
    "None": "the empty value is `null`",
    "nil": "the empty value is `null`",
    "undefined": "the empty value is `null`",
    "and": "the operator is `&&`",
    "not": "the operator is `!`",
    "or": "to give a default, write: set.name or default",
    "elif": "write `else if`",
    "for": "there are no loops: use `map` or `builtins.genList`",
    "lambda": "a function is written `x: …`",
    "function": "a function is written `x: …`",
    "def": "a function is written `name = x: …;`",
    "len": "use `builtins.length` or `builtins.stringLength`",
    "str": "use `toString`",
    "print": "use `builtins.trace`",
    "FROM": "this is a Dockerfile: `dynbuild init --from FILE` translates it",
    "return": "the value of a function is what follows its colon",
    "do": "there are no loops: use `map`, `builtins.genList` or recursion",
    "while": "there are no loops: use `map`, `builtins.genList` or recursion",
    "var": "a name is bound by `let … in …`",
    "const": "a name is bound by `let … in …`",
    "typeof": "use `builtins.typeOf`",
    "pkgs": "there is no package set: name packages by strings",
    "lib": "`import <dynbuild>` has a few functions; others are in files of your own",
}
"""Spellings from other languages, and the hint for each."""


_SAME = {
    "True": ["true"],
    "False": ["false"],
    "None": ["null"],
    "nil": ["null"],
    "undefined": ["null"],
    "and": ["&&"],
    "not": ["!"],
    "str": ["toString"],
    "typeof": ["builtins.typeOf"],
}
"""Those that another word stands for, in the same place."""


def _unbound(unit: Unit, scope: Scope | None, node: syntax.Identifier) -> None:
    known = names_in(unit, scope)
    hint, others = did_you_mean(node.name, known), nearest(node.name, known)
    builtin = unit.names.get("__" + node.name)
    if node.name in SPELLINGS:
        hint, others = SPELLINGS[node.name], _SAME.get(node.name, [])
    elif node.name in ABSENT:
        hint, others = ABSENT[node.name], []
    elif builtin is not None:
        hint = f"it is a built-in: write `builtins.{node.name}`"
        others = [f"builtins.{node.name}"]
    labels: tuple[Label, ...] = ()
    if found := _in_a_set_around(unit, node):
        place = found[1]
        hint = "attributes of one set do not see each other: write "
        hint += f"let {node.name} = …; in {{ … }}, or rec {{ … }}"
        labels, others = (Label(place, "it is only an attribute here"),), []
    mends = respellings(unit.span(node), node.name, others)
    if found and unit.source.text.startswith("{", found[0].start):
        at = Span(unit.source, found[0].start, found[0].start)
        mends = (Mend("write `rec` before the set", (Edit(at, "rec "),)),)
    message = f"undefined variable '{node.name}'"
    unit.report("DB0203", message, node, hint, labels, mends)


def _in_a_set_around(
    unit: Unit, node: syntax.Identifier
) -> tuple[Definitions, Span] | None:
    """Return a set around the name, which is not ``rec``, and where it has it."""
    for table in reversed(unit.around):
        entry = table.entries.get(node.name)
        if entry and not isinstance(entry.value, Inherited | Taken):
            value = entry.value
            if not value.start <= node.start < value.end:
                return table, unit.span(entry.place)
    return None


@compiles(syntax.Identifier)
def _variable(unit: Unit, scope: Scope | None, node: syntax.Identifier) -> Code:
    place, dynamic = find(scope, node.name)
    if place:
        return read(place)
    if node.name in unit.names:
        slot = unit.names[node.name]
        return lambda _: force(slot)
    if node.name in ABSENT_NAMES:
        return _absent(node.name, unit.span(node))
    if not dynamic:
        if node.name == "__curPos":
            return _position(unit, node)
        _unbound(unit, scope, node)
    return _from_with(node.name, dynamic, unit.span(node))


def _absent(name: str, span: Span) -> Code:
    """Return code that refuses a name of Nix: a library may have it and not use it."""

    def refuse(_: EvalEnv) -> Value:
        hint = ABSENT[name.removeprefix("__")]
        raise Failure("DB0202", f"dynbuild has no '{name}'", span=span, hint=hint)

    return refuse


def _position(unit: Unit, node: syntax.SyntaxNode) -> Code:
    span = unit.span(node)
    return lambda _: position(unit.machine, span)


def position(machine: EvalMachine, span: Span) -> Attrs | None:
    """Return a location as ``unsafeGetAttrPos`` does; null outside files.

    The file has its name in the language, wherever the command was run.
    """
    file = span.source.name
    if span.source == machine.root and file[:1] not in {"-", "/"}:
        file = join(machine.directory, base(file))
    if not file.startswith("/"):
        return None
    line, column = span.source.position(span.start)
    items: dict[str, Slot] = {
        "file": PathText(file, file),
        "line": line,
        "column": column,
    }
    return Attrs(items, {})


def _from_with(name: str, frames: list[int], span: Span) -> Code:
    """Return code that searches the ``with`` frames, innermost first."""

    def code(env: EvalEnv) -> Value:
        up = 0
        names: list[str] = []
        for frame in frames:
            while up < frame:
                env = env[0]
                up += 1
            value = env[1] = force(env[1])
            if type(value) is not Attrs:
                raise Failure(
                    "DB0210",
                    f"`with` needs a set, not {a_kind(value)}, to find '{name}' in",
                    span=span,
                )
            if name in value.items:
                return force(value.items[name])
            names += value.items
        raise Failure(
            "DB0203",
            f"undefined variable '{name}'",
            span=span,
            hint=did_you_mean(name, sorted(names)),
            mends=respellings(span, name, nearest(name, sorted(names))),
        )

    return code


@compiles(syntax.With)
def _with(unit: Unit, scope: Scope | None, node: syntax.With) -> Code:
    frame = TraceFrame("while evaluating the set of `with`", unit.span(node.scope))
    delay = delay_node(unit, scope, node.scope, frame)
    body = compile_node(unit, Scope(scope, None), node.body)
    return lambda env: body([env, delay(env)])


# Selection

FEW = 5
"""Maximum number of names of a set that a hint lists."""


def _no_set(value: Value, name: str, span: Span | None) -> NoReturn:
    raise Failure(
        "DB0210",
        f"a set is needed to take '{name}' from, but this is {told(value)}",
        span=span,
        culprit=value,
    )


def no_attribute(value: Attrs, name: str, span: Span | None) -> NoReturn:
    """Fail for an attribute that a set does not have."""
    names = sorted(value.items)
    hint = did_you_mean(name, names)
    if value.items.get("builtins") is value and name in ABSENT:
        message = f"dynbuild has no 'builtins.{name}'"
        raise Failure("DB0202", message, span=span, hint=ABSENT[name])
    mends = respellings(span, name, nearest(name, names)) if span else ()
    if not hint and 0 < len(names) <= FEW:
        hint = f"it has {', '.join(names)}"
    message = f"attribute '{name}' is missing"
    raise Failure("DB0211", message, span=span, hint=hint, mends=mends)


def take(name: str, span: Span | None) -> Code:
    """Return the code that selects an attribute from the slot it is given."""

    def code(slot: EvalEnv) -> Value:
        value = force(slot)
        if type(value) is not Attrs:
            _no_set(value, name, span)
        if name not in value.items:
            no_attribute(value, name, span)
        return force(value.items[name])

    return code


def attribute_name(value: Value, span: Span) -> str | None:
    """Return the name that a dynamic attribute evaluates to; None for null."""
    if value is None or isinstance(value, str):
        return value
    raise Failure(
        "DB0210",
        f"the name of an attribute must be a string, not {told(value)}",
        span=span,
    )


NameCode = Callable[[EvalEnv], str]


def _name_codes(
    unit: Unit, scope: Scope | None, path: tuple[syntax.AttrName, ...]
) -> list[tuple[NameCode, Span]]:
    codes: list[tuple[NameCode, Span]] = []
    for name in path:
        span = unit.span(name)
        if isinstance(name, syntax.Name):
            codes.append((_static_name(name.text), span))
        else:
            code = compile_node(unit, scope, name.expression)
            codes.append((_dynamic_name(code, span), span))
    return codes


def _static_name(text: str) -> NameCode:
    return lambda _: text


def _dynamic_name(code: Code, span: Span) -> NameCode:
    def name_code(env: EvalEnv) -> str:
        name = attribute_name(code(env), span)
        if name is None:
            raise Failure(
                "DB0210",
                "the name of an attribute must be a string, not null",
                span=span,
            )
        return name

    return name_code


@compiles(syntax.Select)
def _select(unit: Unit, scope: Scope | None, node: syntax.Select) -> Code:
    subject = compile_node(unit, scope, node.subject)
    if node.default is not None:
        default = compile_node(unit, scope, node.default)
        return _select_or(subject, _name_codes(unit, scope, node.path), default)
    first, *rest = node.path
    if isinstance(first, syntax.Name) and not rest:
        return _select_one(unit, scope, subject, node)
    codes = _name_codes(unit, scope, node.path)

    def select(env: EvalEnv) -> Value:
        value = subject(env)
        for name_code, span in codes:
            name = name_code(env)
            if type(value) is not Attrs:
                _no_set(value, name, span)
            if name not in value.items:
                no_attribute(value, name, span)
            value = force(value.items[name])
        return value

    return select


def _select_one(
    unit: Unit, scope: Scope | None, subject: Code, node: syntax.Select
) -> Code:
    first = node.path[0]
    assert isinstance(first, syntax.Name)
    name, span = first.text, unit.span(first)

    def select(env: EvalEnv) -> Value:
        value = subject(env)
        if type(value) is not Attrs:
            try:
                _no_set(value, name, span)
            except Failure as failure:
                add_origin(failure, unit, scope, node.subject, env)
                raise
        items = value.items
        if name not in items:
            no_attribute(value, name, span)
        slot = items[name]
        return force(slot) if type(slot) is Thunk else slot  # type: ignore[return-value]

    return select


def _select_or(
    subject: Code, codes: list[tuple[NameCode, Span]], default: Code
) -> Code:
    def select(env: EvalEnv) -> Value:
        value = subject(env)
        for name_code, _ in codes:
            name = name_code(env)
            if type(value) is not Attrs or name not in value.items:
                return default(env)
            value = force(value.items[name])
        return value

    return select


@compiles(syntax.Has)
def _has(unit: Unit, scope: Scope | None, node: syntax.Has) -> Code:
    subject = compile_node(unit, scope, node.subject)
    *front, (last, _) = _name_codes(unit, scope, node.path)

    def has(env: EvalEnv) -> Value:
        value = subject(env)
        for name_code, _ in front:
            name = name_code(env)
            if type(value) is not Attrs or name not in value.items:
                return False
            value = force(value.items[name])
        return type(value) is Attrs and last(env) in value.items

    return has
