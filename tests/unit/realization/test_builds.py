"""A job tries its steps until one fails, and keeps what was built before it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from dynbuild.building import BuildFailed, StepResult
from dynbuild.digest import sha256
from dynbuild.link.choice import Held
from dynbuild.link.model import Record
from dynbuild.quote import StageName
from dynbuild.realization.builds import Anew, attempted
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

    def build(self, count: int, anew: Anew) -> list[BuiltStep]:
        self.asked.append((count, anew))
        results: list[StepResult] = []
        for name in NAMES[:count]:
            runs = name not in self.cached or name in (anew or ())
            if runs and name in self.fails:
                raise BuildFailed(name, "RUN x", "x", (), 2, (*results,))
            if runs:
                self.lacks -= self.cured & {name}
            self.cached.add(name)
            results.append(StepResult(name, 1.0 if runs else 0.0, runs))
        for at, name in enumerate(NAMES[:count], 1):
            if name in self.lacks:
                raise BuildFailed(name, None, ABSENT, (), 1, (*results[:at],))
        return [built(one) for one in results]


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
    assert [anew for _, anew in builder.asked].count(("b",)) == 1


@pytest.mark.parametrize("cured", [{"b"}, {"a", "b"}])
def test_and_counts_if_it_lacks_nothing_then(cured: set[str]) -> None:
    builder = Builder({"a", "b"}, lacks={*cured}, cured=cured)
    made, failed = told(builder)
    assert [step for step, _ in made] == ["a", "b", "c"]
    assert failed is None
