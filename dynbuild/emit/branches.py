"""Where a build-only stage leaves the line of linked stages, and what it carries.

A linked stage stands on the one before it, which holds all that it needs and more. A
build-only one branches off as early as it can, so that little runs again for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from dynbuild.lock.order import Placed
from dynbuild.steps.run import BASE_STEP


@dataclass(frozen=True, slots=True)
class Branch:
    """A build-only stage's place: the step it is ``FROM``, and what that still lacks.

    ``root`` counts the linked steps below it; ``members`` are the build-only stages
    that it holds, itself last.
    """

    parent: str
    gathered: tuple[str, ...]
    root: int
    members: tuple[str, ...]


def branches(order: tuple[Placed, ...]) -> dict[str, Branch]:
    """The branch of every build-only stage, by its id."""
    steps = {placed.id: placed for placed in order}
    linked = [BASE_STEP]
    found: dict[str, Branch] = {}
    for placed in order:
        if placed.linked:
            linked.append(placed.id)
        else:
            found[placed.id] = _branch(placed, linked, found, steps)
    return found


def _branch(
    placed: Placed,
    linked: list[str],
    found: Mapping[str, Branch],
    steps: Mapping[str, Placed],
) -> Branch:
    below = _build_only_below(placed, found, steps)
    needed = (
        linked.index(step)
        for id_ in (*below, placed.id)
        for step in steps[id_].on
        if steps[step].linked
    )
    root = max(needed, default=0)
    members = (*below, placed.id)
    if below:
        last = found[below[-1]]
        if root <= last.root and set(below) == set(last.members):
            return Branch(below[-1], (), last.root, members)
    return Branch(linked[root], below, root, members)


def _build_only_below(
    placed: Placed, found: Mapping[str, Branch], steps: Mapping[str, Placed]
) -> tuple[str, ...]:
    """The build-only stages that one stands on, directly or not, in install order."""
    names = {
        member
        for step in placed.on
        if not steps[step].linked
        for member in found[step].members
    }
    return tuple(id_ for id_ in found if id_ in names)
