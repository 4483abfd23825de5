"""The priority of steps: those with the longest remaining path start first."""

from collections.abc import Mapping

from dynbuild.lock.order import Placed
from dynbuild.steps.recipe import copies_of


def longest_paths(
    order: tuple[Placed, ...], seconds: Mapping[str, float]
) -> dict[str, float]:
    """Return the longest time from the start of each step to the end of all steps."""
    path: dict[str, float] = {}
    behind: dict[str, float] = {}
    for placed in reversed(order):
        path[placed.id] = behind.get(placed.id, 0.0) + seconds.get(placed.id, 1.0)
        sources = (copy.stage for copy in copies_of(placed.step) if copy.stage)
        for below in (*placed.on, *sources):
            behind[below] = max(behind.get(below, 0.0), path[placed.id])
    return path
