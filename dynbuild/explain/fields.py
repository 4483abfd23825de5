"""The fields in which two descriptions differ, from the values that digests cover."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeGuard

from dynbuild.digest import Description, Field
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field by its path (``commands``, ``copies.0.content``), before and after.

    None means that there is no such field.
    """

    field: str
    before: Field
    after: Field


def differing(before: Description, after: Description) -> tuple[FieldChange, ...]:
    """Return the fields that differ, by path.

    Entries of a mapping are fields of their own, as are those of a list of mappings if
    both lists have the same length.
    """
    return tuple(_differing("", before, after))


def _differing(path: str, before: Field, after: Field) -> Iterator[FieldChange]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            inner = f"{path}.{key}" if path else key
            yield from _differing(inner, before.get(key), after.get(key))
    elif _mappings(before) and _mappings(after) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _differing(f"{path}.{index}", old, new)
    else:
        yield FieldChange(path, before, after)


def _mappings(value: Field) -> TypeGuard[Sequence[Field]]:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and all(isinstance(item, Mapping) for item in value)
    )
