"""The layers of the image: those of the linked steps, within the budget."""

from dynbuild.commands.stepwise.kept import squash
from dynbuild.commands.stepwise.steps import Outcome, Recipe, Site
from dynbuild.emit.config import working_directory
from dynbuild.emit.workdir import missing_directories
from dynbuild.explain.past import PastStep, Source
from dynbuild.link.budget import BUDGET, Member, groups, height_of
from dynbuild.link.model import Record, WriteSet, Written
from dynbuild.link.squash import squashed_digest
from dynbuild.link.writes import stacked
from dynbuild.lock.model import Lock
from dynbuild.ports import Stack
from dynbuild.steps.model import Stage


def linked(
    lock: Lock, outcome: Outcome, site: Site
) -> tuple[Stack, WriteSet, tuple[PastStep, ...]]:
    """The layers of the image, lowest first, and what they hold. Raises LostError.

    With them come the layers that were made of those of several steps.
    """
    recipe = outcome.recipe
    base = recipe.base
    places = outcome.plan.places
    ids = [places.places[digest].id for digest in places.image]
    records = dict(zip(ids, outcome.records, strict=True))
    tree = stacked([base.writes, *(record.writes for record in records.values())])
    made = missing_directories(working_directory(lock), [tree])
    room = BUDGET - len(base.layers) - bool(made)
    steps = {placed.id: placed for placed in recipe.order}
    members = [
        Member(
            id_,
            steps[id_].seq,
            height_of(steps[id_].step),
            lock.stages[id_].moves if isinstance(steps[id_].step, Stage) else 0,
            system=not isinstance(steps[id_].step, Stage),
            live=steps[id_].live,
        )
        for id_ in ids
    ]
    layers = list(base.layers)
    squashes: list[PastStep] = []
    for group in groups(members, room):
        own = tuple(layer for id_ in group for layer in records[id_].layers)
        together = len(group) > 1 and len(own) > 1
        if together:
            record, source = _squashed(own, recipe, site)
            name = f"squash.{len(squashes) + 1}"
            squashes.append(squash(name, group, record, source))
            own = record.layers
        layers += own
    if made:
        layers.append(site.workshop.directories(made))
        tree = {**tree, **dict.fromkeys(made, Written("directory", 0o755))}
    return tuple(layers), tree, tuple(squashes)


def _squashed(layers: Stack, recipe: Recipe, site: Site) -> tuple[Record, Source]:
    """A squash from the tier, where it lies under the digests of its parts."""
    name = squashed_digest(layer.diff_id for layer in layers)
    for record in site.tier.find([name], recipe.platform):
        return record, site.sources[0]
    layer = site.workshop.squash(layers)
    record = Record(name, name, recipe.platform, (), (layer,), {}, 0.0)
    site.tier.record(record)
    return record, "squashed"
