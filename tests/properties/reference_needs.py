"""What stages need, and an order by that: naive, slow, for ``reference`` alone."""

from collections.abc import Callable, Iterable

from dynbuild.lockfile.model import Lock, Target
from dynbuild.steps.model import Stage


def needs(stage: Stage) -> set[str]:
    return {*stage.dependencies, *(c.stage for c in stage.inputs if c.stage)}


def closure(name: str, stages: dict[str, Stage]) -> set[str]:
    found: set[str] = set()
    for need in needs(stages[name]):
        found |= {need} | closure(need, stages)
    return found


def topological(
    names: Iterable[str], stages: dict[str, Stage], rank: Callable[[str], object]
) -> list[str]:
    """The lowest rank first among those whose needs, direct or not, are met."""
    left, done = set(names), list[str]()
    while left:
        free = [name for name in left if not closure(name, stages) & left]
        done.append(min(free, key=rank))  # type: ignore[arg-type]
        left.remove(done[-1])
    return done


def base_differs(old: Lock, target: Target) -> bool:
    if target.base.digest is None:
        return old.base.digest is not None or old.base.image != target.base.image
    return old.base.digest != target.base.digest
