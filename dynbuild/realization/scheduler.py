"""The scheduler: which of the missing steps of all images start now. It only decides.

The steps with the longest remaining path start first. Steps that can only follow one
another become one chain, which one build makes. So does a step with what it alone
copies from (``inline``). Where several images are made at once, each of their steps is
built once, for the first of them that needs it.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from typing import TypeAlias

from dynbuild import quote
from dynbuild.digest import PlacedDigest, StepDigest
from dynbuild.link.budget import LONGEST, height_of
from dynbuild.link.placement import Placement
from dynbuild.realization.inline import (
    builds_with_sources,
    innermost,
    places_in_builder,
)
from dynbuild.realization.progress import Progress, StepState
from dynbuild.values import dataclass

Chain: TypeAlias = tuple[Placement, ...]


def next_chains(
    images: Sequence[Progress], at_work: Sequence[Collection[str]] = ()
) -> tuple[tuple[int, Chain], ...]:
    """Return the chains that may start now, each with the position of its image.

    They are at most as many as there are free jobs. A locked cache mount is used by one
    chain at a time. ``at_work`` has, for each image, what may not start for it: the
    keys of the jobs that have not ended, those included whose results are known (a
    place that was left in the builder may be built again by the time that its first job
    ends), and the places that jobs of other images build.
    """
    free = images[0].how.jobs - sum(len(one.running) for one in images)
    ready = [
        (at, place)
        for at, places in enumerate(own_missing(images))
        for place in places.values()
        if images[at].states[place.digest] is StepState.READY
    ]
    if free <= 0 or not ready:
        return ()
    crowd = _Crowd.of(images)
    locked = {
        mount
        for one in images
        for key, chain in one.running.items()
        if key not in one.unread
        for place in chain
        for mount in one.recipe.locked[place.id]
    }
    begun: set[str] = set()
    chains: list[tuple[int, Chain]] = []
    for at, first in sorted(ready, key=lambda one: -crowd.paths[one[1].digest]):
        if len(chains) == free:
            break
        progress = images[at]
        chain = crowd.chain(at, first, locked)
        mounts = {m for place in chain for m in progress.recipe.locked[place.id]}
        digests = {place.digest for place in chain}
        busy = {*begun, *progress.running, *(at_work[at] if at_work else ())}
        if not digests & busy and not mounts & locked:
            locked |= mounts
            begun |= digests
            chains.append((at, chain))
    return tuple(chains)


def own_missing(images: Sequence[Progress]) -> list[dict[PlacedDigest, Placement]]:
    """Return what is to be built for each image: what several need, for the first.

    Nothing more is built for an image that failed.
    """
    taken: set[PlacedDigest] = set()
    found: list[dict[PlacedDigest, Placement]] = []
    for one in images:
        missing = one.missing if one.failed is None else ()
        own = {place.digest: place for place in missing if place.digest not in taken}
        taken |= own.keys()
        found.append(own)
    return found


@dataclass(frozen=True, slots=True)
class _Crowd:
    """All images at once, as far as something is to be built for them.

    ``own`` has what is built for each, ``missing`` all of it, each place once;
    ``paths`` the longest path of any image that needs a place. ``copied`` is what one
    waits to copy from, ``shared`` the steps of more than one image.
    """

    images: Sequence[Progress]
    own: Sequence[Mapping[PlacedDigest, Placement]]
    missing: Sequence[Placement]
    copied: Collection[PlacedDigest]
    paths: Mapping[PlacedDigest, float]
    shared: Collection[StepDigest]
    ways: dict[int, "_Ways"] = field(default_factory=dict)

    @classmethod
    def of(cls, images: Sequence[Progress]) -> "_Crowd":
        own = own_missing(images)
        paths: dict[PlacedDigest, float] = {}
        for one in images:
            for place in one.missing if one.failed is None else ():
                path = max(one.paths[place.id], paths.get(place.digest, 0.0))
                paths[place.digest] = path
        missing = [place for places in own for place in places.values()]
        copied = {source for place in missing for source in place.sources}
        return cls(images, own, missing, copied, paths, shared_steps(images))

    def chain(self, at: int, first: Placement, locked: Collection[str]) -> Chain:
        """Return what one build makes of a place of an image that is ready."""
        if at not in self.ways:
            self.ways[at] = _Ways.of(self.images[at], self.shared)
        ways = self.ways[at]
        if (chain := ways.with_sources.get(first.digest)) is not None:
            return chain
        # A source may have been inline to a step that has another place now.
        source = innermost(first, ways.unkept)
        if ways.alone or source:
            return (source or first,)
        return self._followed(at, first, locked)

    def _followed(self, at: int, first: Placement, locked: Collection[str]) -> Chain:
        """Return a missing step and the steps that can only follow it one by one.

        One build makes them all, faster than one build each: each stands on the one
        before it, in the Dockerfile as well, and nothing else waits for that one, of
        whichever image. The builder holds all of one build to the same limits.
        """
        progress = self.images[at]
        recipe, unforeseen = progress.recipe, progress.plan.places.unforeseen
        # Once this is built, what another image built may stand in for the next.
        awaited = progress.image.awaited | progress.withheld
        chain = [first]
        while sum(height_of(recipe.steps[place.id].step) for place in chain) < LONGEST:
            last = chain[-1]
            # If it has to be put on another step after all, it is built again, and what
            # was built on it in one go would be as well.
            if last.digest in unforeseen or last.digest in self.copied:
                break
            waiting = [one for one in self.missing if last.digest in one.closure]
            if not awaited.isdisjoint(place.id for place in waiting):
                break
            followers = [
                place
                for place in waiting
                if {*place.closure} == {*last.closure, last.digest}
            ]
            if len(followers) != 1:
                break
            (follower,) = followers
            if follower.digest not in self.own[at] or not all(
                place is follower or follower.digest in place.closure
                for place in waiting
            ):
                break
            # What an unbuilt step writes is a guess from its previous place: a step
            # that is put on it for that may not have to be.
            if {join.onto for join in follower.joins} & {place.id for place in chain}:
                break
            parent = recipe.parents[quote.stage(follower.id)]
            if parent != quote.stage(last.id) or recipe.locked[follower.id] & {*locked}:
                break
            if not recipe.limits_alike(follower.id, first.id):
                break
            chain.append(follower)
        return tuple(chain)


@dataclass(frozen=True, slots=True)
class _Ways:
    """The ways in which the missing steps of one image may be built.

    ``alone``: each in a build of its own.
    """

    with_sources: Mapping[PlacedDigest, Chain]
    unkept: Mapping[PlacedDigest, Placement]
    alone: bool

    @classmethod
    def of(cls, progress: Progress, shared: Collection[StepDigest]) -> "_Ways":
        # A build of several steps could make what another one waits to copy from.
        missing = progress.missing
        awaited = {place.digest for place in missing}
        unkept = places_in_builder(progress)
        return cls(
            builds_with_sources(progress, shared),
            unkept,
            any(
                source in awaited or source in unkept
                for place in missing
                for source in place.sources
            ),
        )


def shared_steps(images: Sequence[Progress]) -> frozenset[StepDigest]:
    """Return the steps that more than one image has, or is made from.

    While images above build what one of them wants, these have them as well.
    """
    count: Counter[StepDigest] = Counter()
    for one in images:
        above = {digest for has in one.recipe.above for digest in has.digests.values()}
        count.update({*one.recipe.digests.values(), *above})
        if one.early:
            count.update(above)
    return frozenset(digest for digest, times in count.items() if times > 1)
