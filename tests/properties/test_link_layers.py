"""Layers: write sets tell what unpacking does, and a squash does what its parts do."""

from hypothesis import given
from hypothesis import strategies as st

from dynbuild.link.entries import Entry
from dynbuild.link.model import WriteSet
from dynbuild.link.writes import stacked, write_set
from tests.unit.link.trees import (
    Dir,
    Listing,
    Operation,
    apply,
    built,
    grown,
    listing,
    programs,
    squashed,
    whole,
)

Program = list[Operation]


def told(tree: WriteSet) -> Listing:
    """A write set as a listing, without what it deletes."""
    found: Listing = {}
    for path, w in tree.items():
        if w.kind in {"directory", "opaque"}:
            found[path] = ("directory", w.mode, w.uid)
        elif w.kind != "whiteout":
            found[path] = (w.kind, w.mode, w.uid, w.content, w.xattrs)
    return found


def layers_of(base: Dir, chain: list[Program]) -> list[list[Entry]]:
    root = base
    layers = []
    for program in chain:
        layers.append(built(root, program)[0])
        root = apply(root, layers[-1])
    return layers


@given(programs(most=10), st.lists(programs(), max_size=3))
def test_stacked_write_sets_are_the_tree(base: Program, chain: list[Program]) -> None:
    root = grown(base)
    layers = layers_of(root, chain)
    tree = stacked([write_set(whole(root), {})])
    for layer in layers:
        tree = stacked([tree, write_set(layer, tree)])
    unpacked = listing(apply(root, *layers))
    assert told(tree) == {path: node[:5] for path, node in unpacked.items()}


@given(programs(most=10), st.lists(programs(), min_size=2, max_size=3))
def test_layers_stacked_are_one_layer(base: Program, chain: list[Program]) -> None:
    root = grown(base)
    tree = stacked([write_set(whole(root), {})])
    sets: list[WriteSet] = []
    for layer in layers_of(root, chain):
        sets.append(write_set(layer, stacked([tree, *sets])))
    assert told(stacked([tree, stacked(sets)])) == told(stacked([tree, *sets]))


@given(
    programs(most=10),
    st.lists(programs(), min_size=1, max_size=4),
    st.lists(programs(most=10), max_size=2),
)
def test_a_squash_does_what_its_parts_do(
    base: Program, chain: list[Program], others: list[Program]
) -> None:
    """On the tree that the layers were made on, and on any other."""
    layers = layers_of(grown(base), chain)
    data, entries = squashed(layers)
    assert squashed(layers)[0] == data
    for below in (base, *others):
        root = grown(below)
        assert listing(apply(root, entries)) == listing(apply(root, *layers))


@given(programs(most=10), st.lists(programs(), min_size=2, max_size=4), st.data())
def test_squashes_of_squashes(
    base: Program, chain: list[Program], data: st.DataObject
) -> None:
    layers = layers_of(grown(base), chain)
    middle = data.draw(st.integers(1, len(layers) - 1))
    parts = [squashed(layers[:middle])[1], squashed(layers[middle:])[1]]
    assert listing(apply(grown(base), squashed(parts)[1])) == listing(
        apply(grown(base), *layers)
    )
