"""The choice of records to reuse, so that no two realizations of one step mix.

See docs/design/stacking.md. A layer is a diff against the layers below it, a copy has
the bytes that its source had, and builds are not reproducible: so a record names the
realizations that it stands on and copies from by their ids (``link/model``), and the
chosen records never name two ids of one place. A record that stands on a realization
needs its layers; a record that copies from one does not. A source that no tier holds
any more is *gone*: nothing can be built on it or copied from it, but what was copied
from it stays usable, as long as the source does not have to be built anew.

Of all consistent choices it is the one that reuses most steps (a gone source that
something reused was copied from counts as one), then the one whose records have the
smallest total distance, then the one with the youngest records in lock order.

It suffices to choose for the *contested* steps: those that have more than one id.
Whether any other step can be reused follows. Contested steps that no record ties
together are chosen separately; tied ones by a best-first search (A*: Hart, Nilsson,
Raphael 1968) whose bound is what could still be reused. The result is exact. Since the
choice among many tied steps is as hard as Max-2-CSP, a search that has looked at too
many records ends greedily with what promises most: as consistent as ever, but perhaps
not optimal. Machines that each built everything on their own, the case in practice, are
told apart at once: the first choice decides all.
"""

import heapq
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import field
from typing import TypeAlias

from dynbuild.digest import Digest, PlacedDigest, RealizationId
from dynbuild.link.model import Record
from dynbuild.link.placement import Placement
from dynbuild.values import dataclass

_WORK = 5_000_000
"""Number of records that one search looks at before it becomes greedy."""

_FAR = 1 << 20

MOST = 8
"""Maximum number of ids of one place to choose from, the nearest and youngest usable
ones: each machine that builds a step that is not reproducible adds one, and the time of
a search grows with them."""


@dataclass(frozen=True, slots=True)
class Held:
    """A record that a tier holds, and how far that tier is: 0 is the nearest."""

    record: Record
    distance: int = 0


def preferred(held: Held) -> tuple[int, int, RealizationId]:
    """Return the sort key of records: nearest first, then youngest, then by id."""
    return (held.distance, -held.record.made, held.record.id)


def choose(
    places: Collection[Placement],
    held: Mapping[PlacedDigest, Sequence[Held]],
    lost: Collection[PlacedDigest] = (),
    work: int = _WORK,
) -> dict[PlacedDigest, Held | None]:
    """Choose the records to reuse, by placed digest; ``held`` lists are by preference.

    Each of ``places`` comes after its closure and its sources. None stands for a gone
    source that nothing has to be built for; no place in ``lost`` can be one.
    """
    at = {place.digest: here for here, place in enumerate(places)}
    found = _Options(*_named(at, held))
    for here, place in enumerate(places):
        options: dict[RealizationId, _Option] = {}
        for one in held.get(place.digest, ()):
            id_ = one.record.id
            if id_ in options:
                continue
            option = _option(one, place, at, found)
            if option is not None:
                options[id_] = option
            if len(options) == MOST:
                break
        if place.digest not in lost:
            # After the held ones: the first option of each place is the nearest.
            for id_ in sorted(found.named.get(here, ())):
                options.setdefault(id_, _Option(None, id_, {}))
        found.of.append(options)
        found.places.append(place)
    chosen: dict[int, Held | None] = {}
    for component in _components(found):
        chosen |= _best(component, found, work)
    return {digest: chosen[here] for digest, here in at.items() if here in chosen}


_Given: TypeAlias = Mapping[int, RealizationId]
"""The ids of contested places, by position."""

_Rank: TypeAlias = tuple[int, RealizationId]
"""The sort key of the ids of a place: youngest first."""

_State: TypeAlias = "tuple[int, int, tuple[_Rank, ...], dict[int, tuple[_Option, ...]]]"
"""Minus the number of steps still reusable, their total distance, the ids settled, the
options left."""


@dataclass(frozen=True, slots=True)
class _Option:
    """A usable record or a gone source, with the contested ids that it needs.

    ``gone`` has those of its sources that are gone, by position and id.
    """

    held: Held | None
    id: RealizationId
    given: _Given
    gone: "_Needs" = ()

    @property
    def distance(self) -> int:
        """The distance of the record; a gone source is farther than any held record."""
        return self.held.distance if self.held else _FAR

    @property
    def rank(self) -> _Rank:
        return (-self.held.record.made if self.held else 0, self.id)


@dataclass(frozen=True, slots=True)
class _Options:
    """The options of each place so far, by id.

    ``ids`` has all ids of each place that records have or name, ``named`` those that
    records name as sources. A place with more than one id is contested.
    """

    ids: Mapping[int, Collection[RealizationId]]
    named: Mapping[int, Collection[RealizationId]]
    of: list[dict[RealizationId, _Option]] = field(default_factory=list)
    places: list[Placement] = field(default_factory=list)

    def is_contested(self, here: int) -> bool:
        return len(self.ids.get(here, ())) > 1

    def needs(self, here: int, id_: RealizationId) -> dict[int, RealizationId]:
        """Return the contested ids that choosing an id of a place settles."""
        own = {here: id_} if self.is_contested(here) else {}
        return {**self.of[here][id_].given, **own}


def _named(
    at: Mapping[PlacedDigest, int], held: Mapping[PlacedDigest, Sequence[Held]]
) -> tuple[dict[int, set[RealizationId]], dict[int, set[RealizationId]]]:
    """Return all ids of each place that records have or name, and the sources' ids."""
    ids: dict[int, set[RealizationId]] = {}
    named: dict[int, set[RealizationId]] = {}
    for placed, here in at.items():
        for one in held.get(placed, ()):
            ids.setdefault(here, set()).add(one.record.id)
            for source, id_ in one.record.sources:
                if source in at:
                    ids.setdefault(at[source], set()).add(id_)
                    named.setdefault(at[source], set()).add(id_)
    return ids, named


def _option(
    held: Held, place: Placement, at: Mapping[PlacedDigest, int], found: _Options
) -> _Option | None:
    """Return a record with what it needs, or None if it cannot be used."""
    below = _below(held.record, place, at, found)
    copied = _copied(held.record, place, at, found)
    if below is None or copied is None:
        return None
    given: dict[int, RealizationId] = {}
    for here, id_ in (*below, *copied):
        for other, needed in found.needs(here, id_).items():
            if given.setdefault(other, needed) != needed:
                return None
    gone = [need for need in copied if found.of[need[0]][need[1]].held is None]
    return _Option(held, held.record.id, given, gone)


_Needs: TypeAlias = Sequence[tuple[int, RealizationId]]
"""Ids, each with the position of its place."""


def _below(
    record: Record, place: Placement, at: Mapping[PlacedDigest, int], found: _Options
) -> _Needs | None:
    """Return what a record stands on, or None unless all of it is held."""
    on = {*record.on}
    needs = [
        (at[below], id_)
        for below in place.on
        for id_, option in found.of[at[below]].items()
        if id_ in on and option.held is not None
    ]
    return needs if len(needs) == len(on) == len(place.on) else None


def _copied(
    record: Record, place: Placement, at: Mapping[PlacedDigest, int], found: _Options
) -> _Needs | None:
    """Return what a record was copied from, or None unless that is known to its end.

    For a gone source, the record itself has to say what that source came from.
    """
    sources = dict(record.sources)
    needs = []
    for source, id_ in sources.items():
        here = at.get(source, len(found.of))
        option = found.of[here].get(id_) if here < len(found.of) else None
        if option is None:
            return None
        own = found.places[here]
        if option.held is None and not sources.keys() >= {*own.on, *own.sources}:
            return None
        needs.append((here, id_))
    is_whole = len(needs) == len(record.sources) and sources.keys() >= {*place.sources}
    return needs if is_whole else None


def _components(found: _Options) -> Iterator[list[int]]:
    """Yield the steps that have options, grouped by ties between their options."""
    parent = list(range(len(found.of)))

    def root(here: int) -> int:
        while parent[here] != here:
            parent[here] = parent[parent[here]]
            here = parent[here]
        return here

    reusable = [here for here, options in enumerate(found.of) if options]
    for here in reusable:
        for option in found.of[here].values():
            for other in (*option.given, *(gone for gone, _ in option.gone)):
                parent[root(here)] = root(other)
    components: dict[int, list[int]] = {}
    for here in reusable:
        components.setdefault(root(here), []).append(here)
    yield from components.values()


def _best(steps: Sequence[int], found: _Options, work: int) -> dict[int, Held | None]:
    """Return the best choice for tied steps, settling one contested step at a time.

    A state is the ids settled so far and the options that they leave; the number of
    steps that still have an option, and the nearest of each, bound its result.
    """
    contested = [here for here in steps if found.is_contested(here)]
    tied: dict[int, list[int]] = {here: [here] for here in contested}
    for here in steps:
        for other in {other for one in found.of[here].values() for other in one.given}:
            tied[other].append(here)
    left = {here: tuple(found.of[here].values()) for here in steps}
    far = sum(options[0].distance for options in left.values())
    start: _State = (-len(left), far, (), left)
    states = [start]
    spent = 0
    while True:
        _, far, settled, left = heapq.heappop(states)
        if len(settled) == len(contested):
            used = _used(left)
            if used == left:
                return {here: options[0].held for here, options in left.items()}
            far = sum(options[0].distance for options in used.values())
            heapq.heappush(states, (-len(used), far, settled, used))
            continue
        here = contested[len(settled)]
        children = _children((0, far, settled, left), here, tied[here])
        spent += sum(len(rest) for _, _, _, rest in children)
        if spent > work:
            states = [min(children)]
        for child in children if spent <= work else ():
            heapq.heappush(states, child)


def _children(state: _State, here: int, tied: Sequence[int]) -> list[_State]:
    """Return a state's children: one for each id that one more place may have."""
    _, far, settled, left = state
    ranks = sorted({one.rank for one in left.get(here, ())}) or [_NONE]
    children: list[_State] = []
    for rank in ranks:
        value = rank[1]
        rest = dict(left) if rank is not ranks[-1] else left
        distance = far
        for step in tied:
            before = rest.pop(step, ())
            after = tuple(
                option
                for option in before
                if (option.id if step == here else option.given.get(here, value))
                == value
            )
            distance -= sum(option.distance for option in before[:1])
            distance += sum(option.distance for option in after[:1])
            if after:
                rest[step] = after
        children.append((-len(rest), distance, (*settled, rank), rest))
    return children


def _used(left: Mapping[int, tuple[_Option, ...]]) -> dict[int, tuple[_Option, ...]]:
    """Return what is left without gone sources that nothing left was copied from."""
    named = {need for options in left.values() for need in options[0].gone}
    return {
        here: options
        for here, options in left.items()
        if options[0].held is not None or (here, options[0].id) in named
    }


_NONE: _Rank = (0, RealizationId(Digest("")))
"""The rank that stands for the id of a place that has to be built."""
