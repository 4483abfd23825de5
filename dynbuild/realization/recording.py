"""Recording of a realization in the history."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from dynbuild import quote
from dynbuild.explain.past import History, PastBuild, PastStep, Provenance
from dynbuild.lockfile.codec import dumps
from dynbuild.lockfile.model import Lock
from dynbuild.plan import Reuse
from dynbuild.ports import LostError
from dynbuild.realization.model import RealizeResult
from dynbuild.realization.squashing import Squash
from dynbuild.steps.title import title


@contextmanager
def recording_history(
    history: History, lock: Lock, outcome: RealizeResult, sources: Sequence[Provenance]
) -> Iterator[list[PastStep]]:
    """Record the result in the history at the end, even if making the image fails.

    ``sources`` names the tiers, near to far. The caller appends squashes to the list
    that is yielded.
    """
    squashes: list[PastStep] = []
    built = _past_build(lock, outcome, sources)
    try:
        yield squashes
    except LostError:
        raise  # the caller starts over
    except BaseException:
        # A failure outside of the steps, or an interrupt by the user.
        failed = built.failed or ""
        history.keep(replace(built, steps=(*built.steps, *squashes), failed=failed))
        raise
    history.keep(replace(built, steps=(*built.steps, *squashes)))


def _past_build(
    lock: Lock, outcome: RealizeResult, sources: Sequence[Provenance]
) -> PastBuild:
    failed = None
    if outcome.failed is not None:
        ids = {quote.stage(placed.id): placed.id for placed in outcome.recipe.order}
        failed = ids.get(outcome.failed.step, "") if outcome.failed.step else ""
    steps = tuple(_steps(outcome, sources))
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


def _steps(outcome: RealizeResult, sources: Sequence[Provenance]) -> Iterator[PastStep]:
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
