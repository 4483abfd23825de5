"""The answer of ``why`` as people read it."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import ndiff
from typing import assert_never

from dynbuild.cli.output import changes_text, table
from dynbuild.cli.progress_text import duration, lines, printable, size
from dynbuild.commands.why import Answer, Explained
from dynbuild.digest import Field, short
from dynbuild.explain.causes import BASE, Cascade, Code, Reason, Root
from dynbuild.explain.fields import FieldChange
from dynbuild.explain.place import Place
from dynbuild.explain.price import Price
from dynbuild.link.placement import Join
from dynbuild.lock.order import Placed
from dynbuild.plan import Build, Reuse, Unneeded
from dynbuild.steps.recipe import copies_of
from dynbuild.steps.title import label, title

_SHOWN = 12
"""How many lines of a field, and names of a list, are shown."""


def overview_text(answer: Answer, since: str | None) -> str:
    """All that would run, by where it began, the dearest first."""
    total = len(answer.order)
    noun = "step" if total == 1 else "steps"
    if not answer.runs:
        return f"all of {total} {noun} are there: nothing runs"
    cost = _cost(answer.price, answer.runs)
    blocks = [f"{len(answer.runs)} of {total} {noun} run: {cost}"]
    if (
        all(_is_new(cascade.root) for cascade, _ in answer.cascades)
        and len(answer.cascades) == total
    ):
        return f"{blocks[0]}\nnone of them was realized here before"
    blocks += [
        "\n".join(_cascade(answer, cascade, cost, since))
        for cascade, cost in answer.cascades
    ]
    return "\n\n".join(blocks)


def step_text(answer: Answer, one: Explained, since: str | None) -> str:
    """One step, a line or more for each thing that is known of it."""
    placed = one.placed
    name = label(placed.step)
    head = name if name == placed.id else f"{placed.id}  {name}"
    rows = [("place", _place(answer, one.place))]
    rows.append(("stands on", ", ".join(one.closure) or "the base alone"))
    rows += [("put on", _join(join)) for join in one.joins]
    rows.append(("now", _now(answer, one)))
    told = [printable(head), *(f"  {what:9}  {text}" for what, text in rows)]
    told += [_indented(changes_text([change]), 13) for change in one.changes]
    for reason in one.reasons:
        told.append(f"  {'because':9}  it {_reason(reason, since)}")
        told += _fields(answer, placed.id, reason)
    for root in one.roots:
        if root.step != placed.id:
            told += _root(answer, root, since)
    told.append(f"  {'next':9}  {_next(one)}")
    return "\n".join(told)


def order_text(answer: Answer) -> str:
    """Every step in its place, and what decides that."""
    rows = [("seq", "step", "what decides its place")]
    for placed in answer.order:
        place = answer.places[placed.id]
        rows.append((str(place.seq), placed.id, _decides(place)))
    return table(rows)


def _cascade(
    answer: Answer, cascade: Cascade, cost: Price, since: str | None
) -> Iterator[str]:
    root = cascade.root
    for reason in root.reasons:
        yield f"{_called(answer, root.step)} {_reason(reason, since)}"
        yield from _fields(answer, root.step, reason)
    told = [
        f"{id_} {duration(answer.seconds[id_])}" if id_ in answer.seconds else id_
        for id_ in cascade.steps
    ]
    yield f"  runs {printable(_listed(told))}: {_cost(cost, cascade.steps)}"


def _root(answer: Answer, root: Root, since: str | None) -> Iterator[str]:
    for reason in root.reasons:
        what = f"{_called(answer, root.step)} {_reason(reason, since)}"
        yield f"  {'began':9}  {printable(what)}"
        yield from _fields(answer, root.step, reason)


def _is_new(root: Root) -> bool:
    return [reason.code for reason in root.reasons] == ["new"]


def _called(answer: Answer, step: str) -> str:
    """A step by its id, and what it brings where the id does not say it."""
    if step == BASE:
        return "the base"
    placed = next(placed for placed in answer.order if placed.id == step)
    told = title(placed.step)
    return printable(step if told == step else f"{step} ({told})")


def _place(answer: Answer, place: Place) -> str:
    where = f"{place.position} of {len(answer.order)}, seq {place.seq}"
    return printable(f"{where}: {_decides(place)}")


def _decides(place: Place) -> str:
    times = "once" if place.moves == 1 else f"{place.moves} times"
    match place.code:
        case "recorded":
            return "the seq at which it came"
        case "kept":
            return "it never changed since it came"
        case "changed":
            return f"it changed {times}"
        case "needs":
            needs = _listed(place.needs)
            return f"behind {needs}, which it needs (its own seq is {place.own_seq})"
        case "live":
            because = _listed(place.needs)
            why = (
                f"it needs {because}, which is" if place.needs else "it copies what is"
            )
            return f"{why} live: that comes last"
        case _:
            assert_never(place.code)


def _join(join: Join) -> str:
    shared = [*(f"/{path}" for path in join.paths), *join.databases]
    return printable(f"{join.onto}: both write {_listed(shared)}")


def _now(answer: Answer, one: Explained) -> str:
    match one.choice:
        case Reuse(record):
            held = sum(layer.size for layer in record.layers)
            took = duration(record.seconds)
            told = f"held by the {one.source} tier: {size(held)}, took {took}"
            return f"{told}, but it runs before that is known" if one.runs else told
        case Build():
            seconds = answer.seconds.get(one.placed.id)
            took = "never measured" if seconds is None else f"about {duration(seconds)}"
            return f"it runs: {took}"
        case Unneeded():
            return "not needed: nothing that runs copies from it"
        case _:
            assert_never(one.choice)


def _next(one: Explained) -> str:
    told = [
        f"{id_} {duration(one.next.seconds[id_])}" if id_ in one.next.seconds else id_
        for id_ in one.next.runs
    ]
    if not told:
        return "a change of it would run nothing"
    return printable(
        f"a change would run {_listed(told)}: {_cost(one.next.price, told)}"
    )


_REASONS: Mapping[Code, str] = {
    "new": "is new",
    "base": "is another image",
    "changed": "changed",
    "gone": "stood on {}, which left the lock",
    "moved": "moved behind {}",
    "not-held": "is as it was, and no tier holds it",
    "stands-on": "stands on {}",
    "copies-from": "copies from {}",
    "put-on": "is or was put on {}",
    "needed": "is needed now by {}",
}


def _reason(reason: Reason, since: str | None) -> str:
    if reason.code == "new" and since:
        return f"is new since {since}"
    return _REASONS[reason.code].format(_listed(reason.steps))


def _fields(answer: Answer, step: str, reason: Reason) -> Iterator[str]:
    placed = next((one for one in answer.order if one.id == step), None)
    for change in reason.fields:
        yield f"    {printable(_field(placed, change.field))}"
        shown = [*_difference(change)]
        yield from (f"      {printable(line)}" for line in shown[:_SHOWN])
        if len(shown) > _SHOWN:
            yield f"      … {len(shown) - _SHOWN} more lines"


def _field(placed: Placed | None, field: str) -> str:
    """A field in the words of a declaration."""
    name, _, rest = field.partition(".")
    if name == "environment" and rest:
        return f"env: {rest}"
    at, _, inner = rest.partition(".")
    if name == "copies" and at.isdigit() and placed is not None:
        copy = copies_of(placed.step)[int(at)]
        return f"copy of {copy.path}: {inner}"
    return field


def _difference(change: FieldChange) -> Iterator[str]:
    before, after = _lines(change.before), _lines(change.after)
    for line in ndiff(before, after):
        if line[:2] in ("- ", "+ "):
            yield line


def _lines(value: Field) -> list[str]:
    match value:
        case None:
            return []
        case str():
            return [short(value)] if value.startswith("sha256:") else value.split("\n")
        case Sequence() if all(isinstance(one, str) for one in value):
            return [line for one in value for line in str(one).split("\n")]
        case Sequence() | Mapping():
            return json.dumps(value, indent=1, sort_keys=True).split("\n")
        case _:
            return [json.dumps(value)]


def _cost(cost: Price, steps: Collection[str]) -> str:
    if not cost.unmeasured:
        return f"about {duration(cost.seconds)}"
    if len(cost.unmeasured) == len(steps):
        return "never measured"
    unmeasured = _listed(cost.unmeasured)
    return f"more than {duration(cost.seconds)} ({unmeasured} never measured)"


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:_SHOWN])
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _indented(text: str, by: int) -> str:
    return "\n".join(" " * by + line.strip() for line in lines(text))
