"""Documents: text with places where its lines may break, before anyone has chosen.

A document is a list of words, spacings and parts. The idea is that of Wadler's "A
prettier printer": a group goes on one line if it fits, else all of its own spacings
break. The kinds of spacings and groups, and what becomes of nested indentation, follow
nixfmt's (RFC 166), which docs/language.md names as the model of the layout.
"""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import TypeAlias

from dynbuild.values import dataclass

# Spacings: of two that meet, the greater one counts. Soft ones break only if what
# follows, up to the next possible break, would not fit.
SOFT_BREAK = 0  # a line break, or nothing
BREAK = 1
HARD_SPACE = 2
SOFT_LINE = 3  # a line break, or a space
LINE = 4
HARD_LINE = 5
EMPTY_LINE = 6
ENDLESS = 10**9
"""A width that no line has."""

NEWLINES = 7  # NEWLINES + n: n line breaks in a text; they add up


def newlines(count: int) -> int:
    return NEWLINES + count


class Sort(Enum):
    """What a word is, for the width of a line and for a joined one."""

    CODE = 1
    COMMENT = 2
    """Does not count towards the width."""
    COMMA = 3
    """Stands only where its group breaks."""


@dataclass(frozen=True, slots=True)
class Word:
    """Text, with how deep it is nested and how far it is moved beyond that."""

    text: str
    sort: Sort = Sort.CODE
    level: int = 0
    offset: int = 0


class Style(Enum):
    """How a group breaks that does not fit on one line."""

    PLAIN = 1
    FIRST = 2
    """Breaks first, if all else in the group around it then fits on its lines."""
    CLEAR = 3
    """Its FIRST groups count as those of the group around it."""


@dataclass(frozen=True, slots=True)
class Group:
    """What is broken as a whole."""

    parts: "Doc"
    style: Style = Style.PLAIN


@dataclass(frozen=True, slots=True)
class Block:
    """A settled group."""

    parts: "Settled"
    style: Style
    least: int
    """No line narrower than this has room for it."""


@dataclass(frozen=True, slots=True)
class Nest:
    """What is one level deeper; several levels that begin on one line count as one."""

    parts: "Doc"
    offset: int = 0
    """Columns instead of a level, for what stands inside of texts and comments."""


Part: TypeAlias = "Word | int | Group | Nest | Doc"
Doc: TypeAlias = Sequence[Part]
Settled: TypeAlias = Sequence["Word | int | Block"]
"""A document without nests and lists in it; spacings at a block's ends are soft."""


def words(text: str, sort: Sort = Sort.CODE) -> list[Part]:
    return [Word(text, sort)] if text else []


def surround(spacing: int, parts: Doc) -> list[Part]:
    return [spacing, parts, spacing]


def separate(spacing: int, docs: Iterable[Doc]) -> list[Part]:
    """Return documents with a spacing between each two."""
    result: list[Part] = []
    for doc in docs:
        if result:
            result.append(spacing)
        result.append(doc)
    return result


def merge(one: int, other: int) -> int:
    """Return the spacing of two that meet."""
    less, more = sorted((one, other))
    if more >= NEWLINES:
        if less >= NEWLINES:
            return less + more - NEWLINES
        return more + {EMPTY_LINE: 2, HARD_SPACE: 0}.get(less, 1)
    if less == BREAK and more in {HARD_SPACE, SOFT_LINE}:
        return LINE
    if less == SOFT_BREAK and more == HARD_SPACE:
        return SOFT_LINE
    return more


def is_hard(spacing: int) -> bool:
    return spacing == HARD_SPACE or spacing >= HARD_LINE


def on_one_line(  # noqa: C901, PLR0912  # a table
    doc: Doc | Settled, width: int
) -> str | None:
    """Return a document joined; None if it is too wide, or must break."""
    texts: list[str] = []
    gap = SOFT_BREAK
    todo: list[tuple[Sequence[Part | Block], int]] = [(doc, 0)]
    while todo:
        parts, index = todo.pop()
        if index == len(parts):
            continue
        todo.append((parts, index + 1))
        part = parts[index]
        if isinstance(part, int):
            gap = merge(gap, part)
            if gap >= HARD_LINE:
                return None
        elif isinstance(part, Word):
            if part.sort is Sort.COMMA:
                continue
            if gap > BREAK:
                texts.append(" ")
                width -= 1
            gap = SOFT_BREAK
            texts.append(part.text)
            if part.sort is Sort.CODE:
                width -= len(part.text)
            if width < 0:
                return None
        elif isinstance(part, Group | Block | Nest):
            if isinstance(part, Block) and part.least > width:
                return None
            todo.append((part.parts, 0))
        else:
            todo.append((part, 0))
    if gap > BREAK:
        texts.append(" ")
        width -= 1
    return None if width < 0 else "".join(texts)


def block(parts: Settled, style: Style) -> Block:
    least = 0
    for part in parts:
        if isinstance(part, Word):
            least += len(part.text) if part.sort is Sort.CODE else 0
        elif isinstance(part, Block):
            least += part.least
        elif part >= HARD_LINE:
            least = ENDLESS
    return Block(parts, style, least)


def settle(doc: Doc) -> Settled:
    """Give each word its level, merge what meets, and free groups of hard spacings.

    A hard line break at an end of a group, as after a comment, is no reason to break
    the group: it moves out, as do the comments at its beginning.
    """
    out: list[Word | int | Block] = []
    _settle(doc, out, 0, 0)
    return out


def _settle(doc: Doc, out: list[Word | int | Block], level: int, offset: int) -> None:
    for part in doc:
        if isinstance(part, Word):
            word = part
            if level or offset:
                word = Word(word.text, word.sort, level, offset)
            _take(word, out)
        elif isinstance(part, int):
            _take(part, out)
        elif isinstance(part, Group):
            inner: list[Word | int | Block] = []
            if out and out[-1] == HARD_SPACE:
                out.pop()
                inner.append(HARD_SPACE)
            _settle(part.parts, inner, level, offset)
            _take_group(inner, part.style, out)
        elif isinstance(part, Nest):
            deeper = 0 if part.offset else 1
            _settle(part.parts, out, level + deeper, offset + part.offset)
        else:
            _settle(part, out, level, offset)


def _take(part: Word | int, out: list[Word | int | Block]) -> None:
    last = out[-1] if out else None
    if isinstance(part, int) and isinstance(last, int):
        out[-1] = merge(last, part)
    elif isinstance(part, Word) and isinstance(last, Word) and part.sort is last.sort:
        out[-1] = Word(last.text + part.text, last.sort, last.level, last.offset)
    else:
        out.append(part)


def _take_group(inner: Settled, style: Style, out: list[Word | int | Block]) -> None:
    """Add a group; leading comments and the hard spacings at its ends stay outside."""
    start, end = 0, len(inner)
    while start < end and _leads(inner[start]):
        start += 1
    while start < end and isinstance(last := inner[end - 1], int) and is_hard(last):
        end -= 1
    _take_all(inner[:start], out)
    body = inner[start:end]
    if body:
        only = body[0]
        if len(body) == 1 and isinstance(only, Block) and only.style is style:
            out.append(only)
        else:
            out.append(block(body, style))
    _take_all(inner[end:], out)


def _take_all(parts: Settled, out: list[Word | int | Block]) -> None:
    for part in parts:
        if isinstance(part, Block):
            out.append(part)
        else:
            _take(part, out)


def _leads(part: Word | int | Block) -> bool:
    if isinstance(part, int):
        return is_hard(part)
    return isinstance(part, Word) and part.sort is Sort.COMMENT
