"""Recording of a realization in the history."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field, replace

from dynbuild import quote
from dynbuild.explain.past import History, PastBuild, PastStep, Provenance
from dynbuild.lockfile.codec import dumps
from dynbuild.lockfile.model import Lock
from dynbuild.plan import Reuse
from dynbuild.ports import LostError
from dynbuild.realization.model import RealizeResult
from dynbuild.realization.squashing import Squash
from dynbuild.steps.title import title
from dynbuild.values import dataclass


@dataclass()
class Recorded:
    """What the history gets: the result as it is known at the end, and squashes."""

    outcome: RealizeResult
    squashes: list[PastStep] = field(default_factory=list)


@contextmanager
def recording_history(
    history: History, lock: Lock, outcome: RealizeResult, sources: Sequence[Provenance]
) -> Iterator[Recorded]:
    """Record the result in the history at the end, even if making the image fails.

    ``sources`` names the tiers, near to far. The caller completes what is yielded.
    """
    recorded = Recorded(outcome)
    try:
        yield recorded
    except LostError:
        raise  # the caller starts over
    except BaseException:
        # A failure outside of the steps, or an interrupt by the user.
        built = _past_build(lock, recorded, sources)
        history.keep(replace(built, failed=built.failed or ""))
        raise
    history.keep(_past_build(lock, recorded, sources))


def _past_build(
    lock: Lock, recorded: Recorded, sources: Sequence[Provenance]
) -> PastBuild:
    outcome, failed = recorded.outcome, None
    if outcome.failed is not None:
        ids = {quote.stage(placed.id): placed.id for placed in outcome.recipe.order}
        failed = ids.get(outcome.failed.step, "") if outcome.failed.step else ""
    steps = (*past_steps(outcome, sources), *recorded.squashes)
    return PastBuild(dumps(lock), outcome.recipe.platform, steps, failed)


def squash(name: str, one: Squash) -> PastStep:
    """Describe a layer squashed from several steps, now or before; it is not a step."""
    steps, record = one.steps, one.record
    what = f"{len(steps)} steps from {steps[0]} to {steps[-1]}"
    return PastStep(
        id=name,
        kind="squash",
        title=what,
        digest=record.step,
        placed=record.placed,
        description={},
        source="squashed",
        seconds=record.seconds,
        size=sum(layer.size for layer in record.layers),
        ran=False,
    )


def past_steps(
    outcome: RealizeResult, sources: Sequence[Provenance]
) -> Iterator[PastStep]:
    """Yield the steps that exist now, in lock order, and where each is from."""
    recipe, plan = outcome.recipe, outcome.plan
    ran = {result.step for result in outcome.steps if result.ran}
    for placed in recipe.order:
        place = plan.places.final.get(placed.id)
        choice = None if place is None else plan.choices[place]
        if place is None or not isinstance(choice, Reuse):
            continue
        described = recipe.described[placed.id]
        yield PastStep(
            id=placed.id,
            kind=str(described["kind"]),
            title=title(placed.step),
            digest=recipe.digests[placed.id],
            placed=place,
            description=described,
            source="built" if place in outcome.here else sources[choice.distance],
            seconds=choice.record.seconds,
            size=sum(layer.size for layer in choice.record.layers),
            ran=quote.stage(placed.id) in ran,
            onto=tuple(join.onto for join in plan.places.places[place].joins),
        )
