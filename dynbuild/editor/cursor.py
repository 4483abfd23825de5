"""Where a cursor stands in a text that may not parse: the path of keys around it.

While somebody types, most texts are no declaration. So each syntax has a scan that
follows brackets, keys and indentation as far as the cursor and never fails; whatever
more has to be known (the names of stages, what is in scope) comes from the last text
that was valid.
"""

from dataclasses import field
from typing import Literal

from dynbuild.declaration.syntax.tree import Path
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Cursor:
    """The word at a cursor, what it is for, and where.

    ``path`` is of the table that a key is written in, or of the value that is written;
    None where no field of the schema can be told. ``start`` and ``end`` enclose the
    word, without quotes; ``quote`` is the one that is open before it. ``siblings`` are
    the keys that the table has already, before the cursor.
    """

    path: Path | None
    part: Literal["key", "value"]
    start: int
    end: int
    quote: str = ""
    siblings: frozenset[str] = frozenset()


@dataclass(slots=True)
class Frame:
    """A bracket that is open: where its content stands, and what comes next in it."""

    kind: str
    path: Path | None
    key: tuple[str, ...] = ()
    """The key whose value comes next, in a table."""
    index: int = 0
    is_value: bool = False
    """Whether a value comes next, in a table."""
    keys: set[str] = field(default_factory=set)

    @property
    def inside(self) -> Path | None:
        """The path of the value that comes next."""
        if self.path is None:
            return None
        if self.kind == "[":
            return (*self.path, self.index)
        return (*self.path, *self.key)

    def at(self, start: int, end: int, quote: str = "") -> Cursor:
        """Return a cursor at a word of this bracket's content."""
        if self.kind == "[" or self.is_value:
            return Cursor(self.inside, "value", start, end, quote)
        taken = frozenset(self.keys)
        return Cursor(self.inside, "key", start, end, quote, taken)
