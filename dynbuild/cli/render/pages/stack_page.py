"""The page of a lock: its stacked layers, with an explanation of each.

Works from a file. Without script every layer is a link to its details; in print all
details are shown.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from dynbuild.cli.render.pages.arcs import arcs, places
from dynbuild.cli.render.pages.html import element, page, table, text, tiles
from dynbuild.cli.render.pages.labels import (
    marks,
    moved,
    seconds,
    tone,
    totals,
    weight,
)
from dynbuild.cli.render.reasons import decides, join_text
from dynbuild.cli.render.why_text import Fact
from dynbuild.digest import short
from dynbuild.explain.picture import Note, Picture, Row

_HEIGHT = 56
"""The height of a layer in CSS pixels; page.css has the same number."""

_WIDTH = 112
"""The width of the arcs."""

_MOST_DOTS = 5


Why = Mapping[str, Sequence[Fact]]
"""The facts that ``why`` reports about steps, by id."""


def stack_page(seen: Picture, name: str, why: Why) -> str:
    """Return the page of a lock, titled ``name``."""
    rows = tuple(reversed(seen.rows))
    at = places(rows)
    return page(
        f"{name}: the layers",
        [
            element(
                "header",
                text("p", "dynbuild graph", class_="eyebrow"),
                text("h1", name),
                _lead(),
                tiles(totals(seen)),
            ),
            element(
                "main",
                element("section", _stack(seen, rows, at), aria_label="Layers"),
                element("div", _intro(), *_details(rows, at, why), class_="panel"),
            ),
            _table(rows),
        ],
    )


def _lead() -> str:
    return text(
        "p",
        "The image from its last layer down to its base. What changes often sinks to "
        "the back, so it lies on top: above it little has to run again.",
        class_="lead",
    )


def _stack(seen: Picture, rows: tuple[Row, ...], at: Mapping[str, int]) -> str:
    largest = max((row.size or 0 for row in rows), default=0)
    longest = max((row.seconds or 0 for row in rows), default=0.0)
    items = [_layer(row, at[row.id], largest, longest) for row in rows]
    base = short(seen.base_digest) if seen.base_digest else "not pinned"
    items.append(
        element(
            "li",
            element(
                "div",
                text("span", "base", class_="kind"),
                text("span", seen.base, class_="name"),
                text("span", base, class_="facts"),
                class_="layer of-base",
            ),
        )
    )
    height = len(rows) * _HEIGHT
    drawn = element(
        "svg",
        text("title", "What stands on what; the table below tells the same."),
        *arcs(rows, _WIDTH, _HEIGHT),
        class_="arcs",
        viewBox=f"0 0 {_WIDTH} {height}",
        height=height,
        preserveAspectRatio="none",
        role="img",
    )
    bare = not any(row.size or row.seconds or row.tier for row in rows)
    listed = element("ol", *items, reversed=True)
    return element("div", drawn, listed, class_="stack bare" if bare else "stack")


def _layer(row: Row, number: int, largest: int, longest: float) -> str:
    mark = ", ".join(marks(row))
    shape = f"layer of-{tone(row)}" + " aside" * (not row.linked)
    return element(
        "li",
        element(
            "a",
            text("span", row.kind, class_="kind"),
            text("span", row.title, class_="name"),
            _cell(mark, "mark"),
            _churn(row),
            _cell("" if row.size is None else weight(row), "facts size"),
            _cell(_time(row), "facts time"),
            _cell(row.tier or "", "chip"),
            _bars(row, largest, longest),
            class_=shape,
            href=f"#step-{number}",
            data_step=row.id,
        ),
    )


def _cell(told: str, kind: str) -> str:
    """Return a cell that keeps its place even if it is empty."""
    return text("span", told, class_=kind if told else "empty")


def _churn(row: Row) -> str:
    dots = "".join(
        f'<circle cx="{4 + 9 * dot}" cy="4" r="3"/>'
        for dot in range(min(row.moves, _MOST_DOTS))
    )
    if not dots:
        return _cell("", "churn")
    return element(
        "svg",
        text("title", f"moved {moved(row)}"),
        dots,
        class_="churn",
        width=9 * _MOST_DOTS,
        height=8,
        role="img",
    )


def _time(row: Row) -> str:
    return seconds(row) if row.seconds is not None else ""


def _bars(row: Row, largest: int, longest: float) -> str:
    """Return bars for size and time, relative to the largest and the slowest."""
    if row.size is None and row.seconds is None:
        return ""
    size = 100 * (row.size or 0) / largest if largest else 0
    time = 100 * (row.seconds or 0) / longest if longest else 0
    return element(
        "svg",
        text("title", f"size {weight(row)}, time {seconds(row)}"),
        f'<rect class="size" width="{size:.2f}" height="3"/>',
        f'<rect class="time" width="{time:.2f}" height="3" y="3.5"/>',
        class_="bars",
        viewBox="0 0 100 6.5",
        preserveAspectRatio="none",
        role="img",
    )


def _intro() -> str:
    return element(
        "div",
        text("h2", "Pick a layer"),
        text(
            "p",
            "It tells what it does, why it is where it is, where it would come from, "
            "and what would run if it changed. Arrow keys go up and down.",
        ),
        element(
            "ul",
            text("li", "Blue bar: its size. Orange bar: how long it took."),
            text("li", "Dots: how often it changed."),
            text("li", "Arcs: what it stands on, or copies from."),
            class_="legend",
        ),
        class_="intro",
    )


def _details(rows: tuple[Row, ...], at: Mapping[str, int], why: Why) -> Iterator[str]:
    titles = {row.id: row.title for row in rows}
    for row in rows:
        number = at[row.id]
        facts = {
            "seq": str(row.seq),
            "size": weight(row),
            "time": seconds(row),
            "changed": moved(row),
            "from": row.tier or "no tier",
            "digest": short(row.digest),
        }
        yield element(
            "article",
            element(
                "header",
                text("p", " · ".join([row.kind, *marks(row)]), class_="eyebrow"),
                text("h2", row.title, id=f"title-{number}"),
                element("a", "Close", href="#", class_="close"),
            ),
            tiles(facts),
            text("h3", "Why"),
            _why(row, why.get(row.id, ())),
            _steps("Stands on", row.below, titles, at, "the base alone"),
            _steps("What stands on it", row.above, titles, at, "nothing"),
            *map(_note, row.notes),
            id=f"step-{number}",
            class_="detail",
            tabindex="-1",
            aria_labelledby=f"title-{number}",
        )


def _why(row: Row, facts: Sequence[Fact]) -> str:
    """Return the facts of ``why``; without them, those of the lock alone."""
    told = facts or (
        Fact("place", decides(row.place)),
        *(Fact("put on", join_text(join)) for join in row.joins),
    )
    cells = []
    for fact in told:
        if fact.what == "stands on":
            continue  # It has a list of links of its own.
        more = textwrap.dedent("\n".join(fact.more))
        shown = element("pre", text("code", more), tabindex=0) if more else ""
        cells += [text("dt", fact.what), element("dd", text("p", fact.told), shown)]
    return element("dl", *cells, class_="why")


def _steps(
    heading: str,
    steps: tuple[str, ...],
    titles: Mapping[str, str],
    at: Mapping[str, int],
    none: str,
) -> str:
    links = [
        element("li", text("a", titles[step], href=f"#step-{at[step]}"))
        for step in steps
    ]
    listed = element("ul", *links, class_="steps") if links else text("p", none)
    return text("h3", heading) + listed


def _note(note: Note) -> str:
    told = "\n".join(note.lines)
    if note.verbatim:
        return text("h3", note.heading) + element("pre", text("code", told), tabindex=0)
    lines = element("ul", *(text("li", line) for line in note.lines))
    return text("h3", note.heading) + lines


def _table(rows: tuple[Row, ...]) -> str:
    cells = [
        (
            str(row.seq),
            row.id,
            row.title,
            ", ".join(row.below) or "the base",
            ", ".join(marks(row)),
            row.tier or "",
            "" if row.size is None else weight(row),
            _time(row),
            moved(row),
        )
        for row in rows
    ]
    head = ("seq", "step", "what", "stands on", "", "from", "size", "time", "moved")
    told = table("All layers, the last first", head, cells, numbers=3)
    return element(
        "details", text("summary", "The same as a table"), told, class_="as-table"
    )
