"""The scheduler: which of the missing steps start now. It only decides.

The steps with the longest remaining path start first. Steps that can only follow one
another become one chain, which one build makes.
"""

from collections.abc import Collection, Mapping, Sequence

from dynbuild import quote
from dynbuild.digest import PlacedDigest
from dynbuild.link.budget import LONGEST, height_of
from dynbuild.link.placement import Placement
from dynbuild.lockfile.order import Placed
from dynbuild.realization.model import Recipe
from dynbuild.realization.progress import Progress, StepState
from dynbuild.steps.recipe import copies_of


def next_chains(progress: Progress) -> tuple[tuple[Placement, ...], ...]:
    """Return the chains that may start now, at most as many as there are free jobs.

    A locked cache mount is used by one chain at a time.
    """
    recipe, states = progress.recipe, progress.states
    free = progress.how.jobs - len(progress.running)
    ready = [
        place for place in progress.missing if states[place.digest] is StepState.READY
    ]
    if progress.failed is not None or not ready or free <= 0:
        return ()
    locked = {
        mount
        for key, chain in progress.running.items()
        if key not in progress.unread
        for place in chain
        for mount in recipe.locked[place.id]
    }
    paths = longest_paths(recipe.order, progress.how.seconds)
    # A build of several steps could make what another one waits to copy from.
    awaited = {place.digest for place in progress.missing}
    alone = any(
        source in awaited for place in progress.missing for source in place.sources
    )
    unforeseen = progress.plan.places.unforeseen
    chains: list[tuple[Placement, ...]] = []
    for first in sorted(ready, key=lambda place: -paths[place.id]):
        if len(chains) < free and not recipe.locked[first.id] & locked:
            rest = () if alone else progress.missing
            chain = _chain(first, rest, recipe, locked, unforeseen)
            locked |= {mount for place in chain for mount in recipe.locked[place.id]}
            chains.append(chain)
    return tuple(chains)


def _chain(
    first: Placement,
    missing: Sequence[Placement],
    recipe: Recipe,
    locked: set[str],
    unforeseen: Collection[PlacedDigest],
) -> tuple[Placement, ...]:
    """Return a missing step and the steps that can only follow it one by one.

    One build makes them all, faster than one build each: each stands on the one
    before it, in the Dockerfile as well, and nothing else waits for that one.
    """
    chain = [first]
    while sum(height_of(recipe.steps[place.id].step) for place in chain) < LONGEST:
        last = chain[-1]
        # If it has to be put on another step after all, it is built again, and what
        # was built on it in one go would be as well.
        if last.digest in unforeseen:
            break
        waiting = [place for place in missing if last.digest in place.closure]
        followers = [
            place
            for place in waiting
            if {*place.closure} == {*last.closure, last.digest}
        ]
        if len(followers) != 1:
            break
        (follower,) = followers
        if not all(
            place is follower or follower.digest in place.closure for place in waiting
        ):
            break
        # What an unbuilt step writes is a guess from its previous place: a step that is
        # put on it for that may not have to be.
        if {join.onto for join in follower.joins} & {place.id for place in chain}:
            break
        parent = recipe.parents[quote.stage(follower.id)]
        if parent != quote.stage(last.id) or recipe.locked[follower.id] & locked:
            break
        chain.append(follower)
    return tuple(chain)


def longest_paths(
    order: Sequence[Placed], seconds: Mapping[str, float]
) -> dict[str, float]:
    """Return the longest time from the start of each step to the end of all steps.

    In seconds; a step that never ran counts as one second.
    """
    path: dict[str, float] = {}
    behind: dict[str, float] = {}
    for placed in reversed(order):
        path[placed.id] = behind.get(placed.id, 0.0) + seconds.get(placed.id, 1.0)
        sources = (copy.stage for copy in copies_of(placed.step) if copy.stage)
        for below in (*placed.on, *sources):
            behind[below] = max(behind.get(below, 0.0), path[placed.id])
    return path
