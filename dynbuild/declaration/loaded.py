"""A declaration that was read, with the way back to the places of its parts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dynbuild.declaration.inputs import Data
from dynbuild.declaration.schema import Declaration
from dynbuild.declaration.syntax import Syntax
from dynbuild.declaration.tree import Path, Table, key_at, span_at
from dynbuild.errors import Diagnostic
from dynbuild.spans import Span


@dataclass(frozen=True, slots=True)
class Loaded:
    """A declaration, where it says what, and what is odd about it."""

    declaration: Declaration
    tree: Table
    """In the form of the schema: a user is a table, and stages are a list."""
    syntax: Syntax
    by_name: bool = False
    """The stages were written as a table."""
    warnings: tuple[Diagnostic, ...] = ()
    arguments: Mapping[str, Data] = field(default_factory=dict)
    """What the declaration, a function, was called with, where it matters."""
    lost: frozenset[Path] = frozenset()
    """What the tree misses of the file, since it was wrong; empty once loaded."""

    def span(self, *path: str | int) -> Span:
        """Place of a value in the file, or of the nearest one around it.

        The path is in terms of the schema, ``("stages", 2, "copy", 0, "from")``, with
        the index of a stage in ``declaration.stages``.
        """
        return span_at(self.tree, path)

    def key(self, *path: str | int) -> Span:
        """Place of the key that the path ends with."""
        return key_at(self.tree, path)
