"""The lines of a document: which of its spacings break.

A group that fits on the line is joined. If it does not, one of its FIRST groups is
broken alone, the last that will do; if none will, the group's own spacings break.
The width is that of the text on a line, without its indentation, as in nixfmt: what is
nested deeper is not squeezed.
"""

from typing import NamedTuple, TypeAlias

from dynbuild.lang.documents import (
    BREAK,
    EMPTY_LINE,
    HARD_LINE,
    HARD_SPACE,
    LINE,
    NEWLINES,
    SOFT_BREAK,
    SOFT_LINE,
    Block,
    Doc,
    Settled,
    Sort,
    Style,
    Word,
    block,
    on_one_line,
    settle,
)

WIDTH = 100
STEP = "  "
DEEPEST = 50
"""What is nested deeper is not indented further, so that lines stay in sight."""
TRIES = 50
"""Parts laid out on trial for each part of a document, before no more are tried."""


class _Rest(NamedTuple):
    """What follows on the same line, perhaps: parts from an index, then more."""

    parts: Settled
    start: int
    more: "_Rest | None"


class _Indent(NamedTuple):
    """The indentation of a level, and of the levels around it."""

    level: int
    width: int
    outer: "_Indent | None"


_Split: TypeAlias = tuple[Settled, Settled, Settled]


def lines_of(doc: Doc) -> str:
    """Return the text of a document, with a line end."""
    settled = settle(doc)
    lines = _Lines(settled)
    lines.take_block(block(settled, Style.PLAIN), None)
    return "".join(lines.texts).strip("\n") + "\n"


class _Lines:
    """The text so far, the column behind the indentation, and the indents."""

    def __init__(self, settled: Settled) -> None:
        self.texts: list[str] = []
        self._column = 0
        self._indent = _Indent(0, 0, None)
        self._trials = 0
        self._left = TRIES * _count(settled)

    # A block

    def take_block(self, group: Block, rest: _Rest | None) -> None:
        parts = group.parts
        if self._join(parts, rest):
            return
        if group.style is not Style.CLEAR:
            for split in reversed(_splits(parts)):
                if self._split(split, rest):
                    return
        self._break(parts, rest)

    def _join(self, parts: Settled, rest: _Rest | None) -> bool:
        """Put parts on the line, if they and what must follow them there fit."""
        if not parts:
            return True
        room = WIDTH - self._column - _width_to_break(rest)
        if self._column:
            text = on_one_line(parts, room)
            if text is not None:
                self._put(text)
            return text is not None
        text = on_one_line(_without_spacing(parts), room)
        if text is None:
            return False
        first = _first_word(parts)
        self._put_word(Word(text, Sort.CODE, first.level, first.offset))
        return True

    def _split(self, split: _Split, rest: _Rest | None) -> bool:
        """Break the parts in the middle, if those before and after them fit."""
        before, middle, after = split
        if self._left < 0:
            return False
        kept = len(self.texts), self._column, self._indent
        if self._join(before, _Rest(middle, 0, _Rest(after, 0, rest))):
            self._trials += bool(after)
            follows = _Rest(_unbroken(after), 0, rest) if after else rest
            self._break(middle, follows)
            self._trials -= bool(after)
            if self._join(after, rest):
                return True
        count, self._column, self._indent = kept
        del self.texts[count:]
        return False

    def _break(self, parts: Settled, rest: _Rest | None) -> None:
        """Put parts, with line breaks where their own spacings may break."""
        for index, part in enumerate(parts, 1):
            if self._trials:
                self._left -= 1
            if isinstance(part, Word):
                self._put_word(part)
                continue
            follows = _Rest(parts, index, rest)
            if isinstance(part, Block):
                self.take_block(part, follows)
            elif self._column:
                self._put_spacing(part, follows)

    # Its parts

    def _put(self, text: str) -> None:
        self.texts.append(text)
        self._column += len(text)

    def _put_word(self, word: Word) -> None:
        """Put a word; a deeper level counts only if it begins with a line."""
        while word.level < self._indent.level:
            assert self._indent.outer
            self._indent = self._indent.outer
        if word.level > self._indent.level:
            width = self._indent.width + (not self._column)
            self._indent = _Indent(word.level, width, self._indent)
        if not self._column:
            width = min(self._indent.width, DEEPEST)
            self.texts.append(STEP * width + " " * word.offset)
        self._put(word.text)

    def _put_spacing(self, spacing: int, rest: _Rest) -> None:
        if spacing == HARD_SPACE:
            self._put(" ")
        elif spacing in {SOFT_BREAK, SOFT_LINE}:
            space = " " if spacing == SOFT_LINE else ""
            if _next_fits(WIDTH - self._column - len(space), rest):
                self._put(space)
            else:
                self._end_line(1)
        else:
            self._end_line(
                {BREAK: 1, LINE: 1, HARD_LINE: 1, EMPTY_LINE: 2}.get(
                    spacing, spacing - NEWLINES
                )
            )

    def _end_line(self, count: int) -> None:
        self.texts.append("\n" * count)
        self._column = 0


def _count(parts: Settled) -> int:
    todo = [parts]
    count = 0
    while todo:
        for part in todo.pop():
            count += 1
            if isinstance(part, Block):
                todo.append(part.parts)
    return count


def _without_spacing(parts: Settled) -> Settled:
    """Return parts without the spacing at their beginning, or in their first group."""
    first, *others = parts
    if isinstance(first, int):
        return others
    if isinstance(first, Block) and isinstance(first.parts[0], int):
        return [block(first.parts[1:], first.style), *others]
    return parts


def _first_word(parts: Settled) -> Word:
    todo = [iter(parts)]
    while todo:
        for part in todo[-1]:
            if isinstance(part, Word):
                return part
            if isinstance(part, Block):
                todo.append(iter(part.parts))
                break
        else:
            todo.pop()
    return Word("")


def _width_to_break(rest: _Rest | None) -> int:
    """Return the width of what stands before the next possible line break."""
    width = space = 0
    while rest:
        if rest.start == len(rest.parts):
            rest = rest.more
            continue
        part = rest.parts[rest.start]
        rest = rest._replace(start=rest.start + 1)
        if isinstance(part, Block):
            rest = _Rest(part.parts, 0, rest)
        elif isinstance(part, Word):
            if part.sort is not Sort.COMMENT:
                width += space + len(part.text)
                space = 0
        elif part != HARD_SPACE:
            return width
        else:
            space = 1
        if width > WIDTH:
            break
    return width + space


def _next_fits(room: int, rest: _Rest | None) -> bool:
    """Tell whether what follows up to the next possible line break fits.

    A group that would fit on a line of its own is not broken for it.
    """
    left = WIDTH
    while rest and left >= 0:
        if rest.start == len(rest.parts):
            rest = rest.more
            continue
        part = rest.parts[rest.start]
        rest = rest._replace(start=rest.start + 1)
        if isinstance(part, Block):
            text = on_one_line(part.parts, left - _width_to_break(rest))
            if text is None:
                rest = _Rest(part.parts, 0, rest)
            else:
                left -= len(text)
        elif isinstance(part, Word):
            left -= len(part.text) if part.sort is Sort.CODE else 0
        elif part == HARD_SPACE:
            left -= 1
        else:
            break
    return left >= 0 and WIDTH - left <= room


def _splits(parts: Settled) -> list[_Split]:
    """Return each FIRST group, with the parts before and after it.

    The list ends where the parts before do not fit on a line any more.
    """
    flat: list[Word | int | Block] = []
    todo = [iter(parts)]
    while todo:
        for part in todo[-1]:
            if isinstance(part, Block) and part.style is Style.CLEAR:
                todo.append(iter(part.parts))
                break
            flat.append(part)
        else:
            todo.pop()
    splits: list[_Split] = []
    for index, part in enumerate(flat):
        if isinstance(part, Block) and part.style is Style.FIRST:
            before = _contents(flat[:index])
            if on_one_line(before, WIDTH) is None:
                break
            splits.append((before, part.parts, _contents(flat[index + 1 :])))
    return splits


def _contents(parts: Settled) -> Settled:
    """Return parts with FIRST groups replaced by what is in them."""
    result: list[Word | int | Block] = []
    for part in parts:
        if isinstance(part, Block) and part.style is Style.FIRST:
            result += part.parts
        else:
            result.append(part)
    return result


def _unbroken(parts: Settled) -> Settled:
    """Return parts with their own spacings as in a joined line."""
    joined: list[Word | int | Block] = []
    for part in parts:
        if isinstance(part, int) and part < HARD_LINE:
            if part > BREAK:
                joined.append(HARD_SPACE)
        else:
            joined.append(part)
    return joined
