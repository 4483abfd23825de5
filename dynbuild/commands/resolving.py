"""From a declared value to what a lock has of it, field by field."""

from typing import TYPE_CHECKING

from dynbuild.steps.fields import COLUMNS, FieldValue
from dynbuild.steps.kinds import FieldKind, RecordKind, Records

if TYPE_CHECKING:
    # Whoever realizes a lock imports no schema.
    from pydantic import BaseModel


def resolved(of: type, declared: "BaseModel", **found: FieldValue) -> FieldValue:
    """Return a declared value as its resolved type; ``found`` overrides fields."""
    for column in COLUMNS[of]:
        value = None if column.name in found else getattr(declared, column.name)
        if value is not None:
            found[column.name] = _as_declared(column.kind, value)
    return of(**found)


def _as_declared(kind: FieldKind, value: FieldValue) -> FieldValue:
    match kind:
        case RecordKind(of):
            return resolved(of, value)
        case Records(of):
            return tuple(resolved(of, item) for item in value)
        case _:
            return value
