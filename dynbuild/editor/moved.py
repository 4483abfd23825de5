"""Places of one text in another one that was typed from it."""

from collections.abc import Callable


def moved(offset: int, before: str, after: str) -> int:
    """Return where an offset of ``after`` stood in ``before``.

    Both differ in one place at most, as a text does from the one before a few keys;
    an offset within that place becomes its beginning.
    """
    if before == after:
        return offset
    most = min(len(before), len(after))
    start = _most(lambda size: before[:size] == after[:size], most)
    end = _most(
        lambda size: before[len(before) - size :] == after[len(after) - size :],
        most - start,
    )
    if offset <= start:
        return offset
    if offset >= len(after) - end:
        return offset + len(before) - len(after)
    return start


def _most(is_equal: Callable[[int], bool], most: int) -> int:
    """Return the largest size that is equal, as all smaller ones are."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if is_equal(middle):
            low = middle
        else:
            high = middle - 1
    return low
