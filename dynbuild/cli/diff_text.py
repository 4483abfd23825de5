"""What a diff of two locks is in words and as data."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from dynbuild.cli.output import changes_data, changes_text, table
from dynbuild.cli.progress_text import price, printable
from dynbuild.explain.diff import Diff, Reason, StepFate
from dynbuild.steps.title import label, title

_SHOWN = 3
"""How many steps are named where one reason has several."""

_WORDS = {
    "follows": "follows",
    "stands-on": "stands now on",
    "off": "no longer stands on",
    "placed": "put on",
}

_FIELDS = {"copies": "copied files", "stands_on": "what it stands on"}


def diff_text(found: Diff) -> str:
    """The changes, what runs again, and at what price: paragraphs, no last newline."""
    parts = []
    if found.changes:
        parts.append(changes_text(found.changes))
    parts.append(summary(found))
    if found.runs:
        rows = [(f"  {called(step)}", why(step), told(step)) for step in found.runs]
        parts[-1] += "\n" + table(rows)
    if found.live:
        names = ", ".join(step.placed.id for step in found.live)
        parts.append(
            printable(
                f"Live, run again where the files that they copy changed: {names}"
            )
        )
    return "\n\n".join(parts)


def summary(found: Diff) -> str:
    """One line: how many steps run, and what that costs as far as it is known."""
    runs, steps = len(found.runs), len(found.steps)
    if not runs:
        return "Nothing runs again."
    built = [step for step in found.runs if step.builds]
    told = f"Runs again: {runs} of {_counted(steps, 'step')}"
    if measured := len(built) - found.unmeasured:
        told += f", {price(found.seconds)} by what they took before"
        if found.unmeasured:
            told += f" ({_counted(measured, 'step')}; the others are new)"
    elif built:
        told += "; nothing is known of their time"
    return told + "".join(
        f"; {count} {'is' if count == 1 else 'are'} held by the {tier} tier"
        for tier, count in held(found.runs)
    )


def held(steps: Iterable[StepFate]) -> list[tuple[str, int]]:
    """How many steps each tier has."""
    names = sorted(step.tier for step in steps if step.tier is not None)
    return [(name, len(list(group))) for name, group in groupby(names)]


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def called(step: StepFate) -> str:
    """A step as people know it, with its id where that is how others refer to it."""
    shown = label(step.placed.step)
    return shown if shown == step.placed.id else f"{shown} ({step.placed.id})"


def why(step: StepFate, name: Callable[[str], str] = str) -> str:
    """The reasons of a step in one line; ``name`` spells the steps in it."""
    grouped = groupby(step.reasons, lambda reason: reason.code)
    return "; ".join(_reason(code, list(reasons), name) for code, reasons in grouped)


def _reason(code: str, reasons: Sequence[Reason], name: Callable[[str], str]) -> str:
    names = [reason.subject for reason in reasons]
    match code:
        case "new":
            return "new"
        case "field":
            return "changed: " + ", ".join(_FIELDS.get(field, field) for field in names)
        case _ if not any(names):
            return "has another place"
        case _:
            more = len(names) - _SHOWN
            tail = f" and {more} more" if more > 0 else ""
            return f"{_WORDS[code]} {', '.join(map(name, names[:_SHOWN]))}{tail}"


def told(step: StepFate) -> str:
    """Where a step comes from, or how long it took."""
    if step.tier is not None:
        return f"held: {step.tier}"
    return "" if step.seconds is None else price(step.seconds)


def diff_data(found: Diff) -> dict[str, object]:
    """The diff for ``--json``."""
    return {
        "platform": found.platform,
        "different": bool(found.changes),
        "changes": changes_data(found.changes),
        "steps": [_step_data(step) for step in found.steps],
        "gone": [{"step": one.id, "what": label(one.step)} for one in found.gone],
        "runs": len(found.runs),
        "seconds": round(found.seconds, 3),
        "unmeasured": found.unmeasured,
        "held": dict(held(found.runs)),
    }


def _step_data(step: StepFate) -> dict[str, object]:
    placed = step.placed
    return {
        "step": placed.id,
        "title": title(placed.step),
        "seq": placed.seq,
        "fate": step.fate,
        "was": step.was,
        "reasons": [
            {"code": reason.code, "subject": reason.subject or None}
            for reason in step.reasons
        ],
        "stands_on": list(placed.on),
        "live": placed.live,
        "build_only": not placed.linked,
        "seconds": step.seconds,
        "bytes": step.size,
        "tier": step.tier,
    }
