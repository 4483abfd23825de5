from dataclasses import replace

import pytest

from dynbuild.link.budget import Member, groups, height_of
from dynbuild.steps.model import Copy, Script, Stage, Step


@pytest.mark.parametrize(
    ("step", "height"),
    [
        (Script("true"), 1),
        (Stage("a", commands=("a", "b")), 1),
        (Stage("a", commands=("a",), copies=(Copy("a", "b"), Copy("c", "d"))), 3),
        (Stage("a"), 0),
    ],
)
def test_height(step: Step, height: int) -> None:
    assert height_of(step) == height


def stack_of(count: int) -> list[Member]:
    return [Member(f"s{seq}", seq) for seq in range(count)]


def height(stack: list[Member], cut: tuple[tuple[str, ...], ...]) -> int:
    layers = {member.id: member.layers for member in stack}
    return sum(1 if len(group) > 1 else layers[group[0]] for group in cut)


def names(cut: tuple[tuple[str, ...], ...]) -> list[str]:
    return [" ".join(group) for group in cut if len(group) > 1]


def test_what_fits_is_left_alone() -> None:
    assert groups(stack_of(3), 3) == (("s0",), ("s1",), ("s2",))
    assert groups([], -1) == ()


def test_cuts_are_where_seq_says() -> None:
    cut = groups(stack_of(20), 19)
    assert names(cut) == ["s0 s1 s2 s3 s4 s5 s6 s7"]
    assert [name for group in cut for name in group] == [f"s{n}" for n in range(20)]


def test_the_coldest_first() -> None:
    stack = stack_of(32)
    stack[:8] = [replace(one, moves=3) for one in stack[:8]]
    stack[8:16] = [replace(one, moves=1) for one in stack[8:16]]
    stack[24:] = [replace(one, system=True) for one in stack[24:]]
    order = []
    for room in (31, 24, 17, 10):
        cut = groups(stack, room)
        assert height(stack, cut) <= room
        order.append({name.split()[0] for name in names(cut)})
    assert order == [
        {"s24"},
        {"s24", "s16"},
        {"s24", "s16", "s8"},
        {"s24", "s16", "s8", "s0"},
    ]


def test_wider_groups_are_made_of_narrow_ones() -> None:
    stack = stack_of(64)
    cut = groups(stack, 6)
    assert height(stack, cut) <= 6
    assert [len(group) for group in cut] == [16, 16, 8, 8, 8, 8]
    assert [len(group) for group in groups(stack, 1)] == [64]


def test_live_steps_never() -> None:
    stack = stack_of(10)
    stack[4:] = [replace(one, live=True) for one in stack[4:]]
    cut = groups(stack, 3)
    assert names(cut) == ["s0 s1 s2 s3"]
    assert height(stack, cut) == 7


def test_layers_of_one_step_are_squashed_with_its_neighbours() -> None:
    stack = [Member("a", 0, layers=5), Member("b", 1, layers=0), Member("c", 9)]
    assert names(groups(stack, 5)) == ["a b"]
    flat = [Member("a", 0, layers=0), Member("b", 1), Member("c", 9, live=True)]
    assert names(groups(flat, 1)) == []
