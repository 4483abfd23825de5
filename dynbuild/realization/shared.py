"""A layer that was copied for one platform, taken for another, not packed again.

Only where that cannot be told from copying: a stage that takes files of the project
alone, whose owners are numbers, and which finds the same where they go. What is shared
is the layer: the step and its record are of their own platform.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from dynbuild.digest import Description, Field
from dynbuild.link.choice import Held
from dynbuild.link.model import Record
from dynbuild.link.placement import Placement
from dynbuild.link.shared import lands_alike
from dynbuild.realization.builds import held_meanwhile
from dynbuild.realization.chains import BuildChain
from dynbuild.realization.model import Backends, BuiltStep, ChainResult, Kept, Recipe
from dynbuild.realization.progress import Progress
from dynbuild.steps.model import Stage, Step
from dynbuild.steps.recipe import copies_of, run_of

_NUMBERS = re.compile(r"[0-9]+(?::[0-9]+)?")


def twin(own: Progress, place: Placement, other: Progress) -> Placement | None:
    """Return the place of the same files' copy in the image for another platform."""
    mine, theirs = own.recipe, other.recipe
    if mine.platform == theirs.platform or not is_shareable(mine, place.id):
        return None
    found = other.plan.places.final.get(place.id)
    if found is None or place.id not in theirs.described:
        return None
    if _apart(mine.described[place.id]) != _apart(theirs.described[place.id]):
        return None
    return other.plan.places.places[found]


def made(other: Progress, place: Placement) -> Record | None:
    """Return the record of a place that was built in this run, and is kept whole."""
    return next(
        (
            one.held.record
            for one in other.built
            if one.here
            and one.kept is Kept.WHOLE
            and one.held.record.placed == place.digest
        ),
        None,
    )


def is_same_layer(work: BuildChain, twins: BuildChain, step: Step) -> bool:
    """Whether a step leaves the same on what it is built on as its twin on its own."""
    return lands_alike(_targets(step), work.ground.writes, twins.ground.writes)


def take_layer(
    work: BuildChain, record: Record, backends: Backends
) -> Iterator[ChainResult]:
    """Record a step with the layers of its twin, as ``build_chain`` would build it."""
    (place,), (origin,) = work.chain, work.origins
    with backends.machine.alone([place.step], lambda: None):
        built = held_meanwhile(work, backends.tier)
        if not built:
            own = replace(
                record,
                placed=place.digest,
                step=place.step,
                platform=work.platform,
                on=origin.on,
                sources=origin.sources,
                joins=origin.joins,
                signatures=(),
            )
            built = [BuiltStep(place.id, Held(own), here=True, ran=False)]
            backends.tier.expect([own])
        yield ChainResult(tuple(built), None)
        for one in built:
            if one.here:
                backends.tier.record(one.held.record)


def is_shareable(recipe: Recipe, id_: str) -> bool:
    """Whether a step takes files of the project alone, for owners that are numbers."""
    placed = recipe.steps[id_]
    stage = placed.step
    if not isinstance(stage, Stage) or placed.own_base is not None or stage.add:
        return False
    if run_of(stage, {}, None) is not None or not (stage.copies or stage.files):
        return False
    owners = [copy.owner for copy in stage.copies]
    owners += [file.owner for file in stage.files]
    return all(copy.of_project for copy in stage.copies) and all(
        owner is None or _NUMBERS.fullmatch(owner) for owner in owners
    )


def _targets(step: Step) -> list[str]:
    files = step.files if isinstance(step, Stage) else ()
    return [*(copy.to for copy in copies_of(step)), *(file.to for file in files)]


def _apart(described: Description) -> Mapping[str, Field]:
    """Return a description without what differs on each platform."""
    return {**described, "platform": "", "base": "", "stands_on": []}
