"""An image that extends others: what may serve it is built in these first."""

from collections.abc import Generator
from dataclasses import replace

from dynbuild.building import StepResult
from dynbuild.link.choice import Held
from dynbuild.realization import progress
from dynbuild.realization.model import Asked, Backends, RealizeResult, Recipe


def built_above(
    image: Asked,
) -> Generator[Asked, RealizeResult, tuple[StepResult, ...]]:
    """Ask for what is to be built in the images above, one after the other.

    An inherited stage that is to be built, and may serve here as its owner's image
    builds it, is built there: it then serves all images that extend it. Returns the
    results of the steps that ran. Raises BuildFailed for what failed above.
    """
    ran: list[StepResult] = []
    how, recipe = image.how, image.recipe
    for at in range(len(recipe.above) if image.open_above else 0):
        assert image.open_above is not None
        records = records_of(recipe, image.backends)
        wanted = progress.begin(recipe, how, records).image.wanted.get(at)
        if not wanted:
            continue
        own = replace(how, anew=frozenset(), before=None, only=frozenset(wanted))
        outcome = (yield replace(image.open_above(at), how=own)).whole()
        image.backends.tier.share(outcome.held_here)
        ran += [step for step in outcome.steps if step.ran]
    return tuple(ran)


def beside(
    above: tuple[StepResult, ...], steps: tuple[StepResult, ...]
) -> tuple[StepResult, ...]:
    """Return the results of an image's steps with those of what was built above.

    A stage that ran there did not run here.
    """
    ran = {step.step for step in above}
    return (*above, *(step for step in steps if step.ran or step.step not in ran))


def records_of(recipe: Recipe, backends: Backends) -> tuple[Held, ...]:
    """Return what tiers hold of the steps of a recipe, and of the images above it."""
    above = (digest for one in recipe.above for digest in one.digests.values())
    steps = [*recipe.digests.values(), *recipe.previous.values(), *above]
    return backends.tier.held(steps)
