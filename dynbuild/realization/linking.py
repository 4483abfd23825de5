"""The layers of the image: those of the linked steps, within the layer budget."""

import json
from contextlib import suppress

from dynbuild.digest import sha256
from dynbuild.emit.config import working_directory
from dynbuild.emit.workdir import missing_directories
from dynbuild.explain.past import PastStep
from dynbuild.link.budget import BUDGET
from dynbuild.link.model import WriteSet, Written
from dynbuild.lockfile.model import Lock
from dynbuild.ports import Stack
from dynbuild.realization.model import Backends, RealizeResult
from dynbuild.realization.recording import squash
from dynbuild.realization.squashing import grouped, together


def linked(
    lock: Lock, outcome: RealizeResult, backends: Backends
) -> tuple[Stack, tuple[WriteSet, ...], tuple[PastStep, ...]]:
    """Return the layers of the image, their write sets, and the squashes made.

    Layers and write sets come lowest first. The write sets are not read where it is
    already known which directories the layers lack. Raises LostError.
    """
    recipe = outcome.recipe
    base = recipe.base
    places = outcome.plan.places
    ids = [places.places[digest].id for digest in places.image]
    records = dict(zip(ids, outcome.records, strict=True))
    writes = (base.writes, *(record.writes for record in records.values()))
    parts = (base.layers, *(record.layers for record in records.values()))
    directory = working_directory(lock)
    made = _missing(
        directory, tuple(x for part in parts for x in part), writes, backends
    )
    room = BUDGET - len(base.layers) - bool(made)
    steps = {placed.id: placed for placed in recipe.order}
    groups = grouped(
        [steps[id_] for id_ in ids], records, base.writes, recipe.moves, room
    )
    own, squashes = together(
        groups, recipe.platform, backends.tier, backends.layer_writer
    )
    layers = [*base.layers, *own]
    if made:
        layers.append(backends.layer_writer.directories(made))
        writes += (dict.fromkeys(made, Written("directory", 0o755)),)
    past = tuple(
        squash(f"squash {number}", one) for number, one in enumerate(squashes, 1)
    )
    return tuple(layers), writes, past


def _missing(
    directory: str, layers: Stack, writes: tuple[WriteSet, ...], backends: Backends
) -> tuple[str, ...]:
    """Return the directories that ``directory`` still needs, and cache the result."""
    told = "\n".join([directory, *(layer.diff_id for layer in layers)])
    note = "missing-" + sha256(told.encode()).removeprefix("sha256:")
    if (known := backends.machine.noted(note)) is not None:
        with suppress(ValueError, TypeError):
            return tuple(map(str, json.loads(known)))
    missing = missing_directories(directory, writes)
    backends.machine.note(note, json.dumps(missing))
    return missing
