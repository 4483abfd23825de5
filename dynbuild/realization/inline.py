"""Which steps are built together with what they copy from. It only decides.

A build-only step that one other step copies from, and none stands on, is of use to the
image through that copy alone. One build makes both, and gives the layers of the copier;
those of the source, often large, stay in the builder until the image is made
(``keeping``). See docs/decisions/0027-image-first.md.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from dynbuild import quote
from dynbuild.digest import PlacedDigest, StepDigest
from dynbuild.link.placement import Placement
from dynbuild.plan import Reuse, sources_of
from dynbuild.realization.progress import Progress, StepState
from dynbuild.steps.model import Step
from dynbuild.steps.recipe import copies_of
from dynbuild.values import dataclass

if TYPE_CHECKING:
    from dynbuild.quote import StageName

_BEGINS = {StepState.READY, StepState.WAITING}


def builds_with_sources(
    progress: Progress, shared: Collection[StepDigest] = ()
) -> Mapping[PlacedDigest, tuple[Placement, ...]]:
    """Return the builds of steps with inline sources, by each of their ready places.

    In a build, every step comes after what it copies from; the last one is that whose
    layers it gives. Steps that are ``shared`` with other images are never inline: these
    could not be given their layers.
    """
    # Where all or some steps are to run again, or the image is not the aim, each step
    # is kept as it comes.
    how = progress.how
    if how.anew or how.before is not None or how.only is not None:
        return {}
    rules = _Rules.of(progress, shared)
    found: dict[PlacedDigest, tuple[Placement, ...]] = {}
    # The outermost copier comes last: it takes all that is inline to its sources.
    for copier in progress.missing:
        inline = rules.inline(copier)
        if inline:
            build = (*inline, copier)
            found |= {place.digest: build for place in build}
    return found


def places_in_builder(progress: Progress) -> Mapping[PlacedDigest, Placement]:
    """Return the built places whose layers are still in the builder."""
    unkept = progress.in_builder
    places = progress.plan.places.places
    return {
        digest: places[digest]
        for digest, choice in progress.plan.choices.items()
        if isinstance(choice, Reuse) and choice.record.id in unkept
    }


def innermost(
    place: Placement, unkept: Mapping[PlacedDigest, Placement]
) -> Placement | None:
    """Return the first of a step's unkept sources that has no unkept one itself."""
    for digest in place.sources:
        if digest in unkept:
            return innermost(unkept[digest], unkept) or unkept[digest]
    return None


@dataclass(frozen=True, slots=True)
class _Rules:
    """What decides whether a source is inline.

    ``below`` has the steps that others stand on, ``copiers`` the number of places that
    copy from each place.
    """

    progress: Progress
    below: frozenset[str]
    copiers: Mapping[PlacedDigest, int]
    in_builder: Collection[PlacedDigest]
    shared: Collection[StepDigest]

    @classmethod
    def of(cls, progress: Progress, shared: Collection[StepDigest]) -> "_Rules":
        order = progress.recipe.order
        places = progress.plan.places.places.values()
        return cls(
            progress,
            frozenset(id_ for placed in order for id_ in placed.on),
            Counter(source for place in places for source in place.sources),
            places_in_builder(progress).keys(),
            shared,
        )

    def inline(self, copier: Placement) -> tuple[Placement, ...]:
        """Return the sources that are built with a step; none if it cannot start so."""
        states = self.progress.states
        if states[copier.digest] not in _BEGINS or copier.id in self.progress.withheld:
            return ()
        found: dict[PlacedDigest, Placement] = {}
        if not self._gather(copier, found) or not self._is_sayable(copier, found):
            return ()
        return tuple(found.values())

    def _gather(self, place: Placement, found: dict[PlacedDigest, Placement]) -> bool:
        """Whether all that a step needs is there, or is inline: ``found`` gets that."""
        if not all(map(self._is_there, place.closure)):
            return False
        for digest in place.sources:
            if digest in found or self._is_there(digest):
                continue
            source = self.progress.plan.places.places[digest]
            if not self._may(source, place) or not self._gather(source, found):
                return False
            found[digest] = source
        return True

    def _is_there(self, digest: PlacedDigest) -> bool:
        """Whether the layers of a place are there, to be given to a build."""
        choice = self.progress.plan.choices[digest]
        return isinstance(choice, Reuse) and digest not in self.in_builder

    def _may(self, source: Placement, copier: Placement) -> bool:
        """Whether a source may be inline: all that needs it is its one copier.

        A copier may need it in several places, of which only the first runs it.
        """
        plan, recipe = self.progress.plan, self.progress.recipe
        state = self.progress.states[source.digest]
        same = [
            id_
            for id_ in sources_of(recipe.steps[copier.id].step)
            if plan.places.sources[id_] == source.digest
        ]
        first = state in _BEGINS and self.copiers[source.digest] == 1
        return (
            (first or source.digest in self.in_builder)
            and source.step not in self.shared
            and source.id not in self.progress.withheld
            and not recipe.steps[source.id].linked
            and not _is_looked_at(recipe.steps[source.id].step)
            and self._runs_on(source) == self._runs_on(copier)
            and recipe.limits_alike(source.id, copier.id)
            and source.id not in self.below
            and same == [source.id]
            and recipe.sources[source.id] == quote.stage(source.id)
        )

    def _runs_on(self, place: Placement) -> str:
        """Return the platform of a step: a build is for one."""
        recipe = self.progress.recipe
        return recipe.steps[place.id].runs_on(recipe.platform)

    def _is_sayable(
        self, copier: Placement, inline: Mapping[PlacedDigest, Placement]
    ) -> bool:
        """Whether one Dockerfile can be given all stacks: each has one name there."""
        plan, recipe = self.progress.plan, self.progress.recipe
        places = plan.places.places
        members = (*inline.values(), copier)
        given: list[tuple[StageName, set[PlacedDigest]]] = []
        for place in members:
            given.append((recipe.parents[quote.stage(place.id)], {*place.closure}))
            for id_ in sources_of(recipe.steps[place.id].step):
                digest = plan.places.sources[id_]
                if digest not in inline:
                    stack = {*places[digest].closure, digest}
                    given.append((recipe.sources[id_], stack))
        stacks = dict(given)
        return all(stacks[name] == stack for name, stack in given) and (
            stacks.keys().isdisjoint(quote.stage(place.id) for place in members)
        )


def _is_looked_at(step: Step) -> bool:
    """Whether a step's own layers tell that it succeeded: a pattern has to match."""
    return any(copy.pattern == "needed" for copy in copies_of(step))
