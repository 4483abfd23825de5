"""A loaded declaration, with the source locations of its parts."""

from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import cached_property

from dynbuild.declaration.graph import stands_on
from dynbuild.declaration.inputs import Data
from dynbuild.declaration.schema import Declaration, NamedImage
from dynbuild.declaration.schema_stage import Setup, Stage
from dynbuild.declaration.syntax import Syntax
from dynbuild.declaration.syntax.tree import Path, Table, key_at, span_at
from dynbuild.errors import Diagnostic
from dynbuild.spans import Span
from dynbuild.values import dataclass


@dataclass(frozen=True)
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
    inherited: int = 0
    """How many of the stages come from the image that this one extends."""
    by_name_in: frozenset[str] = frozenset()
    """The images, if there are several, whose stages were written as a table."""
    images: "tuple[OneOfSeveral, ...]" = ()
    """The images, if there are several: each after the one that it extends."""

    @cached_property
    def below(self) -> Mapping[str, tuple[str, ...]]:
        """What each stage depends on, with "*" written out."""
        return stands_on(self.declaration.stages)

    @property
    def each(self) -> "Mapping[str, Loaded]":
        """The images, each whole, by name; the only one has none."""
        several = {image.name: image.whole for image in self.images}
        return several or {"": self}

    @property
    def takers(self) -> Iterator[tuple[Path, Setup | Stage]]:
        """What copies files, writes them and runs commands, with the place of each."""
        for index, setup in enumerate(self.declaration.setup):
            yield ("setup", index), setup
        for index, stage in enumerate(self.declaration.stages):
            yield ("stages", index), stage

    def span(self, *path: str | int) -> Span:
        """Return the span of a value in the file, or of the nearest one around it.

        The path follows the schema, ``("stages", 2, "copy", 0, "from")``, with the
        index of a stage in ``declaration.stages``.
        """
        return span_at(self.tree, path)

    def key(self, *path: str | int) -> Span:
        """Return the span of the key that the path ends with."""
        return key_at(self.tree, path)


@dataclass(frozen=True, slots=True)
class OneOfSeveral:
    """One of several images of a declaration.

    ``own`` is what it says itself; ``whole`` has what it inherits as well, as if it
    were the only image.
    """

    name: str
    extends: str | None
    publish: bool
    own: NamedImage
    whole: Loaded
