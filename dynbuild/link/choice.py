"""Which record each step is reused from, so that no layer lies on a foreign stack.

DESIGN 8.2. A layer is a diff against the layers below it, and builds are not
reproducible: a record is usable only where the diff ids of its stack are those chosen
for its closure. The stack of a step is the base's layers, lowest first, and on them the
layers of its closure in lock order. Steps of a closure commute or stand on one another,
so that the order of two that do not stand on one another changes nothing: a record
made before the lock ordered them anew is usable still.

Of all consistent choices it is the one that reuses most steps, then the one whose
records lie nearest in sum, then the one with the lowest diff ids in lock order.

To choose for every step is to choose for the *contested* ones: those whose usable
records differ in their layers. Whether any other step can be reused follows. Contested
steps that no record ties to one another are chosen apart; those that are tied by a
best-first search (A*: Hart, Nilsson, Raphael 1968) whose bound is what could still be
reused. The result is exact. Since the choice among many tied steps is as hard as
Max-2-CSP, a search that has looked at too many records ends with what promised most
by then: consistent as ever, perhaps not the most. Machines that built everything on
their own, which is what happens, are told apart at once: the first choice decides all.
"""

import heapq
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from dynbuild.digest import Digest
from dynbuild.link.model import Record
from dynbuild.link.placement import Placement

_WORK = 5_000_000
"""Records that one search looks at before it takes the straightest way to an end."""


@dataclass(frozen=True, slots=True)
class Held:
    """A record that a tier holds, and how far that tier is: 0 is the nearest."""

    record: Record
    distance: int = 0


def preferred(held: Held) -> tuple[int, Sequence[Digest], Sequence[Digest], str]:
    """What sorts records: the nearest first, then by diff ids."""
    record = held.record
    layers = tuple(layer.diff_id for layer in record.layers)
    return (held.distance, layers, record.stack, repr((record.layers, record.seconds)))


def choose(
    places: Collection[Placement],
    base: Sequence[Digest],
    held: Mapping[Digest, Sequence[Held]],
    work: int = _WORK,
) -> dict[Digest, Held]:
    """The records to reuse by placed digest, of those held, each list by preference.

    Each of ``places`` comes after its closure; ``base`` has the diff ids of the base.
    """
    at = {place.digest: here for here, place in enumerate(places)}
    found = _Options([], set())
    above: list[int] = []
    for place in places:
        closure = [at[digest] for digest in place.closure]
        last = _last(closure, above)
        above.append(sum(1 << other for other in closure))
        options: dict[tuple[object, ...], _Option] = {}
        for one in held.get(place.digest, ()):
            layers = tuple(layer.diff_id for layer in one.record.layers)
            for given in _stacks(one.record, tuple(base), closure, last, found):
                key = (layers, *sorted(given.items()))
                options.setdefault(key, _Option(one, layers, given))
        found.add(tuple(options.values()))
    chosen: dict[int, Held] = {}
    for component in _components(found):
        chosen |= _best(component, found, work)
    return {digest: chosen[here] for digest, here in at.items() if here in chosen}


_Layers: TypeAlias = tuple[Digest, ...]
_Given: TypeAlias = Mapping[int, _Layers]
"""The layers of contested steps, by their positions."""

_State: TypeAlias = (
    "tuple[int, int, tuple[_Layers, ...], dict[int, tuple[_Option, ...]]]"
)
"""Minus the steps still reusable, their distance, layers settled, options left."""


@dataclass(frozen=True, slots=True)
class _Option:
    """A usable record, its layers, and which it needs of the contested steps below."""

    held: Held
    layers: _Layers
    given: _Given


@dataclass(frozen=True, slots=True)
class _Options:
    """The options of each step so far, and the contested steps among them."""

    of: list[tuple[_Option, ...]]
    contested: set[int]

    def add(self, options: tuple[_Option, ...]) -> None:
        if len({option.layers for option in options}) > 1:
            self.contested.add(len(self.of))
        self.of.append(options)

    def bundle(self, here: int, option: _Option) -> dict[int, _Layers]:
        """What an option needs and settles of the contested steps."""
        own = {here: option.layers} if here in self.contested else {}
        return {**option.given, **own}

    def layers(self, here: int, choice: _Given) -> _Layers:
        """The layers of a step that has options, under a choice."""
        return choice[here] if here in self.contested else self.of[here][0].layers


def _last(closure: Sequence[int], above: Sequence[int]) -> list[int]:
    """The steps of a closure on which no other of it stands."""
    covered = 0
    last = []
    for other in reversed(closure):
        if not covered >> other & 1:
            last.append(other)
            covered |= above[other]
    return last


def _stacks(
    record: Record,
    base: _Layers,
    closure: Sequence[int],
    last: Sequence[int],
    found: _Options,
) -> Iterator[_Given]:
    """The choices among the contested steps below that give the stack of a record.

    There is more than one only where records differ by layers that others have too:
    empty ones.
    """
    if record.stack[: len(base)] != base:
        return
    stack = sorted(record.stack[len(base) :])
    known = frozenset(stack)
    choices: list[dict[int, _Layers]] = [{}]
    for other in last:
        bundles = [
            found.bundle(other, option)
            for option in found.of[other]
            if known.issuperset(option.layers)
            and all(map(known.issuperset, option.given.values()))
        ]
        choices = [
            some | more
            for some in choices
            for more in bundles
            if all(some.get(step, layers) == layers for step, layers in more.items())
        ]
    for choice in choices:
        layers = [layer for other in closure for layer in found.layers(other, choice)]
        if sorted(layers) == stack:
            yield choice


def _components(found: _Options) -> Iterator[list[int]]:
    """The steps that have options, those together whose options are tied."""
    parent = list(range(len(found.of)))

    def root(here: int) -> int:
        while parent[here] != here:
            parent[here] = parent[parent[here]]
            here = parent[here]
        return here

    reusable = [here for here, options in enumerate(found.of) if options]
    for here in reusable:
        for other in found.of[here][0].given:
            parent[root(here)] = root(other)
    components: dict[int, list[int]] = {}
    for here in reusable:
        components.setdefault(root(here), []).append(here)
    yield from components.values()


def _best(steps: Sequence[int], found: _Options, work: int) -> dict[int, Held]:
    """The best choice for steps that are tied, by settling one contested after another.

    A state is the layers settled so far and the options that they leave; the number of
    steps that still have one, and the nearest of each, bound what can come of it.
    """
    contested = [here for here in steps if here in found.contested]
    tied: dict[int, list[int]] = {here: [here] for here in contested}
    for here in steps:
        for other in found.of[here][0].given:
            tied[other].append(here)
    left = {here: found.of[here] for here in steps}
    far = sum(options[0].held.distance for options in left.values())
    start: _State = (-len(left), far, (), left)
    states = [start]
    spent = 0
    while True:
        _, far, settled, left = heapq.heappop(states)
        if len(settled) == len(contested):
            return {here: options[0].held for here, options in left.items()}
        here = contested[len(settled)]
        values = sorted({option.layers for option in left.get(here, ())}) or [()]
        children: list[_State] = []
        for value in values:
            rest = dict(left) if value is not values[-1] else left
            distance = far
            for step in tied[here]:
                before = rest.pop(step, ())
                after = tuple(
                    option
                    for option in before
                    if (option.layers if step == here else option.given[here]) == value
                )
                distance -= sum(option.held.distance for option in before[:1])
                distance += sum(option.held.distance for option in after[:1])
                spent += len(before)
                if after:
                    rest[step] = after
            spent += len(rest) if rest is not left else 1
            children.append((-len(rest), distance, (*settled, value), rest))
        if spent > work:
            states = [min(children)]
        else:
            for child in children:
                heapq.heappush(states, child)
