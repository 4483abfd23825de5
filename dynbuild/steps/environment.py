"""Environments: what the stages that a step stands on say about variables.

Variables are composed dependencies first, then by name, never by place in the order,
so that no move of a stage changes what another one sees.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dynbuild.steps.model import Stage

_REFERENCE = re.compile(
    r"\$(?:\$|([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})"
)


@dataclass(eq=False)
class EnvironmentConflict(Exception):  # noqa: N818 - it is a fact about a declaration
    """Two stages that do not depend on one another set a variable to two values."""

    variable: str
    first: str
    second: str


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace ``$NAME`` and ``${NAME}``; ``$$`` is a dollar, nothing else is special.

    A variable that is not there expands to nothing, as in a shell.
    """

    def replacement(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return variables.get(name, "") if name else "$"

    return _REFERENCE.sub(replacement, text)


def references(text: str) -> frozenset[str]:
    """The variables that ``expand`` would look up."""
    found = (match[1] or match[2] for match in _REFERENCE.finditer(text))
    return frozenset(name for name in found if name)


class Environments:
    """The composed variables of every stage of a declaration or a lock.

    ``stages`` must hold all that their dependencies name, without cycles.
    """

    def __init__(self, stages: Iterable[Stage], base: Mapping[str, str]) -> None:
        self._base = base
        self._stages = {stage.name: stage for stage in stages}
        self._speaking: dict[str, frozenset[str]] = {}
        for name in _dependencies_first(self._stages):
            stage = self._stages[name]
            self._speaking[name] = frozenset().union(
                *(self._with_own(needed) for needed in stage.dependencies)
            )

    def of_stage(self, name: str) -> dict[str, str]:
        """What the commands of a stage see, ``build_env`` included, and set anew.

        Only variables that a stage sets: those of the base are there anyway. Raises
        EnvironmentConflict.
        """
        composed = self._compose(self._with_own(name))
        seen = {**self._base, **composed}
        own = {
            variable: expand(value, seen)
            for variable, value in sorted(self._stages[name].build_env.items())
        }
        return {**composed, **own}

    def of_image(self) -> dict[str, str]:
        """What all linked stages together set. Raises EnvironmentConflict."""
        return self._compose(
            frozenset(
                name
                for name, stage in self._stages.items()
                if stage.env and not stage.build_only
            )
        )

    def _with_own(self, name: str) -> frozenset[str]:
        below = self._speaking[name]
        return below | {name} if self._stages[name].env else below

    def _compose(self, names: frozenset[str]) -> dict[str, str]:
        composed: dict[str, str] = {}
        setters: dict[str, list[str]] = {}
        for name in self._by_dependency_and_name(names):
            seen = {**self._base, **composed}
            for variable, text in sorted(self._stages[name].env.items()):
                value = expand(text, seen)
                self._refuse_conflict(variable, name, setters.get(variable, []))
                setters.setdefault(variable, []).append(name)
                composed[variable] = value
        return composed

    def _refuse_conflict(self, variable: str, name: str, earlier: list[str]) -> None:
        text = self._stages[name].env[variable]
        for other in earlier:
            theirs = self._stages[other].env[variable]
            both_extend = variable in references(text) & references(theirs)
            if other not in self._speaking[name] and text != theirs and not both_extend:
                raise EnvironmentConflict(variable, other, name)

    def _by_dependency_and_name(self, names: frozenset[str]) -> list[str]:
        ordered: list[str] = []
        waiting = sorted(names)
        done: set[str] = set()
        while waiting:
            for name in waiting:
                if self._speaking[name] & names <= done:
                    ordered.append(name)
                    done.add(name)
                    waiting.remove(name)
                    break
        return ordered


def _dependencies_first(stages: Mapping[str, Stage]) -> list[str]:
    """All names, each after the names it depends on (iterative: chains are long)."""
    ordered: list[str] = []
    done: set[str] = set()
    for root in stages:
        pending = [root]
        while pending:
            name = pending[-1]
            missing = [n for n in stages[name].dependencies if n not in done]
            if name in done or not missing:
                pending.pop()
                if name not in done:
                    done.add(name)
                    ordered.append(name)
            else:
                pending.extend(missing)
    return ordered
