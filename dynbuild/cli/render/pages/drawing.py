"""A lock as an SVG drawing: its stacked layers, and their dependencies."""

from collections.abc import Iterator

from dynbuild.cli.markup import escaped
from dynbuild.cli.render.pages.arcs import arcs
from dynbuild.cli.render.pages.labels import marks, moved, seconds, tone, weight
from dynbuild.digest import short
from dynbuild.explain.picture import Picture, Row

_ROW, _ARCS, _WIDTH, _HEAD, _EDGE = 44, 110, 960, 64, 24
"""Sizes in drawing units: layer height, arcs, total width, head, edge."""

_FITS = 52
"""The number of characters of a name that fit into a layer."""

_STYLE = """
svg{--page:#faf7f1;--card:#fff;--line:#dcd5c6;--ink:#1d2126;--soft:#56595f;--arc:#b9b1a1;
--stage:#2450a8;--script:#7d4f00;--user:#74348a;--source:#9a2f2f;--live:#5040b5;
--packages:#1f6a46}
@media (prefers-color-scheme:dark){svg{--page:#14161a;--card:#1d2026;--line:#383d46;
--ink:#e9ebee;--soft:#b0b7c1;--arc:#565d69;--stage:#98baff;--script:#eabd6e;
--user:#dcaaee;--source:#f2a3a3;--live:#bdb1ff;--packages:#7fd0a6}}
text{font:14px system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:var(--ink)}
.soft{font-size:12px;fill:var(--soft)}.head{font-size:20px;font-weight:600}
.end{text-anchor:end}.card{fill:var(--card);stroke:var(--line)}
.page{fill:var(--page)}.arc{fill:none;stroke:var(--arc);stroke-width:1.5}
.stage{fill:var(--stage)}.script{fill:var(--script)}.user{fill:var(--user)}
.source{fill:var(--source)}.live{fill:var(--live)}.packages{fill:var(--packages)}
.base{fill:var(--soft)}"""


def drawing(seen: Picture, name: str) -> str:
    """Return the drawing of a lock, titled ``name``; deterministic in its facts."""
    rows = tuple(reversed(seen.rows))
    height = _HEAD + (len(rows) + 1) * _ROW + _EDGE
    digest = short(seen.base_digest) if seen.base_digest else "not pinned"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"',
        f'width="{_WIDTH}" height="{height}" role="img" aria-labelledby="title desc">',
        f'<title id="title">{escaped(name)}: the layers as they are stacked</title>',
        f'<desc id="desc">{_told(seen, rows)}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="page" width="{_WIDTH}" height="{height}"/>',
        f'<text class="head" x="{_EDGE}" y="38">{escaped(name)}</text>',
        f'<text class="soft end" x="{_WIDTH - _EDGE}" y="38">',
        f"{escaped(seen.platform)}</text>",
        f'<g transform="translate({_EDGE} {_HEAD})">',
        *arcs(rows, _ARCS, _ROW),
        "</g>",
    ]
    for at, row in enumerate(rows):
        lines += _layer(at, row)
    lines += _box(len(rows), "base", "base", seen.base, digest)
    return "\n".join([*lines, "</svg>", ""])


def _told(seen: Picture, rows: tuple[Row, ...]) -> str:
    """Return the drawing in words, for those who cannot see it."""
    told = [f"{row.title} on {', '.join(row.edges) or 'the base'}" for row in rows]
    return escaped(f"From the last layer down: {'; '.join(told)}; base {seen.base}.")


def _layer(at: int, row: Row) -> Iterator[str]:
    facts = [
        *marks(row),
        *([f"moved {moved(row)}"] if row.moves else []),
        *([weight(row)] if row.size is not None else []),
        *([seconds(row)] if row.seconds is not None else []),
        *([row.tier] if row.tier else []),
    ]
    yield from _box(at, tone(row), row.kind, row.title, " · ".join(facts))


def _box(at: int, color: str, kind: str, name: str, facts: str) -> Iterator[str]:
    left, top = _EDGE + _ARCS, _HEAD + at * _ROW
    width = _WIDTH - left - _EDGE
    shown = name if len(name) <= _FITS else name[: _FITS - 1] + "…"
    middle = top + 25
    yield (
        f'<rect class="card" x="{left}" y="{top + 1.5}" width="{width}" '
        f'height="{_ROW - 4}" rx="3"/>'
    )
    yield (
        f'<rect class="{color}" x="{left}" y="{top + 1.5}" width="5" '
        f'height="{_ROW - 4}" rx="2"/>'
    )
    yield f'<text class="soft" x="{left + 16}" y="{middle}">{escaped(kind)}</text>'
    yield f'<text x="{left + 84}" y="{middle}">{escaped(shown)}</text>'
    yield (
        f'<text class="soft end" x="{left + width - 14}" y="{middle}">'
        f"{escaped(facts)}</text>"
    )
