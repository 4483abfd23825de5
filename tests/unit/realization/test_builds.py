"""A job tries its steps until one fails, and keeps what was built before it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from dynbuild.building import BuildFailed, StepResult
from dynbuild.digest import sha256
from dynbuild.link.choice import Held
from dynbuild.link.model import Record
from dynbuild.quote import StageName
from dynbuild.realization.builds import Anew, PackagesAbsent, attempted
from dynbuild.realization.model import BuiltStep
from dynbuild.steps.managers.presence import ABSENT

NAMES = tuple(map(StageName, ("a", "b", "c")))


@dataclass
class Builder:
    """What the builder's cache has; which steps fail, and which lack a package.

    ``cured`` are those that lack nothing any more once they run again.
    """

    cached: set[str] = field(default_factory=set)
    fails: set[str] = field(default_factory=set)
    lacks: set[str] = field(default_factory=set)
    cured: set[str] = field(default_factory=set)
    asked: list[tuple[int, Anew]] = field(default_factory=list)
    version: dict[str, int] = field(default_factory=dict)
    below: dict[str, list[int]] = field(default_factory=dict)
    """The versions of the steps that the cached result of a step was built on."""

    def build(self, count: int, anew: Anew) -> list[BuiltStep]:
        self.asked.append((count, anew))
        results: list[StepResult] = []
        for name in NAMES[:count]:
            runs = name not in self.cached or name in (anew or ())
            if runs and name in self.fails:
                raise BuildFailed(name, "RUN x", "x", (), 2, (*results,))
            if runs:
                self.lacks -= self.cured & {name}
                self.version[name] = self.version.get(name, 0) + 1
                self.below[name] = self.versions(name)
            self.cached.add(name)
            results.append(StepResult(name, 1.0 if runs else 0.0, runs))
        for at, name in enumerate(NAMES[:count], 1):
            if name in self.lacks:
                raise PackagesAbsent(name, None, ABSENT, (), 1, (*results[:at],))
        for name in NAMES[:count]:
            assert self.below.get(name, self.versions(name)) == self.versions(name)
        return [built(one) for one in results]

    def versions(self, name: str) -> list[int]:
        return [self.version.get(other, 0) for other in NAMES if other < name]


def built(result: StepResult) -> BuiltStep:
    digest = sha256(result.step.encode())
    record = Record(digest, digest, "p", (), {}, seconds=result.seconds)
    return BuiltStep(result.step, Held(record), here=True, ran=result.ran)


def told(builder: Builder) -> tuple[list[tuple[str, bool]], str | None]:
    made, failed = attempted(builder.build, NAMES)
    return [(one.step, one.ran) for one in made], failed and failed.step


def test_nothing_fails() -> None:
    builder = Builder(cached={"a"})
    assert told(builder) == ([("a", False), ("b", True), ("c", True)], None)
    assert builder.asked == [(3, None)]


def test_what_came_before_a_failure_is_kept_as_it_ran() -> None:
    builder = Builder(cached={"a"}, fails={"c"})
    assert told(builder) == ([("a", False), ("b", True)], "c")
    assert builder.asked == [(3, None), (2, ())]


def test_a_group_that_lacks_a_package_has_failed() -> None:
    builder = Builder(lacks={"b"})
    assert told(builder) == ([("a", True)], "b")
    assert builder.asked == [(3, None), (1, ())]


def test_what_stands_on_it_fails_for_that_reason() -> None:
    builder = Builder(lacks={"b"}, fails={"c"})
    assert told(builder) == ([("a", True)], "b")
    assert builder.asked == [(3, None), (2, ()), (1, ())]


@pytest.mark.parametrize("fails", [set(), {"c"}])
def test_a_group_that_the_cache_lacks_is_run_once_more(fails: set[str]) -> None:
    builder = Builder({"a", "b"}, set(fails), {"b"})
    made, failed = told(builder)
    assert ([step for step, _ in made], failed) == (["a"], "b")
    assert [anew for _, anew in builder.asked].count(("b", "c")) == 1


@pytest.mark.parametrize("cured", [{"b"}, {"a", "b"}])
def test_and_counts_if_it_lacks_nothing_then(cured: set[str]) -> None:
    builder = Builder({"a", "b"}, lacks={*cured}, cured=cured)
    made, failed = told(builder)
    assert [step for step, _ in made] == ["a", "b", "c"]
    assert made[1:] == [("b", True), ("c", True)]
    assert failed is None


def test_what_ran_before_the_step_that_runs_once_more_has_run() -> None:
    builder = Builder({"b", "c"}, lacks={"b"}, cured={"b"})
    assert told(builder) == ([("a", True), ("b", True), ("c", True)], None)
    made, _ = attempted(Builder({"b"}, lacks={"b"}, cured={"b"}).build, NAMES)
    assert [step.held.record.seconds for step in made] == [1.0, 1.0, 1.0]
