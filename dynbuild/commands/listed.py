"""The packages that an image or a stage lists, and where they come from."""

from dynbuild.declaration.schema import Declaration, ImageFields
from dynbuild.declaration.schema_stage import Stage
from dynbuild.steps.log import EVERYTHING
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import Index
from dynbuild.steps.snapshots import Snapshot

_LISTED = [
    (row, row.field, row.upgrade_field if row.system else None)
    for row in MANAGERS.values()
]
"""The managers with their lists, and the fields that upgrade all that they manage."""

_INDEXED = [(row, row.index_field) for row in MANAGERS.values() if row.index_field]
"""The managers whose packages come from where a field says."""


def packages_of(declaration: ImageFields | Stage) -> dict[str, dict[str, str]]:
    found = {}
    for manager, field, upgraded in _LISTED:
        listed = getattr(declaration, field)
        specs = {
            manager.package(spec): manager.spelled(spec) for spec in sorted(listed)
        }
        if upgraded and getattr(declaration, upgraded):
            specs[EVERYTHING] = EVERYTHING
        if specs:
            found[manager.name] = specs
    return found


def snapshot_of(declaration: ImageFields) -> Snapshot | None:
    """Return the time that new packages come from, if the declaration says one."""
    said = declaration.apt_snapshot
    return None if said is None else Snapshot(said.at, dict(said.mirrors))


def indexes_of(
    declaration: ImageFields | Stage,
) -> dict[str, tuple[Index, ...]]:
    return {
        manager.name: tuple(Index(**dict(one)) for one in declared)
        for manager, field in _INDEXED
        if (declared := getattr(declaration, field))
    }


def own_indexes_of(
    declaration: Declaration, stage: Stage
) -> dict[str, tuple[Index, ...]]:
    """Return where a stage's packages come from: as it says, else as the image does.

    What it installs nothing with, it inherits nothing for.
    """
    said, found = indexes_of(stage), {}
    for row, field in _INDEXED:
        inherited = indexes_of(declaration) if getattr(stage, row.field) else {}
        found[field] = said.get(row.name) or inherited.get(row.name, ())
    return found
