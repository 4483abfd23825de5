"""Two locks merged by what they say, as git's driver does it."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dynbuild.commands.merge import merged
from dynbuild.errors import LockError
from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.merge import merge
from dynbuild.lockfile.merge_values import Three, keyed, listed, value
from dynbuild.lockfile.model import Lock, Target, declared_packages
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.update import update
from dynbuild.steps.model import Stage
from scripts.bench_parts.families import conflicting
from scripts.bench_parts.merges import Pair, pair, reread, text_merged
from tests.properties.edits import NEVER_REPACKS, edited, histories, requests
from tests.properties.strategies import DISTINCT


def locked(history: list[Target]) -> Lock:
    lock = None
    for target in history:
        lock = update(lock, target)
    assert lock is not None
    return lock


@given(st.data(), histories())
def test_whatever_the_sides_did_there_is_an_order(
    data: st.DataObject, history: list[Target]
) -> None:
    start = locked(history)
    sides = []
    for _ in range(2):
        target, lock = history[-1], start
        for _ in range(data.draw(st.integers(1, 2))):
            target = data.draw(edited(target))
            lock = update(lock, target, data.draw(requests(target, lock)))
        sides.append((target, lock))
    (_, main), (target, branch) = sides
    try:
        found = merge(start, main, branch)
    except LockError as error:
        # One side made a stage build-only on which the other one's linked stage stands,
        # or gave it a base or packages of its own: no lock can have both.
        refused = {problem.code for problem in error.diagnostics}
        for code in refused:
            assert code in {"DB0404", "DB0415", "DB0434"}
        return
    install_order(found.lock)
    assert loads(dumps(found.lock)) == found.lock
    install_order(update(found.lock, target))


@given(st.data(), histories(DISTINCT, NEVER_REPACKS))
def test_what_one_side_alone_did_is_that_side(
    data: st.DataObject, history: list[Target]
) -> None:
    start = locked(history)
    changed = update(start, data.draw(edited(history[-1], DISTINCT, NEVER_REPACKS)))
    assert merge(start, changed, start).lock == changed
    found = merge(start, start, changed)
    assert not found.both
    # The same but for the order of what is new at once, which the lock does not keep.
    assert facts(found.lock) == facts(changed)


def facts(lock: Lock) -> tuple[object, ...]:
    stages = {
        name: replace(entry.stage, dependencies=tuple(sorted(entry.stage.dependencies)))
        for name, entry in lock.stages.items()
    }
    sources, scripts = set(lock.sources), set(lock.scripts)
    system = (set(lock.setups), sources, scripts, lock.user)
    return stages, declared_packages(lock), system, lock.config


@given(st.data(), histories(DISTINCT, NEVER_REPACKS))
def test_what_the_branch_left_alone_keeps_its_place(
    data: st.DataObject, history: list[Target]
) -> None:
    """Steps of main that the branch did not touch are not built again."""
    start = locked(history)
    main = update(start, data.draw(edited(history[-1], DISTINCT, NEVER_REPACKS)))
    new = Stage("new", commands=("make new",))
    asked = replace(history[-1], stages=(*history[-1].stages, new))
    assume("new" not in main.stages and "new" not in start.stages)
    branch = update(start, asked)
    found = merge(start, main, branch).lock
    assert {n: e for n, e in found.stages.items() if n != "new"} == main.stages
    assert found.stages["new"].seq > main.last_seq
    assert found.packages == main.packages


def look(one: Pair) -> bool:
    """Whether the texts of a pair conflict; what merges, by text or not, is sound.

    Where the lock is not that of the merged declaration, the driver told what both
    sides changed (one file, say); after a merge of texts, which tells nothing, `lock
    --check` fails, and `lock` settles it.
    """
    driven = merged(dumps(one.start), dumps(one.ours), dumps(one.theirs), ())
    lock = reread(driven.text)
    if one.both is not None and not driven.both:
        assert declared_packages(lock) == one.both.packages
        assert set(lock.stages) == {stage.name for stage in one.both.stages}
        assert update(lock, one.both) == lock
    text = text_merged(dumps(one.ours), dumps(one.start), dumps(one.theirs))
    if text is None:
        return True
    try:
        lock = reread(text)
    except LockError as error:
        for problem in error.diagnostics:
            assert problem.hint
    else:
        if one.both is not None:
            settled = update(lock, one.both)
            assert update(settled, one.both) == settled
    return False


@pytest.mark.parametrize("seed", range(12))
def test_pull_requests(seed: int) -> None:
    look(pair(seed))


@pytest.mark.slow
def test_a_thousand_pairs_of_pull_requests() -> None:
    """At most a tenth of the texts conflict; with the driver none does."""
    conflicts = sum(look(pair(seed)) for seed in range(1000))
    assert conflicts <= 100


@pytest.mark.slow
def test_a_thousand_pairs_on_twelve_images_that_extend_one() -> None:
    """As with one image: at most a tenth of the texts, and with the driver none."""
    found = [conflicting(seed) for seed in range(1000)]
    assert sum(as_text for as_text, _ in found) <= 100
    assert not any(driven for _, driven in found)


def both(three: Three[tuple[str, ...]]) -> tuple[tuple[str, ...], list[str]]:
    told: list[str] = []
    return listed(three, "it", told.append), told


@pytest.mark.parametrize(
    ("main", "branch", "expected"),
    [
        ("xabc", "abcy", "xabcy"),
        ("bc", "abd", "bd"),
        ("abc", "a", "a"),
        ("axbc", "axbc", "axbc"),
        ("axbc", "abcy", "axbcy"),
        ("abc", "abc", "abc"),
    ],
)
def test_lists_of_which_the_sides_changed_other_parts(
    main: str, branch: str, expected: str
) -> None:
    assert both(Three(tuple("abc"), tuple(main), tuple(branch))) == (
        tuple(expected),
        [],
    )


@pytest.mark.parametrize(
    ("main", "branch"), [("xbc", "ybc"), ("xabc", "yabc"), ("axc", "abcd"[:2] + "y")]
)
def test_lists_of_which_the_sides_changed_the_same_part(main: str, branch: str) -> None:
    assert both(Three(tuple("abc"), tuple(main), tuple(branch))) == (
        tuple(main),
        ["it"],
    )


def test_values_and_keys() -> None:
    told: list[str] = []
    assert value(Three(1, 1, 2), "it", told.append) == 2
    assert value(Three(1, 2, 1), "it", told.append) == 2
    assert value(Three(1, 2, 2), "it", told.append) == 2
    assert not told
    assert value(Three(1, 2, 3), "it", told.append) == 2
    assert told == ["it"]
    sides = Three({"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 1}, {"a": 3, "c": 1, "d": 1})
    assert keyed(sides, "key", told.append) == {"a": 2, "d": 1}
    assert told == ["it", "key a"]
