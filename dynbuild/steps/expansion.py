"""Variable expansion in values: ``$NAME``, ``${NAME}``, ``${NAME:-default}``."""

import re
from collections import ChainMap
from collections.abc import Mapping, MutableMapping
from graphlib import CycleError, TopologicalSorter

from dynbuild.errors import did_you_mean
from dynbuild.quote import MAX_LINE
from dynbuild.values import dataclass

_NAME = "[A-Za-z_][A-Za-z0-9_]*"
_REFERENCE = re.compile(
    rf"\$(?:\$|(?P<plain>{_NAME})|\{{(?P<braced>{_NAME})(?P<default>:-[^}}]*)?\}})"
)
_NESTED = re.compile(rf"\$\{{{_NAME}:-[^}}]*\$\{{")
"""A default with another braced variable, at whose brace it would end too early."""


@dataclass(eq=False)
class VariableError(Exception):
    """A variable whose value cannot be expanded, and why.

    ``stage`` is None for variables that only the container sees.
    """

    reason: str
    hint: str
    variable: str = ""
    table: str = "env"
    stage: str | None = None


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace ``$NAME``, ``${NAME}`` and ``${NAME:-default}``; ``$$`` is a dollar.

    Nothing else is special. The default applies to an unset or empty variable, as in a
    shell. Raises VariableError for an unset variable without default, and where the
    result is longer than any line can be.
    """
    if "$" not in text:
        return text
    if odd := _NESTED.search(text.replace("$$", "")):
        raise VariableError(
            f"it has {odd[0]} in the default of another variable",
            "name it without braces there: ${NAME:-$OTHER}",
        )
    pieces, length, done = [], 0, 0
    for match in _REFERENCE.finditer(text):
        pieces += [text[done : match.start()], _looked_up(match, variables)]
        length += sum(map(len, pieces[-2:]))
        refuse_longer(length, MAX_LINE, "it would have")
        done = match.end()
    return "".join([*pieces, text[done:]])


def _looked_up(match: re.Match[str], variables: Mapping[str, str]) -> str:
    name, default = match["plain"] or match["braced"], match["default"]
    if name is None:
        return "$"
    value = variables.get(name)
    if default is not None:
        return value or expand(default.removeprefix(":-"), variables)
    if value is None:
        near = did_you_mean(name, sorted(variables))
        empty = f"${{{name}:-}} stands for nothing where it is not set"
        raise VariableError(
            f"it names ${name}, which is not set", f"{near or empty} ($$ is a dollar)"
        )
    return value


def refuse_longer(length: int, most: int, what: str) -> None:
    if length > most:
        raise VariableError(
            f"{what} more than {most} characters",
            "write what is long into a file that a stage copies",
        )


def expand_all(
    table: Mapping[str, str], seen: MutableMapping[str, str]
) -> dict[str, str]:
    """Expand the values of one table, each after those it refers to.

    A variable's own name in its value refers to ``seen``. Raises VariableError.
    """
    if not any("$" in text for text in table.values()):
        return dict(sorted(table.items()))
    expanded: dict[str, str] = {}
    scope = ChainMap(expanded, seen)
    for name in by_need(table):
        try:
            expanded[name] = expand(table[name], scope)
        except VariableError as error:
            error.variable = name
            raise
    return expanded


def by_need(table: Mapping[str, str]) -> list[str]:
    """Return the names of a table in dependency order.

    Raises VariableError for a cycle.
    """
    if not table:
        return []
    needs = {
        name: sorted((references(text) & table.keys()) - {name})
        for name, text in sorted(table.items())
    }
    if not any(needs.values()):
        return list(needs)
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        cycle = list(reversed(error.args[1]))[:-1]
        first = cycle.index(min(cycle))
        names = [*cycle[first:], *cycle[:first], cycle[first]]
        raise VariableError(
            f"it would be expanded with itself: {' needs '.join(names)}",
            "write one of them out, without the others",
            cycle[first],
        ) from None


def references(text: str) -> frozenset[str]:
    """Return the variables that ``expand`` may look up."""
    found: set[str] = set()
    for match in _REFERENCE.finditer(text) if "$" in text else ():
        if name := match["plain"] or match["braced"]:
            found.add(name)
        if match["default"]:
            found |= references(match["default"])
    return frozenset(found)
