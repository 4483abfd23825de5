"""The answer of ``why`` as data, for ``--json``; docs/why.md lists the codes."""

from collections.abc import Mapping

from dynbuild.cli.output import changes_data
from dynbuild.commands.why import Answer, Explained
from dynbuild.explain.causes import Cascade, Reason, Root
from dynbuild.explain.price import Price
from dynbuild.plan import Reuse
from dynbuild.steps.title import title


def answer_data(answer: Answer) -> dict[str, object]:
    """What would run as a whole, and the steps that were asked about."""
    return {
        "platform": answer.platform,
        "order": [
            {
                "step": placed.id,
                "title": title(placed.step),
                "place": _place(answer, placed.id),
                "runs": placed.id in answer.runs,
            }
            for placed in answer.order
        ],
        "runs": _steps(answer.runs, answer.seconds),
        **_price(answer.price),
        "causes": [
            _cascade(answer, cascade, cost) for cascade, cost in answer.cascades
        ],
        "steps": [_explained(answer, one) for one in answer.steps],
    }


def _explained(answer: Answer, one: Explained) -> dict[str, object]:
    record = one.choice.record if isinstance(one.choice, Reuse) else None
    return {
        "step": one.placed.id,
        "title": title(one.placed.step),
        "place": _place(answer, one.placed.id),
        "stands_on": list(one.placed.on),
        "closure": list(one.closure),
        "put_on": [
            {
                "step": join.onto,
                "paths": list(join.paths),
                "databases": list(join.databases),
            }
            for join in one.joins
        ],
        "from": "built" if one.runs else one.source,
        "bytes": record and sum(layer.size for layer in record.layers),
        "seconds": answer.seconds.get(one.placed.id),
        "reasons": [_reason(reason) for reason in one.reasons],
        "began": [_root(root) for root in one.roots],
        "lock_changes": changes_data(one.changes),
        "next": {
            "runs": _steps(one.next.runs, one.next.seconds),
            **_price(one.next.price),
        },
    }


def _place(answer: Answer, id_: str) -> dict[str, object]:
    place = answer.places[id_]
    return {
        "position": place.position,
        "seq": place.seq,
        "own_seq": place.own_seq,
        "moves": place.moves,
        "code": place.code,
        "needs": list(place.needs),
    }


def _cascade(answer: Answer, cascade: Cascade, cost: Price) -> dict[str, object]:
    return {
        **_root(cascade.root),
        "runs": _steps(cascade.steps, answer.seconds),
        **_price(cost),
    }


def _root(root: Root) -> dict[str, object]:
    return {"step": root.step, "reasons": [_reason(one) for one in root.reasons]}


def _reason(reason: Reason) -> dict[str, object]:
    return {
        "code": reason.code,
        "fields": [
            {"field": one.field, "before": one.before, "after": one.after}
            for one in reason.fields
        ],
        "steps": list(reason.steps),
    }


def _steps(
    ids: tuple[str, ...], seconds: Mapping[str, float]
) -> list[dict[str, object]]:
    return [{"step": id_, "seconds": seconds.get(id_)} for id_ in ids]


def _price(cost: Price) -> dict[str, object]:
    return {"seconds": round(cost.seconds, 3), "unmeasured": list(cost.unmeasured)}
