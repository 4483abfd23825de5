"""Opens what tells what images have installed: the tiers, and who reads layers."""

from collections.abc import Iterable

from dynbuild.commands.packages import Shelf
from dynbuild.engine.installed import InstalledReader
from dynbuild.environment.model import Environment
from dynbuild.environment.project import images
from dynbuild.environment.wiring import machine_of, tiers_of
from dynbuild.ports import Tier


def shelf_of(
    environment: Environment,
    opened: Iterable[Tier] | None = None,
    *,
    layers: bool = True,
) -> Shelf:
    """Return where the realizations of an environment's project are looked up.

    ``opened`` are its tiers, if they are open already: one that does not answer costs
    its time-out once. ``layers``: where nobody kept what layers say, they are read.
    Raises DeclarationError.
    """
    root, cache = environment.project.place.root, environment.cache
    if opened is None:
        opened = tiers_of(root, cache, environment.tell).values()
    tiers = [*opened]
    machine = machine_of(environment)
    reader = InstalledReader(tiers, machine, layers=layers)
    return Shelf(environment.project.files, tiers, machine, reader, images)
