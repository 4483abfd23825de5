"""What the names of a source in the language refer to, without evaluating anything."""

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Literal

from dynbuild.lang.syntax import (
    AttrSet,
    Binding,
    Bindings,
    Expression,
    Formal,
    Function,
    Identifier,
    Inherit,
    Let,
    Name,
    SyntaxNode,
    With,
    children,
)
from dynbuild.values import dataclass

BinderKind = Literal["let", "attribute", "parameter"]


@dataclass(frozen=True, slots=True)
class Binder:
    """A place that gives a name: its offsets, and the value where there is one."""

    name: str
    kind: BinderKind
    start: int
    end: int
    value: Expression | None
    of: SyntaxNode
    """The ``let``, set or function that it belongs to."""


@dataclass(frozen=True, slots=True)
class Use:
    """A place that names a binder; ``inherits`` for the name in an ``inherit``.

    ``around`` is that ``inherit``.
    """

    binder: Binder
    start: int
    end: int
    around: Inherit | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that a part of a source sees, the nearest first."""

    start: int
    end: int
    binders: Mapping[str, Binder]
    outer: "Scope | None"

    def find(self, name: str) -> Binder | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.binders:
                return scope.binders[name]
            scope = scope.outer
        return None

    def visible(self) -> dict[str, Binder]:
        above = self.outer.visible() if self.outer else {}
        return {**above, **self.binders}


@dataclass(slots=True)
class Names:
    """All scopes, binders and uses of a source."""

    scopes: list[Scope] = field(default_factory=list)
    binders: list[Binder] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)

    def scope_at(self, offset: int) -> Scope | None:
        """Return the innermost scope around an offset."""
        around = [one for one in self.scopes if one.start <= offset <= one.end]
        return min(around, key=lambda one: one.end - one.start, default=None)

    def binder_at(self, offset: int) -> Binder | None:
        """Return the binder that is named at an offset, there or where it is used."""
        for use in self.uses:
            if use.start <= offset <= use.end:
                return use.binder
        for binder in self.binders:
            if binder.start <= offset <= binder.end:
                return binder
        return None

    def uses_of(self, binder: Binder) -> list[Use]:
        return [use for use in self.uses if use.binder == binder]

    def confuses(self, tree: Expression, binder: Binder, new: str) -> bool:
        """Whether a binder called ``new`` would be another's, or would take its uses.

        Its own uses may see a nearer binder of that name; what is called so and bound
        nowhere, a built-in or what a ``with`` gives, would become its use.
        """
        for use in self.uses_of(binder):
            scope = self.scope_at(use.start)
            if scope is not None and scope.find(new) is not None:
                return True
        known = {use.start for use in self.uses}
        around = binder.of
        return any(
            around.start <= start < around.end and start not in known
            for start in _named(tree, new)
        )


def names_in(tree: Expression) -> Names:
    """Return what the names of a source refer to."""
    names = Names()
    waiting: list[tuple[SyntaxNode, Scope | None]] = [(tree, None)]
    while waiting:
        node, scope = waiting.pop()
        waiting += _parts(node, scope, names)
    return names


def _named(tree: Expression, name: str) -> Iterator[int]:
    """Yield where a name is used, whatever it refers to."""
    waiting: list[SyntaxNode] = [tree]
    while waiting:
        node = waiting.pop()
        match node:
            case Identifier(start=start, name=text) if text == name:
                yield start
            case Inherit(origin=None, names=names):
                yield from (
                    one.start
                    for one in names
                    if isinstance(one, Name) and one.text == name
                )
            case _:
                pass
        waiting += children(node)


def _parts(
    node: SyntaxNode, scope: Scope | None, names: Names
) -> Iterator[tuple[SyntaxNode, Scope | None]]:
    """Yield the children of a node, each with its scope."""
    match node:
        case Identifier(start, end, name):
            _use(names, scope, name, start, end)
        case Let(bindings=bindings, body=body):
            inner = _opened(names, scope, node, _bound(bindings, "let", node))
            yield from _of_bindings(bindings, inner, scope, names)
            yield body, inner
        case AttrSet(bindings=bindings, recursive=recursive):
            bound = _bound(bindings, "attribute", node)
            names.binders += [] if recursive else bound
            within = _opened(names, scope, node, bound) if recursive else scope
            yield from _of_bindings(bindings, within, scope, names)
        case Function(body=body):
            inner = _opened(names, scope, node, list(_parameters(node)))
            for formal in node.pattern.formals if node.pattern else ():
                if formal.default is not None:
                    yield formal.default, inner
            yield body, inner
        case With(scope=subject, body=body):
            yield subject, scope
            yield body, scope
        case _:
            for child in children(node):
                yield child, scope


def _opened(
    names: Names, outer: Scope | None, node: SyntaxNode, bound: list[Binder]
) -> Scope:
    scope = Scope(node.start, node.end, {one.name: one for one in bound}, outer)
    names.scopes.append(scope)
    names.binders += bound
    return scope


def _use(  # noqa: PLR0913, PLR0917 - all parts of a use
    names: Names,
    scope: Scope | None,
    name: str,
    start: int,
    end: int,
    around: Inherit | None = None,
) -> None:
    binder = scope.find(name) if scope else None
    if binder is not None:
        names.uses.append(Use(binder, start, end, around))


def _bound(bindings: Bindings, kind: BinderKind, of: SyntaxNode) -> list[Binder]:
    """Return the binders of bindings; of a path its first name, with no value."""
    found: dict[str, Binder] = {}
    for binding in bindings:
        if isinstance(binding, Inherit):
            for name in binding.names:
                if isinstance(name, Name):
                    one = Binder(name.text, kind, name.start, name.end, None, of)
                    found.setdefault(name.text, one)
        elif isinstance(first := binding.path[0], Name):
            value = binding.value if len(binding.path) == 1 else None
            one = Binder(first.text, kind, first.start, first.end, value, of)
            found.setdefault(first.text, one)
    return list(found.values())


def _parameters(node: Function) -> Iterator[Binder]:
    if node.whole is not None:
        name = node.whole
        yield Binder(name.text, "parameter", name.start, name.end, None, node)
    for formal in node.pattern.formals if node.pattern else ():
        yield _parameter(formal, node)


def _parameter(formal: Formal, node: Function) -> Binder:
    end = formal.start + len(formal.name)
    return Binder(formal.name, "parameter", formal.start, end, formal.default, node)


def _of_bindings(
    bindings: Bindings, inner: Scope | None, outer: Scope | None, names: Names
) -> Iterator[tuple[SyntaxNode, Scope | None]]:
    for binding in bindings:
        match binding:
            case Inherit(origin=None, names=inherited):
                for name in inherited:
                    if isinstance(name, Name):
                        place = name.start, name.end
                        _use(names, outer, name.text, *place, binding)
            case Inherit(origin=origin):
                assert origin is not None
                yield origin, inner
            case Binding(path=path, value=value):
                for step in path:
                    yield from ((child, inner) for child in children(step))
                yield value, inner
