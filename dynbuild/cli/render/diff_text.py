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


def diff_text(diff: Diff) -> str:
    """Return the changes, and runs by root cause: paragraphs, no final newline."""
    parts = [changes_text(diff.changes)] if diff.changes else []
    parts.append(summary(diff))
    if not all_new(diff):
        steps = {step.placed.id: step.placed for step in diff.steps}
        seconds, tiers = seconds_of(diff), tier_names(diff)
        parts += [
            cascade_text(steps, cascade, cost, seconds, tiers=tiers)
            for cascade, cost in diff.cascades
        ]
    if diff.live:
        names = listed([step.placed.id for step in diff.live])
        parts.append(printable(f"{LIVE}: {names}"))
    return "\n\n".join(parts)


LIVE = "live, and runs as well where the files that it copies changed"
"""The remark on steps that a lock does not fully describe."""


def summary(diff: Diff) -> str:
    """Return one line: how many steps run, and the cost as far as known."""
    runs, total = len(diff.runs), len(diff.steps)
    noun = "step" if total == 1 else "steps"
    if not runs:
        return f"none of {total} {noun} runs"
    built = sum(step.builds for step in diff.runs)
    tiers = sorted(Counter(tier_names(diff).values()).items())
    there = "".join(f"; the {tier} tier holds {count}" for tier, count in tiers)
    if not built:
        return f"{runs} of {total} {noun} are others, and held: nothing runs{there}"
    cost = f"{cost_text(diff.price, built)}{there}{_inherited(diff)}"
    return f"{runs} of {total} {noun} run: {cost}"


def _inherited(diff: Diff) -> str:
    """Return that a price is at most that, where another image may build a part."""
    count = len(diff.inherited)
    if not count:
        return ""
    what = "1 of them is inherited" if count == 1 else f"{count} of them are inherited"
    return f"; {what}, to run once for all images where packages leave the same"


def all_new(diff: Diff) -> bool:
    """Whether the only thing to report is that all steps are new."""
    roots = [cascade.root for cascade, _ in diff.cascades]
    return len(roots) == len(diff.steps) and all(root.is_new for root in roots)


def tier_names(diff: Diff) -> dict[str, str]:
    """Return the tiers of the steps that changed but are held already."""
    return {step.placed.id: step.tier for step in diff.runs if step.tier is not None}


def seconds_of(diff: Diff) -> dict[str, float]:
    """Return the run times of steps, as far as known."""
    return {
        step.placed.id: step.seconds for step in diff.steps if step.seconds is not None
    }


def diff_data(diff: Diff) -> dict[str, object]:
    """Return the diff for ``--json``."""
    seconds = seconds_of(diff)
    return {
        "platform": diff.platform,
        "different": bool(diff.changes),
        "changes": changes_data(diff.changes),
        "steps": [_step_data(step) for step in diff.steps],
        "gone": [
            {"step": placed.id, "title": title(placed.step)} for placed in diff.gone
        ],
        "runs": [
            {"step": step.placed.id, "seconds": step.seconds, "from": step.tier}
            for step in diff.runs
        ],
        "inherited": [step.placed.id for step in diff.inherited],
        **price_data(diff.price),
        "causes": [
            cascade_data(cascade, cost, seconds) for cascade, cost in diff.cascades
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
