"""What a digest covers, over random histories: what changed, and what stands on it."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from dynbuild.lockfile.model import Target
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.platform import of_platform
from dynbuild.steps.model import Stage
from tests.properties.edits import histories
from tests.properties.strategies import PLATFORM
from tests.properties.test_update import digests, replayed


@given(st.data(), histories())
def test_only_what_changed_and_what_needs_it(
    data: st.DataObject, history: list[Target]
) -> None:
    """A bump of any stage of any lock changes it and all that need it, no other."""
    lock = replayed(history)[-1]
    if not lock.stages:
        return
    name = data.draw(st.sampled_from(sorted(lock.stages)))
    entry = lock.stages[name]
    bumped = replace(entry, stage=replace(entry.stage, bump=entry.stage.bump + 1))
    before = digests(lock)
    after = digests(replace(lock, stages={**lock.stages, name: bumped}))
    there = of_platform(lock, PLATFORM)
    reached = {name} & there.stages.keys()
    for step in install_order(there):
        if isinstance(step.step, Stage) and not reached.isdisjoint(step.step.needs):
            reached.add(step.id)
    assert {step for step in before if before[step] != after[step]} == reached


@given(histories())
def test_a_place_at_the_back_keeps_digests_unless_the_chain_grew(
    history: list[Target],
) -> None:
    """A seq says nothing of its own: only what a stage stands on does."""
    lock = replayed(history)[-1]
    last = lock.last_seq
    later = {
        name: replace(entry, seq=last + entry.seq)
        for name, entry in lock.stages.items()
    }
    moved = replace(lock, stages=later)
    before, after = (
        {step.id: step.on for step in install_order(of_platform(one, PLATFORM))}
        for one in (lock, moved)
    )
    if before == after:
        assert digests(lock) == digests(moved)
