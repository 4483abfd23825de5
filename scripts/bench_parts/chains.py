"""What other policies cost on a history: one chain, in which each layer needs the last.

That is what a builder does that keys a layer by its instruction and the layer below.
"""

from collections.abc import Callable, Mapping, Sequence

from bench_parts.traces import History, Item, Version
from dynbuild.digest import digest_of
from dynbuild.steps.sequence import topological

Order = Callable[[int, Sequence[str]], Sequence[str]]
"""Gives the order of a version from its number and the order of the one before."""


def chained(history: History, order: Order) -> float:
    """The cost of all versions but the first, in the order that a policy gives."""
    seen: set[str] = set()
    total = 0.0
    names: Sequence[str] = ()
    for number, version in enumerate(history):
        items = {item.name: item for item in version.items}
        names = order(number, names)
        below = version.base
        for name in names:
            below = digest_of({"below": below, "content": items[name].content})
            if below not in seen:
                seen.add(below)
                total += items[name].cost if number else 0.0
    return total


def as_written(history: History) -> Order:
    """The file as people wrote it."""
    return lambda number, _: [item.name for item in history[number].items]


def moved_back(history: History) -> Order:
    """What changed moves to the back of the chain, with what needs it."""

    def order(number: int, before: Sequence[str]) -> Sequence[str]:
        version = history[number]
        names = [item.name for item in version.items]
        if not number or history[number - 1].base != version.base:
            return names
        was = history[number - 1].keys
        keys = version.keys
        kept = [name for name in before if keys.get(name) == was[name]]
        there = {*kept}
        return [*kept, *(name for name in names if name not in there)]

    return order


def best_in_hindsight(history: History) -> Order:
    """What changes least often comes first, as far as needs allow."""
    changes: dict[str, int] = {}
    was: Mapping[str, str] = {}
    for version in history:
        now = {item.name: item.content for item in version.items}
        for name in now.keys() | was.keys():
            changes[name] = changes.get(name, 0) + (now.get(name) != was.get(name))
        was = now
    return lambda number, _: _sorted(
        history[number].items, lambda name, at: (changes[name], at)
    )


def knows_the_future(history: History) -> Order:
    """What has to be built anyway is ordered by when it changes next, latest first."""

    def order(number: int, before: Sequence[str]) -> Sequence[str]:
        version = history[number]
        rest = {item.name: item for item in version.items}
        kept: list[str] = []
        if number and history[number - 1].base == version.base:
            was = {item.name: item for item in history[number - 1].items}
            for name in before:
                if rest.get(name) != was[name]:
                    break
                kept.append(name)
                del rest[name]
        when = {name: _next_change(history, number, name) for name in rest}
        return [*kept, *_sorted(tuple(rest.values()), lambda n, at: (-when[n], at))]

    return order


def _next_change(history: History, number: int, name: str) -> int:
    content = _content(history[number], name)
    for later in range(number + 1, len(history)):
        if _content(history[later], name) != content:
            return later
    return len(history)


def _content(version: Version, name: str) -> str | None:
    return next((i.content for i in version.items if i.name == name), None)


def _sorted(
    items: Sequence[Item], rank: Callable[[str, int], tuple[int, ...]]
) -> Sequence[str]:
    needs = {item.name: item.needs for item in items}
    there = {n: tuple(x for x in those if x in needs) for n, those in needs.items()}
    return topological(
        there, {item.name: rank(item.name, at) for at, item in enumerate(items)}
    )


POLICIES: Mapping[str, Callable[[History], Order]] = {
    "the file as written, BuildKit's rule": as_written,
    "moved to the back, one chain": moved_back,
    "best static order in hindsight": best_in_hindsight,
    "one chain that knows the future": knows_the_future,
}
