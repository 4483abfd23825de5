"""The layout of strings and paths: what is in them stays, but for interpolations.

The common indentation of an indented string is layout, and follows the code's.
"""

from typing import TypeAlias

from dynbuild.lang.concrete import (
    Branch,
    Leaf,
    Node,
    has_odd_line_end,
    text_lines,
)
from dynbuild.lang.documents import (
    BREAK,
    ENDLESS,
    HARD_SPACE,
    Doc,
    Group,
    Nest,
    Part,
    newlines,
    on_one_line,
    separate,
    surround,
    words,
)
from dynbuild.lang.layout_calls import lay_enclosed
from dynbuild.lang.layout_sets import lay_term
from dynbuild.lang.layouts import (
    PATHS,
    closing_token,
    is_absorbable,
    is_bare,
    is_simple,
    last_comments,
    lay,
    lays,
    token,
)

SHORT = 30
"""An interpolation of at most so many characters is not broken."""

Line: TypeAlias = list[str | Branch]


@lays("string")
def _string(node: Branch) -> Doc:
    lines = [_line(line) for line in text_lines(node)]
    body = separate_text(lines)
    return [Group([token(node.children[0]), *body, token(node.children[-1])])]


def separate_text(lines: list[Doc]) -> Doc:
    """Return the lines of a plain string, whose line ends are part of the text."""
    doc = list(lines[0])
    for line in lines[1:]:
        doc += [*words("\n"), *line]
    return doc


@lays("indented")
def _indented(node: Branch) -> Doc:
    if has_odd_line_end(node):
        # What follows such a line end has an indentation that does not count.
        return [Group([lay(child) for child in node.children])]
    lines = _without_indent(text_lines(node))
    opening = node.children[0]
    assert isinstance(opening, Leaf)
    opening.text = "''"
    start: Doc = [BREAK] if len(lines) > 1 else []
    body = Nest(separate(newlines(1), [_line(line) for line in lines]))
    return [Group([token(opening), *start, body, token(node.children[-1])])]


def _without_indent(lines: list[Line]) -> list[Line]:
    """Return lines without their common indentation; see ``strings.indented_parts``."""
    indents = [_indent(line) for line in lines if not _is_blank(line)]
    common = min(indents, default=ENDLESS)
    result: list[Line] = []
    for number, line in enumerate(lines, 1):
        if number == len(lines) and _is_blank(line):
            result.append([])
        elif line and isinstance(line[0], str):
            cut = line[0][min(common, _indent(line)) :]
            result.append([cut, *line[1:]] if cut else line[1:])
        else:
            result.append(line)
    return result


def _is_blank(line: Line) -> bool:
    return all(isinstance(part, str) and not part.strip(" ") for part in line)


def _indent(line: Line) -> int:
    first = line[0] if line else ""
    return len(first) - len(first.lstrip(" ")) if isinstance(first, str) else 0


@lays(*PATHS)
def _path(node: Branch) -> Doc:
    doc: list[Part] = []
    end = 0
    for part in node.children:
        if isinstance(part, Leaf):
            doc += token(part)
            end = part.end
            continue
        opening, closing = part.children[0], part.children[-1]
        assert isinstance(opening, Leaf)
        assert isinstance(closing, Leaf)
        if opening.start > end and doc:
            doc.append(HARD_SPACE)  # refused later, as it is written
        doc += lay(part)
        end = closing.end
    return doc


def _line(line: Line) -> Doc:
    """Return the document of a line of a text.

    What breaks in it is indented as the line is. An interpolation alone on its line is
    laid out as what stands in parentheses.
    """
    first = line[0] if line else ""
    margin: Doc = []
    width = 0
    if isinstance(first, str):
        width = len(first) - len(first.lstrip())
        margin, line = words(first[:width]), [first[width:], *line[1:]]
        line = line if line[0] else line[1:]
    if len(line) == 1 and isinstance(line[0], Branch):
        doc = _alone(line[0])
    else:
        doc = [words(part) if isinstance(part, str) else lay(part) for part in line]
    return [*margin, Nest(doc, offset=width) if width else doc]


def _alone(node: Branch) -> Doc:
    opening, value, closing = node.children
    if is_bare(opening) and is_bare(closing):
        return [Group([token(opening), Nest(lay_enclosed(value)), token(closing)])]
    return [Group(_braces(opening, lay(value), closing))]


@lays("str_interp", "ind_interp", "path_interp", "attr_interp")
def _interpolation(node: Branch) -> Doc:
    opening, value, closing = node.children
    if is_bare(opening) and is_bare(closing):
        if is_absorbable(value):
            return [Group([token(opening), lay_term(value), closing_token(closing)])]
        doc = lay(value)
        width = ENDLESS if is_simple(value) else SHORT
        text = on_one_line(doc, width)
        if text is not None:
            return [token(opening), words(text), closing_token(closing)]
    else:
        doc = lay(value)
    return [Group(_braces(opening, doc, closing))]


def _braces(opening: Node, body: Doc, closing: Node) -> Doc:
    inside = [Nest([body, last_comments(closing)])]
    return [token(opening), surround(BREAK, inside), closing_token(closing)]
