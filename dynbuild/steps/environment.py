"""Environments: the variables set by the stages that a step stands on.

Variables are composed dependencies first, then by name, never by install order, so
that moving a stage never changes the environment of another.
"""

from collections import ChainMap, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from dynbuild.quote import MAX_SCRIPT
from dynbuild.steps.expansion import (
    VariableError,
    expand,
    expand_all,
    references,
    refuse_longer,
)
from dynbuild.steps.model import Stage
from dynbuild.steps.sequence import Rank, topological
from dynbuild.values import dataclass

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""The PATH that BuildKit and Docker set where an image has none."""

MAX_EXPANDED = 100_000_000
"""Maximum characters expanded in total for one declaration or lock."""


@dataclass(eq=False)
class EnvironmentConflict(Exception):  # noqa: N818 - it is a fact about a declaration
    """Two mutually independent stages that set a variable to different values."""

    variable: str
    first: str
    second: str


class Environments:
    """The composed variables of every stage of a declaration or a lock.

    ``stages`` must contain all of their dependencies, without cycles. Sets of stages
    that set variables are bitmasks, in composition order: a set without its highest
    bit is composed before it. ``base`` has the variables of the image's base, ``own``
    those of the images that stages start from instead, which they stand on alone.
    """

    def __init__(
        self,
        stages: Iterable[Stage],
        base: Mapping[str, str],
        own: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self._base = {"PATH": _PATH, **base}
        self._stages = {stage.name: stage for stage in stages}
        self._own = {
            stage.name: {"PATH": _PATH, **(own or {})[stage.base]}
            for stage in self._stages.values()
            if stage.base is not None
        }
        self._order: list[str] = []
        self._below: dict[str, int] = {}
        self._with_own: dict[str, int] = {}
        self._composed: dict[int, dict[str, str]] = {0: {}}
        self._expanded = 0
        # Stages that set nothing come as early as possible, delaying no other.
        ranks: dict[str, Rank] = {
            name: (name,) if stage.env else () for name, stage in self._stages.items()
        }
        needs = {name: stage.dependencies for name, stage in self._stages.items()}
        for name in topological(needs, ranks):
            below = 0
            for needed in needs[name]:
                below |= self._with_own[needed]
            self._below[name] = below
            self._with_own[name] = below
            if self._stages[name].env:
                self._with_own[name] |= 1 << len(self._order)
                self._order.append(name)
        self._linked = sum(
            1 << place
            for place, name in enumerate(self._order)
            if not self._stages[name].build_only
        )
        self._conflicts = tuple(self._find_conflicts())

    def of_stage(self, name: str) -> dict[str, str]:
        """Return the variables that a stage's commands see, including ``build_env``.

        Only those set by stages: the base's are there anyway. Raises
        EnvironmentConflict and VariableError, as do the methods below.
        """
        composed = self._agreed(self._with_own[name])
        table = self._stages[name].build_env
        own, _ = self._expand(table, composed, name, "build_env")
        return {**composed, **own}

    def of_image(self) -> dict[str, str]:
        """Return the variables that all linked stages set together."""
        return dict(self._agreed(self._linked))

    def of_container(self, env: Mapping[str, str]) -> dict[str, str]:
        """Return the image's variables: the stages', and the container-only ones."""
        composed = self.of_image()
        own, _ = self._expand(env, composed, None, "env")
        return {**composed, **own}

    def check(self) -> None:
        """Raise the error that any stage, or the image, would run into."""
        for name, together in self._with_own.items():
            self._refuse_conflict(together)
            if self._stages[name].build_env:
                self.of_stage(name)
        self.of_image()

    def _expand(
        self,
        table: Mapping[str, str],
        composed: dict[str, str],
        stage: str | None,
        kind: str,
        composed_length: int | None = None,
    ) -> tuple[dict[str, str], int]:
        """Expand a table against the variables composed so far and the base's.

        Returns as well how long all values are then, if the table sets any;
        ``composed_length`` is how long they were, where it is known already.
        """
        if not table:
            return {}, 0
        if composed_length is None:
            composed_length = sum(map(len, composed.values()))
        try:
            base = self._base if stage is None else self._own.get(stage, self._base)
            own = expand_all(table, ChainMap(composed, base))
            length = composed_length + sum(
                len(text) - len(composed.get(name, "")) for name, text in own.items()
            )
            refuse_longer(length, MAX_SCRIPT, "with the others it would have")
        except VariableError as error:
            error.variable = error.variable or min(table)
            error.stage, error.table = stage, kind
            raise
        return own, length

    def _agreed(self, together: int) -> dict[str, str]:
        self._refuse_conflict(together)
        return self._compose(together)

    def _compose(self, together: int) -> dict[str, str]:
        rest, missing = together, []
        while rest not in self._composed:
            missing.append(rest.bit_length() - 1)
            rest ^= 1 << missing[-1]
        if missing:
            composed = dict(self._composed[rest])
            length = sum(map(len, composed.values()))
            for place in reversed(missing):
                name = self._order[place]
                env = self._stages[name].env
                own, length = self._expand(env, composed, name, "env", length)
                self._expanded += sum(map(len, own.values()))
                if self._expanded > MAX_EXPANDED:
                    raise VariableError(
                        f"all stages together would have {MAX_EXPANDED} characters",
                        "let fewer stages extend a long variable",
                        min(env),
                        stage=name,
                    )
                composed |= own
            self._composed[together] = composed
        return self._composed[together]

    def _refuse_conflict(self, together: int) -> None:
        for place, variable, others in self._conflicts:
            met = others & together
            if met and together >> place & 1:
                first = (met & -met).bit_length() - 1
                raise EnvironmentConflict(
                    variable, self._order[first], self._order[place]
                )

    def _find_conflicts(self) -> Iterator[tuple[int, str, int]]:
        """Yield each stage that sets a variable, with the conflicting ones before it.

        Stages conflict where neither depends on the other, the values differ, and not
        both extend the existing value.
        """
        extending: defaultdict[str, int] = defaultdict(int)
        setting: defaultdict[str, defaultdict[str, int]]
        setting = defaultdict(lambda: defaultdict(int))
        for place, name in enumerate(self._order):
            for variable, text in sorted(self._stages[name].env.items()):
                named = references(text)
                others = 0
                value = None
                if variable in named:
                    extending[variable] |= 1 << place
                else:
                    others = extending[variable]
                    value = (
                        self._compose(self._with_own[name])[variable]
                        if named
                        else expand(text, {})
                    )
                for theirs, places in setting[variable].items():
                    others |= 0 if theirs == value else places
                if value is not None:
                    setting[variable][value] |= 1 << place
                if others & ~self._below[name]:
                    yield place, variable, others & ~self._below[name]
