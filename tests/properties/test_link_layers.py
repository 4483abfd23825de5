"""Layers: write sets tell what unpacking does, and a squash does what its parts do."""

import random

from hypothesis import given, reject, settings
from hypothesis import strategies as st

from dynbuild.link.entries import TarEntry
from dynbuild.link.model import WriteSet, Written
from dynbuild.link.squash import needless
from dynbuild.link.writes import stacked, write_set
from tests.unit.link.programs import (
    Operation,
    built,
    grown,
    programs,
)
from tests.unit.link.trees import (
    Dir,
    Listing,
    apply,
    find,
    listing,
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


def is_new(path: str, one: Written, below: WriteSet) -> bool:
    kinds = {"file", "symlink", "device"}
    return one.kind in kinds and path not in told(below)


def layers_of(base: Dir, chain: list[Program]) -> list[list[TarEntry]]:
    root = base
    layers = []
    for program in chain:
        layers.append(built(root, program)[0])
        root = apply(root, layers[-1])
    return layers


@settings(deadline=None)
@given(programs(most=10), st.lists(programs(), max_size=3))
def test_stacked_write_sets_are_the_tree(base: Program, chain: list[Program]) -> None:
    root = grown(base)
    layers = layers_of(root, chain)
    tree = stacked([write_set(whole(root), {})])
    for layer in layers:
        writes = write_set(layer, tree)
        assert all(w.new == is_new(path, w, tree) for path, w in writes.items())
        tree = stacked([tree, writes])
    unpacked = listing(apply(root, *layers))
    assert told(tree) == {path: node[:5] for path, node in unpacked.items()}


@settings(deadline=None)
@given(programs(most=10), st.lists(programs(), min_size=2, max_size=3))
def test_layers_stacked_are_one_layer(base: Program, chain: list[Program]) -> None:
    root = grown(base)
    tree = stacked([write_set(whole(root), {})])
    sets: list[WriteSet] = []
    for layer in layers_of(root, chain):
        sets.append(write_set(layer, stacked([tree, *sets])))
    assert told(stacked([tree, stacked(sets)])) == told(stacked([tree, *sets]))


@settings(deadline=None)
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


@settings(deadline=None)
@given(programs(most=10), st.lists(programs(), min_size=1, max_size=4), st.data())
def test_a_squash_deletes_what_lies_below_it_alone(
    base: Program, chain: list[Program], data: st.DataObject
) -> None:
    """Overlayfs would show the name of anything else that it deletes."""
    root = grown(base)
    layers = layers_of(root, chain)
    first = data.draw(st.integers(0, len(layers) - 1))
    sets: list[WriteSet] = [write_set(whole(root), {})]
    for layer in layers:
        sets.append(write_set(layer, stacked(sets)))
    left_out = needless(sets[first + 1 :], sets[: first + 1])
    _, entries = squashed(layers[first:], left_out)
    below = apply(root, *layers[:first])
    assert listing(apply(below, entries)) == listing(apply(root, *layers))
    for entry in entries:
        folder, _, name = entry.name.rpartition("/")
        if name.startswith(".wh.") and name != ".wh..wh..opq":
            path = f"{folder}/{name.removeprefix('.wh.')}".strip("/")
            assert find(below, path) is not None, path


@settings(deadline=None)
@given(
    programs(most=10),
    st.lists(programs(), min_size=1, max_size=3),
    st.randoms(use_true_random=False),
)
def test_layers_that_do_not_carry_their_parents(
    base: Program, chain: list[Program], chance: random.Random
) -> None:
    """As other builders write them; engines make what is missing."""
    layers = layers_of(grown(base), chain)
    sparse = [
        [e for e in layer if e.type != "directory" or chance.random() < 0.5]
        for layer in layers
    ]
    root = grown(base)
    try:
        unpacked = listing(apply(root, *sparse))
    except NotADirectoryError:
        reject()
    assert listing(apply(root, squashed(sparse)[1])) == unpacked
    tree = stacked([write_set(whole(root), {})])
    for layer in sparse:
        tree = stacked([tree, write_set(layer, tree)])
    assert told(tree) == {path: node[:5] for path, node in unpacked.items()}


@settings(deadline=None)
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
