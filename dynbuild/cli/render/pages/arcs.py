"""Arcs beside a stack of steps, from each to the steps it stands on."""

import math
from collections.abc import Iterator, Mapping, Sequence

from dynbuild.cli.markup import escaped
from dynbuild.explain.picture import Row

GAP = 8
"""Space between the widest arc and the edge, in drawing units."""


def arcs(rows: Sequence[Row], width: float, height: float) -> Iterator[str]:
    """Yield a path for each edge of rows drawn from the top, each ``height`` high.

    An arc's width is logarithmic in its span: short arcs stay close, and any number of
    steps fits into a drawing.
    """
    at = {row.id: place for place, row in enumerate(rows)}
    widest = math.log2(1 + max(len(rows), 2))
    for row in rows:
        for need in row.edges:
            first, last = at[row.id], at[need]
            share = math.log2(1 + abs(last - first)) / widest
            reach = GAP + share * (width - 2 * GAP) * 4 / 3
            yield _arc(row.id, need, _points(first, last, width, height, reach))


def places(rows: Sequence[Row]) -> Mapping[str, int]:
    """Return the number of each step in a page: step names are unfit as element ids."""
    return {row.id: at for at, row in enumerate(rows)}


def _points(first: int, last: int, width: float, height: float, reach: float) -> str:
    begin, end = (first + 0.5) * height, (last + 0.5) * height
    turn = width - reach
    start = f"M{width:g} {begin:g}"
    return f"{start}C{turn:.1f} {begin:g} {turn:.1f} {end:g} {width:g} {end:g}"


def _arc(above: str, below: str, points: str) -> str:
    return (
        f'<path class="arc" d="{points}" data-above="{escaped(above)}" '
        f'data-below="{escaped(below)}"/>'
    )
