"""The syntax tree of a source, before name resolution.

Every node has ``start`` and ``end``, offsets into its source, which are ignored in
comparisons: two trees are equal when they mean the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Literal, TypeAlias

Left = Literal["left", "right", "none"]


@dataclass(frozen=True, slots=True)
class Node:
    """The base of all nodes: a source location."""

    start: int = field(compare=False)
    end: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Number(Node):
    """``1``, ``1.5``."""

    value: int | float


@dataclass(frozen=True, slots=True)
class String(Node):
    """``"a${b}"`` and ``''a${b}''``: texts (never empty, never adjacent) and values."""

    parts: tuple["str | Expression", ...]


@dataclass(frozen=True, slots=True)
class PathLiteral(Node):
    """``./a``, ``./a/${b}``; the first part is text."""

    parts: tuple["str | Expression", ...]


@dataclass(frozen=True, slots=True)
class Variable(Node):
    """``x``."""

    name: str


@dataclass(frozen=True, slots=True)
class ListLiteral(Node):
    """``[ a b ]``."""

    items: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Name(Node):
    """An attribute name known statically."""

    text: str


@dataclass(frozen=True, slots=True)
class Dynamic(Node):
    """An attribute name that must be evaluated: ``${e}``, ``"a${e}"``."""

    expression: "Expression"


AttrName: TypeAlias = Name | Dynamic


@dataclass(frozen=True, slots=True)
class Binding(Node):
    """``a.b = e;``."""

    path: tuple[AttrName, ...]
    value: "Expression"


@dataclass(frozen=True, slots=True)
class Inherit(Node):
    """``inherit a b;`` and, with ``origin``, ``inherit (e) a b;``."""

    origin: "Expression | None"
    names: tuple[AttrName, ...]


Bindings: TypeAlias = tuple[Binding | Inherit, ...]


@dataclass(frozen=True, slots=True)
class AttrSet(Node):
    """``{ … }`` and ``rec { … }``."""

    bindings: Bindings
    recursive: bool


@dataclass(frozen=True, slots=True)
class Let(Node):
    """``let … in e``."""

    bindings: Bindings
    body: "Expression"


@dataclass(frozen=True, slots=True)
class With(Node):
    """``with e; e``."""

    scope: "Expression"
    body: "Expression"


@dataclass(frozen=True, slots=True)
class Assert(Node):
    """``assert e; e``."""

    condition: "Expression"
    body: "Expression"


@dataclass(frozen=True, slots=True)
class If(Node):
    """``if e then e else e``."""

    condition: "Expression"
    then: "Expression"
    otherwise: "Expression"


@dataclass(frozen=True, slots=True)
class Formal(Node):
    """``a`` or ``a ? default`` in a pattern."""

    name: str
    default: "Expression | None"


@dataclass(frozen=True, slots=True)
class Pattern(Node):
    """``{ a, b ? 1, ... }``."""

    formals: tuple[Formal, ...]
    ellipsis: bool


@dataclass(frozen=True, slots=True)
class Function(Node):
    """``x: e``, ``{ … }: e``, ``{ … }@x: e``; ``whole`` is the name that comes last."""

    whole: Name | None
    pattern: Pattern | None
    body: "Expression"


@dataclass(frozen=True, slots=True)
class Call(Node):
    """``f a b``."""

    function: "Expression"
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Select(Node):
    """``e.a.b`` and ``e.a.b or d``."""

    subject: "Expression"
    path: tuple[AttrName, ...]
    default: "Expression | None"


@dataclass(frozen=True, slots=True)
class Has(Node):
    """``e ? a.b``."""

    subject: "Expression"
    path: tuple[AttrName, ...]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """``-e`` and ``!e``."""

    operator: str
    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """``e + e`` and so on."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Refused(Node):
    """A construct that the grammar accepts only to refuse it: a row of REFUSALS."""

    reason: str
    text: str


Expression: TypeAlias = (
    Number
    | String
    | PathLiteral
    | Variable
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


def children(node: Node) -> Iterator[Node]:
    """Yield the direct children of a node, in the order of its fields."""
    for each in fields(node)[2:]:
        value = getattr(node, each.name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, Node))
