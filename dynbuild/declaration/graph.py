"""The dependency graph of a declaration's stages, with "*" expanded."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from dynbuild.closure import closure
from dynbuild.declaration.schema_stage import EVERY_STAGE, Stage

MAX_CYCLES = 10
"""Cycles reported in one run: each takes a new search."""


def stands_on(stages: Sequence[Stage]) -> dict[str, tuple[str, ...]]:
    """Return dependencies by stage, with "*" expanded to every linked stage before."""
    linked: list[str] = []
    edges: dict[str, tuple[str, ...]] = {}
    for stage in stages:
        every = stage.dependencies == (EVERY_STAGE,)
        edges[stage.name] = tuple(linked) if every else stage.dependencies
        if not stage.build_only:
            linked.append(stage.name)
    return edges


def standing_on(edges: Mapping[str, Sequence[str]], names: Iterable[str]) -> set[str]:
    """Return the named stages and all that stand on one of them, directly or not."""
    above: dict[str, list[str]] = {}
    for name, below in edges.items():
        for other in below:
            above.setdefault(other, []).append(name)
    return closure(names, lambda name: above.get(name, ()))


def copies_from(stages: Sequence[Stage]) -> dict[str, tuple[str, ...]]:
    """Return for each stage those it copies or mounts, in declared order, once."""
    return {
        stage.name: tuple(dict.fromkeys(one.stage for one in stage.inputs if one.stage))
        for stage in stages
    }


def cycles(needs: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """Yield disjoint cycles, each from its first declared stage back to itself."""
    rest = {
        name: [need for need in below if need in needs and need != name]
        for name, below in needs.items()
    }
    order = {name: index for index, name in enumerate(needs)}
    for _ in range(MAX_CYCLES):
        try:
            TopologicalSorter(rest).prepare()
        except CycleError as error:
            found = list(reversed(error.args[1]))[:-1]
        else:
            return
        first = found.index(min(found, key=order.__getitem__))
        yield (*found[first:], *found[:first], found[first])
        rest = {
            name: [need for need in below if need not in found]
            for name, below in rest.items()
            if name not in found
        }
