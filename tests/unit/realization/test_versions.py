"""The last versions of stages, in the locks before the one at hand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dynbuild.lockfile.model import Entry, Lock, Target
from dynbuild.lockfile.resolved import ResolvedLock, resolve
from dynbuild.lockfile.update import update
from dynbuild.realization.versions import last_versions
from dynbuild.steps.model import Stage
from tests.properties.strategies import BASES, PLATFORM

if TYPE_CHECKING:
    from collections.abc import Sequence


def locks(*versions: Sequence[Stage]) -> list[Lock]:
    """The lock of each version, oldest first."""
    made: list[Lock] = []
    for stages in versions:
        target = Target(BASES[0], stages=tuple(stages))
        made.append(update(made[-1] if made else None, target))
    return made


def resolved(lock: Lock) -> ResolvedLock:
    return resolve(lock, PLATFORM, {}, {})


A = Stage("a", commands=("make a",))
B = Stage("b", commands=("make b",))
CHANGED = replace(A, commands=("make another a",))


def test_a_stage_that_changed_has_its_last_version() -> None:
    first, second = locks([A, B], [CHANGED, B])
    now, was = resolved(second), resolved(first)
    assert last_versions(now, [first]) == {now.digests["a"]: was.digests["a"]}


def test_the_newest_that_differs_counts_and_a_rename_is_followed() -> None:
    renamed = replace(CHANGED, name="z")
    first, second, third = locks([A, B], [CHANGED, B], [renamed, B])
    now, was = resolved(third), resolved(first)
    assert last_versions(now, [second, first]) == {now.digests["z"]: was.digests["a"]}


def test_a_lock_that_has_no_order_tells_nothing() -> None:
    (lock,) = locks([A])
    broken = replace(lock, stages={"a": Entry(replace(A, dependencies=("x",)), 1)})
    assert last_versions(resolved(lock), [broken]) == {}
