"""The cost of a new lock compared with the file's, reported before it is written."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from dynbuild import api
from dynbuild.cli.images import every_image
from dynbuild.cli.output import tell
from dynbuild.cli.render.diff_text import summary
from dynbuild.cli.store import looked_up, tiers_in
from dynbuild.commands.diff import Side, compared
from dynbuild.commands.lock import Locked
from dynbuild.commands.lock_requests import LockOptions
from dynbuild.commands.lock_warnings import OUTGROWN
from dynbuild.environment.model import Environment
from dynbuild.environment.project import Project
from dynbuild.errors import LockError
from dynbuild.explain.past import Provenance
from dynbuild.lockfile.codec import loads
from dynbuild.lockfile.model import Lock
from dynbuild.ports import Tier

if TYPE_CHECKING:
    from dynbuild.declaration.loaded import Loaded


def priced(
    project: Project, loaded: "Loaded", locked: Locked, *, repack: bool
) -> Locked:
    """Tell the cost of a repack before it is written, or add it to the advice."""
    tiers = tiers_in(project)
    if repack:
        for price in _prices(project, locked, tiers):
            tell(price)
        return locked
    told = "; ".join(prices_of_repack(project, loaded, tiers))
    warnings = (
        replace(warning, hint=f"{warning.hint}\n({told})")
        if warning.code == OUTGROWN and told
        else warning
        for warning in locked.warnings
    )
    return replace(locked, warnings=tuple(warnings))


def prices_of_repack(
    project: Project, loaded: "Loaded", tiers: Mapping[Provenance, Tier]
) -> list[str]:
    """Return what it costs to begin the lock anew, by what tiers hold."""
    options = LockOptions(repack=True)
    packed = api.lock(loaded, Environment(project), options, dry_run=True)
    return _prices(project, packed, tiers)


def _prices(
    project: Project, locked: Locked, tiers: Mapping[Provenance, Tier]
) -> list[str]:
    """Return what the images of a lock cost, a line for each of which it is known."""
    priced = (
        (image.name, _price_of(image.project, image.lock, tiers))
        for image in every_image(project, locked.lock)
    )
    return [f"{name}: {price}" if name else price for name, price in priced if price]


def _price_of(
    project: Project, lock: Lock, tiers: Mapping[Provenance, Tier]
) -> str | None:
    """Return one line; None if the file has no lock to compare with."""
    text = project.locks.read()
    if text is None:
        return None
    try:
        before = Side(project.place.lock, loads(text))
        difference = compared(before, Side("", lock), None, looked_up(project, tiers))
    except LockError:
        return None
    return summary(difference)
