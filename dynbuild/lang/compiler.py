"""From the tree to closures: the shared base of the compiler's parts.

A node becomes a *code*, a Python function from a frame to a value. Names are resolved
here, once, to positions in frames, so that an unbound name is found before anything
runs. Problems are collected, so that one run reports all of them.

A frame is a list: the surrounding frame, then the slots of the scope's own names.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import field, replace
from typing import Any, TypeAlias

from dynbuild.errors import Diagnostic, Label, Mend
from dynbuild.lang import syntax
from dynbuild.lang.bindings import Definitions, Written
from dynbuild.lang.failure import TraceFrame, short
from dynbuild.lang.machine import EvalMachine
from dynbuild.lang.values import (
    Code,
    Delay,
    Elements,
    EvalEnv,
    Slot,
    Thunk,
    Value,
    force,
)
from dynbuild.spans import Source, Span
from dynbuild.values import dataclass

MAX_NESTING = 400
MAX_PROBLEMS = 20

Compiled: TypeAlias = syntax.Expression | Definitions


@dataclass(frozen=True, slots=True)
class Scope:
    """The names of a frame and their indexes; without names, a ``with`` frame."""

    parent: "Scope | None"
    places: dict[str, int] | None
    spans: Mapping[str, Span] = field(default_factory=dict)
    """Source locations of the names that can refer to one another."""


class TooManyProblems(Exception):  # noqa: N818  # only ends the compilation
    """Raised when looking for further problems is pointless."""


@dataclass(slots=True)
class Unit:
    """One source during its compilation."""

    source: Source
    directory: str
    machine: EvalMachine
    names: dict[str, Slot]
    problems: list[Diagnostic] = field(default_factory=list)
    nesting: int = 0
    around: list[Definitions] = field(default_factory=list)
    """The sets that are not ``rec`` around the node being compiled."""
    values: Written = field(default_factory=dict)
    naming: str | None = None
    """The name being bound, for the case that its value is a function."""

    def span(self, node: syntax.SyntaxNode | Definitions) -> Span:
        return Span(self.source, node.start, node.end)

    def report(  # noqa: PLR0913, PLR0917  # all parts of a diagnostic
        self,
        code: str,
        message: str,
        node: syntax.SyntaxNode | Definitions,
        hint: str | None = None,
        labels: tuple[Label, ...] = (),
        mends: tuple[Mend, ...] = (),
    ) -> None:
        """Record a problem; the compilation goes on."""
        span = self.span(node)
        hint = hint and short(hint)
        self.problems.append(
            Diagnostic(code, short(message), span, hint, labels, mends=mends)
        )
        if len(self.problems) >= MAX_PROBLEMS:
            raise TooManyProblems

    def advise(self, node: syntax.SyntaxNode, hint: str, mend: Mend) -> None:
        """Add a hint to the name problem just reported, unless it has a better one."""
        last = self.problems[-1]
        mends = (*last.mends, mend)
        if isinstance(node, syntax.Identifier):
            self.problems[-1] = replace(last, hint=last.hint or hint, mends=mends)
        elif isinstance(node, syntax.Refused) and "://" not in node.text:
            self.problems[-1] = replace(last, hint=hint, mends=mends)


NodeCompiler: TypeAlias = Callable[[Unit, Scope | None, Any], Code]
_COMPILERS: dict[type, NodeCompiler] = {}


def compiles(*kinds: type) -> Callable[[NodeCompiler], NodeCompiler]:
    """Mark a function as the one that compiles nodes of these kinds."""

    def register(part: NodeCompiler) -> NodeCompiler:
        _COMPILERS.update(dict.fromkeys(kinds, part))
        return part

    return register


def compile_node(unit: Unit, scope: Scope | None, node: Compiled) -> Code:
    """Return the code of a node."""
    if type(node) is syntax.Binary:
        return _COMPILERS[syntax.Binary](unit, scope, node)
    unit.nesting += 1
    if unit.nesting > MAX_NESTING:
        unit.report("DB0206", f"nested more than {MAX_NESTING} levels deep", node)
        raise TooManyProblems
    code = _COMPILERS[type(node)](unit, scope, node)
    unit.nesting -= 1
    return code


def constant(unit: Unit, node: Compiled) -> list[Value]:
    """Return the value of a node that needs no evaluation as a one-element list.

    That is a number, a text, or a list of nothing else.
    """
    if type(node) is syntax.String:
        parts = node.parts
        if len(parts) == 1 and type(parts[0]) is str:
            return [parts[0]]
        return [] if parts else [""]
    if type(node) is syntax.NumberLiteral:
        return [node.value]
    if type(node) is syntax.ListLiteral and unit.nesting < MAX_NESTING:
        elements = Elements()
        for item in node.items:
            value = [] if type(item) is syntax.ListLiteral else constant(unit, item)
            if not value:
                return []
            elements += value
        elements.spans = element_spans(unit, node)
        return [elements]
    return []


def element_spans(unit: Unit, node: syntax.ListLiteral) -> tuple[Span, ...]:
    source, values = unit.source, unit.values
    for item in node.items:
        values[item.start, item.end] = item
    return tuple([Span(source, item.start, item.end) for item in node.items])


def delay_node(
    unit: Unit, scope: Scope | None, node: Compiled, frame: TraceFrame | None = None
) -> Delay:
    """Return the code that makes a slot: a thunk only where one is needed."""
    if values := constant(unit, node):
        value = values[0]
        return lambda _: value
    if type(node) is syntax.Function:
        return compile_node(unit, scope, node)
    if type(node) is syntax.Identifier and (delay := lookup(unit, scope, node)):
        if frame:
            _note_alias(unit, scope, node.name, frame)
        return delay
    return promise(unit, scope, node, frame)


def _note_alias(unit: Unit, scope: Scope | None, name: str, frame: TraceFrame) -> None:
    """Record that two names share a slot: a cycle could not tell them apart."""
    while scope is not None:
        if scope.places and name in scope.places:
            if name in scope.spans:
                unit.machine.aliases.append((frame, scope.spans[name]))
            return
        scope = scope.parent


def delay_in_frame(
    unit: Unit,
    scope: Scope | None,
    node: Compiled,
    frame: TraceFrame | None,
    unfilled: Collection[str],
) -> Delay:
    """Like ``delay_node``, but for a frame with some slots still unfilled."""
    if isinstance(node, syntax.Identifier) and node.name in unfilled:
        place, _ = find(scope, node.name)
        if place and place.up == 0:
            return promise(unit, scope, node, frame)
    return delay_node(unit, scope, node, frame)


def promise(
    unit: Unit, scope: Scope | None, node: Compiled, frame: TraceFrame | None
) -> Delay:
    """Return the code that makes a thunk of a node."""
    code = labelled(unit, scope, node, frame)
    return lambda env: Thunk(code, env)


def labelled(
    unit: Unit, scope: Scope | None, node: Compiled, frame: TraceFrame | None
) -> Code:
    """Return the code of a node, labelled for the trace of a failure."""
    code = compile_node(unit, scope, node)
    if frame:
        unit.machine.labels[code] = frame
    return code


# Variables


@dataclass(frozen=True, slots=True)
class LexicalAddress:
    """The position of a name: how many frames up, and at which index."""

    up: int
    index: int


def find(scope: Scope | None, name: str) -> tuple[LexicalAddress | None, list[int]]:
    """Find where a name is bound, and how many frames up the ``with`` frames are."""
    dynamic: list[int] = []
    up = 0
    while scope is not None:
        if scope.places is None:
            dynamic.append(up)
        elif name in scope.places:
            return LexicalAddress(up, scope.places[name]), dynamic
        up += 1
        scope = scope.parent
    return None, dynamic


def names_in(unit: Unit, scope: Scope | None) -> list[str]:
    """Return all names bound in a scope, the nearest first."""
    names: dict[str, None] = {}
    while scope is not None:
        names.update(dict.fromkeys(scope.places or {}))
        scope = scope.parent
    names.update((name, None) for name in unit.names if not name.startswith("__"))
    return list(names)


def lookup(unit: Unit, scope: Scope | None, node: syntax.Identifier) -> Delay | None:
    """Return the code that fetches a variable's slot; None if it is not that simple."""
    place, _ = find(scope, node.name)
    if place:
        return _fetch(place)
    if node.name in unit.names:
        slot = unit.names[node.name]
        return lambda _: slot
    return None


def _fetch(place: LexicalAddress) -> Delay:
    index = place.index
    up = place.up

    def own(env: EvalEnv) -> Slot:
        return env[index]  # type: ignore[no-any-return]

    def above(env: EvalEnv) -> Slot:
        return env[0][index]  # type: ignore[no-any-return]

    def far(env: EvalEnv) -> Slot:
        for _ in range(up):
            env = env[0]
        return env[index]  # type: ignore[no-any-return]

    return {0: own, 1: above}.get(up, far)


def read(place: LexicalAddress) -> Code:
    """Return the code that evaluates a variable."""
    up, index = place.up, place.index

    def own(env: EvalEnv) -> Value:
        slot = env[index]
        if type(slot) is Thunk:
            return force(slot) if slot.code else slot.value
        return slot  # type: ignore[no-any-return]

    def above(env: EvalEnv) -> Value:
        slot = env[0][index]
        if type(slot) is Thunk:
            return force(slot) if slot.code else slot.value
        return slot  # type: ignore[no-any-return]

    def far(env: EvalEnv) -> Value:
        for _ in range(up):
            env = env[0]
        slot = env[index]
        if type(slot) is Thunk:
            return force(slot) if slot.code else slot.value
        return slot  # type: ignore[no-any-return]

    return {0: own, 1: above}.get(up, far)
