"""The layout of sets, lists and names."""

from dynbuild.lang.concrete import Branch, Leaf, Node, first_leaf
from dynbuild.lang.documents import (
    BREAK,
    HARD_LINE,
    HARD_SPACE,
    LINE,
    Doc,
    Group,
    Nest,
    Part,
    separate,
    surround,
)
from dynbuild.lang.layouts import (
    LITERALS,
    SETS,
    brackets,
    comments,
    items_of,
    last_comments,
    lay,
    lays,
    token,
)

FEW_INHERITED = 3
"""So many names of an ``inherit`` may stand on its line."""


@lays("variable", "name", "keyword", *LITERALS)
def _word(node: Branch) -> Doc:
    return token(node.children[0])


@lays(*SETS)
def _set(node: Branch) -> Doc:
    return _bracketed(node, LINE)


@lays("sequence")
def _list(node: Branch) -> Doc:
    return [Group(_bracketed(node, LINE))]


def lay_term(node: Node) -> Doc:
    """Return a term whose breaks belong to the group around it."""
    if node.kind != "sequence":
        return lay(node)
    assert isinstance(node, Branch)
    return _bracketed(node, LINE)


def wide_term(node: Node) -> Doc:
    """Return a term of which a set has its own lines, however short it is."""
    if node.kind not in SETS:
        return lay_term(node)
    assert isinstance(node, Branch)
    return _bracketed(node, HARD_LINE)


def short_list(node: Branch) -> Doc:
    """Return a list that may stand on one line with several items."""
    return _bracketed(node, LINE, between=LINE)


def _bracketed(node: Branch, around: int, between: int = HARD_LINE) -> Doc:
    """Return a set or a list; two items never share a line, unless they are told to.

    If the author has put the first item on its own line, it stays there.
    """
    items = items_of(node)
    opening, closing = brackets(node)
    word = node.children[: -2 - len(items)]
    start: list[Part] = [[token(each), HARD_SPACE] for each in word]
    start.append(token(opening))
    docs = lay_items(items)
    if last := last_comments(closing):
        docs.append(last)
    if opening.ends_line:
        around = HARD_LINE
    elif not docs:
        around = HARD_SPACE
    inside = [Nest(separate(between, docs))] if docs else []
    return [start, surround(around, inside), token(closing)]


def lay_items(items: list[Node]) -> list[Doc]:
    """Return items, each with the comments above it."""
    return [[comments(first_leaf(item)), Group(lay(item))] for item in items]


@lays("inherit", "inherit_from")
def _inherit(node: Branch) -> Doc:
    word, *names, end = node.children
    origin: Doc = []
    before = word
    if node.kind == "inherit_from":
        opening, value, before, *names = names
        source = Branch("parenthesis", [opening, value, before])
        origin = [Group([LINE, lay(source)])]
    assert isinstance(before, Leaf)
    is_short = len(names) <= FEW_INHERITED and not before.ends_line
    line, no_line = (LINE, BREAK) if is_short else (HARD_LINE, HARD_LINE)
    named: Doc = [line, separate(line, [lay(name) for name in names]), no_line]
    return [Group([token(word), Nest([origin, named if names else [], token(end)])])]


@lays("attrpath")
def _attrpath(node: Branch) -> Doc:
    return [lay(child) for child in node.children]
