"""Wording of reasons, places and prices, shared by ``why``, ``diff`` and pages."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import ndiff
from typing import assert_never

from dynbuild.cli.progress_text import price, printable
from dynbuild.digest import Field, short
from dynbuild.explain.causes import BASE, Cascade, ReasonCode, RootCause, RunReason
from dynbuild.explain.fields import FieldChange
from dynbuild.explain.place import Position
from dynbuild.explain.price import Price
from dynbuild.link.placement import Join
from dynbuild.lockfile.order import Placed
from dynbuild.steps.recipe import described_inputs
from dynbuild.steps.title import title

StepsById = Mapping[str, Placed]
"""The steps of a lock by id."""

_SHOWN = 12
"""Maximum lines of a field, and names of a list, to show."""

_REASONS: Mapping[ReasonCode, str] = {
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


def reason_text(
    reason: RunReason, since: str | None = None, name: Callable[[str], str] = str
) -> str:
    """Return the text after the name of a step; ``name`` formats the steps in it."""
    if reason.code == "new" and since:
        return f"is new since {since}"
    if reason.code == "moved" and not reason.steps:
        return "moved"
    return _REASONS[reason.code].format(listed([*map(name, reason.steps)]))


def field_texts(
    steps: StepsById, step: str, reason: RunReason
) -> Iterator[tuple[str, list[str]]]:
    """Yield the fields of a reason in the declaration's terms, with the differences."""
    for change in reason.fields:
        shown = [printable(line) for line in _difference(change)]
        more = len(shown) - _SHOWN
        tail = [f"… {more} more lines"] if more > 0 else []
        yield _field(steps.get(step), change.field), shown[:_SHOWN] + tail


def field_lines(steps: StepsById, step: str, reason: RunReason) -> Iterator[str]:
    """Yield the same as indented lines."""
    for field, lines in field_texts(steps, step, reason):
        yield f"    {field}"
        yield from (f"      {line}" for line in lines)


def root_texts(steps: StepsById, root: RootCause, since: str | None) -> Iterator[str]:
    """Yield a line for each reason of a root cause, with the differences below it."""
    for reason in root.reasons:
        yield f"{called(steps, root.step)} {printable(reason_text(reason, since))}"
        yield from field_lines(steps, root.step, reason)


def cascade_text(  # noqa: PLR0913 - all parts of the text
    steps: StepsById,
    cascade: Cascade,
    cost: Price,
    seconds: Mapping[str, float],
    *,
    since: str | None = None,
    tiers: Mapping[str, str] | None = None,
) -> str:
    """Return a root cause, and the steps that it makes run; ``tiers`` names tiers."""
    names = run_texts(cascade.steps, seconds, tiers)
    built = [step for step in cascade.steps if step not in (tiers or {})]
    price_text = cost_text(cost, len(built))
    runs = f"  runs {printable(listed(names))}: {price_text}"
    return "\n".join([*root_texts(steps, cascade.root, since), runs])


def run_texts(
    steps: Sequence[str],
    seconds: Mapping[str, float],
    tiers: Mapping[str, str] | None = None,
    name: Callable[[str], str] = str,
) -> list[str]:
    """Return the steps that run, each with its run time or the tier that holds it."""

    def step_text(step: str) -> str:
        if tiers and step in tiers:
            return f"{name(step)} ({tiers[step]})"
        return f"{name(step)} {price(seconds[step])}" if step in seconds else name(step)

    return [*map(step_text, steps)]


def called(steps: StepsById, step: str) -> str:
    """Return a step's id, and its title where that says more."""
    if step == BASE:
        return "the base"
    step_title = title(steps[step].step)
    return printable(step if step_title == step else f"{step} ({step_title})")


def cost_text(cost: Price, steps: int) -> str:
    """Return the total cost of this many steps."""
    if not steps:
        return "held, nothing runs"
    if not cost.unmeasured:
        return f"about {price(cost.seconds)}"
    if len(cost.unmeasured) == steps:
        return "never measured"
    unmeasured = listed(cost.unmeasured)
    return printable(f"more than {price(cost.seconds)} ({unmeasured} never measured)")


def decides(place: Position) -> str:
    """Return the rule that decided a place."""
    times = "once" if place.moves == 1 else f"{place.moves} times"
    match place.code:
        case "recorded":
            return "the seq at which it came"
        case "kept":
            return "it never changed since it came"
        case "changed":
            return f"it changed {times}"
        case "needs":
            needs = listed(place.needs)
            return f"behind {needs}, which it needs (its own seq is {place.own_seq})"
        case "live":
            because = listed(place.needs)
            why = (
                f"it needs {because}, which is" if place.needs else "it copies what is"
            )
            return f"{why} live: its layers come last"
        case _:
            assert_never(place.code)


def join_text(join: Join) -> str:
    """Return the step that another was put on, and why."""
    shared = [*(f"/{path}" for path in join.paths), *join.databases]
    read = [f"/{path}" for path in join.reads]
    reasons = [f"both write {listed(shared)}"] if shared else []
    reasons += [f"it reads {listed(read)}"] if read else []
    # A record may name the step below where the facts that explain it are gone.
    return printable(f"{join.onto}: {', and '.join(reasons) or 'as when it was built'}")


def listed(names: Sequence[str]) -> str:
    """Join names with commas, showing the first dozen of many."""
    shown = list(names[:_SHOWN])
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def reason_data(reason: RunReason) -> dict[str, object]:
    """Return a reason for ``--json``."""
    return {
        "code": reason.code,
        "fields": [
            {"field": change.field, "before": change.before, "after": change.after}
            for change in reason.fields
        ],
        "steps": list(reason.steps),
    }


def root_data(root: RootCause) -> dict[str, object]:
    """Return a root cause for ``--json``."""
    return {
        "step": root.step,
        "reasons": [reason_data(reason) for reason in root.reasons],
    }


def cascade_data(
    cascade: Cascade, cost: Price, seconds: Mapping[str, float]
) -> dict[str, object]:
    """Return a cascade for ``--json``."""
    return {
        **root_data(cascade.root),
        "runs": runs_data(cascade.steps, seconds),
        **price_data(cost),
    }


def runs_data(
    steps: Sequence[str], seconds: Mapping[str, float]
) -> list[dict[str, object]]:
    """Return the steps that run, with their run times, for ``--json``."""
    return [{"step": id_, "seconds": seconds.get(id_)} for id_ in steps]


def price_data(cost: Price) -> dict[str, object]:
    """Return a price for ``--json``, in seconds."""
    return {"seconds": round(cost.seconds, 3), "unmeasured": list(cost.unmeasured)}


def place_data(place: Position) -> dict[str, object]:
    """Return a place for ``--json``."""
    return {
        "position": place.position,
        "seq": place.seq,
        "own_seq": place.own_seq,
        "moves": place.moves,
        "code": place.code,
        "needs": list(place.needs),
    }


def joins_data(joins: Sequence[Join]) -> list[dict[str, object]]:
    """Return the steps that a step was put on, for ``--json``."""
    return [
        {
            "step": join.onto,
            "paths": list(join.paths),
            "databases": list(join.databases),
            "reads": list(join.reads),
        }
        for join in joins
    ]


_INPUTS = {"copies": "copy", "mounted": "mount"}
"""What a description's fields of files are called in a declaration."""


def _field(placed: Placed | None, field: str) -> str:
    """Return a field in the declaration's terms."""
    name, _, rest = field.partition(".")
    if name == "environment" and rest:
        return printable(f"env: {rest}")
    index, _, inner = rest.partition(".")
    if name in _INPUTS and index.isdigit() and placed is not None:
        files = described_inputs(placed.step)[name][int(index)]
        return printable(f"{_INPUTS[name]} of {files.path}: {inner}")
    return printable(field)


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
        case Sequence() if all(isinstance(item, str) for item in value):
            return [line for item in value for line in str(item).split("\n")]
        case Sequence() | Mapping():
            return json.dumps(value, indent=1, sort_keys=True).split("\n")
        case _:
            return [json.dumps(value)]
