"""A loaded declaration, with the source locations of its parts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dynbuild.declaration.inputs import Data
from dynbuild.declaration.schema import Declaration
from dynbuild.declaration.syntax import Syntax
from dynbuild.declaration.syntax.tree import Path, Table, key_at, span_at
from dynbuild.errors import Diagnostic
from dynbuild.spans import Span


@dataclass(frozen=True, slots=True)
class Loaded:
    """A declaration, the locations of its values, and its warnings."""

    declaration: Declaration
    tree: Table
    """The tree in the schema's form: a user is a table, and stages are a list."""
    syntax: Syntax
    by_name: bool = False
    """Whether the stages were written as a table."""
    warnings: tuple[Diagnostic, ...] = ()
    arguments: Mapping[str, Data] = field(default_factory=dict)
    """The arguments that matter, if the declaration is a function."""
    lost: frozenset[Path] = frozenset()
    """Paths dropped from the tree because they were invalid; empty once loaded."""

    def span(self, *path: str | int) -> Span:
        """Return the span of a value in the file, or of the nearest one around it.

        The path follows the schema, ``("stages", 2, "copy", 0, "from")``, with the
        index of a stage in ``declaration.stages``.
        """
        return span_at(self.tree, path)

    def key(self, *path: str | int) -> Span:
        """Return the span of the key that the path ends with."""
        return key_at(self.tree, path)
