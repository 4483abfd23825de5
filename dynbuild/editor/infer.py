"""What can be told of a value without evaluating it: the attributes of a set."""

from collections.abc import Callable, Mapping

from dynbuild.editor.scopes import Names
from dynbuild.lang.syntax import (
    Assert,
    AttrSet,
    Binary,
    Binding,
    Call,
    Expression,
    Function,
    Identifier,
    If,
    Inherit,
    Let,
    Name,
    PathLiteral,
    Select,
    With,
)
from dynbuild.spans import Source
from dynbuild.values import dataclass

_DEEPEST = 32
"""Steps that are followed; a value may need itself."""


@dataclass(frozen=True, slots=True)
class NixFile:
    """A source in the language, its tree, and what its names refer to."""

    source: Source
    tree: Expression
    names: Names


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute: where its name stands, and its value where that is known."""

    name: str
    file: NixFile
    start: int
    end: int
    value: Expression | None


Importer = Callable[[NixFile, str], NixFile | None]
"""Returns the file that a path literal of a file names, where it can be read."""


@dataclass(frozen=True, slots=True)
class Inference:
    """The inference of attributes, across files that are imported."""

    imported: Importer

    def attributes(  # noqa: PLR0911 - one for each kind of expression
        self, file: NixFile, node: Expression | None, left: int = _DEEPEST
    ) -> Mapping[str, Attribute]:
        """Return the attributes that a value is known to have."""
        if node is None or left == 0:
            return {}
        match node:
            case AttrSet(bindings=bindings):
                return dict(_attributes(file, bindings))
            case Let(body=body) | With(body=body) | Assert(body=body):
                return self.attributes(file, body, left - 1)
            case If(then=then, otherwise=otherwise):
                other = self.attributes(file, otherwise, left - 1)
                return {**other, **self.attributes(file, then, left - 1)}
            case Binary(operator="//", left=first, right=second):
                below = self.attributes(file, first, left - 1)
                return {**below, **self.attributes(file, second, left - 1)}
            case Identifier(start=start):
                binder = file.names.binder_at(start)
                value = binder.value if binder else None
                return self.attributes(file, value, left - 1)
            case Select(subject=subject, path=path, default=None):
                return self._selected(file, subject, path, left)
            case Call(function=function, arguments=arguments):
                return self._called(file, function, arguments, left)
            case _:
                return {}

    def _selected(
        self, file: NixFile, subject: Expression, path: tuple[object, ...], left: int
    ) -> Mapping[str, Attribute]:
        found = self.attributes(file, subject, left - 1)
        for step in path:
            one = found.get(step.text) if isinstance(step, Name) else None
            if one is None:
                return {}
            found = self.attributes(one.file, one.value, left - 1)
        return found

    def _called(
        self,
        file: NixFile,
        function: Expression,
        arguments: tuple[Expression, ...],
        left: int,
    ) -> Mapping[str, Attribute]:
        """Return the attributes of what a call gives, an import above all."""
        first = arguments[0]
        if isinstance(function, Identifier) and function.name == "import":
            other = self.target(file, first)
            if other is None:
                return {}
            given = other.tree if len(arguments) == 1 else _body(other.tree)
            return self.attributes(other, given, left - 1)
        if isinstance(function, Identifier):
            binder = file.names.binder_at(function.start)
            value = binder.value if binder else None
            return self.attributes(file, _body(value), left - 1)
        return {}

    def target(self, file: NixFile, node: Expression) -> NixFile | None:
        """Return the file that a path literal names."""
        match node:
            case PathLiteral(parts=(str(path),)):
                return self.imported(file, path)
            case _:
                return None


def _body(node: Expression | None) -> Expression | None:
    """Return what a function gives; where it takes more arguments, the last one."""
    while isinstance(node, Function):
        node = node.body
    return node


def _attributes(
    file: NixFile, bindings: tuple[Binding | Inherit, ...]
) -> list[tuple[str, Attribute]]:
    found: list[tuple[str, Attribute]] = []
    for binding in bindings:
        if isinstance(binding, Binding):
            first = binding.path[0]
            value = binding.value if len(binding.path) == 1 else None
            if isinstance(first, Name):
                place = first.start, first.end
                one = Attribute(first.text, file, *place, value)
                found.append((first.text, one))
        else:
            for name in binding.names:
                if isinstance(name, Name):
                    binder = file.names.binder_at(name.start)
                    value = binder.value if binder and not binding.origin else None
                    one = Attribute(name.text, file, name.start, name.end, value)
                    found.append((name.text, one))
    return found
