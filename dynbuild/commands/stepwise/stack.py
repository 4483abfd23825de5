"""The layers of the image: those of the linked steps, within the budget."""

from dynbuild.commands.stepwise.squashes import grouped, together
from dynbuild.commands.stepwise.steps import Outcome, Recipe, Site
from dynbuild.emit.config import working_directory
from dynbuild.emit.workdir import missing_directories
from dynbuild.link.budget import BUDGET
from dynbuild.link.model import WriteSet, Written
from dynbuild.link.writes import stacked
from dynbuild.lock.model import Lock
from dynbuild.ports import Stack


def linked(
    lock: Lock, recipe: Recipe, outcome: Outcome, site: Site
) -> tuple[Stack, WriteSet]:
    """The layers of the image, lowest first, and what they hold. Raises LostError."""
    base = recipe.base
    places = outcome.plan.places
    ids = [places.places[digest].id for digest in places.image]
    records = dict(zip(ids, outcome.records, strict=True))
    tree = stacked([base.writes, *(record.writes for record in records.values())])
    made = missing_directories(working_directory(lock), [tree])
    room = BUDGET - len(base.layers) - bool(made)
    steps = {placed.id: placed for placed in recipe.order}
    groups = grouped(
        [steps[id_] for id_ in ids], records, base.writes, recipe.moves, room
    )
    own = together(groups, recipe.platform, site.tier, site.workshop)
    layers = [*base.layers, *own]
    if made:
        layers.append(site.workshop.directories(made))
        tree = {**tree, **dict.fromkeys(made, Written("directory", 0o755))}
    return tuple(layers), tree
