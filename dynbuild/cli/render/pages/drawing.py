"""A lock as an SVG drawing: its stacked layers, and their dependencies."""

from dynbuild.cli.render.pages.arcs import arcs
from dynbuild.cli.render.pages.fill import filled
from dynbuild.cli.render.pages.labels import marks, moved, seconds, tone, weight
from dynbuild.digest import short
from dynbuild.explain.picture import Picture, Row
from dynbuild.values import dataclass

_ROW, _ARCS, _WIDTH, _HEAD, _EDGE = 44, 110, 960, 64, 24
"""Sizes in drawing units: layer height, arcs, total width, head, edge."""

_FITS = 52
"""The number of characters of a name that fit into a layer."""


@dataclass(frozen=True, slots=True)
class _Box:
    """A layer of the drawing, at its place from the top."""

    index: int
    color: str
    kind: str
    name: str
    facts: str
    left: int = _EDGE + _ARCS
    width: int = _WIDTH - _EDGE - _ARCS - _EDGE
    height: int = _ROW - 4

    @property
    def top(self) -> float:
        return _HEAD + self.index * _ROW + 1.5

    @property
    def middle(self) -> int:
        """The baseline of its texts."""
        return _HEAD + self.index * _ROW + 25


def drawing(picture: Picture, name: str) -> str:
    """Return the drawing of a lock, titled ``name``; deterministic in its facts."""
    rows = tuple(reversed(picture.rows))
    digest = short(picture.base_digest) if picture.base_digest else "not pinned"
    base = _Box(len(rows), "base", "base", _fitted(picture.base), digest)
    return filled(
        "drawing.svg",
        name=name,
        platform=picture.platform,
        description=_description(picture.base, rows),
        arcs=arcs(rows, _ARCS, _ROW),
        boxes=[*(_layer(index, row) for index, row in enumerate(rows)), base],
        width=_WIDTH,
        height=_HEAD + (len(rows) + 1) * _ROW + _EDGE,
        head=_HEAD,
        edge=_EDGE,
    )


def _description(base: str, rows: tuple[Row, ...]) -> str:
    """Return the drawing in words, for those who cannot see it."""
    steps = [f"{row.title} on {', '.join(row.edges) or 'the base'}" for row in rows]
    return f"From the last layer down: {'; '.join(steps)}; base {base}."


def _layer(index: int, row: Row) -> _Box:
    facts = [
        *marks(row),
        *([f"moved {moved(row)}"] if row.moves else []),
        *([weight(row)] if row.size is not None else []),
        *([seconds(row)] if row.seconds is not None else []),
        *([row.tier] if row.tier else []),
    ]
    return _Box(index, tone(row), row.kind, _fitted(row.title), " · ".join(facts))


def _fitted(name: str) -> str:
    return name if len(name) <= _FITS else name[: _FITS - 1] + "…"
