"""What is known of the stages of an image on one base, and of another base for it.

Gathered of records, layers and descriptions; ``link/onto`` decides by it.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from dynbuild.inheritance import is_alike
from dynbuild.link.commute import databases_of
from dynbuild.link.entries import MalformedLayerError
from dynbuild.link.model import Record
from dynbuild.link.onto import Layered, Moved, judged
from dynbuild.link.programs import Program, leading, names_of
from dynbuild.link.reads import reads_of
from dynbuild.link.writes import stacked
from dynbuild.lockfile.order import Placed
from dynbuild.plan import Plan, Reuse
from dynbuild.ports import Stack
from dynbuild.realization.model import Backends, RealizeResult, Recipe
from dynbuild.steps.model import Stage


def system_of(recipe: Recipe) -> tuple[str, ...]:
    """Return the steps of the image that are no stages, in lock order."""
    return tuple(
        one.id for one in recipe.order if one.linked and not isinstance(one.step, Stage)
    )


def facts_of(
    was: Recipe, there: Plan, chain: RealizeResult, backends: Backends
) -> tuple[list[Layered], Moved]:
    """Gather what is known of the stages on one base, and of the other."""
    system = system_of(was)
    now = chain.recipe
    before, after = (_records(system, one) for one in (there, chain.plan))
    assert after is not None
    trees = [
        stacked([recipe.base.writes, *(one.writes for one in records or ())])
        for recipe, records in ((was, before), (now, after))
    ]
    moved = Moved(trees[0], trees[1], {})
    lost = "no tier has the packages of the image on its own base"
    stages = [
        _layered(placed, was, there, chain, None if before is not None else lost)
        for placed in now.order
        if isinstance(placed.step, Stage)
        and was.digests.get(placed.id) != now.digests.get(placed.id)
    ]
    unread = [replace(one, programs=()) for one in stages]
    hopeful = judged(unread, moved)
    stages = [
        replace(one, programs=backends.programs(one.record.layers, None))
        if hopeful[one.id] is None and one.record is not None
        else one
        for one in unread
    ]
    programs = [found for one in stages for found in one.programs or ()]
    layers = [
        (*recipe.base.layers, *(x for one in records or () for x in one.layers))
        for recipe, records in ((was, before), (now, after))
    ]
    return stages, replace(moved, defined=_defined(programs, moved, layers, backends))


def _defined(
    programs: Sequence[Program],
    moved: Moved,
    layers: Sequence[Stack],
    backends: Backends,
) -> dict[str, tuple[str, ...]]:
    """Return what the libraries define that programs need, where they changed."""
    trees = (moved.before, moved.after)
    names = names_of(programs)
    try:
        ends = [{*leading(names, tree).values()} if names else set() for tree in trees]
    except MalformedLayerError:
        return {}
    contents = [
        {tree[end].content for end in of} for of, tree in zip(ends, trees, strict=True)
    ]
    both = contents[0] & contents[1]
    defined: dict[str, tuple[str, ...]] = {}
    for of, tree, stack in zip(ends, trees, layers, strict=True):
        files = {one.rpartition("/")[2] for one in of if tree[one].content not in both}
        found = backends.programs(stack, files) if files else ()
        defined |= {one.content: one.defines for one in found or ()}
    return defined


def _layered(
    placed: Placed, was: Recipe, there: Plan, chain: RealizeResult, lost: str | None
) -> Layered:
    id_, step, now = placed.id, placed.step, chain.recipe
    places = there.places
    at = places.final.get(id_)
    if at is None or id_ not in now.digests:
        return Layered(id_, hindrance="it is not known what it copies")
    place = places.places[at]
    system = {*system_of(was)}
    own = [places.places[one].id for one in (*place.closure, *place.sources)]
    needs = [one for one in own if isinstance(was.steps[one].step, Stage)]
    assert isinstance(step, Stage)
    hindrance = lost
    # The variables of a base are in no description of a stage: the base's digest is.
    varied = placed.own_base is None and was.configs[None] != now.configs[None]
    if varied or not is_same_on(now, was, id_):
        hindrance = "the base gives it another environment"
    elif any(
        one not in system and not isinstance(was.steps[one].step, Stage) for one in own
    ):
        hindrance = "it stands on packages of its own"
    elif places.sources.get(id_, at) != at:
        hindrance = "it is in the image and copied from"
    elif any(id_ in _below(plan_, system) for plan_ in (there, chain.plan)):
        hindrance = "packages of the image stand on it"
    choice = there.choices[at]
    record = choice.record if isinstance(choice, Reuse) else None
    below = [there.choices[one] for one in place.closure]
    return Layered(
        id=id_,
        record=record,
        needs=tuple(needs),
        below=tuple(
            one.record.writes
            for digest, one in zip(place.closure, below, strict=True)
            if isinstance(one, Reuse) and places.places[digest].id not in system
        ),
        reads=(*reads_of(step), *(record.reads if record else ())),
        touches=databases_of(step),
        hindrance=hindrance,
    )


def is_same_on(now: Recipe, was: Recipe, id_: str) -> bool:
    """Whether a stage is the same on two bases but for the steps that it needs."""
    stage = now.steps[id_].step
    assert isinstance(stage, Stage)
    gone = {"base": "", "rebased": ""}
    one, other = ({**recipe.described[id_], **gone} for recipe in (now, was))
    return is_alike(stage, one, other)


def _below(planned: Plan, system: Collection[str]) -> set[str]:
    """Return all that the packages of an image stand on."""
    places = planned.places
    return {
        places.places[digest].id
        for id_ in system
        for digest in places.places[places.final[id_]].closure
    }


def _records(ids: Sequence[str], planned: Plan) -> tuple[Record, ...] | None:
    """Return the records of steps in their places; None if one is not held."""
    choices = [planned.choices[planned.places.final[id_]] for id_ in ids]
    found = tuple(one.record for one in choices if isinstance(one, Reuse))
    return found if len(found) == len(ids) else None
