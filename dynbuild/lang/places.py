"""Where a part of a value was written."""

from collections.abc import Iterable

from dynbuild.lang.values import Attrs, Elements, Slot, force
from dynbuild.spans import Span


def where(value: Slot, path: Iterable[str | int]) -> Span | None:
    """Return the span of the part of an evaluated value at a path.

    Of an attribute it is its name, of an element the element. Where the last parts are
    at no known place (made by a function, say), it is the nearest part that is.
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
