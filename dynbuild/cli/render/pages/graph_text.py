"""The dependency graph as text: a tree for people, Mermaid and DOT for programs."""

import json
from collections.abc import Iterator, Mapping

from dynbuild.cli.markup import mermaid
from dynbuild.cli.progress_text import printable
from dynbuild.cli.render.pages.labels import marks, moved, seconds, tone, weight
from dynbuild.cli.render.reasons import joins_data, place_data
from dynbuild.explain.picture import Picture, Row

_COLORS = {
    "stage": ("#e9effb", "#2450a8"),
    "live": ("#ebe9fb", "#5040b5"),
    "script": ("#f7ecd8", "#7d4f00"),
    "user": ("#f3e6f7", "#74348a"),
    "source": ("#f9e3e3", "#9a2f2f"),
    "packages": ("#e2f2e9", "#1f6a46"),
}


def tree(picture: Picture) -> str:
    """Return a tree from the topmost steps down to the base, after ``cargo tree``.

    A step that was shown already is marked with (*), and its subtree left out.
    """
    rows = {row.id: row for row in picture.rows}
    lines: list[str] = []
    shown: set[str] = set()
    for row in reversed(picture.rows):
        if not any(row.id in rows[above].edges for above in row.above):
            lines += _branch(row, rows, shown, "", "")
    return "\n".join([*lines, f"base {printable(picture.base)}"]) + "\n"


def _branch(
    row: Row, rows: Mapping[str, Row], shown: set[str], first: str, rest: str
) -> Iterator[str]:
    """Yield a step and those below it, with an explicit stack: a chain may be long."""
    todo = [(row, first, rest)]
    while todo:
        row, first, rest = todo.pop()
        again = row.id in shown and bool(row.edges)
        yield first + _line(row) + (" (*)" if again else "")
        if again:
            continue
        shown.add(row.id)
        below = [rows[need] for need in row.edges]
        for index, child in reversed(list(enumerate(below))):
            last = index == len(below) - 1
            todo.append(
                (
                    child,
                    rest + ("└─ " if last else "├─ "),
                    rest + ("   " if last else "│  "),
                )
            )


def _line(row: Row) -> str:
    name = row.title if row.kind == "stage" else f"{row.kind}: {row.title}"
    facts = [f"seq {row.seq}", *marks(row)]
    if row.moves:
        facts.append(f"moved {moved(row)}")
    if row.size is not None:
        facts.append(weight(row))
    if row.seconds is not None:
        facts.append(seconds(row))
    if row.tier:
        facts.append(row.tier)
    return printable(f"{name}  ({', '.join(facts)})")


def mermaid_graph(picture: Picture) -> str:
    """Return a Mermaid flowchart, from the base upwards."""
    names = {row.id: f"s{index}" for index, row in enumerate(picture.rows)}
    lines = ["flowchart BT", f"  base[({mermaid(picture.base)})]"]
    for row in picture.rows:
        label = mermaid(
            row.title if row.kind == "stage" else f"{row.kind}: {row.title}"
        )
        lines.append(f"  {names[row.id]}[{label}]:::{tone(row)}")
    for row in picture.rows:
        below = [names[need] for need in row.edges] or ["base"]
        lines += [f"  {need} --> {names[row.id]}" for need in below]
    lines += [
        f"  classDef {name} fill:{fill},stroke:{stroke},color:#1d2126"
        for name, (fill, stroke) in _COLORS.items()
    ]
    return "\n".join(lines) + "\n"


def dot(picture: Picture) -> str:
    """Return a directed graph in Graphviz's DOT language, from the base upwards."""
    lines = [
        "digraph image {",
        "  rankdir=BT;",
        '  node [shape=box, style="rounded,filled", fontname="sans-serif"];',
        f"  base [label={_quoted(picture.base)}, shape=cylinder, fillcolor=white];",
    ]
    for index, row in enumerate(picture.rows):
        name = row.title if row.kind == "stage" else f"{row.kind}: {row.title}"
        fill, stroke = _COLORS[tone(row)]
        lines.append(
            f'  s{index} [label={_quoted(name)}, fillcolor="{fill}", color="{stroke}"];'
        )
    names = {row.id: f"s{index}" for index, row in enumerate(picture.rows)}
    for row in picture.rows:
        below = [names[need] for need in row.edges] or ["base"]
        lines += [f"  {need} -> {names[row.id]};" for need in below]
    return "\n".join([*lines, "}", ""])


def _quoted(label: str) -> str:
    """Return a DOT string in which a backslash is literal, not an escape."""
    line = printable(label.replace("\n", " ")).replace("\\", "\\\\")
    return '"' + line.replace('"', '\\"') + '"'


def graph_data(pictures: Mapping[str, Picture]) -> str:
    """Return pictures of an image as JSON, by platform if there are several."""
    drawn = {platform: _data(picture) for platform, picture in pictures.items()}
    document = drawn.get("", {"platforms": drawn})
    return json.dumps(document, indent=2) + "\n"


def _data(picture: Picture) -> dict[str, object]:
    return {
        "base": picture.base,
        "base_digest": picture.base_digest,
        "platform": picture.platform,
        "steps": [
            {
                "step": row.id,
                "kind": row.kind,
                "title": row.title,
                "seq": row.seq,
                "moves": row.moves,
                "live": row.live,
                "build_only": not row.linked,
                "stands_on": list(row.below),
                "digest": row.digest,
                "seconds": row.seconds,
                "bytes": row.size,
                "tier": row.tier,
                "place": place_data(row.place),
                "put_on": joins_data(row.joins),
            }
            for row in picture.rows
        ],
    }
