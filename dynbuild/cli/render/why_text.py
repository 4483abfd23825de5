"""The answer of ``why`` as human-readable text."""

from collections.abc import Iterator
from typing import assert_never

from dynbuild.cli.output import changes_text, table
from dynbuild.cli.progress_text import lines, price, printable, size
from dynbuild.cli.render.reasons import (
    cascade_text,
    cost_text,
    decides,
    field_lines,
    join_text,
    listed,
    reason_text,
    root_texts,
    run_texts,
)
from dynbuild.commands.why import Explained, Explanation
from dynbuild.plan import Build, Reuse, Unneeded
from dynbuild.steps.title import label
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """A known fact about a step: its kind, one line, and further lines."""

    what: str
    text: str
    more: tuple[str, ...] = ()


def overview_text(answer: Explanation, since: str | None) -> str:
    """Return everything that would run, by root cause, the most expensive first."""
    total = len(answer.order)
    noun = "step" if total == 1 else "steps"
    if not answer.runs:
        return f"all of {total} {noun} are there: nothing runs"
    cost = cost_text(answer.price, len(answer.runs))
    blocks = [f"{len(answer.runs)} of {total} {noun} run: {cost}"]
    roots = [cascade.root for cascade, _ in answer.cascades]
    if len(roots) == total and all(root.is_new for root in roots):
        return f"{blocks[0]}\nnone of them was realized here before"
    steps = {placed.id: placed for placed in answer.order}
    blocks += [
        cascade_text(steps, cascade, cost, answer.seconds, since=since)
        for cascade, cost in answer.cascades
    ]
    return "\n\n".join(blocks)


def step_text(answer: Explanation, explained: Explained, since: str | None) -> str:
    """Return one step, with one or more lines for each known fact."""
    placed = explained.placed
    name = label(placed.step)
    paragraphs = [printable(name if name == placed.id else f"{placed.id}  {name}")]
    for fact in step_facts(answer, explained, since):
        paragraphs.append(f"  {fact.what:9}  {fact.text}")
        paragraphs += fact.more
    return "\n".join(paragraphs)


def step_facts(
    answer: Explanation, explained: Explained, since: str | None
) -> Iterator[Fact]:
    """Yield the facts about a step: place, origin, reasons, effect of a change."""
    placed, place = explained.placed, explained.place
    steps = {placed.id: placed for placed in answer.order}
    where = f"{place.position} of {len(answer.order)}, seq {place.seq}"
    yield Fact("place", printable(f"{where}: {decides(place)}"))
    yield Fact("stands on", printable(", ".join(explained.closure)) or "the base alone")
    for join in explained.joins:
        yield Fact("put on", join_text(join))
    changes = (_indented(changes_text([change]), 13) for change in explained.changes)
    yield Fact("now", _now(answer, explained), tuple(changes))
    for reason in explained.reasons:
        text = f"it {printable(reason_text(reason, since))}"
        yield Fact("because", text, tuple(field_lines(steps, placed.id, reason)))
    for root in explained.roots:
        if root.step != placed.id:
            first, *more = root_texts(steps, root, since)
            yield Fact("began", first, tuple(more))
    if explained.next is not None:
        yield Fact("next", _next(explained))


def order_text(answer: Explanation) -> str:
    """Return every step in install order, and what decides its place."""
    rows = [("seq", "step", "what decides its place")]
    for placed in answer.order:
        place = answer.places[placed.id]
        rows.append((str(place.seq), placed.id, decides(place)))
    return table(rows)


def _now(answer: Explanation, explained: Explained) -> str:
    match explained.choice:
        case Reuse(record):
            bytes_held = sum(layer.size for layer in record.layers)
            took = price(record.seconds)
            text = (
                f"held by the {explained.source} tier: {size(bytes_held)}, took {took}"
            )
            return (
                f"{text}, but it runs before that is known" if explained.runs else text
            )
        case Build():
            seconds = answer.seconds.get(explained.placed.id)
            took = "never measured" if seconds is None else f"about {price(seconds)}"
            return f"it runs: {took}"
        case Unneeded():
            return "not needed: nothing that runs copies from it"
        case _:
            assert_never(explained.choice)


def _next(explained: Explained) -> str:
    if explained.next is None or not explained.next.runs:
        return "a change of it would run nothing"
    steps = listed(run_texts(explained.next.runs, explained.next.seconds))
    cost = cost_text(explained.next.price, len(explained.next.runs))
    return printable(f"a change would run {steps}: {cost}")


def _indented(text: str, by: int) -> str:
    return "\n".join(" " * by + line.strip() for line in lines(text))
