"""A builder holds all of one build to the same limits: steps with others are apart."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from dynbuild.lockfile.order import Placed
from dynbuild.realization import progress as changes
from dynbuild.realization.model import How
from dynbuild.realization.request import limits_in
from dynbuild.realization.scheduler import next_chains
from dynbuild.steps.limits import Limits, limits_of
from dynbuild.steps.model import Group, Install, Stage
from tests.properties.recipes import recipe_of
from tests.unit.realization.test_inline import world

LIMITS = st.builds(
    Limits,
    st.sampled_from([None, "64m", "1g"]),
    st.sampled_from([None, "0.5"]),
    st.sampled_from([None, "10m"]),
)
ROWS = (("a!<>", "b!<>a", "c!<>b"), ("s<>", "t<s>", "a!<t>"), ("s<>", "a!<s>", "b!<>a"))


def chains(steps: tuple[str, ...], limits: list[Limits]) -> list[list[Limits]]:
    """Return the limits of the steps of each chain that starts."""
    plain = world(*steps)
    order = []
    for placed, own in zip(plain.order, limits, strict=True):
        assert isinstance(placed.step, Stage)
        given_ = {"memory": own.memory, "cpus": own.cpus, "timeout": own.timeout}
        order.append(replace(placed, step=replace(placed.step, **given_)))
    recipe = recipe_of(replace(plain, order=tuple(order)), {})
    progress = changes.begin(recipe, How(4), ())
    found = [chain for _, chain in next_chains([progress])]
    return [[limits_of(recipe.steps[x.id].step) for x in chain] for chain in found]


@given(st.sampled_from(ROWS), st.lists(LIMITS, min_size=3, max_size=3))
def test_one_build_has_one_limit(steps: tuple[str, ...], limits: list[Limits]) -> None:
    started = chains(steps, limits)
    assert started
    for chain in started:
        assert len({one.of_builder for one in chain}) == 1


def test_steps_with_the_same_limits_are_one_build() -> None:
    for steps in ROWS[:2]:
        alike = [Limits("64m", None, timeout) for timeout in (None, "1m", "2m")]
        assert [len(chain) for chain in chains(steps, alike)] == [3]


def test_what_runs_nothing_has_no_limits() -> None:
    (placed,) = world("a!<>").order
    assert isinstance(placed.step, Stage)
    limited = replace(placed, step=replace(placed.step, memory="64m"))
    assert limits_in([limited], "1h") == {"a": Limits("64m")}
    assert limits_in([placed], "1h") == {}
    bare = replace(limited, step=replace(limited.step, commands=()))
    assert limits_in([bare], "1h") == {}


def test_package_groups_have_a_time() -> None:
    group = Placed("pip.1", Group("pip", {"idna": Install("idna")}, {}), 1, ())
    assert limits_in([group], "1h") == {"pip.1": Limits(timeout="1h")}
