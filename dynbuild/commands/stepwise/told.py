"""What is to be said of a realization."""

from dynbuild.commands.stepwise.steps import Outcome
from dynbuild.errors import Diagnostic

_SHOWN = 3
"""How many of the paths that two stages write are told."""


def conflicts(outcome: Outcome) -> tuple[Diagnostic, ...]:
    """A warning for each two steps of which the later undoes what the earlier wrote."""
    places = outcome.plan.places
    return tuple(
        Diagnostic(
            "DB0602",
            f"{join.onto!r} and {place.id!r} both write {_told(join.paths)}",
            hint=f"{place.id!r} was put on {join.onto!r} and wins; declare that it "
            "depends\non the other: that alone fixes who wins",
            severity="warning",
        )
        for digest in places.final.values()
        for place in [places.places[digest]]
        for join in place.joins
        if join.paths
    )


def _told(paths: tuple[str, ...]) -> str:
    shown = ", ".join(f"/{path}" for path in paths[:_SHOWN])
    more = len(paths) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
