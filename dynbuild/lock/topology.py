"""Orders that the needs of stages allow, and what is wrong where none exists."""

import heapq
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from dynbuild.errors import Diagnostic, LockError
from dynbuild.steps.model import Stage

Rank = tuple[int | str, ...]


def dependencies_first(stages: Mapping[str, Stage]) -> list[str]:
    """All stage names, each after all that it needs; otherwise by name.

    Raises LockError for a missing stage, a cycle, or a linked stage that stands on a
    build-only one: what a textual merge of two locks can bring about.
    """
    _refuse_unsound(stages)
    ordered = topological(stages, {name: (name,) for name in stages})
    if len(ordered) < len(stages):
        cycle = " -> ".join(_cycle(stages))
        raise LockError(
            Diagnostic(
                "DB0403",
                f"the lock holds a cycle: {cycle}",
                hint="two merged changes made it: take one of these dependencies out "
                "of the declaration and run `dynbuild lock`",
            )
        )
    return ordered


def topological(stages: Mapping[str, Stage], ranks: Mapping[str, Rank]) -> list[str]:
    """Names in an order that their needs allow, the lowest rank first where free.

    Kahn's algorithm (CACM 1962) with a heap. Needs outside of ``stages`` count as
    met; what stands in a cycle or behind one is left out.
    """
    waiting = {
        name: {need for need in stage.needs if need in stages}
        for name, stage in stages.items()
    }
    needed_by: dict[str, list[str]] = {name: [] for name in stages}
    for name, needs in waiting.items():
        for need in needs:
            needed_by[need].append(name)
    ready = [(ranks[name], name) for name, needs in waiting.items() if not needs]
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


def _cycle(stages: Mapping[str, Stage]) -> tuple[str, ...]:
    """A cycle, from its first stage by name round to itself again."""
    graph = {name: stages[name].needs for name in sorted(stages)}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found = list(reversed(error.args[1]))[:-1]
        first = found.index(min(found))
        return (*found[first:], *found[:first], found[first])
    return ()


def _refuse_unsound(stages: Mapping[str, Stage]) -> None:
    problems = []
    for name, stage in sorted(stages.items()):
        problems += [
            Diagnostic(
                "DB0402",
                f"stage {name!r} needs stage {need!r}, which the lock does not hold",
                hint="two merged changes, one of which removed it: bring it back or "
                "drop the dependency in the declaration, then run `dynbuild lock`",
            )
            for need in stage.needs
            if need not in stages
        ]
        problems += [
            Diagnostic(
                "DB0404",
                f"stage {name!r} is linked and stands on {need!r}, which is build-only",
                hint=f"copy from {need!r} instead, or make {name!r} build-only too",
            )
            for need in stage.dependencies
            if need in stages and stages[need].build_only and not stage.build_only
        ]
    if problems:
        raise LockError(*problems)
