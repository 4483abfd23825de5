"""The layout of operators: each at the beginning of a line, with its operand."""

from dynbuild.lang.concrete import Branch, Leaf, Node, first_leaf
from dynbuild.lang.documents import HARD_SPACE, LINE, SOFT_LINE, Doc, Group, Nest
from dynbuild.lang.layout_calls import lay_call
from dynbuild.lang.layout_sets import wide_term
from dynbuild.lang.layouts import is_absorbable, lay, lays, token
from dynbuild.lang.syntax import OPERATORS


@lays("unary")
def _unary(node: Branch) -> Doc:
    sign, operand = node.children
    first = first_leaf(operand)
    # `-./a` and `--` would be other words.
    is_apart = first.kind in {"PATH", "MINUS"} or not first.text[:1].strip("/~.")
    return [token(sign), [HARD_SPACE] if is_apart else [], lay(operand)]


@lays("has")
def _has(node: Branch) -> Doc:
    subject, sign, path = node.children
    return [lay(subject), SOFT_LINE, token(sign), HARD_SPACE, lay(path)]


@lays("binary")
def _binary(node: Branch) -> Doc:
    left, sign, right = node.children
    assert isinstance(sign, Leaf)
    if OPERATORS[sign.text].associates == "none":
        return [lay(left), SOFT_LINE, token(sign), HARD_SPACE, lay(right)]
    if joins(node) and is_absorbable(right):
        second: Doc = [token(sign), HARD_SPACE, Nest(lay(right))]
        return [Group([lay(left), LINE, second])]
    return lay_chain(node)


def joins(node: Branch) -> bool:
    """Tell whether an operator joins sets, lists or texts."""
    sign = node.children[1]
    assert isinstance(sign, Leaf)
    return sign.text in {"//", "++", "+"}


def lay_chain(node: Branch, *, is_wide: bool = False) -> Doc:
    """Return the operands of one operator, each on a line; a first set may be wide."""
    sign = node.children[1]
    assert isinstance(sign, Leaf)
    (_, first), *others = _chain(node, sign.text)
    doc = wide_term(first) if is_wide else lay(first)
    for operator, operand in others:
        assert operator
        doc = [doc, LINE, token(operator), Nest(_operand(operand))]
    return [Group(doc)]


def _chain(node: Branch, sign: str) -> list[tuple[Leaf | None, Node]]:
    """Return the operands of one operator, with the operator before each."""
    chain: list[tuple[Leaf | None, Node]] = []
    todo: list[tuple[Leaf | None, Node]] = [(None, node)]
    while todo:
        before, top = todo.pop()
        if isinstance(top, Branch) and top.kind == "binary":
            left, operator, right = top.children
            assert isinstance(operator, Leaf)
            if operator.text == sign:
                todo += [(operator, right), (before, left)]
                continue
        chain.append((before, top))
    return chain


def _operand(node: Node) -> Doc:
    if is_absorbable(node):
        return [HARD_SPACE, lay(node)]
    if node.kind == "binary":
        return [Group([LINE, lay(node)])]
    if node.kind in {"application", "call_or"}:
        assert isinstance(node, Branch)
        return [Group(lay_call(node, before=[LINE]))]
    return [HARD_SPACE, lay(node)]
