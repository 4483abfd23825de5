"""A diff of two locks in Markdown, as a comment on a pull request."""

from collections.abc import Iterator, Mapping, Sequence

from dynbuild.cli.markup import code, fenced, mermaid
from dynbuild.cli.output import change_row
from dynbuild.cli.render.diff_text import LIVE, all_new, seconds_of, summary, tier_names
from dynbuild.cli.render.packages import change_cells
from dynbuild.cli.render.reasons import (
    called,
    cost_text,
    field_texts,
    listed,
    reason_text,
    run_texts,
)
from dynbuild.explain.diff import Diff, StepFate
from dynbuild.explain.installed import ContentsDiff, PackageChange
from dynbuild.explain.view import below
from dynbuild.steps.title import label

MARK = "<!-- dynbuild diff -->"
"""The first line, by which an earlier comment is recognised."""

_MOST = 60
"""Maximum number of steps in a picture: a larger one is unreadable on a page."""

_STYLES = """\
  classDef runs fill:#ffe3b3,stroke:#9a5b00,color:#3d2400,stroke-width:2px
  classDef live fill:#e3e0ff,stroke:#5546b8,color:#221a5e
  classDef unneeded fill:#fff,stroke:#8b949e,color:#24292f
  classDef stays fill:#eef1f4,stroke:#8b949e,color:#24292f"""


def diffs_markdown(
    diffs: Mapping[tuple[str, str], Diff],
    contents: Mapping[tuple[str, str], ContentsDiff] | None = None,
) -> str:
    """Return the page about each image on each platform; it ends in a newline.

    The keys name both, as far as there are several. ``contents`` has how images differ
    of which that is known. Of further platforms only the price is told: what the locks
    say is the same.
    """
    inside = contents or {}
    pages: list[str] = []
    last = None
    for key, diff in diffs.items():
        image, platform = key
        if image == last:
            pages.append(f"On {code(platform)}: {_headline(diff)}")
            continue
        last = image
        name = ", ".join(code(one) for one in key if one)
        pages.append(_of_image(diff, name, inside.get(key)))
    return "\n\n".join((MARK, *pages)) + "\n"


def _of_image(diff: Diff, name: str, contents: ContentsDiff | None) -> str:
    of = f" {name}:" if name else ""
    parts = [f"### dynbuild:{of} {_headline(diff)}"]
    if diff.changes:
        parts.append(_changes(diff))
    if contents is not None and contents.packages:
        parts.append(_packages(contents.packages))
    if contents is not None and contents.files:
        lines = "\n".join(f"{sign} /{path}" for sign, path in contents.files)
        heading = f"{len(contents.files)} files differ"
        parts.append(_folded(heading, fenced("diff", lines)))
    if diff.runs and not all_new(diff):
        parts.append(_runs(diff))
        if differs := "\n".join(_differs(diff)):
            parts.append(_folded("What differs", fenced("diff", differs)))
    if diff.runs:
        parts.append(_picture(diff))
    if diff.live:
        names = listed([code(step.placed.id) for step in diff.live])
        parts.append(f"{LIVE[0].upper()}{LIVE[1:]}: {names}")
    return "\n\n".join(parts)


def _headline(diff: Diff) -> str:
    if not diff.changes:
        return "the image stays as it is"
    return summary(diff)


def _changes(diff: Diff) -> str:
    rows = ["| | what | name | place | |", "|---|---|---|---|---|"]
    for change in diff.changes:
        mark, kind, name, seq, details = change_row(change)
        cells = (code(mark), code(kind), code(name), seq, code(details))
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _packages(changes: Sequence[PackageChange]) -> str:
    """Return the table of packages that differ, folded: there may be hundreds."""
    rows = ["| | package | before | after |", "|---|---|---|---|"]
    for one in changes:
        sign, kind, name, _, _ = change_cells(one)
        cells = (sign, f"{kind} {name}", ", ".join(one.before), ", ".join(one.after))
        rows.append(f"| {' | '.join(code(cell) if cell else '' for cell in cells)} |")
    count = len(changes)
    heading = f"{count} package{'s' * (count != 1)} differ{'s' * (count == 1)}"
    return _folded(heading, "\n".join(rows))


def _runs(diff: Diff) -> str:
    """Return the table of root causes, and the steps that run because of each."""
    rows = ["| where it began | what runs | price |", "|---|---|---|"]
    steps = {step.placed.id: step.placed for step in diff.steps}
    tiers, seconds = tier_names(diff), seconds_of(diff)
    for cascade, cost in diff.cascades:
        root = cascade.root
        reasons = ", ".join(reason_text(reason, name=code) for reason in root.reasons)
        began = f"{code(called(steps, root.step))} {reasons}"
        runs = listed(run_texts(cascade.steps, seconds, tiers, code))
        built = sum(step not in tiers for step in cascade.steps)
        rows.append(f"| {began} | {runs} | {cost_text(cost, built)} |")
    return "\n".join(rows)


def _differs(diff: Diff) -> Iterator[str]:
    """Yield the changed fields as lines of a diff."""
    steps = {step.placed.id: step.placed for step in diff.steps}
    for cascade, _ in diff.cascades:
        root = cascade.root
        for reason in root.reasons:
            for field, lines in field_texts(steps, root.step, reason):
                yield f"@@ {called(steps, root.step)}: {field} @@"
                yield from lines


def _picture(diff: Diff) -> str:
    """Return a picture of the steps that run, and the steps they stand on."""
    shown = _shown(diff)
    if len(shown) > _MOST:
        return f"_{len(shown)} steps are too many for a picture._"
    names = {step.placed.id: f"s{index}" for index, step in enumerate(shown)}
    lines = ["```mermaid", "flowchart LR"]
    for step in shown:
        own = names[step.placed.id]
        lines.append(f"  {own}[{mermaid(label(step.placed.step))}]:::{step.fate}")
    lines += [
        f"  {names[need]} --> {names[step.placed.id]}"
        for step in shown
        for need in below(step.placed)
        if need in names
    ]
    lines += [_STYLES, "```"]
    picture = "\n".join(lines)
    return _folded("What stands on what: orange runs, grey stays", picture)


def _folded(heading: str, content: str) -> str:
    return f"<details><summary>{heading}</summary>\n\n{content}\n\n</details>"


def _shown(diff: Diff) -> list[StepFate]:
    """Return the steps that run and those directly below them, in order."""
    shown = {step.placed.id for step in diff.runs}
    shown |= {need for step in diff.runs for need in below(step.placed)}
    return [step for step in diff.steps if step.placed.id in shown]
