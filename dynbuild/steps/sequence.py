"""Topological orders of names."""

import heapq
from collections.abc import Iterable, Mapping

Rank = tuple[int | str, ...]


def topological(
    needs: Mapping[str, Iterable[str]], ranks: Mapping[str, Rank]
) -> list[str]:
    """Return names in topological order, the lowest rank first where there is choice.

    Kahn's algorithm (CACM 1962) with a heap. Needs that are not keys of ``needs``
    count as met; names in a cycle or behind one are left out.
    """
    waiting = {
        name: {need for need in below if need in needs} for name, below in needs.items()
    }
    needed_by: dict[str, list[str]] = {name: [] for name in needs}
    for name, below in waiting.items():
        for need in below:
            needed_by[need].append(name)
    ready = [(ranks[name], name) for name, below in waiting.items() if not below]
    heapq.heapify(ready)
    ordered: list[str] = []
    while ready:
        _, name = heapq.heappop(ready)
        ordered.append(name)
        for other in needed_by[name]:
            waiting[other].discard(name)
            if not waiting[other]:
                heapq.heappush(ready, (ranks[other], other))
    return ordered
