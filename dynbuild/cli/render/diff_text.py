"""A diff of two locks, in words and as data."""

from collections import Counter

from dynbuild.cli.output import changes_data, changes_text
from dynbuild.cli.progress_text import printable
from dynbuild.cli.render.reasons import (
    cascade_data,
    cascade_text,
    cost_text,
    listed,
    price_data,
    reason_data,
    root_data,
)
from dynbuild.explain.diff import Diff, StepFate
from dynbuild.steps.title import title


def diff_text(found: Diff) -> str:
    """Return the changes, and runs by root cause: paragraphs, no final newline."""
    parts = [changes_text(found.changes)] if found.changes else []
    parts.append(summary(found))
    if not all_new(found):
        steps = {step.placed.id: step.placed for step in found.steps}
        seconds = seconds_of(found)
        parts += [
            cascade_text(steps, cascade, cost, seconds, held=held(found))
            for cascade, cost in found.cascades
        ]
    if found.live:
        names = listed([step.placed.id for step in found.live])
        parts.append(printable(f"{LIVE}: {names}"))
    return "\n\n".join(parts)


LIVE = "live, and runs as well where the files that it copies changed"
"""The remark on steps that a lock does not fully describe."""


def summary(found: Diff) -> str:
    """Return one line: how many steps run, and the cost as far as known."""
    runs, total = len(found.runs), len(found.steps)
    noun = "step" if total == 1 else "steps"
    if not runs:
        return f"none of {total} {noun} runs"
    built = sum(step.builds for step in found.runs)
    tiers = sorted(Counter(held(found).values()).items())
    there = "".join(f"; the {tier} tier holds {count}" for tier, count in tiers)
    if not built:
        return f"{runs} of {total} {noun} are others, and held: nothing runs{there}"
    return f"{runs} of {total} {noun} run: {cost_text(found.price, built)}{there}"


def all_new(found: Diff) -> bool:
    """Whether the only thing to report is that all steps are new."""
    roots = [cascade.root for cascade, _ in found.cascades]
    return len(roots) == len(found.steps) and all(root.is_new for root in roots)


def held(found: Diff) -> dict[str, str]:
    """Return the tiers of the steps that changed but are held already."""
    return {step.placed.id: step.tier for step in found.runs if step.tier is not None}


def seconds_of(found: Diff) -> dict[str, float]:
    """Return the run times of steps, as far as known."""
    return {
        step.placed.id: step.seconds for step in found.steps if step.seconds is not None
    }


def diff_data(found: Diff) -> dict[str, object]:
    """Return the diff for ``--json``."""
    seconds = seconds_of(found)
    return {
        "platform": found.platform,
        "different": bool(found.changes),
        "changes": changes_data(found.changes),
        "steps": [_step_data(step) for step in found.steps],
        "gone": [{"step": one.id, "title": title(one.step)} for one in found.gone],
        "runs": [
            {"step": step.placed.id, "seconds": step.seconds, "from": step.tier}
            for step in found.runs
        ],
        **price_data(found.price),
        "causes": [
            cascade_data(cascade, cost, seconds) for cascade, cost in found.cascades
        ],
    }


def _step_data(step: StepFate) -> dict[str, object]:
    placed = step.placed
    return {
        "step": placed.id,
        "title": title(placed.step),
        "seq": placed.seq,
        "fate": step.fate,
        "was": step.was,
        "reasons": [reason_data(reason) for reason in step.reasons],
        "began": [root_data(root) for root in step.roots],
        "stands_on": list(placed.on),
        "live": placed.live,
        "build_only": not placed.linked,
        "seconds": step.seconds,
        "bytes": step.size,
        "from": step.tier,
    }
