"""Steps that commute: either way round, and as if one had run after the other."""

from collections.abc import Mapping
from typing import Any

from hypothesis import assume, given, settings

from dynbuild.link.commute import conflicts
from dynbuild.link.model import WriteSet
from dynbuild.link.uncounted import uncounted
from dynbuild.link.writes import stacked, write_set
from tests.unit.link.programs import (
    OPERATIONS,
    Operation,
    built,
    grown,
    programs,
    run,
    start,
)
from tests.unit.link.trees import (
    Dir,
    apply,
    listing,
    whole,
)

Program = list[Operation]


def matters(root: Dir) -> Mapping[str, Any]:
    """What counts of a tree: all but what is in the files of a few names."""
    return {path: _told(path, node[:5]) for path, node in listing(root).items()}


def _told(path: str, node: tuple[object, ...]) -> tuple[object, ...]:
    if node[0] != "file" or not uncounted(path):
        return node
    kind, mode, owner, _, xattrs = node
    return kind, mode, owner, xattrs


def tree_of(root: Dir) -> WriteSet:
    return stacked([write_set(whole(root), {})])


@settings(deadline=None)
@given(programs(most=8), programs(most=4), programs(most=4))
def test_commuting_is_mutual(base: Program, one: Program, other: Program) -> None:
    root = grown(base)
    tree = tree_of(root)
    a, b = (write_set(built(root, program)[0], tree) for program in (one, other))
    assert conflicts(a, b) == conflicts(b, a)


@settings(max_examples=300, deadline=None)
@given(programs(most=8), programs(most=3), programs(most=3), programs(most=3))
def test_what_commutes_can_be_stacked_either_way(
    base: Program, under: Program, one: Program, other: Program
) -> None:
    """``one`` stands on ``under``, ``other`` on neither."""
    root = grown(base)
    tree = tree_of(root)
    below, _ = built(root, under)
    lower = write_set(below, tree)
    a, _ = built(apply(root, below), one)
    b, _ = built(root, other)
    upper = write_set(a, stacked([tree, lower]))
    apart = write_set(b, tree)
    assume(not conflicts(lower, apart) and not conflicts(upper, apart))
    last = matters(apply(root, below, a, b))
    assert last == matters(apply(root, below, b, a))
    assert last == matters(apply(root, b, below, a))


@settings(max_examples=300, deadline=None)
@given(programs(most=8), programs(most=3), programs(most=3))
def test_linked_is_linear(base: Program, one: Program, other: Program) -> None:
    """The image is what a linear build gives, where a program looks at nothing else.

    One that finds something to do, or nothing, only after the other ran has looked. A
    link is one that looks: at the file it takes over.
    """
    root = grown(base)
    tree = tree_of(root)
    a, _ = built(root, one)
    b, done = built(root, other)
    assume(not conflicts(write_set(a, tree), write_set(b, tree)))
    linear = start(apply(root, a))
    assume(run(linear, other) == done)
    assume(all(verb != "link" for verb, *_ in other))
    assert matters(linear) == matters(apply(root, a, b))


def test_each_operation_is_tried() -> None:
    root = grown([("write", "a", "x", 0), ("mkdir", "b", "", 0)])
    program: Program = [
        ("append", "a", "y", 0),
        ("chmod", "a", "", 1),
        ("link", "b/a", "a", 0),
        ("symlink", "b/b", "a", 0),
        ("device", "b/tmp", "", 0),
        ("remove", "b/b", "", 0),
        ("again", "b", "", 0),
        ("mkdir", "b/a", "", 0),
        ("write", "b/b", "", 0),
    ]
    assert {verb for verb, *_ in program} == set(OPERATIONS)
    assert all(found for _, found in run(start(root), program))
