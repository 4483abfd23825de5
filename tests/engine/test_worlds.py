"""The second generator of histories itself: what it makes, without an engine."""

from __future__ import annotations

import functools
import tomllib
from random import Random
from typing import TYPE_CHECKING

from tests.engine.acts import Act, Edit, Fail, history
from tests.engine.deeds import FAILING, FOLDERS, LOGS
from tests.engine.worlds import FEATURES, PACKAGES, world

if TYPE_CHECKING:
    from tests.engine.sketches import World

SEEDS = range(100)


@functools.cache
def acts(seed: int) -> list[Act]:
    return history(seed, debian=seed % 3 == 0, machines=1 + seed % 2)


def worlds(seed: int) -> list[World]:
    return [act.world for act in acts(seed) if isinstance(act, Edit)]


def test_a_seed_is_a_history() -> None:
    for seed in SEEDS[:10]:
        assert history(seed, debian=seed % 3 == 0, machines=1 + seed % 2) == acts(seed)


def test_declarations_hold_together() -> None:
    """Each stage is written after what it needs, and linked ones need no compiler."""
    for seed in SEEDS:
        for made in worlds(seed):
            declared = tomllib.loads(made.text("base"))
            before: dict[str, bool] = {}
            for stage in declared.get("stages", ()):
                only = stage.get("build_only", False)
                needed = [copy["stage"] for copy in stage["copy"] if "stage" in copy]
                assert {*stage["dependencies"], *needed} <= before.keys()
                assert only or not any(before[name] for name in stage["dependencies"])
                before[stage["name"]] = only


def test_everything_is_drawn() -> None:
    made = [one for seed in SEEDS for one in worlds(seed)]
    assert {name for one in made for name in one.features} == {*FEATURES}
    assert {name for one in made for name in one.packages} == {*PACKAGES}
    assert {one.user for one in made} == {"", "app", "other"}
    fails = [act.world for seed in SEEDS for act in acts(seed) if isinstance(act, Fail)]
    lines = {line for one in fails for stage in one.stages for line in stage.commands}
    for bad in FAILING:
        assert any(bad.format(name=name) in lines for name in "abcdefg"), bad


def test_an_edit_is_one_for_the_most_part() -> None:
    """Now and then what is drawn is what there was; else it is another text."""
    edits = [
        (one.text(""), other.text(""), one.files == other.files)
        for seed in SEEDS
        for one, other in zip(worlds(seed), worlds(seed)[1:], strict=False)
    ]
    same = [one for one, other, files in edits if one == other and files]
    assert len(same) < len(edits) / 5


def test_what_is_known_without_a_build() -> None:
    made = [world(Random(seed), debian=False) for seed in SEEDS]
    assert any(one.expected for one in made)
    for one in made:
        for path in one.expected:
            assert path.split("/")[1] in {stage.name for stage in one.stages}


def test_what_is_copied_is_there() -> None:
    """A directory that is copied of a stage is one that the stage makes."""
    for seed in SEEDS:
        for made in worlds(seed):
            stages = {stage.name: stage for stage in made.stages}
            for stage in made.stages:
                for copy in stage.copies:
                    if copy.path in FOLDERS + LOGS and copy.source:
                        commands = stages[copy.source].commands
                        assert any(copy.path in line for line in commands)
