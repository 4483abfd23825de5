from dynbuild.digest import Digest
from dynbuild.link.choice import Held, choose, preferred
from dynbuild.link.model import Layer, Record
from dynbuild.link.placement import Placement


def place(name: str, *on: str, sources: str = "") -> Placement:
    below = tuple(map(Digest, on))
    return Placement(
        name,
        Digest(name),
        Digest(name),
        closure=below,
        on=below,
        sources=tuple(map(Digest, sources.split())),
    )


def held(
    name: str, layer: str, *on: Held, sources: tuple[Held, ...] = (), distance: int = 0
) -> Held:
    record = Record(
        Digest(name),
        Digest(name),
        "p",
        tuple(Layer(Digest(one), Digest(one), 1) for one in layer.split()),
        {},
        on=tuple(sorted(one.record.id for one in on)),
        sources=tuple(sorted((one.record.placed, one.record.id) for one in sources)),
        made=int("".join(filter(str.isdigit, layer)) or 0),
    )
    return Held(record, distance)


def chosen(
    places: list[Placement],
    *several: Held,
    lost: tuple[str, ...] = (),
    work: int = 1000,
) -> list[str]:
    """The layers that are chosen."""
    stores: dict[Digest, list[Held]] = {}
    for one in sorted(several, key=preferred):
        stores.setdefault(one.record.placed, []).append(one)
    found = choose(places, stores, tuple(map(Digest, lost)), work)
    return [
        "+".join(layer.diff_id for layer in one.record.layers)
        if (one := found.get(p.digest))
        else "-"
        for p in places
    ]


def test_nothing_stands_on_another_realization() -> None:
    places = [place("a"), place("b", "a")]
    one, other = held("a", "a1"), held("a", "a2")
    assert chosen(places, one, held("b", "b2", other)) == ["a1", "-"]
    assert chosen(places, held("b", "b1", one)) == ["-", "-"]
    assert chosen(places, held("a", "a1", other)) == ["-", "-"]
    assert chosen(places, one, held("b", "b1", one)) == ["a1", "b1"]


def test_the_most_then_the_nearest_then_the_youngest() -> None:
    places = [place("a"), place("b", "a")]
    near, far = held("a", "a1"), held("a", "a2", distance=1)
    assert chosen(places, near, far) == ["a1", "-"]
    assert chosen(places, near, far, held("b", "b", far, distance=9)) == ["a2", "b"]
    assert chosen(places[:1], held("a", "a2"), near) == ["a2"]
    assert chosen(places[:1], held("a", "a1", distance=1), far) == ["a2"]
    assert chosen(places[:1], near, held("a", "a1", distance=1)) == ["a1"]


def test_equal_layers_on_different_ground() -> None:
    """A copy has the same layer on every machine; what stands on it has not."""
    places = [place("a"), place("copy", "a"), place("c", "copy")]
    one, other = held("a", "a1"), held("a", "a2")
    copies = held("copy", "same", one), held("copy", "same", other, distance=1)
    several = [one, other, *copies, held("c", "c2", copies[1])]
    assert chosen(places, *several) == ["a2", "same", "c2"]


def test_empty_layers_do_not_confuse() -> None:
    places = [place("a"), place("b"), place("c", "a", "b")]
    some = {name: held(name[0], name[2:]) for name in ("a empty", "a ", "b b1", "b ")}
    on = [some["a "], some["b b1"]]
    several = [*some.values(), held("c", "c1", *on)]
    assert chosen(places, *several) == ["", "b1", "c1"]


def test_two_copies_are_of_one_compilation() -> None:
    places = [place("s"), place("a", sources="s"), place("b", sources="s")]
    one, two = held("s", "s1"), held("s", "s2")
    a, b = held("a", "a1", sources=(one,)), held("b", "b1", sources=(two,))
    assert chosen(places, one, two, a, b) == ["s2", "-", "b1"]
    assert chosen(places, one, a, b) == ["s1", "a1", "-"]
    # No tier holds it any more: both are still of one of them.
    assert len({*chosen(places, a, b)} & {"a1", "b1"}) == 1
    assert chosen(places, a) == ["-", "a1", "-"]
    assert chosen(places, a, lost=("s",)) == ["-", "-", "-"]
    assert chosen(places, one, a, lost=("s",)) == ["s1", "a1", "-"]


def test_a_source_that_is_gone_ties_what_it_came_from() -> None:
    """What is copied from ``s``, which copied from ``t``: all of one ``t``."""
    places = [
        place("t"),
        place("s", sources="t"),
        place("a", sources="s"),
        place("b", sources="t"),
    ]
    t1, t2 = held("t", "t1"), held("t", "t2")
    s = held("s", "s1", sources=(t1,))
    whole = held("a", "a1", sources=(s, t1))
    b = held("b", "b1", sources=(t2,))
    assert chosen(places, whole, b, t2) == ["-", "-", "a1", "-"]
    assert chosen(places, whole, b, t2, lost=("t",)) == ["t2", "-", "-", "b1"]
    assert chosen(places, whole, t1) == ["t1", "-", "a1", "-"]
    assert chosen(places, whole) == ["-", "-", "a1", "-"]
    # A record that does not say what it came from is of use with its source alone.
    short = held("a", "a1", sources=(s,))
    assert chosen(places, short) == ["-", "-", "-", "-"]
    assert chosen(places, short, s, t1) == ["t1", "s1", "a1", "-"]
    # Nor is one that names what it cannot have been copied from.
    odd = held("a", "a1", sources=(s, t1, held("z", "z")))
    assert chosen(places, odd, s, t1) == ["t1", "s1", "-", "-"]
    none = held("a", "a1")
    assert chosen(places, none, s, t1) == ["t1", "s1", "-", "-"]


def test_what_cannot_be_true_is_not_used() -> None:
    """One that stands on one compilation, and copies from what came of another."""
    places = [place("t"), place("s", sources="t"), place("a", "t", sources="s")]
    t1, t2 = held("t", "t1"), held("t", "t2")
    s = held("s", "s1", sources=(t1,))
    assert chosen(places, t1, t2, s, held("a", "a", t2, sources=(s,)))[2] == "-"
    assert chosen(places, t1, t2, s, held("a", "a", t1, sources=(s,)))[2] == "a"
    twice = held("a", "a", t1, sources=(s, held("s", "s2", sources=(t1,))))
    assert chosen(places, t1, s, twice)[2] == "-"


def test_cut_off_it_goes_straight_on() -> None:
    """Two choices that nothing ties down until the end."""
    names = "abcdef"
    places = [place(name) for name in names] + [place("z", *names)]
    several = [held(name, f"{name}{n}") for name in names for n in (1, 2)]
    several += [held("z", "z", *(one for one in several if one.record.made == 1))]
    best = [f"{name}1" for name in names] + ["z"]
    assert chosen(places, *several) == best
    assert chosen(places, *several, work=0) == best


def test_a_bounded_number_is_chosen_from() -> None:
    """The nearest and youngest that can be used, whatever else there is."""
    many = [held("a", f"a{n}") for n in range(10, 30)]
    odd = [held("a", f"a{n}", held("x", "x")) for n in range(30, 60)]
    assert chosen([place("a")], *many, *odd) == ["a29"]
