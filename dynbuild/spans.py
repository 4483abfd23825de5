"""Places in source text: spans, lines and columns, and the excerpt under a caret."""

from dataclasses import field

from dynbuild.values import dataclass

MAX_EXCERPT = 100
"""Characters of a line that an excerpt shows; a longer line is cut around the span."""


@dataclass(frozen=True, slots=True)
class Source:
    """A text and the name under which the user knows it (a path, as given)."""

    name: str
    text: str = field(repr=False)

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column (both from 1, in characters) of an offset into the text.

        A line ends with LF, CR LF or, as Nix counts, CR alone.
        """
        start = self._line_start(offset)
        ends = self.text.count("\n", 0, start)
        if "\r" in self.text:
            returns = self.text.count("\r", 0, start)
            ends += returns - self.text.count("\r\n", 0, start)
        return ends + 1, offset - start + 1

    def line_at(self, offset: int) -> str:
        """The line that holds an offset, without its line ending."""
        start = self._line_start(offset)
        end = self.text.find("\n", offset)
        return self.text[start : len(self.text) if end < 0 else end].rstrip("\r")

    def _line_start(self, offset: int) -> int:
        within = self.text.startswith("\r\n", offset - 1) if offset else False
        before = offset - within
        end = self.text.rfind("\n", 0, before)
        return max(end, self.text.rfind("\r", 0, before)) + 1


@dataclass(frozen=True, slots=True)
class Span:
    """Characters ``start`` up to, not including, ``end`` of a source."""

    source: Source
    start: int
    end: int

    @property
    def place(self) -> str:
        """``file:line:column``, as editors and terminals make clickable."""
        line, column = self.source.position(self.start)
        return f"{self.source.name}:{line}:{column}"


def excerpt(span: Span) -> list[str]:
    """The line of the span's start with a caret line below it, gutter included."""
    line_number, column = span.source.position(span.start)
    text = span.source.line_at(span.start).replace("\t", " ")
    first = max(0, min(column - 1 - MAX_EXCERPT // 2, len(text) - MAX_EXCERPT))
    shown = "".join(
        char if char.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for char in text[first : first + MAX_EXCERPT]
    )
    indent = column - 1 - first
    width = max(1, min(span.end - span.start, len(shown) - indent))
    gutter = str(line_number)
    blank = " " * len(gutter)
    return [
        f" {gutter} | {shown}".rstrip(),
        f" {blank} | {' ' * indent}{'^' * width}",
    ]
