"""Construction of the syntax tree, during parsing.

The methods of ``TreeBuilder`` are named after the grammar's rules; the parser calls
each with its children. An error that the grammar cannot express becomes a ``Refused``
node, which the compiler reports.
"""

import math
from typing import Any, TypeAlias

from lark import Token, Transformer

from dynbuild.lang import syntax
from dynbuild.lang.strings import indented_parts, joined, unescape
from dynbuild.lang.syntax import (
    HAS_LEVEL,
    OPERATORS,
    PREFIXES,
    AttrName,
    Expression,
    Name,
    Refused,
)

MAX_INT = 2**63 - 1

Item: TypeAlias = Any
"""A child passed by the parser: a token or a node, depending on the grammar."""


def _token(token: Item) -> tuple[int, int]:
    start: int = token.start_pos
    return start, start + len(token)


def _path_span(items: list[Item]) -> tuple[int, int]:
    """Return where a path begins and ends, whose interpolations are ``Dynamic``."""
    last = items[-1]
    end = _token(last)[1] if type(last) is Token else last.end
    return items[0].start_pos, end


class TreeBuilder(Transformer[Token, Expression]):
    """Builder of the node of each rule."""

    def start(self, items: list[Item]) -> Item:
        return items[0]

    # Names and literals

    def variable(self, items: list[Item]) -> Expression:
        token = items[0]
        start = token.start_pos
        return syntax.Identifier(start, start + len(token), str(token))

    def integer(self, items: list[Item]) -> Expression:
        start, end = _token(items[0])
        digits = items[0].lstrip("0")
        if len(digits) > len(str(MAX_INT)) or int(digits or 0) > MAX_INT:
            return Refused(start, end, "integer", str(items[0]))
        return syntax.NumberLiteral(start, end, int(digits or 0))

    def decimal(self, items: list[Item]) -> Expression:
        start, end = _token(items[0])
        value = float(items[0])
        mantissa = items[0].lower().partition("e")[0]
        if value == math.inf or (not value and mantissa.strip("0.")):
            return Refused(start, end, "float", str(items[0]))
        return syntax.NumberLiteral(start, end, value)

    def string(self, items: list[Item]) -> syntax.String:
        parts = [
            unescape(item) if type(item) is Token else item for item in items[1:-1]
        ]
        return syntax.String(items[0].start_pos, _token(items[-1])[1], joined(parts))

    def indented(self, items: list[Item]) -> syntax.String:
        parts = indented_parts(items[1:-1])
        return syntax.String(items[0].start_pos, _token(items[-1])[1], joined(parts))

    def path(self, items: list[Item]) -> Expression:
        start, end = _path_span(items)
        last = items[-1]
        text = str(items[0])
        if not text.startswith(("./", "../", "/")):
            return Refused(start, end, "path", text)
        if type(last) is Token and last.endswith("/"):
            return Refused(start, end, "slash", text)
        parts: list[str | Expression] = []
        before = start
        for item in items:
            if type(item) is Token:
                parts.append(str(item))
                before = _token(item)[1]
                continue
            if item.start != before:
                return Refused(start, end, "gap", text)
            parts.append(item.expression)
            before = item.end
        return syntax.PathLiteral(start, end, tuple(parts))

    def _inside(self, items: list[Item]) -> Item:
        return items[1]

    parenthesis = str_interp = ind_interp = _inside

    def attr_interp(self, items: list[Item]) -> syntax.Dynamic:
        return syntax.Dynamic(items[0].start_pos, _token(items[-1])[1], items[1])

    path_interp = attr_interp

    # Refused by name

    def url(self, items: list[Item]) -> Expression:
        return Refused(*_token(items[0]), "url", str(items[0]))

    def search_path(self, items: list[Item]) -> Expression:
        return Refused(*_token(items[0]), "search path", str(items[0]))

    def home_path(self, items: list[Item]) -> Expression:
        start, end = _path_span(items)
        text = str(items[0]) if len(items) == 1 else f"{items[0]}…"
        return Refused(start, end, "home path", text)

    # Sets and lists

    def sequence(self, items: list[Item]) -> Expression:
        return syntax.ListLiteral(
            items[0].start_pos, _token(items[-1])[1], tuple(items[1:-1])
        )

    def attrs(self, items: list[Item]) -> Expression:
        bindings = tuple(items[1:-1])
        return syntax.AttrSet(
            items[0].start_pos, _token(items[-1])[1], bindings, recursive=False
        )

    def recursive(self, items: list[Item]) -> Expression:
        bindings = tuple(items[2:-1])
        return syntax.AttrSet(
            items[0].start_pos, _token(items[-1])[1], bindings, recursive=True
        )

    def binding(self, items: list[Item]) -> syntax.Binding:
        path, _, value, semicolon = items
        return syntax.Binding(path[0].start, semicolon.start_pos + 1, path, value)

    def inherit(self, items: list[Item]) -> syntax.Inherit:
        names = tuple(map(_attr_name, items[1:-1]))
        return syntax.Inherit(items[0].start_pos, _token(items[-1])[1], None, names)

    def inherit_from(self, items: list[Item]) -> syntax.Inherit:
        start, end = items[0].start_pos, _token(items[-1])[1]
        return syntax.Inherit(start, end, items[2], tuple(map(_attr_name, items[4:-1])))

    def name(self, items: list[Item]) -> Name:
        token = items[0]
        start = token.start_pos
        return Name(start, start + len(token), str(token))

    def attrpath(self, items: list[Item]) -> tuple[AttrName, ...]:
        return tuple(map(_attr_name, items[::2]))

    def old_let(self, items: list[Item]) -> Expression:
        start, end = items[0].start_pos, _token(items[-1])[1]
        bindings = syntax.AttrSet(start, end, tuple(items[2:-1]), recursive=True)
        body = Name(start, start + len(items[0]), "body")
        return syntax.Select(start, end, bindings, (body,), None)

    # Functions and the constructs around an expression

    def formal(self, items: list[Item]) -> syntax.Formal:
        start, end = _token(items[0])
        default = items[2] if len(items) > 1 else None
        return syntax.Formal(start, end, str(items[0]), default)

    def formals(self, items: list[Item]) -> syntax.SetPattern:
        return syntax.SetPattern(
            items[0].start_pos,
            _token(items[-1])[1],
            tuple(item for item in items if type(item) is syntax.Formal),
            any(type(item) is Token and item.type == "ELLIPSIS" for item in items),
        )

    def function(self, items: list[Item]) -> Expression:
        whole = pattern = None
        for item in items[:-2]:
            if type(item) is syntax.SetPattern:
                pattern = item
            elif item.type == "ID":
                whole = Name(*_token(item), str(item))
        first = items[0]
        start = _token(first)[0] if type(first) is Token else first.start
        return syntax.Function(start, items[-1].end, whole, pattern, items[-1])

    def assertion(self, items: list[Item]) -> Expression:
        _, condition, _, body = items
        return syntax.Assert(items[0].start_pos, body.end, condition, body)

    def with_scope(self, items: list[Item]) -> Expression:
        _, scope, _, body = items
        return syntax.With(items[0].start_pos, body.end, scope, body)

    def let(self, items: list[Item]) -> Expression:
        body = items[-1]
        return syntax.Let(items[0].start_pos, body.end, tuple(items[1:-2]), body)

    def condition(self, items: list[Item]) -> Expression:
        _, condition, _, then, _, otherwise = items
        return syntax.If(items[0].start_pos, otherwise.end, condition, then, otherwise)

    # Operators

    def application(self, items: list[Item]) -> Expression:
        return syntax.Call(items[0].start, items[-1].end, items[0], tuple(items[1:]))

    def select(self, items: list[Item]) -> Expression:
        subject, _, path = items
        return syntax.Select(subject.start, path[-1].end, subject, path, None)

    def select_or(self, items: list[Item]) -> Expression:
        subject, _, path, _, default = items
        return syntax.Select(subject.start, default.end, subject, path, default)

    def call_or(self, items: list[Item]) -> Expression:
        function, word = items
        start, end = _token(word)
        name = syntax.Identifier(start, end, str(word))
        return syntax.Call(function.start, end, function, (name,))

    def operation(self, items: list[Item]) -> Expression:
        pipes = [item for item in items if type(item) is Token and item in PIPES]
        for pipe in pipes:
            if pipe != pipes[0]:
                return Refused(*_token(pipe), "pipes", str(pipe))
        return _climb(items[::-1], LOOSEST)


PIPES = frozenset({"|>", "<|"})
LOOSEST = min(operator.level for operator in OPERATORS.values())


def _attr_name(item: Item) -> AttrName:
    """Turn a string without interpolation into a plain name, quoted or in ``${}``."""
    if type(item) is Name:
        return item
    inner = item.expression if type(item) is syntax.Dynamic else item
    if type(inner) is syntax.String:
        texts = [part for part in inner.parts if isinstance(part, str)]
        if len(texts) == len(inner.parts):
            return Name(item.start, item.end, "".join(texts))
    return syntax.Dynamic(item.start, item.end, inner)


def _climb(items: list[Item], loosest: int) -> Expression:
    """Run precedence climbing over operands and operators, the next item last."""
    first = items.pop()
    left: Expression = first
    if type(first) is Token:
        operand = _climb(items, PREFIXES[first])
        start = _token(first)[0]
        left = syntax.Unary(start, operand.end, str(first), operand)
    banned = None
    while items:
        token = items[-1]
        if token.type == "QUESTION":
            if loosest > HAS_LEVEL:
                break
            items.pop()
            path = items.pop()
            left = syntax.Has(left.start, path[-1].end, left, path)
            continue
        operator = OPERATORS[token]
        if operator.level < loosest:
            break
        items.pop()
        right = _climb(items, operator.level + (operator.associates != "right"))
        if operator.level == banned:
            return Refused(*_token(token), "chain", str(token))
        banned = operator.level if operator.associates == "none" else None
        left = syntax.Binary(left.start, right.end, str(token), left, right)
    return left
