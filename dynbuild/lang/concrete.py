"""The concrete tree of a source: every token, with the comments and gaps around it.

It has the shape of the grammar; only operators are climbed, over the same table as in
build.py. The formatter reads it, since the syntax tree has no parentheses and no
comments.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import field
from functools import cache
from typing import Any, TypeAlias

from lark import Token

from dynbuild.lang.build import LOOSEST
from dynbuild.lang.driver import Driver
from dynbuild.lang.grammar import parser
from dynbuild.lang.syntax import HAS_LEVEL, OPERATORS, PREFIXES
from dynbuild.values import dataclass

BLANK = ""
"""Stands for one or more blank lines among the comments above a token."""

LINE_END = re.compile(r"\r\n?|\n")
_ESCAPE_OR_END = {
    "string": re.compile(r"\n"),
    "indented": re.compile(r"''\\.|'''|''\$|\n", re.DOTALL),
}
_COMMENT = re.compile(r"#[^\r\n]*|/\*(?:[^*]|\*(?!/))*\*/")


@dataclass(slots=True)
class Leaf:
    """A token, and what stands around it that is not code."""

    kind: str
    text: str
    start: int
    above: list[str] = field(default_factory=list)
    """Comments on lines of their own before it, and blank lines (``BLANK``)."""
    before: str = ""
    """A block comment before it on its line."""
    beside: str = ""
    """A comment after it, at the end of its line."""
    ends_line: bool = False
    """Whether its line ended with it in the source."""

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def is_bare(self) -> bool:
        """Whether no comment and no blank line belongs to it."""
        return not (self.above or self.before or self.beside)


@dataclass(slots=True)
class Branch:
    """The tokens and branches of a rule of the grammar, in order."""

    kind: str
    children: list["Node"]


Node: TypeAlias = Leaf | Branch


def concrete_tree(text: str) -> Branch:
    """Return the tree of a text that parses: its expression, and its end as a leaf."""
    tree: Node = _driver().parse(text)
    end = Leaf("END", "", len(text))
    whole = Branch("start", [tree, end])
    before: Leaf | None = None
    for leaf in leaves(whole):
        position = before.end if before else 0
        if leaf.start > position:
            _read_gap(text[position : leaf.start], before, leaf)
        before = leaf
    return whole


def leaves(node: Node) -> Iterator[Leaf]:
    """Yield the tokens of a node in order."""
    rest = [node]
    while rest:
        top = rest.pop()
        if isinstance(top, Leaf):
            yield top
        else:
            rest += reversed(top.children)


def first_leaf(node: Node) -> Leaf:
    while isinstance(node, Branch):
        node = node.children[0]
    return node


def last_leaf(node: Node) -> Leaf:
    while isinstance(node, Branch):
        node = node.children[-1]
    return node


def text_lines(string: Branch) -> list[list[str | Branch]]:
    """Return the lines of a string: texts as they are written, and interpolations."""
    lines: list[list[str | Branch]] = [[]]
    for child in string.children[1:-1]:
        if isinstance(child, Branch):
            lines[-1].append(child)
            continue
        position = 0
        for match in _ESCAPE_OR_END[string.kind].finditer(child.text):
            if match[0] == "\n":
                lines[-1].append(child.text[position : match.start()])
                lines.append([])
                position = match.end()
        lines[-1].append(child.text[position:])
    return [[part for part in line if part != ""] for line in lines]


def has_odd_line_end(string: Branch) -> bool:
    r"""Tell whether an indented string has ``''\n``, an escaped line end, or a CR."""
    pattern = _ESCAPE_OR_END["indented"]
    texts = [child.text for child in string.children[1:-1] if isinstance(child, Leaf)]
    found = (match[0] for text in texts for match in pattern.finditer(text))
    return any("\r" in text for text in texts) or any(
        escape in {"''\\n", "''\\\n"} for escape in found
    )


# Construction


class _Builder:
    """Makes a branch for each rule, as ``TreeBuilder`` makes a node."""

    def __getattr__(self, rule: str) -> Callable[[list[Any]], Node]:
        return lambda items: Branch(rule, list(map(_leaf, items)))

    def start(self, items: list[Any]) -> Node:
        node: Node = items[0]
        return node

    def operation(self, items: list[Any]) -> Node:
        return _climb(list(map(_leaf, reversed(items))), LOOSEST)


def _leaf(item: Any) -> Node:  # noqa: ANN401  # a token, or a branch already
    if type(item) is Token:
        assert item.start_pos is not None
        return Leaf(item.type, str(item), item.start_pos)
    node: Node = item
    return node


@cache
def _driver() -> Driver:
    return Driver(parser(), _Builder())


def _climb(items: list[Node], loosest: int) -> Node:
    """Run precedence climbing over operands and operators, the next item last.

    What the syntax tree refuses, like ``a == b == c``, nests to the left.
    """
    left = items.pop()
    if isinstance(left, Leaf):
        left = Branch("unary", [left, _climb(items, PREFIXES[left.text])])
    while items:
        operator = items[-1]
        assert isinstance(operator, Leaf)
        if operator.kind == "QUESTION":
            if loosest > HAS_LEVEL:
                break
            left = Branch("has", [left, items.pop(), items.pop()])
            continue
        row = OPERATORS[operator.text]
        if row.level < loosest:
            break
        items.pop()
        right = _climb(items, row.level + (row.associates != "right"))
        left = Branch("binary", [left, operator, right])
    return left


# Comments


def _read_gap(gap: str, before: Leaf | None, after: Leaf) -> None:
    """Give the comments and blank lines between two tokens to the one or the other.

    A comment that ends the line of the first token is beside it. One that begins the
    line of the second, or stands between both, is before that. All others are above it.
    """
    lines = _comment_lines(gap)
    if after.kind == "END":
        lines.append("")
    if len(lines) == 1:
        after.before = lines[0]
        return
    first, *above, after.before = lines
    if before:
        before.beside, before.ends_line = first, True
    elif first:
        above.insert(0, first)
    for line in above:
        if line != BLANK or after.above[-1:] != [BLANK]:
            after.above.append(line)
    if not before and after.above[:1] == [BLANK]:
        del after.above[0]
    if after.kind == "END" and after.above[-1:] == [BLANK]:
        after.above.pop()


def _comment_lines(gap: str) -> list[str]:
    """Return the comments of each line of a gap; a long one has its lines alone."""
    lines = [""]
    position = 0
    is_full = False
    for match in _COMMENT.finditer(gap):
        breaks = len(LINE_END.findall(gap[position : match.start()]))
        lines += [""] * breaks
        is_long = bool(LINE_END.search(match[0]))
        if (is_full and not breaks) or (is_long and (lines[-1] or len(lines) == 1)):
            lines.append("")
        lines[-1] = f"{lines[-1]} {match[0].rstrip()}".lstrip()
        is_full = is_long
        position = match.end()
    breaks = len(LINE_END.findall(gap[position:]))
    return lines + [""] * (breaks or is_full)
