"""What is for some platforms only: elsewhere it is as if it had not been declared."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from dynbuild.digest import digest_of
from dynbuild.lockfile.model import Lock, Target, declared_packages
from dynbuild.lockfile.platform import ANY_OTHER, is_for, of_platform
from dynbuild.lockfile.resolved import resolve
from dynbuild.lockfile.update import update
from dynbuild.steps.log import EVERYTHING, numbers
from dynbuild.steps.model import Stage
from dynbuild.steps.restriction import admits, parted
from tests.properties.edits import histories
from tests.properties.strategies import ARM, PLATFORM, digest, targets
from tests.properties.test_update import replayed

if TYPE_CHECKING:
    from collections.abc import Mapping

EACH = st.sampled_from([PLATFORM, ARM])


def digests(lock: Lock, platform: str) -> dict[str, str]:
    live = {
        copy: digest(copy.path)
        for entry in lock.stages.values()
        for copy in entry.stage.inputs
        if copy.live
    }
    pins = (lock.base, *lock.images.values())
    unpinned = {pin.image: digest(pin.image) for pin in pins if pin.digest is None}
    lock = replace(lock, config=replace(lock.config, platforms=()))
    described = resolve(lock, platform, live, unpinned).descriptions
    return {step: digest_of(description) for step, description in described.items()}


def admitted(specs: Mapping[str, str], platform: str) -> dict[str, str]:
    """Return the specs that a platform has, as its manager knows them."""
    there = {key: parted(spec) for key, spec in specs.items()}
    return {
        key: name for key, (name, words) in there.items() if admits(words, platform)
    }


def declared_for(target: Target, platform: str) -> Target:
    """Return what would be declared if there were no other platform."""
    names = {stage.name for stage in target.stages if is_for(stage, platform)}
    stages = tuple(
        replace(
            stage,
            only=(),
            dependencies=tuple(name for name in stage.dependencies if name in names),
            packages=admitted(stage.packages, stage.platform or platform),
        )
        for stage in target.stages
        if stage.name in names
    )
    images = {image for stage in stages for image in stage.images}
    packages = {
        manager: found
        for manager, specs in target.packages.items()
        if (found := admitted(specs, platform))
    }
    return replace(
        target,
        packages=packages,
        stages=stages,
        images={name: pin for name, pin in target.images.items() if name in images},
    )


def unnumbered(found: dict[str, str]) -> list[str]:
    """Return digests without the seqs that ids have."""
    return sorted(found.values())


@given(targets(), EACH)
def test_a_first_lock_is_on_each_platform_as_if_there_were_no_other(
    target: Target, platform: str
) -> None:
    here = update(None, target)
    alone = update(None, declared_for(target, platform))
    assert unnumbered(digests(here, platform)) == unnumbered(digests(alone, platform))


@given(histories(), EACH)
def test_what_is_added_for_another_platform_changes_nothing_on_this(
    history: list[Target], platform: str
) -> None:
    lock, target = replayed(history)[-1], history[-1]
    other, words = (PLATFORM, "amd64") if platform == ARM else (ARM, "arm64")
    more = replace(
        target,
        packages={
            **target.packages,
            "apt": {**target.packages.get("apt", {}), "zed": f"zed [{words}]"},
        },
        stages=(*target.stages, Stage("zed", commands=("zed",), only=(other,))),
    )
    after = update(lock, more)
    assert digests(after, platform) == digests(lock, platform)
    assert "zed" in digests(after, other)
    assert update(after, more) == after


@given(histories(), EACH)
def test_to_name_the_platforms_that_have_it_all_the_same_changes_nothing(
    history: list[Target], platform: str
) -> None:
    lock, target = replayed(history)[-1], history[-1]
    said = replace(
        target,
        packages={
            manager: {
                key: spec
                if manager == "pip" or key == EVERYTHING or parted(spec)[1]
                else f"{spec} [amd64 arm64]"
                for key, spec in specs.items()
            }
            for manager, specs in target.packages.items()
        },
        stages=tuple(
            replace(stage, only=stage.only or (ARM, PLATFORM))
            for stage in target.stages
        ),
    )
    after = update(lock, said)
    assert unnumbered(digests(after, platform)) == unnumbered(digests(lock, platform))


@given(histories(), st.sampled_from([PLATFORM, ARM, ANY_OTHER]))
def test_logs_add_up_to_what_a_platform_is_declared_to_have(
    history: list[Target], platform: str
) -> None:
    for lock in replayed(history):
        there = of_platform(lock, platform)
        wanted = {
            manager: found
            for manager, specs in declared_packages(lock).items()
            if (found := admitted(specs, platform))
        }
        assert declared_packages(there) == wanted
        # No two upgrades are one, whichever platform had the first of them.
        for manager, log in there.packages.items():
            known = numbers(lock.packages[manager])
            assert numbers(log).items() <= known.items()


@given(histories())
def test_a_lock_without_any_of_it_is_the_same_everywhere(
    history: list[Target],
) -> None:
    lock = update(None, declared_for(history[-1], PLATFORM))
    assert of_platform(lock, ARM) is lock
