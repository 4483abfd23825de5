"""The syntax tree of a source, before name resolution.

Every node has ``start`` and ``end``, offsets into its source, which are ignored in
comparisons: two trees are equal when they mean the same.
"""

from collections.abc import Iterator
from dataclasses import field
from typing import Literal, TypeAlias

from dynbuild.values import dataclass

Left = Literal["left", "right", "none"]


@dataclass(frozen=True, slots=True)
class SyntaxNode:
    """The base of all nodes: a source location."""

    start: int = field(compare=False)
    end: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class NumberLiteral(SyntaxNode):
    """``1``, ``1.5``."""

    value: int | float


@dataclass(frozen=True, slots=True)
class String(SyntaxNode):
    """``"a${b}"`` and ``''a${b}''``: texts (never empty, never adjacent) and values."""

    parts: tuple["str | Expression", ...]


@dataclass(frozen=True, slots=True)
class PathLiteral(SyntaxNode):
    """``./a``, ``./a/${b}``; the first part is text."""

    parts: tuple["str | Expression", ...]


@dataclass(frozen=True, slots=True)
class Identifier(SyntaxNode):
    """``x``."""

    name: str


@dataclass(frozen=True, slots=True)
class ListLiteral(SyntaxNode):
    """``[ a b ]``."""

    items: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Name(SyntaxNode):
    """An attribute name known statically."""

    text: str


@dataclass(frozen=True, slots=True)
class Dynamic(SyntaxNode):
    """An attribute name that must be evaluated: ``${e}``, ``"a${e}"``."""

    expression: "Expression"


AttrName: TypeAlias = Name | Dynamic


@dataclass(frozen=True, slots=True)
class Binding(SyntaxNode):
    """``a.b = e;``."""

    path: tuple[AttrName, ...]
    value: "Expression"


@dataclass(frozen=True, slots=True)
class Inherit(SyntaxNode):
    """``inherit a b;`` and, with ``origin``, ``inherit (e) a b;``."""

    origin: "Expression | None"
    names: tuple[AttrName, ...]


Bindings: TypeAlias = tuple[Binding | Inherit, ...]


@dataclass(frozen=True, slots=True)
class AttrSet(SyntaxNode):
    """``{ … }`` and ``rec { … }``."""

    bindings: Bindings
    recursive: bool


@dataclass(frozen=True, slots=True)
class Let(SyntaxNode):
    """``let … in e``."""

    bindings: Bindings
    body: "Expression"


@dataclass(frozen=True, slots=True)
class With(SyntaxNode):
    """``with e; e``."""

    scope: "Expression"
    body: "Expression"


@dataclass(frozen=True, slots=True)
class Assert(SyntaxNode):
    """``assert e; e``."""

    condition: "Expression"
    body: "Expression"


@dataclass(frozen=True, slots=True)
class If(SyntaxNode):
    """``if e then e else e``."""

    condition: "Expression"
    then: "Expression"
    otherwise: "Expression"


@dataclass(frozen=True, slots=True)
class Formal(SyntaxNode):
    """``a`` or ``a ? default`` in a pattern."""

    name: str
    default: "Expression | None"


@dataclass(frozen=True, slots=True)
class SetPattern(SyntaxNode):
    """``{ a, b ? 1, ... }``."""

    formals: tuple[Formal, ...]
    ellipsis: bool


@dataclass(frozen=True, slots=True)
class Function(SyntaxNode):
    """``x: e``, ``{ … }: e``, ``{ … }@x: e``; ``whole`` is the name that comes last."""

    whole: Name | None
    pattern: SetPattern | None
    body: "Expression"


@dataclass(frozen=True, slots=True)
class Call(SyntaxNode):
    """``f a b``."""

    function: "Expression"
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Select(SyntaxNode):
    """``e.a.b`` and ``e.a.b or d``."""

    subject: "Expression"
    path: tuple[AttrName, ...]
    default: "Expression | None"


@dataclass(frozen=True, slots=True)
class Has(SyntaxNode):
    """``e ? a.b``."""

    subject: "Expression"
    path: tuple[AttrName, ...]


@dataclass(frozen=True, slots=True)
class Unary(SyntaxNode):
    """``-e`` and ``!e``."""

    operator: str
    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Binary(SyntaxNode):
    """``e + e`` and so on."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Refused(SyntaxNode):
    """A construct that the grammar accepts only to refuse it: a row of REFUSALS."""

    reason: str
    text: str


Expression: TypeAlias = (
    NumberLiteral
    | String
    | PathLiteral
    | Identifier
    | ListLiteral
    | AttrSet
    | Let
    | With
    | Assert
    | If
    | Function
    | Call
    | Select
    | Has
    | Unary
    | Binary
    | Refused
)


@dataclass(frozen=True, slots=True)
class Operator:
    """The precedence (higher binds tighter) and associativity of an operator."""

    level: int
    associates: Left


HAS_LEVEL = 11
"""``e ? path``: looser than unary minus, tighter than all binary operators."""

PREFIXES = {"-": 12, "!": 7}
"""The precedence of the prefix operators."""

OPERATORS = {
    "++": Operator(10, "right"),
    "*": Operator(9, "left"),
    "/": Operator(9, "left"),
    "+": Operator(8, "left"),
    "-": Operator(8, "left"),
    "//": Operator(6, "right"),
    "<": Operator(5, "none"),
    "<=": Operator(5, "none"),
    ">": Operator(5, "none"),
    ">=": Operator(5, "none"),
    "==": Operator(4, "none"),
    "!=": Operator(4, "none"),
    "&&": Operator(3, "left"),
    "||": Operator(2, "left"),
    "->": Operator(1, "right"),
    "|>": Operator(0, "left"),
    "<|": Operator(0, "right"),
}
"""The binary operators of docs/language.md."""


def children(node: SyntaxNode) -> Iterator[SyntaxNode]:
    """Yield the direct children of a node, in the order of its fields."""
    for name in type(node).__slots__:  # its own fields
        value = getattr(node, name)
        if isinstance(value, SyntaxNode):
            yield value
        elif isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, SyntaxNode))
