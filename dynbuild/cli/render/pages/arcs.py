"""Arcs beside a stack of steps, from each to the steps it stands on."""

import math
from collections.abc import Iterator, Sequence

from dynbuild.explain.picture import Row
from dynbuild.values import dataclass

GAP = 8
"""Space between the widest arc and the edge, in drawing units."""


@dataclass(frozen=True, slots=True)
class Arc:
    """The path from a step to one that it stands on."""

    above: str
    below: str
    path: str


def arcs(rows: Sequence[Row], width: float, height: float) -> Iterator[Arc]:
    """Yield an arc for each edge of rows drawn from the top, each ``height`` high.

    An arc's width is logarithmic in its span: short arcs stay close, and any number of
    steps fits into a drawing.
    """
    row_numbers = {row.id: place for place, row in enumerate(rows)}
    widest = math.log2(1 + max(len(rows), 2))
    for row in rows:
        for need in row.edges:
            first, last = row_numbers[row.id], row_numbers[need]
            share = math.log2(1 + abs(last - first)) / widest
            reach = GAP + share * (width - 2 * GAP) * 4 / 3
            yield Arc(row.id, need, _path(first, last, width, height, reach))


def _path(first: int, last: int, width: float, height: float, reach: float) -> str:
    begin, end = (first + 0.5) * height, (last + 0.5) * height
    turn = width - reach
    start = f"M{width:g} {begin:g}"
    return f"{start}C{turn:.1f} {begin:g} {turn:.1f} {end:g} {width:g} {end:g}"
