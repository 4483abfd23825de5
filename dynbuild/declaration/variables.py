"""Variables of the declaration: tables whose values refer to one another."""

from collections.abc import Iterator, Mapping

from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.syntax.tree import Path
from dynbuild.errors import Diagnostic
from dynbuild.steps.expansion import VariableError, by_need


def check_variables(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report cyclic variables of one table; unset ones may come from the base."""
    for path, table in tables(loaded):
        try:
            by_need(table)
        except VariableError as error:
            yield not_expanded(loaded, (*path, error.variable), error)


def tables(loaded: Loaded) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """Yield every table of variables with its path."""
    yield ("env",), loaded.declaration.env
    for index, stage in enumerate(loaded.declaration.stages):
        yield ("stages", index, "env"), stage.env
        yield ("stages", index, "build_env"), stage.build_env


def not_expanded(loaded: Loaded, path: Path, error: VariableError) -> Diagnostic:
    """Return the diagnostic for a variable that cannot be expanded."""
    message = f"{error.variable} cannot be set: {error.reason}"
    return Diagnostic("DB0155", message, loaded.span(*path), error.hint)
