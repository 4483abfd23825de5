"""The choice of records against brute force, on machines that build as they please."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from dynbuild.digest import Digest
from dynbuild.link.choice import Held, choose, preferred
from dynbuild.link.model import Layer, Record
from dynbuild.link.placement import Placement

BASE = (Digest("base"),)
Stores = dict[Digest, list[Held]]


def layers_of(held: Held) -> tuple[Digest, ...]:
    return tuple(layer.diff_id for layer in held.record.layers)


def shuffled(one: list[Digest], chance: random.Random) -> tuple[Digest, ...]:
    """The stack as another lock may have ordered it."""
    return tuple(chance.sample(one, len(one))) if chance.random() < 0.2 else tuple(one)


def machine(
    places: Sequence[Placement], chance: random.Random, start: Mapping[Digest, Held]
) -> dict[Digest, Held]:
    """What a machine holds after it built what it had not: new layers or the same."""
    has = dict(start)
    for place in places:
        if chance.random() < 0.2 or any(below not in has for below in place.closure):
            continue
        if place.digest in has and chance.random() < 0.5:
            continue
        stack = [layer for below in place.closure for layer in layers_of(has[below])]
        names = [chance.choice([f"{place.id}1", f"{place.id}2", f"{place.id}3"])]
        names = chance.choice([names, names, names, ["empty"], [], [*names, "empty"]])
        record = Record(
            placed=place.digest,
            step=place.step,
            platform="p",
            stack=(*BASE, *shuffled(stack, chance)),
            layers=tuple(Layer(Digest(name), Digest(name), 1) for name in names),
            writes={},
            seconds=0.0,
        )
        has[place.digest] = Held(record, chance.randrange(3))
    # What stood on something built anew stands on nothing now.
    return {
        place.digest: has[place.digest]
        for place in places
        if place.digest in has and stands(place, has)
    }


def stands(place: Placement, chosen: Mapping[Digest, Held]) -> bool:
    """Whether the record of a place was made on what is chosen for its closure."""
    if any(below not in chosen for below in place.closure):
        return False
    stack = [layer for below in place.closure for layer in layers_of(chosen[below])]
    record = chosen[place.digest].record
    return record.stack[: len(BASE)] == BASE and Counter(
        record.stack[len(BASE) :]
    ) == Counter(stack)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Placement], Stores]:
    """Up to six steps and what a few machines hold of them."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    places: list[Placement] = []
    for number in range(draw(st.integers(1, 6))):
        on = [place for place in places if chance.random() < 0.4]
        closure = {digest for place in on for digest in (*place.closure, place.digest)}
        in_order = tuple(p.digest for p in places if p.digest in closure)
        name = "abcdef"[number]
        places.append(Placement(name, Digest(name), Digest(f"@{name}"), in_order))
    stores: Stores = {}
    shared: dict[Digest, Held] = {}
    for _ in range(draw(st.integers(0, 4))):
        shared = machine(places, chance, shared if chance.random() < 0.4 else {})
        for digest, held in shared.items():
            if chance.random() < 0.9:
                stores.setdefault(digest, []).append(held)
    return places, {
        digest: sorted(several, key=preferred) for digest, several in stores.items()
    }


def best(places: Sequence[Placement], stores: Stores) -> tuple[object, ...]:
    """The best of all consistent choices, by trying all."""
    found = None
    for some in product(*([None, *stores.get(p.digest, [])] for p in places)):
        chosen = {p.digest: one for p, one in zip(places, some, strict=True) if one}
        if all(stands(p, chosen) for p in places if p.digest in chosen):
            worth = worth_of(places, chosen)
            found = worth if found is None else min(found, worth)
    assert found is not None
    return found


def worth_of(
    places: Sequence[Placement], chosen: Mapping[Digest, Held]
) -> tuple[object, ...]:
    return (
        -len(chosen),
        sum(held.distance for held in chosen.values()),
        [layers_of(chosen[p.digest]) if p.digest in chosen else () for p in places],
    )


@settings(max_examples=400, deadline=None)
@given(worlds())
def test_reuses_the_most(world: tuple[list[Placement], Stores]) -> None:
    places, stores = world
    chosen = choose(places, BASE, stores)
    assert all(stands(place, chosen) for place in places if place.digest in chosen)
    assert worth_of(places, chosen) == best(places, stores)


@settings(deadline=None)
@given(worlds())
def test_is_consistent_when_it_is_cut_off(
    world: tuple[list[Placement], Stores],
) -> None:
    places, stores = world
    chosen = choose(places, BASE, stores, work=0)
    assert all(stands(place, chosen) for place in places if place.digest in chosen)


@settings(deadline=None)
@given(worlds())
def test_what_one_machine_built_is_reused_whole(
    world: tuple[list[Placement], Stores],
) -> None:
    """Where everything is held, nothing is built, whatever else is held."""
    places, stores = world
    whole: dict[Digest, Held] = {}
    for place in places:
        stack = [layer for d in place.closure for layer in layers_of(whole[d])]
        layer = Layer(Digest(f"mine-{place.id}"), Digest("blob"), 1)
        whole[place.digest] = Held(
            Record(place.digest, place.step, "p", (*BASE, *stack), (layer,), {}, 0.0),
            distance=2,
        )
    held = {
        place.digest: sorted(
            [*stores.get(place.digest, []), whole[place.digest]], key=preferred
        )
        for place in places
    }
    assert len(choose(places, BASE, held)) == len(places)
