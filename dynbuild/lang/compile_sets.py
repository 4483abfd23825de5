"""Compilation of sets and ``let``."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from typing import TypeAlias

from dynbuild.errors import Label
from dynbuild.lang import syntax
from dynbuild.lang.bindings import Definitions, Inherited, Taken, fill, tabulate
from dynbuild.lang.compile_select import attribute_name, take
from dynbuild.lang.compiler import (
    Scope,
    Unit,
    compile_node,
    compiles,
    constant,
    delay_in_frame,
    delay_node,
)
from dynbuild.lang.failure import Failure, TraceFrame
from dynbuild.lang.showing import told
from dynbuild.lang.values import (
    Attrs,
    Code,
    Delay,
    EvalEnv,
    Slot,
    Thunk,
    Value,
    force,
)
from dynbuild.spans import Span
from dynbuild.values import dataclass

OVERRIDES = "__overrides"
"""Nix's legacy way to override the other names of a ``rec`` set."""


def _twice(unit: Unit, path: str, second: syntax.Name, first: syntax.Name) -> None:
    place = unit.span(first).place
    unit.report(
        "DB0204",
        f"attribute '{path}' is already defined at {place}",
        second,
        labels=(Label(unit.span(first), "first defined here"),),
    )


def _misplaced(unit: Unit, name: syntax.Dynamic) -> None:
    unit.report(
        "DB0201",
        "a dynamic attribute cannot be inherited",
        name,
        hint='write it as a binding: "${name}" = …;',
    )


@compiles(syntax.AttrSet)
def _attr_set(unit: Unit, scope: Scope | None, node: syntax.AttrSet) -> Code:
    table = tabulate(
        node,
        lambda *places: _twice(unit, *places),
        lambda name: _misplaced(unit, name),
    )
    return _table(unit, scope, table)


@compiles(Definitions)
def _table(unit: Unit, scope: Scope | None, table: Definitions) -> Code:
    return (_recursive if table.recursive else _plain)(unit, scope, table)


@dataclass(slots=True)
class _Recipe:
    """The code for the slots of a table, by kind of entry."""

    delays: list[tuple[str, Delay]] = field(default_factory=list)
    fixed: dict[str, Slot] = field(default_factory=dict)
    """The slots of delays that need no evaluation."""
    outer: list[tuple[str, Delay]] = field(default_factory=list)
    taken: list[tuple[str, Code, int]] = field(default_factory=list)
    origins: list[Delay] = field(default_factory=list)
    spans: dict[str, Span] = field(default_factory=dict)

    def slots(self, inner: EvalEnv, outer: EvalEnv) -> Iterator[tuple[str, Slot]]:
        for name, delay in self.outer:
            yield name, delay(outer)
        for name, delay in self.delays:
            yield name, delay(inner)
        if self.taken:
            sources = [delay(inner) for delay in self.origins]
            for name, code, origin in self.taken:
                yield name, Thunk(code, sources[origin])


def _recipe(
    unit: Unit, inner: Scope | None, outer: Scope | None, table: Definitions
) -> _Recipe:
    recipe = _Recipe(spans=_noted(unit, table))
    for name, entry in table.entries.items():
        if isinstance(entry.value, Inherited):
            variable = syntax.Identifier(entry.place.start, entry.place.end, name)
            frame = _evaluating(name, recipe.spans[name])
            recipe.outer.append((name, delay_node(unit, outer, variable, frame)))
    unfilled = set() if inner is outer else set(table.entries)
    final = OVERRIDES not in table.entries
    if final:
        unfilled.difference_update(name for name, _ in recipe.outer)
    for name, entry in table.entries.items():
        value = entry.value
        if isinstance(value, Inherited):
            continue
        if isinstance(value, Taken):
            code = take(name, recipe.spans[name])
            unit.machine.labels[code] = _evaluating(name, recipe.spans[name])
            recipe.taken.append((name, code, value.origin))
            continue
        if values := constant(unit, value):
            recipe.fixed[name] = values[0]
            recipe.delays.append((name, _always(values[0])))
        else:
            frame = _evaluating(name, recipe.spans[name])
            unit.naming = name
            delay = delay_in_frame(unit, inner, value, frame, unfilled)
            recipe.delays.append((name, delay))
            unit.naming = None
        if final:
            unfilled.discard(name)
    for origin in table.origins:
        recipe.origins.append(delay_in_frame(unit, inner, origin, None, unfilled))
    return recipe


def _noted(unit: Unit, table: Definitions) -> dict[str, Span]:
    """Return the places of names; note which values are bound there."""
    spans: dict[str, Span] = {}
    source, values = unit.source, unit.values
    for name, entry in table.entries.items():
        value, start, end = entry.value, entry.place.start, entry.place.end
        spans[name] = Span(source, start, end)
        if isinstance(value, Definitions):
            if value.is_written:
                values[start, end] = value
        elif not isinstance(value, Inherited | Taken):
            values[start, end] = value
    for dynamic, value in table.dynamic:
        if not isinstance(value, Definitions) or value.is_written:
            values[dynamic.start, dynamic.end] = value
    return spans


def _evaluating(name: str, span: Span) -> TraceFrame:
    return TraceFrame(f"while evaluating '{name}'", span)


def _always(slot: Slot) -> Delay:
    return lambda _: slot


def _plain(unit: Unit, scope: Scope | None, table: Definitions) -> Code:
    unit.around.append(table)
    recipe = _recipe(unit, scope, scope, table)
    unit.around.pop()
    spans, fixed = recipe.spans, recipe.fixed
    if not (recipe.outer or recipe.taken or table.dynamic):
        slots = {name: fixed.get(name) for name, _ in recipe.delays}
        delays = [(name, delay) for name, delay in recipe.delays if name not in fixed]

        def build_simple(env: EvalEnv) -> Value:
            items = slots.copy()
            for name, delay in delays:
                items[name] = delay(env)
            return Attrs(items, spans)

        return build_simple
    extend = _dynamic(unit, scope, table)

    def build(env: EvalEnv) -> Value:
        return extend(env, dict(recipe.slots(env, env)), spans)

    return build


def _frame_scope(unit: Unit, scope: Scope | None, table: Definitions) -> Scope:
    places = {name: place for place, name in enumerate(table.entries, 1)}
    spans = {name: unit.span(each.place) for name, each in table.entries.items()}
    return Scope(scope, places, spans)


def _fill_frame(recipe: _Recipe, inner: Scope, env: EvalEnv) -> EvalEnv:
    places = inner.places or {}
    frame: EvalEnv = [env] + [None] * len(places)
    for name, slot in recipe.slots(frame, env):
        frame[places[name]] = slot
    return frame


def _recursive(unit: Unit, scope: Scope | None, table: Definitions) -> Code:
    inner = _frame_scope(unit, scope, table)
    recipe = _recipe(unit, inner, scope, table)
    extend = _dynamic(unit, inner, table)
    names = list(table.entries)
    overrides = table.entries.get(OVERRIDES)
    span = overrides and unit.span(overrides.place)

    def build(env: EvalEnv) -> Value:
        frame = _fill_frame(recipe, inner, env)
        items = dict(zip(names, frame[1:], strict=True))
        if span:
            for name, slot in _overrides(items[OVERRIDES], span):
                items[name] = slot
                if name in recipe.spans:
                    frame[1 + names.index(name)] = slot
        return extend(frame, items, recipe.spans)

    return build


def _overrides(slot: Slot, span: Span) -> Iterable[tuple[str, Slot]]:
    value = force(slot)
    if type(value) is not Attrs:
        message = f"`{OVERRIDES}` must be a set, not {told(value)}"
        raise Failure("DB0210", message, span=span)
    return value.items.items()


@compiles(syntax.Let)
def _let(unit: Unit, scope: Scope | None, node: syntax.Let) -> Code:
    table = Definitions(node.start, node.end, recursive=True, is_written=True)
    fill(
        table,
        node.bindings,
        lambda *places: _twice(unit, *places),
        lambda name: _misplaced(unit, name),
    )
    for name, _ in table.dynamic:
        unit.report("DB0201", "`let` cannot define a dynamic attribute", name)
    inner = _frame_scope(unit, scope, table)
    recipe = _recipe(unit, inner, scope, table)
    body = compile_node(unit, inner, node.body)
    return lambda env: body(_fill_frame(recipe, inner, env))


def _dynamic_frame(unit: Unit, name: syntax.SyntaxNode) -> TraceFrame:
    return TraceFrame("while evaluating an attribute", unit.span(name))


Extend: TypeAlias = Callable[[EvalEnv, dict[str, Slot], dict[str, Span]], Attrs]


def _dynamic(unit: Unit, scope: Scope | None, table: Definitions) -> Extend:
    """Return a function that adds a table's dynamic attributes to its static ones."""
    dynamic = [
        (
            compile_node(unit, scope, name.expression),
            delay_node(unit, scope, value, _dynamic_frame(unit, name)),
            unit.span(name),
        )
        for name, value in table.dynamic
    ]
    if not dynamic:
        return lambda _, items, spans: Attrs(items, spans)

    def extend(env: EvalEnv, items: dict[str, Slot], spans: dict[str, Span]) -> Attrs:
        spans = dict(spans)
        for name_code, delay, span in dynamic:
            name = attribute_name(name_code(env), span)
            if name is None:
                continue
            if name in items:
                raise Failure(
                    "DB0204",
                    f"attribute '{name}' is already defined at {spans[name].place}",
                    span=span,
                    labels=[Label(spans[name], "first defined here")],
                )
            items[name] = delay(env)
            spans[name] = span
        return Attrs(items, spans)

    return extend
