"""The geometry of charts, in drawing units; the templates draw them."""

from collections.abc import Iterator, Mapping, Sequence

from dynbuild.values import dataclass

_HEIGHT = 100.0
_GAP = 0.18
"""The fraction of a bar's slot that stays free between bars."""


@dataclass(frozen=True, slots=True)
class BarSegment:
    """The part of a stacked bar that is of one kind."""

    kind: str
    x: float
    y: float
    width: float
    height: float


def shares(
    bars: Sequence[Mapping[str, float]], kinds: Sequence[str]
) -> Iterator[BarSegment]:
    """Yield the parts of equally high bars, of each the first kind lowest."""
    for index, bar in enumerate(bars):
        whole = sum(bar.values())
        top = _HEIGHT
        for kind in kinds:
            share = _HEIGHT * bar.get(kind, 0) / whole if whole else 0
            if share:
                top -= share
                yield BarSegment(kind, index + _GAP / 2, top, 1 - _GAP, share)


@dataclass(frozen=True, slots=True)
class Line:
    """A line, and the area below it if it has one."""

    path: str
    area: str | None


def line(values: Sequence[float]) -> Line:
    """Return a line that is scaled from zero to the largest value."""
    most = max(values) or 1.0
    points = [
        f"{index + 0.5:.1f} {_HEIGHT - (_HEIGHT - 4) * value / most:.2f}"
        for index, value in enumerate(values)
    ]
    path = "M" + "L".join(points)
    foot = f"L{len(values) - 0.5:.1f} {_HEIGHT:g}L0.5 {_HEIGHT:g}Z"
    return Line(path, path + foot if len(points) > 1 else None)
