"""The page of a lock: its stacked layers, with an explanation of each.

Works from a file. Without script every layer is a link to its details; in print all
details are shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dynbuild.cli.render.pages.arcs import arcs
from dynbuild.cli.render.pages.fill import filled
from dynbuild.cli.render.pages.labels import marks, moved, seconds, totals, weight
from dynbuild.cli.render.reasons import decides, join_text
from dynbuild.cli.render.why_text import Fact
from dynbuild.explain.picture import Picture, Row

_HEIGHT = 56
"""The height of a layer in CSS pixels; page.css has the same number."""

_WIDTH = 112
"""The width of the arcs."""

_MOST_DOTS = 5

_HEAD = ("seq", "step", "what", "stands on", "", "from", "size", "time", "moved")

Why = Mapping[str, Sequence[Fact]]
"""The facts that ``why`` reports about steps, by id."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """A layer and the facts about it; unknown sizes and times are empty.

    ``bars`` has both in percent of the largest and the longest.
    """

    row: Row
    size: str
    time: str
    bars: tuple[float, float] | None
    why: Sequence[Fact]


def stack_page(picture: Picture, name: str, why: Why) -> str:
    """Return the page of a lock, titled ``name``."""
    rows = tuple(reversed(picture.rows))
    layers = _layers(rows, why)
    return filled(
        "stack.html",
        name=name,
        totals=totals(picture),
        base=picture.base,
        base_digest=picture.base_digest,
        is_bare=not any(row.size or row.seconds or row.tier for row in rows),
        layers=layers,
        arcs=arcs(rows, _WIDTH, _HEIGHT),
        width=_WIDTH,
        height=len(rows) * _HEIGHT,
        most_dots=_MOST_DOTS,
        numbers={row.id: index for index, row in enumerate(rows)},
        titles={row.id: row.title for row in rows},
        head=_HEAD,
        table=[_cells(layer) for layer in layers],
    )


def _layers(rows: tuple[Row, ...], why: Why) -> list[_Layer]:
    largest = max((row.size or 0 for row in rows), default=0)
    longest = max((row.seconds or 0 for row in rows), default=0.0)
    return [
        _Layer(
            row,
            "" if row.size is None else weight(row),
            "" if row.seconds is None else seconds(row),
            _bars(row, largest, longest),
            why.get(row.id) or _why(row),
        )
        for row in rows
    ]


def _bars(row: Row, largest: int, longest: float) -> tuple[float, float] | None:
    if row.size is None and row.seconds is None:
        return None
    size = 100 * (row.size or 0) / largest if largest else 0
    time = 100 * (row.seconds or 0) / longest if longest else 0
    return size, time


def _why(row: Row) -> list[Fact]:
    """Return what the lock alone tells."""
    joins = [Fact("put on", join_text(join)) for join in row.joins]
    return [Fact("place", decides(row.place)), *joins]


def _cells(layer: _Layer) -> tuple[str, ...]:
    row = layer.row
    return (
        str(row.seq),
        row.id,
        row.title,
        ", ".join(row.below) or "the base",
        ", ".join(marks(row)),
        row.tier or "",
        layer.size,
        layer.time,
        moved(row),
    )
