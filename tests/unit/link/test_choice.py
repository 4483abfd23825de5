from dynbuild.digest import Digest
from dynbuild.link.choice import Held, choose, preferred
from dynbuild.link.model import Layer, Record
from dynbuild.link.placement import Placement

BASE = (Digest("base"),)


def place(name: str, *closure: str) -> Placement:
    return Placement(name, Digest(name), Digest(name), tuple(map(Digest, closure)))


def held(name: str, layer: str, *stack: str, distance: int = 0) -> Held:
    layers = tuple(Layer(Digest(one), Digest(one), 1) for one in layer.split())
    below = tuple(Digest(one) for one in ("base", *stack))
    record = Record(Digest(name), Digest(name), "p", below, layers, {}, 1.0)
    return Held(record, distance)


def chosen(places: list[Placement], *several: Held, work: int = 1000) -> list[str]:
    """The layers that are chosen."""
    stores: dict[Digest, list[Held]] = {}
    for one in sorted(several, key=preferred):
        stores.setdefault(one.record.placed, []).append(one)
    found = choose(places, BASE, stores, work)
    return [
        "+".join(layer.diff_id for layer in found[p.digest].record.layers)
        if p.digest in found
        else "-"
        for p in places
    ]


def test_nothing_lies_on_a_foreign_stack() -> None:
    places = [place("a"), place("b", "a")]
    assert chosen(places, held("a", "a1"), held("b", "b2", "a2")) == ["a1", "-"]
    assert chosen(places, held("b", "b1", "a1")) == ["-", "-"]
    foreign = Held(
        Record(Digest("a"), Digest("a"), "p", (Digest("other"),), (), {}, 1.0)
    )
    assert chosen(places, foreign) == ["-", "-"]


def test_the_most_then_the_nearest_then_the_lowest() -> None:
    places = [place("a"), place("b", "a")]
    two = [held("a", "a1"), held("a", "a2", distance=1)]
    assert chosen(places, *two) == ["a1", "-"]
    assert chosen(places, *two, held("b", "b", "a2", distance=9)) == ["a2", "b"]
    assert chosen(places[:1], held("a", "a2"), held("a", "a1")) == ["a1"]
    assert chosen(places[:1], held("a", "a1", distance=1), *two[1:]) == ["a1"]


def test_order_within_a_stack_changes_nothing() -> None:
    places = [place("a"), place("b"), place("c", "a", "b")]
    several = held("a", "a"), held("b", "b"), held("c", "c", "b", "a")
    assert chosen(places, *several) == ["a", "b", "c"]


def test_equal_layers_on_different_stacks() -> None:
    """A copy has the same layer on every machine; what stands on it has not."""
    places = [place("a"), place("copy", "a"), place("c", "a", "copy")]
    several = [
        held("a", "a1"),
        held("a", "a2"),
        held("copy", "same", "a1"),
        held("copy", "same", "a2", distance=1),
        held("c", "c2", "a2", "same"),
    ]
    assert chosen(places, *several) == ["a2", "same", "c2"]


def test_empty_layers_do_not_confuse() -> None:
    places = [place("a"), place("b"), place("c", "a", "b")]
    several = [
        held("a", "empty"),
        held("a", ""),
        held("b", "empty"),
        held("b", "b1"),
        held("c", "c1", "empty"),
        held("c", "c2", "b1", "empty"),
        held("c", "c3", "empty", "empty"),
    ]
    assert chosen(places, *several) == ["", "empty", "c1"]


def test_cut_off_it_goes_straight_on() -> None:
    """Two choices that nothing ties down until the end."""
    names = "abcdef"
    places = [place(name) for name in names] + [place("z", *names)]
    several = [held(name, f"{name}{n}") for name in names for n in (1, 2)]
    several += [held("z", "z", *(f"{name}2" for name in names))]
    best = [f"{name}2" for name in names] + ["z"]
    assert chosen(places, *several) == best
    assert chosen(places, *several, work=0) == best
