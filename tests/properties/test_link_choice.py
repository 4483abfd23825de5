"""The choice of records against brute force, on machines that build as they please."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from dynbuild.digest import Digest
from dynbuild.link.choice import Held, choose, preferred
from dynbuild.link.model import Layer, Record
from dynbuild.link.placement import Placement

Stores = dict[Digest, list[Held]]
Gone = Digest
"""The id of a source that no tier holds."""
Chosen = Mapping[Digest, "Held | Gone"]

FAR = 1 << 20


@dataclass(frozen=True)
class World:
    """Places, what a few machines hold of them, and which have to be there."""

    places: list[Placement]
    stores: Stores
    lost: frozenset[Digest]


def id_of(one: "Held | Gone") -> Digest:
    return one.record.id if isinstance(one, Held) else one


def came_from(
    place: Placement, has: Mapping[Digest, Held], by_digest: Mapping[Digest, Placement]
) -> tuple[tuple[Digest, Digest], ...]:
    """All that the sources of a place came from."""
    found: dict[Digest, Digest] = {}
    todo = list(place.sources)
    while todo:
        source = todo.pop()
        found[source] = has[source].record.id
        todo += [*by_digest[source].on, *by_digest[source].sources]
    return tuple(sorted(found.items()))


def machine(
    places: Sequence[Placement], chance: random.Random, start: Mapping[Digest, Held]
) -> dict[Digest, Held]:
    """What a machine holds after it built what it had not: new layers or the same."""
    by_digest = {place.digest: place for place in places}
    has = dict(start)
    for place in places:
        if place.digest in has and not stands(place, has, by_digest):
            # What it came from was built anew.
            del has[place.digest]
        needs = (*place.closure, *place.sources)
        if chance.random() < 0.2 or any(below not in has for below in needs):
            continue
        if place.digest in has and chance.random() < 0.5:
            continue
        names = [chance.choice([f"{place.id}1", f"{place.id}2", f"{place.id}3"])]
        names = chance.choice([names, names, names, ["empty"], [], [*names, "empty"]])
        record = Record(
            placed=place.digest,
            step=place.step,
            platform="p",
            layers=tuple(Layer(Digest(name), Digest(name), 1) for name in names),
            writes={},
            on=tuple(sorted(has[below].record.id for below in place.on)),
            sources=came_from(place, has, by_digest),
            made=chance.randrange(3),
        )
        has[place.digest] = Held(record, chance.randrange(3))
    # What stood on something built anew, or copied from it, is of no use now.
    return {
        place.digest: has[place.digest]
        for place in places
        if place.digest in has and stands(place, has, by_digest)
    }


def stands(
    place: Placement, chosen: Chosen, by_digest: Mapping[Digest, Placement]
) -> bool:
    """Whether the record of a place was made from what is chosen."""
    one = chosen[place.digest]
    if not isinstance(one, Held):
        return True
    on = [chosen.get(below) for below in place.on]
    if not all(isinstance(below, Held) for below in on):
        return False
    if sorted(id_of(below) for below in on if below) != list(one.record.on):
        return False
    sources = dict(one.record.sources)
    for source, id_ in sources.items():
        there = chosen.get(source)
        if there is None or id_of(there) != id_:
            return False
        own = by_digest[source]
        if not isinstance(there, Held) and not sources.keys() >= {
            *own.on,
            *own.sources,
        }:
            return False
    return sources.keys() >= {*place.sources}


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Up to six steps and what a few machines hold of them."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    places: list[Placement] = []
    for number in range(draw(st.integers(1, 6))):
        on = [place for place in places if chance.random() < 0.3]
        closure = {digest for place in on for digest in (*place.closure, place.digest)}
        deeper = {digest for place in on for digest in place.closure}
        name = "abcdef"[number]
        places.append(
            Placement(
                name,
                Digest(name),
                Digest(f"@{name}"),
                closure=tuple(p.digest for p in places if p.digest in closure),
                on=tuple(p.digest for p in on if p.digest not in deeper),
                sources=tuple(p.digest for p in places if chance.random() < 0.25),
            )
        )
    stores: Stores = {}
    shared: dict[Digest, Held] = {}
    for _ in range(draw(st.integers(0, 4))):
        shared = machine(places, chance, shared if chance.random() < 0.4 else {})
        for digest, held in shared.items():
            if chance.random() < 0.8:
                stores.setdefault(digest, []).append(held)
    lost = frozenset(p.digest for p in places if chance.random() < 0.3)
    ordered = {
        digest: sorted(several, key=preferred) for digest, several in stores.items()
    }
    return World(places, ordered, lost)


def best(world: World) -> tuple[object, ...]:
    """The best of all consistent choices, by trying all."""
    named: dict[Digest, set[Gone]] = {}
    for several in world.stores.values():
        for one in several:
            for source, id_ in one.record.sources:
                if source not in world.lost:
                    named.setdefault(source, set()).add(id_)
    by_digest = {place.digest: place for place in world.places}
    found = None
    for some in product(
        *(
            [None, *world.stores.get(p.digest, []), *sorted(named.get(p.digest, ()))]
            for p in world.places
        )
    ):
        chosen = {p.digest: x for p, x in zip(world.places, some, strict=True) if x}
        used = {
            pair
            for one in chosen.values()
            if isinstance(one, Held)
            for pair in one.record.sources
        }
        if all(
            stands(by_digest[digest], chosen, by_digest)
            and (isinstance(one, Held) or (digest, one) in used)
            for digest, one in chosen.items()
        ):
            worth = worth_of(world.places, chosen)
            found = worth if found is None else min(found, worth)
    assert found is not None
    return found


def worth_of(places: Sequence[Placement], chosen: Chosen) -> tuple[object, ...]:
    return (
        -len(chosen),
        sum(x.distance if isinstance(x, Held) else FAR for x in chosen.values()),
        [rank(chosen.get(place.digest)) for place in places],
    )


def rank(one: "Held | Gone | None") -> tuple[int, str]:
    if one is None:
        return (0, "")
    return (-one.record.made if isinstance(one, Held) else 0, id_of(one))


def with_sources(
    world: World, chosen: Mapping[Digest, Held | None]
) -> dict[Digest, "Held | Gone"]:
    """What is chosen, and the sources that are gone, as the records name them."""
    found: dict[Digest, Held | Gone] = {d: one for d, one in chosen.items() if one}
    for held in [*found.values()]:
        assert isinstance(held, Held)
        for source, id_ in held.record.sources:
            assert id_of(found.setdefault(source, id_)) == id_
            assert chosen[source] or source not in world.lost
    return found


def is_consistent(world: World, chosen: Mapping[Digest, Held | None]) -> bool:
    whole = with_sources(world, chosen)
    by_digest = {place.digest: place for place in world.places}
    return all(stands(by_digest[digest], whole, by_digest) for digest in whole)


@settings(max_examples=400, deadline=None)
@given(worlds())
def test_reuses_the_most(world: World) -> None:
    chosen = choose(world.places, world.stores, world.lost)
    assert is_consistent(world, chosen)
    held = [one for one in chosen.values() if one]
    gone = len(chosen) - len(held)
    far = sum(one.distance for one in held) + gone * FAR
    assert (-len(chosen), far) == best(world)[:2]


@settings(deadline=None)
@given(worlds())
def test_is_consistent_when_it_is_cut_off(world: World) -> None:
    assert is_consistent(world, choose(world.places, world.stores, world.lost, work=0))


@settings(deadline=None)
@given(worlds())
def test_what_one_machine_built_is_reused_whole(world: World) -> None:
    """Where everything is held, nothing is built, whatever else is held."""
    by_digest = {place.digest: place for place in world.places}
    whole: dict[Digest, Held] = {}
    for place in world.places:
        layer = Layer(Digest(f"mine-{place.id}"), Digest("blob"), 1)
        record = Record(
            place.digest,
            place.step,
            "p",
            (layer,),
            {},
            on=tuple(sorted(whole[below].record.id for below in place.on)),
            sources=came_from(place, whole, by_digest),
        )
        whole[place.digest] = Held(record, distance=2)
    held = {
        place.digest: sorted(
            [*world.stores.get(place.digest, []), whole[place.digest]], key=preferred
        )
        for place in world.places
    }
    assert len(choose(world.places, held, {*whole})) == len(world.places)
