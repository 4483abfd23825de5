"""What can be reached in a graph: the one closure of all that is kept as edges."""

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

Vertex = TypeVar("Vertex", bound=Hashable)


def closure(
    start: Iterable[Vertex], edges: Callable[[Vertex], Iterable[Vertex]]
) -> set[Vertex]:
    """Return the nodes to start from, and all that edges lead to from them.

    Each node's edges are asked for once. Graphs with cycles have a closure too.
    """
    reached = set(start)
    waiting = list(reached)
    while waiting:
        new = set(edges(waiting.pop())) - reached
        reached |= new
        waiting += new
    return reached
