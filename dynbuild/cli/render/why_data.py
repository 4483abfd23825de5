"""The answer of ``why`` as data, for ``--json``; docs/why.md lists the codes."""

from dynbuild.cli.output import changes_data
from dynbuild.cli.render.reasons import (
    cascade_data,
    joins_data,
    place_data,
    price_data,
    reason_data,
    root_data,
    runs_data,
)
from dynbuild.commands.why import Explained, Explanation
from dynbuild.explain.past import BUILT
from dynbuild.plan import Reuse
from dynbuild.steps.title import title


def answer_data(answer: Explanation) -> dict[str, object]:
    """Return everything that would run, and the steps that were asked about."""
    return {
        "platform": answer.platform,
        "order": [
            {
                "step": placed.id,
                "title": title(placed.step),
                "place": place_data(answer.places[placed.id]),
                "runs": placed.id in answer.runs,
                "from": answer.sources.get(placed.id),
            }
            for placed in answer.order
        ],
        "runs": runs_data(answer.runs, answer.seconds),
        **price_data(answer.price),
        "causes": [
            cascade_data(cascade, cost, answer.seconds)
            for cascade, cost in answer.cascades
        ],
        "steps": [_explained(answer, step) for step in answer.steps],
    }


def _explained(answer: Explanation, step: Explained) -> dict[str, object]:
    record = step.choice.record if isinstance(step.choice, Reuse) else None
    return {
        "step": step.placed.id,
        "title": title(step.placed.step),
        "place": place_data(step.place),
        "stands_on": list(step.placed.on),
        "closure": list(step.closure),
        "put_on": joins_data(step.joins),
        "from": BUILT if step.runs else step.source,
        "bytes": record and sum(layer.size for layer in record.layers),
        "seconds": answer.seconds.get(step.placed.id),
        "reasons": [reason_data(reason) for reason in step.reasons],
        "began": [root_data(root) for root in step.roots],
        "lock_changes": changes_data(step.changes),
        "next": step.next
        and {
            "runs": runs_data(step.next.runs, step.next.seconds),
            **price_data(step.next.price),
        },
    }
