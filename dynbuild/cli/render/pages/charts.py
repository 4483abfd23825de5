"""Charts as SVG in a page: no script, no intrinsic size, each with a text title."""

from collections.abc import Mapping, Sequence

from dynbuild.cli.render.pages.html import element, text

_HEIGHT = 100.0
_GAP = 0.18
"""The fraction of a bar's slot that stays free between bars."""


def stacked(
    title: str, bars: Sequence[Mapping[str, float]], kinds: Sequence[str]
) -> str:
    """Return equally high bars, each split by its kinds' shares, the first lowest."""
    parts = [_grid(len(bars))]
    for at, bar in enumerate(bars):
        whole = sum(bar.values())
        top = _HEIGHT
        for kind in kinds:
            share = _HEIGHT * bar.get(kind, 0) / whole if whole else 0
            if not share:
                continue
            top -= share
            parts.append(
                f'<rect class="s-{kind}" x="{at + _GAP / 2:.2f}" y="{top:.2f}" '
                f'width="{1 - _GAP:.2f}" height="{share:.2f}"/>'
            )
    return _chart(title, max(len(bars), 1), *parts)


def line(title: str, values: Sequence[float]) -> str:
    """Return a line with a filled area below, scaled from zero to the largest value."""
    most = max(values, default=0) or 1.0
    points = [
        f"{at + 0.5:.1f} {_HEIGHT - (_HEIGHT - 4) * value / most:.2f}"
        for at, value in enumerate(values)
    ]
    width = max(len(values), 1)
    path = "M" + "L".join(points) if points else "M0 0"
    foot = f"L{width - 0.5:.1f} {_HEIGHT:g}L0.5 {_HEIGHT:g}Z"
    area = f'<path class="area" d="{path}{foot}"/>' if len(points) > 1 else ""
    curve = f'<path class="saved" d="{path}"/>'
    return _chart(title, width, _grid(width), area, curve)


def share(title: str, part: float, kind: str) -> str:
    """Return one bar that is filled to a fraction of its length, from 0 to 1."""
    return element(
        "svg",
        text("title", title),
        '<rect class="s-rest" width="100" height="10" rx="1"/>',
        f'<rect class="s-{kind}" width="{100 * part:.1f}" height="10"/>',
        class_="chart thin",
        viewBox="0 0 100 10",
        preserveAspectRatio="none",
        role="img",
    )


def key(names: Mapping[str, str]) -> str:
    """Return the legend of colours."""
    items = [
        element(
            "li",
            element(
                "svg",
                f'<circle class="s-{kind}" cx="5" cy="5" r="5"/>',
                viewBox="0 0 10 10",
                aria_hidden="true",
            ),
            text("span", name),
        )
        for kind, name in names.items()
    ]
    return element("ul", *items, class_="key")


def axis(*labels: str) -> str:
    """Return the labels below a chart, from left to right."""
    return element("div", *(text("span", one) for one in labels), class_="axis")


def _grid(width: int) -> str:
    return "".join(
        f'<path class="grid" d="M0 {y:g}H{max(width, 1)}"/>' for y in (0, 50, 100)
    )


def _chart(title: str, width: int, *parts: str) -> str:
    return element(
        "svg",
        text("title", title),
        *parts,
        class_="chart",
        viewBox=f"0 -1 {width} 102",
        preserveAspectRatio="none",
        role="img",
    )
