"""The layout of calls, and of what stands in parentheses.

A call is broken at its last argument first: that of ``f x { … }`` begins on the line of
the call. If that does not do, each argument has a line of its own.
"""

from collections.abc import Callable

from dynbuild.lang.concrete import Branch, Leaf, Node, first_leaf
from dynbuild.lang.documents import (
    BREAK,
    ENDLESS,
    HARD_LINE,
    HARD_SPACE,
    LINE,
    SOFT_BREAK,
    SOFT_LINE,
    Doc,
    Group,
    Nest,
    Part,
    Style,
    on_one_line,
    surround,
    words,
)
from dynbuild.lang.layout_sets import lay_term, short_list, wide_term
from dynbuild.lang.layouts import (
    LITERALS,
    PATHS,
    TERMS,
    absorbs,
    comments,
    is_absorbable,
    is_bare,
    is_simple,
    items_of,
    last_comments,
    lay,
    lays,
    token,
)

MOST_ON_A_LINE = 50
FEW_ITEMS = 6
"""So many simple items of a list may share a line, if it is not the last argument."""
CLEAR = Style.CLEAR
_SHORT_HEADS = [("function", ["ID", "COLON"]), ("application", ["variable"])]


@lays("application", "call_or")
def _call(node: Branch) -> Doc:
    return lay_call(node)


def lay_call(
    node: Branch, *, before: Doc | None = None, is_enclosed: bool = False
) -> Doc:
    """Return a call, after what may be broken with it; or all that brackets hold."""
    function, *arguments = node.children
    above = comments(first_leaf(function))
    called = lay(function)
    if is_enclosed and not above:
        called = [Nest([Group([BREAK, called])])]
    end: Doc = [BREAK] if is_enclosed else []
    close: Doc = [HARD_LINE] if is_enclosed and above else []
    if _are_lists(arguments[-2:]):
        called = [
            *(before or []),
            Group(_with_arguments(called, arguments[:-2]), CLEAR),
        ]
        lists: Doc = [[LINE, Nest([Group(_argument(each))])] for each in arguments[-2:]]
        return [above, Group([called, lists, end]), close]
    *arguments, last = arguments
    called = [*(before or []), Group(_with_arguments(called, arguments), CLEAR)]
    text = on_one_line(called, ENDLESS) if is_simple(node) else None
    if text is not None:
        # What is simple is not broken.
        start = [HARD_SPACE, *words(text[1:])] if text[0] == " " else words(text)
        return [above, Group([*start, HARD_SPACE, _last_argument(last)]), close]
    return [above, Group([called, LINE, _last_argument(last), end]), close]


def _with_arguments(called: Doc, arguments: list[Node]) -> Doc:
    """Return a function with all but its last arguments; two lists break as one."""
    position = 0
    rest: list[Part] = []
    while position < len(arguments):
        if position > MOST_ON_A_LINE:
            # No line has room for so many: the groups would break, one by one.
            last = arguments[position]
            rest += [LINE, Nest([Group(_argument(last))])]
            position += 1
            continue
        pair = arguments[position : position + 2]
        if _are_lists(pair):
            lists: Doc = [[LINE, Group(_argument(each))] for each in pair]
            called = [Group([Group(called, CLEAR), Nest([Group(lists)])], CLEAR)]
            position += 2
            continue
        argument = arguments[position]
        style = Style.PLAIN if argument.kind == "select" else Style.FIRST
        inner = Nest([Group(_argument(argument), style)])
        called = [Group(called, CLEAR), LINE, inner]
        position += 1
    return [*called, *rest]


def _are_lists(nodes: list[Node]) -> bool:
    return [node.kind for node in nodes] == ["sequence", "sequence"]


def _argument(node: Node) -> Doc:
    if node.kind == "sequence":
        assert isinstance(node, Branch)
        items = items_of(node)
        if len(items) <= FEW_ITEMS and all(is_simple(item) for item in items):
            return short_list(node)
    return lay(node)


def _last_argument(node: Node) -> Doc:
    if isinstance(node, Leaf) or node.kind not in TERMS:
        return [Group([Nest(lay(node))])]
    if is_absorbable(node):
        return [Group([Nest(lay_term(node))], Style.FIRST)]
    if node.kind != "parenthesis":
        return [Group([Nest(lay(node))])]
    opening, value, closing = node.children
    head = _short_head(value)
    if head and is_bare(opening) and is_bare(closing):
        assert isinstance(value, Branch)
        body: Doc = [HARD_SPACE, wide_term(value.children[-1])]
        parts: Doc = [token(opening), head, body, token(closing)]
        return [Group([Nest(parts)], Style.FIRST)]
    return absorbed_parenthesis(node)


def _short_head(node: Node) -> Doc:
    """Return the beginning of ``x: { … }`` and ``f { … }``, if it is of that kind."""
    if isinstance(node, Leaf) or not is_absorbable(node.children[-1]):
        return []
    head = node.children[:-1]
    kinds = [each.kind for each in head]
    is_short = (node.kind, kinds) in _SHORT_HEADS and all(map(is_bare, head))
    return [lay(each) for each in head] if is_short else []


def absorbed_parenthesis(node: Branch) -> Doc:
    """Return parentheses that begin on a line and are broken before all else there."""
    opening, value, closing = node.children
    inside = [Group([Nest([lay(value), last_comments(closing)])])]
    parts = [token(opening), surround(BREAK, inside), token(closing)]
    return [Group([Nest(parts)], Style.FIRST)]


# Parentheses and selections


@lays("parenthesis")
def _parenthesis(node: Branch) -> Doc:
    opening, value, closing = node.children
    inside = [lay_enclosed(value), last_comments(closing)]
    return [Group([token(opening), Nest(inside), token(closing)])]


def lay_enclosed(node: Node) -> Doc:
    """Return what stands in parentheses, or alone in the braces of ``${}``."""
    if absorbs(node):
        return [Group(absorbed(node, lay_term))]
    assert isinstance(node, Branch)
    if node.kind in {"application", "call_or"}:
        return lay_call(node, is_enclosed=True)
    body: Doc = [Group(lay(node))]
    if node.kind in {"select", "select_or"} and not is_absorbable(node.children[0]):
        return [body, BREAK]
    return surround(BREAK, body)


def absorbed(node: Node, lay_of: Callable[[Node], Doc]) -> Doc:
    """Return an expression that begins on the line of what it belongs to."""
    if node.kind == "with_scope":
        assert isinstance(node, Branch)
        return _absorbed_with(node)
    return lay_of(node) if node.kind in TERMS else lay(node)


def _absorbed_with(node: Branch) -> Doc:
    word, scope, end, body = node.children
    head: Doc = [BREAK, token(word), HARD_SPACE, Nest([Group(lay(scope))]), token(end)]
    return [Group([head, HARD_SPACE, Group(wide_term(body), Style.FIRST)])]


@lays("select", "select_or")
def _select(node: Branch) -> Doc:
    subject, dot, path, *default = node.children
    doc: list[Part] = [lay(subject)]
    if subject.kind in LITERALS | PATHS:
        doc.append(HARD_SPACE)  # `1.a` begins with a number
    elif subject.kind != "variable":
        doc.append(SOFT_BREAK if subject.kind == "parenthesis" else BREAK)
    doc += [token(dot), lay(path)]
    if default:
        word, value = default
        doc += [SOFT_LINE, Nest([token(word), HARD_SPACE, lay(value)])]
    return doc
