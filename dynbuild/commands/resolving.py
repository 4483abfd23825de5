"""From a declared value to what a lock has of it, field by field."""

from typing import TYPE_CHECKING

from dynbuild.steps.fields import COLUMNS, FieldValue
from dynbuild.steps.kinds import RecordKind, Records

if TYPE_CHECKING:
    # Whoever realizes a lock imports no schema.
    from pydantic import BaseModel


def resolved(of: type, declared: "BaseModel", **found: FieldValue) -> FieldValue:
    """Return a declared value as its resolved type; ``found`` overrides fields."""
    for column in COLUMNS[of]:
        if column.name in found:
            continue
        value, kind = getattr(declared, column.name), column.kind
        if value is None:
            continue
        if isinstance(kind, RecordKind):
            value = resolved(kind.of, value)
        elif value and isinstance(kind, Records):
            value = tuple(resolved(kind.of, item) for item in value)
        found[column.name] = value
    return of(**found)
