"""Source locations of the parts of a value."""

from collections.abc import Iterable

from dynbuild.lang.values import Attrs, Elements, Slot, force
from dynbuild.spans import Span


def where(value: Slot, path: Iterable[str | int]) -> Span | None:
    """Return the span of the part of an evaluated value at a path.

    For an attribute that is its name, for an element the element itself. Where the
    last parts have no known location (created by a function, say), return that of the
    nearest enclosing part.
    """
    span: Span | None = None
    for step in path:
        value = force(value)
        if type(value) is Attrs and isinstance(step, str) and step in value.items:
            span = value.spans.get(step) or span
            value = value.items[step]
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            if type(value) is Elements:
                span = value.spans[step] or span
            value = value[step]
        else:
            break
    return span
