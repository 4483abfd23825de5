"""The loop at the edge: asks the tiers, starts jobs, and takes their results.

What is decided is decided in ``progress`` and ``scheduler``, which do nothing else. A
missing step is built on the layers that the plan chose for its closure. The plan is
made again after every chain: only then is it known what its steps wrote, and whether
they have to stand on more than they declare.
"""

from functools import partial

from dynbuild.building import StepFinished
from dynbuild.link.choice import Held
from dynbuild.realization import progress as changes
from dynbuild.realization.builds import build_chain
from dynbuild.realization.chains import chain_of
from dynbuild.realization.model import Backends, Gather, How, RealizeResult, Recipe
from dynbuild.realization.scheduler import next_chains


def realize_steps(
    recipe: Recipe, how: How, backends: Backends, gather: Gather
) -> RealizeResult:
    """Build missing steps until every step has a record.

    Live files may change until they are gathered, and the recipe with them. A failed
    step is reported in the result. Raises LostError when the tier lost a stored object;
    what other jobs built is recorded by then.
    """
    progress = changes.begin(recipe, how, _records(recipe, backends))
    gathered: set[str] = set()
    while True:
        # A placement that only a build reveals may require more steps to be built.
        while missing := {place.id for place in progress.missing} - gathered:
            gathered |= missing
            recipe = gather(gathered)
            held = _records(recipe, backends)
            progress = changes.looked_up(progress, recipe, held)
        progress, reused = changes.reported(progress)
        for result in reused:
            backends.report(StepFinished(result.step, result.seconds, ran=False))
        for chain in next_chains(progress):
            work = chain_of(chain, progress.recipe, progress.plan, progress.refused)
            progress = changes.started(progress, chain)
            backends.jobs.start(chain[0].digest, partial(build_chain, work, backends))
        if not backends.jobs.keys():
            return changes.result_of(progress)
        progress = changes.took(progress, backends.jobs.wait())


def _records(recipe: Recipe, backends: Backends) -> tuple[Held, ...]:
    steps = [*recipe.digests.values(), *recipe.previous.values()]
    return backends.tier.held(steps, recipe.platform)
