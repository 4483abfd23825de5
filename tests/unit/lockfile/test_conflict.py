"""Of a torn lock, what either side asked for beyond the lock that they came from."""

import pytest

from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.conflict import asked_on, sides
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.update import NOTHING, Requests, update
from tests.unit.lockfile.test_merged import made
from tests.unit.lockfile.test_rules import target

GOAL = target(made("a"), made("b"), packages={"apt": {"git": "git", "jq": "jq"}})
START = update(None, GOAL)


def asked(
    *moved: str, bump: dict[str, int] | None = None, upgraded: tuple[str, ...] = ()
) -> Lock:
    """The lock of a branch that asked for something since the start."""
    upgrade = frozenset(("apt", key) for key in upgraded)
    return update(START, GOAL, Requests(bump or {}, frozenset(moved), upgrade))


def torn(ours: str, theirs: str, before: str = "") -> str:
    """The two texts as one conflict, as git writes it; with the one before, diff3."""
    middle = f"||||||| 1234567\n{before}" if before else ""
    return f"<<<<<<< HEAD\n{ours}{middle}=======\n{theirs}>>>>>>> branch\n"


@pytest.mark.parametrize("before", ["", dumps(START)])
def test_both_sides_of_a_conflict(before: str) -> None:
    ours, theirs = asked("a"), asked(bump={"b": 1})
    assert sides(torn(dumps(ours), dumps(theirs), before)) == (ours, theirs)


def test_conflicts_are_taken_line_by_line() -> None:
    ours, theirs = asked(bump={"a": 1, "b": 1}), asked(bump={"a": 2, "b": 3})
    lines = zip(dumps(ours).splitlines(), dumps(theirs).splitlines(), strict=True)
    text = "".join(
        f"{one}\n" if one == other else torn(f"{one}\n", f"{other}\n")
        for one, other in lines
    )
    assert text.count("<<<<<<<") == 2
    assert sides(text) == (ours, theirs)
    assert sides(text.removesuffix("\n")) == (ours, theirs)


def test_a_text_without_conflicts_has_equal_sides() -> None:
    assert sides(dumps(START)) == (START, START)


def test_a_side_that_cannot_be_read_is_left_out() -> None:
    theirs = asked("a")
    assert sides(torn("version = [\n", dumps(theirs))) == (theirs,)
    assert sides(torn(dumps(theirs), "version = 2\n")) == (theirs,)
    assert sides("version = [") == ()
    assert sides(f"<<<<<<< HEAD\n{dumps(START)}") == ()


def test_what_either_side_asked_for_is_asked_for_again() -> None:
    ours = asked("a", bump={"b": 1}, upgraded=("git",))
    theirs = asked(bump={"b": 2}, upgraded=("jq",))
    found = asked_on((ours, theirs), START)
    assert found == Requests(
        {"b": 2},
        frozenset({"a"}),
        frozenset({("apt", "git"), ("apt", "jq")}),
        upgrades={"apt": 1},
    )
    assert found == asked_on((theirs, ours), START)
    after = update(START, GOAL, found)
    assert after.stages["b"].stage.bump == 2
    assert after.stages["a"].moves == 1


def test_nobody_asked_for_anything() -> None:
    assert asked_on((START, loads(dumps(START))), START) == NOTHING
    assert asked_on((), START) == NOTHING
