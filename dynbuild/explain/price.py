"""The cost of running steps, from their earlier run times."""

from collections.abc import Container, Iterable, Mapping, Sequence

from dynbuild.explain.causes import Cascade
from dynbuild.lockfile.order import Placed
from dynbuild.steps.model import Group
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Price:
    """The seconds that steps take sequentially, and the steps never measured."""

    seconds: float
    unmeasured: tuple[str, ...] = ()


def prices(
    order: Sequence[Placed],
    measured: Mapping[str, float],
) -> dict[str, float]:
    """Return the seconds of each step by id, as far as known.

    A package group that was never measured is assumed to take as long as the latest
    measured one of its manager.
    """
    seconds = {**measured}
    latest: dict[str, float] = {}
    for placed in order:
        step = placed.step
        if isinstance(step, Group):
            if placed.id in seconds:
                latest[step.manager] = seconds[placed.id]
            elif step.manager in latest:
                seconds[placed.id] = latest[step.manager]
    return {placed.id: seconds[placed.id] for placed in order if placed.id in seconds}


def price(steps: Iterable[str], seconds: Mapping[str, float]) -> Price:
    """Return the total cost of steps."""
    ids = tuple(steps)
    return Price(
        sum(seconds.get(id_, 0.0) for id_ in ids),
        tuple(id_ for id_ in ids if id_ not in seconds),
    )


def ranked(
    cascades: Iterable[Cascade], seconds: Mapping[str, float], free: Container[str] = ()
) -> tuple[tuple[Cascade, Price], ...]:
    """Return cascades with prices, the most expensive first; held steps are free."""
    priced = [
        (cascade, price((id_ for id_ in cascade.steps if id_ not in free), seconds))
        for cascade in cascades
    ]
    return tuple(sorted(priced, key=lambda pair: -pair[1].seconds))
