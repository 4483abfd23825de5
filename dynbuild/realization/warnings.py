"""Warnings about a realization."""

from dynbuild.errors import Diagnostic
from dynbuild.lockfile.order import Placed
from dynbuild.plan import Reuse
from dynbuild.quote import shell
from dynbuild.realization.model import RealizeResult
from dynbuild.steps.managers.left_out import lacks, may_lack
from dynbuild.steps.model import Stage

_SHOWN = 3
"""How many of the paths that two stages both write are listed."""

_DEPEND = "declare that it depends\non the other: that alone fixes who wins"
_MOVE = "to have it the other\nway round, run `dynbuild lock --move {}`"
"""For steps that are not stages: they declare no dependency, but a stage can be moved
behind them."""


def conflicts(
    order: tuple[Placed, ...], outcome: RealizeResult
) -> tuple[Diagnostic, ...]:
    """Warn of each pair of steps of which the later overwrites the earlier."""
    places = outcome.plan.places
    stages = {placed.id for placed in order if isinstance(placed.step, Stage)}
    return tuple(
        Diagnostic(
            "DB0602",
            f"{join.onto!r} and {place.id!r} both write {_told(join.paths)}",
            hint=f"{place.id!r} was put on {join.onto!r} and wins; "
            + (_DEPEND if place.id in stages else _MOVE.format(shell(join.onto))),
            severity="warning",
        )
        for digest in places.final.values()
        for place in [places.places[digest]]
        for join in place.joins
        if join.paths
    )


def left_out(
    order: tuple[Placed, ...], outcome: RealizeResult
) -> tuple[Diagnostic, ...]:
    """Warn of each package that a group lacks because it is no longer declared."""
    found = []
    final = outcome.plan.places.final
    for placed in order:
        specs = may_lack(placed.step)
        choice = outcome.plan.choices.get(final[placed.id]) if specs else None
        if isinstance(choice, Reuse):
            found += [
                Diagnostic(
                    "DB0183",
                    f"{placed.id!r} is without {specs[name]}, which was not to be had",
                    hint="it is no longer declared; `dynbuild lock --repack` makes a "
                    "lock\nthat forgets it, and builds everything again",
                    severity="warning",
                )
                for name in sorted(lacks(choice.record.writes))
            ]
    return tuple(found)


def _told(paths: tuple[str, ...]) -> str:
    shown = ", ".join(f"/{path}" for path in paths[:_SHOWN])
    more = len(paths) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
