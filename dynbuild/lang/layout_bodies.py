"""The layout of bindings, functions, conditions, and what stands before a body."""

from dynbuild.lang.concrete import Branch, Leaf, Node, first_leaf, last_leaf
from dynbuild.lang.documents import (
    BREAK,
    HARD_LINE,
    HARD_SPACE,
    LINE,
    Doc,
    Group,
    Nest,
    Part,
    Sort,
    Style,
    separate,
    surround,
    words,
)
from dynbuild.lang.layout_calls import absorbed, absorbed_parenthesis, lay_call
from dynbuild.lang.layout_operators import joins, lay_chain
from dynbuild.lang.layout_sets import lay_items, lay_term, wide_term
from dynbuild.lang.layouts import (
    PATHS,
    SETS,
    TERMS,
    absorbs,
    is_absorbable,
    is_bare,
    items_of,
    last_comments,
    lay,
    lays,
    token,
)

FEW_FORMALS = 2
"""So many formals without a default may share a line, and ``...`` with them."""
FEW_PARAMETERS = 2
"""Functions of more parameters, one after another, have their body on a new line."""


@lays("binding")
def _binding(node: Branch) -> Doc:
    path, sign, value, end = node.children
    assigned = Nest([HARD_SPACE, token(sign), lay_assigned(value)])
    return [Group([lay(path), assigned, token(end)])]


def lay_assigned(node: Node) -> Doc:
    """Return the value of a binding or default, with the space or break before it."""
    assert isinstance(node, Branch)
    if node.kind == "binary" and joins(node):
        left, *_ = node.children
        if is_absorbable(left) and not first_leaf(left).above:
            return [HARD_SPACE, lay_chain(node, is_wide=True)]
        if (doc := _last_joined(node)) is not None:
            return doc
    return [Nest(_assigned(node))]


def _assigned(node: Branch) -> Doc:
    if absorbs(node):
        is_only_inherited = node.kind in SETS and [
            item.kind.partition("_")[0] for item in items_of(node)
        ] == ["inherit"]
        term = lay_term if is_only_inherited else wide_term
        return [HARD_SPACE, Group(absorbed(node, term))]
    if node.kind == "parenthesis":
        return [HARD_SPACE, absorbed_parenthesis(node)]
    if node.kind in {"string", "indented"} | PATHS:
        return [HARD_SPACE, Group(lay(node))]
    if node.kind in TERMS or node.kind == "with_scope":
        return [Group([LINE, lay(node)])]
    if node.kind in {"application", "call_or"}:
        return lay_call(node, before=[LINE])
    return [LINE, Group(lay(node))]


def _last_joined(node: Branch) -> Doc | None:
    """Return ``a // { … }`` with the set on the line of the operator."""
    left, sign, right = node.children
    if not is_bare(sign) or not is_absorbable(right):
        return None
    last = Group(wide_term(right), Style.FIRST)
    second = Group([token(sign), HARD_SPACE, last], Style.CLEAR)
    return [Nest([Group([LINE, lay(left), LINE, second])])]


# Functions


@lays("function")
def _function(node: Branch) -> Doc:
    *head, sign, body = node.children
    if len(head) == 1 and isinstance(head[0], Leaf):
        return _simple_functions(node)
    doc: Doc = [[lay(each) for each in head], token(sign), LINE]
    if body.kind in TERMS and is_absorbable(body):
        return [doc, Group(wide_term(body))]
    return [doc, lay(body)]


def _simple_functions(node: Branch) -> Doc:
    """Return ``x: y: body``, all parameters on one line."""
    doc: list[Part] = [BREAK]
    count = 0
    body: Node = node
    while body.kind == "function":
        assert isinstance(body, Branch)
        name, sign, *rest = body.children
        if len(rest) > 1 or isinstance(name, Branch):
            break
        doc += [HARD_SPACE] if count else []
        doc += [token(name), token(sign)]
        (body,) = rest
        count += 1
    if absorbs(body):
        doc += [HARD_SPACE, Group(absorbed(body, lay_term), Style.FIRST)]
    else:
        doc += [LINE if count <= FEW_PARAMETERS else HARD_LINE, lay(body)]
    return [Group(doc)]


@lays("formals")
def _formals(node: Branch) -> Doc:
    opening, *middle, closing = node.children
    assert isinstance(opening, Leaf)
    formals = [each for each in middle if each.kind != "COMMA"]
    commas = [
        each for each in middle if isinstance(each, Leaf) and each.kind == "COMMA"
    ]
    if formals and formals[-1].kind == "formal" and len(commas) < len(formals):
        commas.append(Leaf("COMMA", ",", last_leaf(formals[-1]).end))
    _move_comments(formals, commas)
    docs: list[Doc] = []
    for number, formal in enumerate(formals):
        comma = commas[number : number + 1]
        is_last = formal is formals[-1]
        if comma and is_last and is_bare(comma[0]):
            docs.append([lay(formal), *words(",", Sort.COMMA)])
        else:
            docs.append([lay(formal), *map(token, comma)])
    if last := last_comments(closing):
        docs.append(last)
    if not docs:
        return [Group([token(opening), HARD_SPACE, token(closing)])]
    named = [each for each in formals if isinstance(each, Branch)]
    is_short = len(named) <= FEW_FORMALS and not any(
        opening.ends_line or len(each.children) > 1 for each in named
    )
    line = LINE if is_short else HARD_LINE
    inside = surround(line, [Nest(separate(line, docs))])
    return [Group([token(opening), inside, token(closing)])]


def _move_comments(formals: list[Node], commas: list[Leaf]) -> None:
    """Give the comments around commas to the formals, as if each ended with its own."""
    for formal, comma in zip(formals, commas, strict=False):
        last = last_leaf(formal)
        if last.beside and not comma.beside:
            comma.beside, last.beside = last.beside, ""
    for comma, formal in zip(commas, formals[1:], strict=False):
        first_leaf(formal).above[:0] = comma.above
        comma.above = []


@lays("formal")
def _formal(node: Branch) -> Doc:
    name, *default = node.children
    if not default:
        return token(name)
    sign, value = default
    return [Group([token(name), HARD_SPACE, Nest([token(sign), lay_assigned(value)])])]


# What stands before a body


@lays("with_scope")
def _with(node: Branch) -> Doc:
    word, scope, end, body = node.children
    head: Doc = [token(word), HARD_SPACE, Nest([Group(lay(scope))]), token(end)]
    return [Group(head), LINE, lay(body)]


@lays("assertion")
def _assertion(node: Branch) -> Doc:
    word, condition, end, body = node.children
    # As if `assert` were a function.
    call = Branch("application", [Branch("keyword", [word]), condition])
    if condition.kind == "application":
        assert isinstance(condition, Branch)
        call.children[1:] = condition.children
    return [Group([lay_call(call), token(end), HARD_LINE, lay(body)])]


@lays("let")
def _let(node: Branch) -> Doc:
    word, *bindings, sign, body = node.children
    docs = lay_items(bindings)
    if last := last_comments(sign):
        docs.append(last)
    inside = Nest(separate(HARD_LINE, docs))
    return [
        Group([token(word), HARD_LINE, inside]),
        HARD_LINE,
        Group([token(sign), HARD_LINE, lay(body)]),
    ]


@lays("condition")
def _condition(node: Branch) -> Doc:
    doc: list[Part] = []
    line = LINE
    otherwise: Node = node
    while otherwise.kind == "condition":
        assert isinstance(otherwise, Branch)
        word, condition, then, value, sign, otherwise = otherwise.children
        test: Doc = [token(word), LINE, Nest(lay(condition)), LINE, token(then)]
        doc += [Group(test), surround(line, [Nest([Group(lay(value))])])]
        doc += [token(sign), HARD_SPACE]
        line = HARD_LINE
    return [Group([*doc, LINE, Nest([Group(lay(otherwise))])])]
