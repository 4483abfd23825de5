"""Single rules and requests, each by its smallest example."""

from dataclasses import replace

import pytest

from dynbuild.errors import LockError
from dynbuild.lockfile.changes import Change, compare
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.requests import asked_since, combined, is_repacked
from dynbuild.lockfile.resolved import environments_of
from dynbuild.lockfile.update import NOTHING, Requests, update
from dynbuild.steps.model import AptSource, Copy, Stage, User
from tests.pins import pinned
from tests.unit.lockfile.test_merged import BASE, made


def target(*stages: Stage, **fields: object) -> Target:
    return Target(BASE, stages=stages, **fields)  # type: ignore[arg-type]


def seqs(lock: Lock) -> dict[str, int]:
    return {name: entry.seq for name, entry in lock.stages.items()}


def test_all_swapped_at_once_builds_nothing() -> None:
    """Two pairs that say the same, told apart by what they stand on."""
    a, b = made("a"), made("b")
    x = Stage("x", ("a",), commands=("true",))
    y = Stage("y", ("b",), commands=("true",))
    first = update(None, target(a, b, x, y))
    swapped = update(
        first,
        target(
            Stage("b", commands=a.commands),
            Stage("a", commands=b.commands),
            Stage("y", ("b",), commands=("true",)),
            Stage("x", ("a",), commands=("true",)),
        ),
    )
    assert seqs(swapped) == {"b": 1, "a": 2, "y": 3, "x": 4}
    assert not any(entry.moves for entry in swapped.stages.values())


def test_twins_renamed_are_told_apart_by_what_needs_them() -> None:
    def twins(one: str, other: str) -> Target:
        return target(
            Stage(one, commands=("true",)),
            made("between"),
            Stage(other, commands=("true",)),
            made("on-one", one),
            made("on-other", other),
        )

    first = update(None, twins("a", "b"))
    after = update(first, twins("z", "y"))
    assert seqs(after) == {"z": 1, "between": 2, "y": 3, "on-one": 4, "on-other": 5}


def test_a_swap_beside_an_edit_of_what_both_need() -> None:
    def declared(command: str, x: str, y: str) -> Target:
        below = Stage("below", commands=(command,))
        last = made("last")
        return target(
            below,
            Stage(x, ("below",), commands=("one",)),
            Stage(y, ("below",), commands=("two",)),
            last,
        )

    first = update(None, declared("old", "x", "y"))
    after = update(first, declared("new", "y", "x"))
    assert {name: entry.moves for name, entry in after.stages.items()} == {
        "below": 1,
        "x": 0,
        "y": 0,
        "last": 0,
    }


def test_another_name_of_the_same_base_builds_nothing() -> None:
    first = update(None, target(made("a"), made("b")))
    second = update(first, target(made("a", "b"), made("b")))
    digest = BASE.digest
    assert digest
    other = Target(
        type(BASE)("debian:bookworm", digest, BASE.platforms), stages=(made("b"),)
    )
    lock = update(second, other)
    assert lock.stages["b"] == second.stages["b"]
    assert lock.base.image == "debian:bookworm"


def test_a_refresh_number_follows_a_rename() -> None:
    committed = update(None, target(made("a")))
    current = update(committed, target(made("a")), Requests(bump={"a": 1}))
    renamed = target(Stage("b", commands=("make a",)))
    asked = combined(asked_since(committed, current), NOTHING)
    after = update(committed, renamed, asked)
    assert after.stages["b"].stage.bump == 1
    again = combined(asked_since(committed, current), Requests(bump={"b": 1}))
    assert update(committed, renamed, again).stages["b"].stage.bump == 2


def test_a_refresh_number_of_a_new_stage_stays() -> None:
    committed = update(None, target(made("a")))
    both = target(made("a"), made("b"))
    current = update(committed, both, Requests(bump={"b": 1}))
    assert update(committed, both, asked_since(committed, current)) == current


def test_a_repack_of_packages_alone_is_seen() -> None:
    first = update(None, target(packages={"apt": {"git": "git"}}))
    second = update(first, target(packages={"apt": {"git": "git=1"}}))
    packed = update(
        second, target(packages={"apt": {"git": "git=1"}}), Requests(repack=True)
    )
    assert is_repacked(second, packed)
    assert not is_repacked(first, second)


def test_another_base_is_no_repack() -> None:
    first = update(None, target(made("a")))
    both = target(made("a"), made("b"))
    second = update(update(first, both), both, Requests(move=frozenset({"a"})))
    other = update(second, Target(pinned("debian:13"), stages=(made("a"),)))
    assert other.stages["a"].seq < second.stages["a"].seq
    assert not is_repacked(second, other)


def test_a_target_has_to_be_sound() -> None:
    with pytest.raises(LockError, match="needs stage 'gone'"):
        update(None, target(made("a", "gone")))


def test_a_source_with_another_key_was_changed() -> None:
    old = AptSource("https://a", ("s",), ("main",), "k", BASE.digest)
    new = AptSource("https://a", ("s",), ("main",), "l", BASE.digest)
    first = update(None, target(sources=(old,)))
    second = update(first, target(sources=(new,)))
    assert compare(first, second) == (
        Change("changed", "source", "https://a s main", 1, 2, ("key",)),
    )


def test_a_dependency_on_a_new_stage_of_an_old_name_is_told() -> None:
    first = update(None, target(made("a"), made("on", "a")))
    renamed = Stage("was-a", commands=("make a",))
    second = update(
        first, target(renamed, Stage("a", commands=("new",)), made("on", "a"))
    )
    told = {(change.verb, change.name) for change in compare(first, second)}
    assert told == {("renamed", "was-a"), ("added", "a"), ("changed", "on")}


def test_what_only_moved_says_what_it_needs() -> None:
    first = update(None, target(made("a"), made("on", "a"), made("c")))
    second = update(
        first, target(Stage("a", commands=("new",)), made("on", "a"), made("c"))
    )
    assert compare(first, second) == (
        Change("changed", "stage", "a", 1, 4, ("commands",)),
        Change("moved", "stage", "on", 2, 5, ("needs a",)),
    )


def test_another_default_shell_is_told_of_the_stages_it_changes() -> None:
    first = update(None, target(made("a")))
    second = update(first, target(made("a"), shell=("/bin/bash", "-c")))
    assert [(c.kind, c.name, c.details) for c in compare(first, second)] == [
        ("config", "shell", ()),
        ("stage", "a", ("shell",)),
    ]


def test_an_image_pinned_anew_is_told_of_the_stages_that_copy_from_it() -> None:
    stage = Stage("a", copies=(Copy("/x", "/x", image="go:1"),))
    first = update(None, target(stage, images={"go:1": pinned("go:1")}))
    second = update(first, target(stage, images={"go:1": pinned("go:1@new")}))
    assert ("copy",) in {change.details for change in compare(first, second)}


def test_what_came_went_and_was_numbered_anew() -> None:
    user = User("app", 1000, "/bin/sh")
    source = AptSource("https://a", ("s",), ("main",))
    packages = {"apt": {"git": "git"}}
    bare = update(None, target())
    # Nothing was there, so nothing of the base is told.
    first = update(
        None, target(made("a"), scripts=("x",), sources=(source,), user=user)
    )
    assert [(c.verb, c.kind, c.after) for c in compare(None, first)] == [
        ("added", "source", 1),
        ("added", "script", 2),
        ("added", "user", 3),
        ("added", "stage", 4),
    ]
    assert [(c.verb, c.kind, c.before) for c in compare(first, bare)] == [
        ("removed", "source", 1),
        ("removed", "script", 2),
        ("removed", "user", 3),
        ("removed", "stage", 4),
    ]
    later = update(
        update(bare, target(packages=packages), extended=True),
        target(made("a"), scripts=("x",), sources=(source,), user=user),
        extended=True,
    )
    packed = [(c.verb, c.kind, c.before, c.after) for c in compare(later, first)]
    assert packed == [
        ("repacked", "apt", None, None),
        ("repacked", "source", 2, 1),
        ("repacked", "script", 4, 2),
        ("repacked", "user", 5, 3),
        ("moved", "stage", 6, 4),
    ]


def test_what_is_build_only_is_not_linked() -> None:
    lock = update(None, target(made("a"), made("b", build_only=True)))
    assert [(step.id, step.linked) for step in install_order(lock)] == [
        ("a", True),
        ("b", False),
    ]


@pytest.mark.parametrize(
    ("stage", "whose"),
    [
        (Stage("a", env={"A": "$NOBODY"}), "stage 'a'"),
        (None, "the container"),
    ],
)
def test_a_variable_that_nothing_sets(stage: Stage | None, whose: str) -> None:
    """A lock that was edited, or whose base sets it no more."""
    lock = update(None, target(made("b")))
    if stage is None:
        lock = replace(lock, config=replace(lock.config, env={"A": "$NOBODY"}))
    else:
        entry = replace(lock.stages["b"], stage=stage)
        lock = replace(lock, stages={**lock.stages, "a": entry})
    with pytest.raises(LockError, match=f"cannot set A of {whose}"):
        environments_of(lock)
