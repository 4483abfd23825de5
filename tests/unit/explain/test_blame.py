"""The commits that moved or changed a stage, from versions of a lock."""

from collections.abc import Iterator

from dynbuild.explain.blame import Commit, LockVersion, blame
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.update import update
from dynbuild.steps.model import Stage
from tests.pins import pinned

BASE = pinned("debian:12")


def lock_of(previous: Lock | None, **commands: str) -> Lock:
    stages = tuple(Stage(name, commands=(text,)) for name, text in commands.items())
    return update(previous, Target(BASE, stages=stages))


def commit(name: str) -> Commit:
    return Commit(name, "a", "2026-01-01T00:00:00+00:00", name)


FIRST = lock_of(None, a="1", b="1")
CHANGED = lock_of(FIRST, a="2", b="1")
RENAMED = lock_of(CHANGED, c="2", b="1")


def test_back_to_where_it_came_from_and_no_further() -> None:
    def versions() -> Iterator[LockVersion]:
        yield LockVersion(commit("renamed"), RENAMED, (CHANGED,))
        yield LockVersion(commit("of b"), CHANGED, (CHANGED,))
        yield LockVersion(commit("changed"), CHANGED, (FIRST,))
        yield LockVersion(commit("added"), FIRST, ())
        raise AssertionError("nothing before the stage was added is read")

    found = list(blame("c", versions()))
    assert [
        (one.commit.id, [change.verb for change in one.changes]) for one in found
    ] == [("renamed", ["renamed"]), ("changed", ["changed"]), ("added", ["added"])]


def test_versions_without_the_stage_or_a_lock_say_nothing() -> None:
    versions = [
        LockVersion(commit("torn"), None, (FIRST,)),
        LockVersion(commit("other"), lock_of(None, z="1"), (FIRST,)),
        LockVersion(commit("added"), FIRST, (None,)),
    ]
    assert [one.commit.id for one in blame("a", versions)] == ["added"]


def test_a_merge_counts_where_the_stage_is_as_in_none_of_its_parents() -> None:
    other = lock_of(FIRST, a="3", b="1")
    both = lock_of(FIRST, a="4", b="1")
    versions = [
        LockVersion(commit("taken"), CHANGED, (FIRST, CHANGED)),
        LockVersion(commit("mixed"), both, (CHANGED, other)),
    ]
    assert [one.commit.id for one in blame("a", versions)] == ["mixed"]


def test_a_merge_that_numbers_anew_did_not_add_what_a_side_brought() -> None:
    ours = lock_of(FIRST, a="1", b="1", x="1")
    theirs = lock_of(FIRST, a="1", b="1", c="1")
    merged = lock_of(ours, a="1", b="1", x="1", c="1")
    assert merged.stages["c"].seq != theirs.stages["c"].seq
    versions = [
        LockVersion(commit("merge"), merged, (ours, theirs)),
        LockVersion(commit("theirs"), theirs, (FIRST,)),
        LockVersion(commit("ours"), ours, (FIRST,)),
    ]
    assert [
        (one.commit.id, [change.verb for change in one.changes])
        for one in blame("c", versions)
    ] == [("merge", ["moved"]), ("theirs", ["added"])]
