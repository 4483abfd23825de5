"""Places of a text as editors count them: lines, and units of an encoding in a line."""

import re
from bisect import bisect_right
from collections.abc import Callable
from functools import cached_property
from typing import Literal

from dynbuild.values import dataclass

Encoding = Literal["utf-8", "utf-16", "utf-32"]

_BREAK = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True)
class Lines:
    """A text by lines, which count from 0; ``encoding`` says what a column counts."""

    text: str
    encoding: Encoding = "utf-16"

    @cached_property
    def starts(self) -> list[int]:
        return [0, *(match.end() for match in _BREAK.finditer(self.text))]

    def position(self, offset: int) -> tuple[int, int]:
        """Return the line and the column of an offset."""
        line = bisect_right(self.starts, offset) - 1
        return line, self._units(self.text[self.starts[line] : offset])

    def offset(self, line: int, column: int) -> int:
        """Return the offset of a place; one beyond the end of a line or text is it."""
        if line >= len(self.starts):
            return len(self.text)
        start = self.starts[line]
        end = len(self.text) if line + 1 == len(self.starts) else self.starts[line + 1]
        row = _BREAK.sub("", self.text[start:end])
        if self.encoding == "utf-32" or row.isascii():
            return start + min(column, len(row))
        for index, char in enumerate(row):
            if column <= 0:
                return start + index
            column -= self._units(char)
        return start + len(row)

    @cached_property
    def _units(self) -> Callable[[str], int]:
        match self.encoding:
            case "utf-8":
                return lambda text: len(text.encode("utf-8", "replace"))
            case "utf-16":
                return lambda text: len(text.encode("utf-16-le", "replace")) // 2
            case _:
                return len
