"""From the concrete tree to a document: the shared base of the layout's parts.

Each kind of node has a function that returns its document; the rules are those of
docs/language.md. A tree is laid out once: comments may be taken from its tokens.
"""

from collections.abc import Callable
from typing import TypeAlias

from dynbuild.lang.concrete import (
    BLANK,
    LINE_END,
    Branch,
    Leaf,
    Node,
    first_leaf,
    last_leaf,
    text_lines,
)
from dynbuild.lang.documents import (
    EMPTY_LINE,
    HARD_LINE,
    HARD_SPACE,
    Doc,
    Nest,
    Part,
    Sort,
    newlines,
    words,
)

LayNode: TypeAlias = Callable[[Branch], Doc]
_LAYERS: dict[str, LayNode] = {}

SETS = frozenset({"attrs", "recursive", "old_let"})
PATHS = frozenset({"path", "home_path"})
LITERALS = frozenset({"integer", "decimal", "url", "search_path"})
TERMS = (
    SETS
    | LITERALS
    | PATHS
    | {
        "variable",
        "string",
        "indented",
        "sequence",
        "parenthesis",
        "select",
        "select_or",
    }
)
TIGHT = frozenset({"RPAREN", "SEMI", "COMMA", "COLON", "AT", "DOT"})
"""Tokens that follow what is before them without a space."""

MAX_SIMPLE = 20
"""Nesting beyond which nothing is simple."""


def lays(*kinds: str) -> Callable[[LayNode], LayNode]:
    """Mark a function as the one that lays out nodes of these kinds."""

    def register(part: LayNode) -> LayNode:
        _LAYERS.update(dict.fromkeys(kinds, part))
        return part

    return register


def lay(node: Node) -> Doc:
    """Return the document of a node."""
    return token(node) if isinstance(node, Leaf) else _LAYERS[node.kind](node)


# Tokens and comments


def token(node: Node) -> list[Part]:
    """Return a token with its comments."""
    assert isinstance(node, Leaf)
    return _token(node, tight=node.kind in TIGHT)


def closing_token(node: Node) -> list[Part]:
    """Return a bracket that follows what is before it without a space."""
    assert isinstance(node, Leaf)
    return _token(node, tight=True)


def _token(node: Leaf, *, tight: bool) -> list[Part]:
    doc = comments(node)
    if node.before and tight:
        # Without the space a comment would go on a path that ends before it.
        doc += [HARD_SPACE, *words(node.before)]
    elif node.before:
        doc += [*words(node.before), HARD_SPACE]
    doc += words(node.text)
    if node.beside:
        doc += [HARD_SPACE, *words(node.beside, Sort.COMMENT), HARD_LINE]
    return doc


def comments(leaf: Leaf) -> list[Part]:
    """Take the comments and blank lines above a token, each on its lines."""
    doc: list[Part] = [HARD_LINE] if leaf.above else []
    for comment in leaf.above:
        doc += [EMPTY_LINE] if comment == BLANK else [*_comment(comment), HARD_LINE]
    leaf.above = []
    return doc


def _comment(comment: str) -> Doc:
    """Return a comment; the lines of a long one are indented below its first."""
    first, *lines = [line.rstrip() for line in LINE_END.split(comment)]
    if not lines:
        return words(first, Sort.COMMENT)
    last = lines.pop().removesuffix("*/").rstrip()
    opening = "/**" if first.startswith("/**") and first != "/**/" else "/*"
    texts = [*lines, *([last] if last.strip() else [])]
    margin = min((len(line) - len(line.lstrip()) for line in texts if line), default=0)
    texts = [line[margin:] for line in texts]
    if begins := first.removeprefix(opening).strip():
        texts.insert(0, begins)
    doc = words(opening, Sort.COMMENT)
    breaks = 1
    for text in texts:
        if text:
            doc += [newlines(breaks), Nest(words(text, Sort.COMMENT), offset=2)]
        breaks = 1 if text else breaks + 1
    return [*doc, newlines(1), *words("*/", Sort.COMMENT)]


def last_comments(closing: Node) -> Doc:
    """Take the comments above a closing bracket, which belong inside."""
    assert isinstance(closing, Leaf)
    return comments(closing)


# What a node is like


def is_bare(node: Node) -> bool:
    """Tell whether no comment and no blank line stands at the ends of a node."""
    first, last = first_leaf(node), last_leaf(node)
    return not (first.above or first.before or last.beside)


def items_of(node: Node) -> list[Node]:
    """Return what stands between the brackets of a set or a list."""
    assert isinstance(node, Branch)
    return node.children[1 if node.kind in {"attrs", "sequence"} else 2 : -1]


def brackets(node: Branch) -> tuple[Leaf, Leaf]:
    """Return the brackets of a set or a list."""
    opening = node.children[-2 - len(items_of(node))]
    closing = node.children[-1]
    assert isinstance(opening, Leaf)
    assert isinstance(closing, Leaf)
    return opening, closing


def is_absorbable(node: Node) -> bool:
    """Tell whether a term may begin on the line of what it belongs to, and break later.

    Sets and lists that are not empty, and texts of several lines.
    """
    for _ in range(MAX_SIMPLE):
        if node.kind != "parenthesis":
            break
        assert isinstance(node, Branch)
        opening, node, closing = node.children
        if not (is_bare(opening) and is_bare(closing)):
            return False
    if node.kind == "indented":
        return is_long_text(node)
    if node.kind != "sequence" and node.kind not in SETS:
        return False
    assert isinstance(node, Branch)
    opening, closing = brackets(node)
    return bool(items_of(node) or opening.ends_line or opening.beside or closing.above)


def is_long_text(node: Node) -> bool:
    """Tell whether an indented string has several lines."""
    assert isinstance(node, Branch)
    return len(text_lines(node)) > 1


def absorbs(node: Node) -> bool:
    """Tell whether an expression may begin on the line of what it belongs to."""
    while node.kind == "function":
        assert isinstance(node, Branch)
        if len(node.children) > len(("x", ":", "body")) or isinstance(
            node.children[0], Branch
        ):
            return False
        node = node.children[-1]
        if node.kind == "with_scope":
            return False
    if node.kind == "with_scope":
        assert isinstance(node, Branch)
        node = node.children[-1]
    return is_absorbable(node)


def is_simple(node: Node, depth: int = 0) -> bool:
    """Tell whether an expression is short and plain, so that it is best not broken."""
    if depth > MAX_SIMPLE or isinstance(node, Leaf):
        return False
    children = node.children
    if node.kind in {"string", "indented", "path", "variable"}:
        return is_bare(node)
    if node.kind == "select":
        path = children[2]
        assert isinstance(path, Branch)
        return is_simple(children[0], depth + 1) and all(
            name.kind in {"name", "DOT"} and is_bare(name) for name in path.children
        )
    if node.kind == "parenthesis":
        bare = is_bare(children[0]) and is_bare(children[2])
        return bare and is_simple(children[1], depth + 1)
    if node.kind == "application":
        few = len(children) <= len(("f", "x", "y"))
        return few and all(is_simple(child, depth + 1) for child in children)
    return False
