"""Composed variables: by dependency, then by name, never by place."""

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynbuild.steps.environment import (
    EnvironmentConflict,
    Environments,
    expand,
    references,
)
from dynbuild.steps.model import Stage

BASE = {"PATH": "/bin", "HOME": "/root", "X": "x", "Y": ""}
NAMES = tuple("abcdef")
PLAIN = ("1", "2", "$HOME", "$$X", "$", "${", "$1")
VALUES = {
    "PATH": (*PLAIN, "/opt:$PATH", "$X/bin:$PATH", "${PATH:-$X}"),
    "X": (*PLAIN, "$X", "${Y}:$X", "$Y", "${Y:-none}", "${Z:-$X}"),
    "Y": (*PLAIN, "$Y", "${Z:-}"),
}
"""Of each variable, so that those of one table never need one another in a circle."""


@st.composite
def graphs(draw: st.DrawFn) -> list[Stage]:
    order = draw(st.permutations(NAMES))
    return [
        Stage(
            name,
            tuple(
                draw(st.lists(st.sampled_from(order[:place]), max_size=2, unique=True))
            )
            if place
            else (),
            env={
                variable: draw(st.sampled_from(VALUES[variable]))
                for variable in draw(
                    st.lists(st.sampled_from(sorted(VALUES)), max_size=3, unique=True)
                )
            },
            build_env=draw(st.sampled_from([{}, {"X": "$X-$PATH"}])),
            build_only=False,
        )
        for place, name in enumerate(order)
    ]


def closure(name: str, stages: dict[str, Stage]) -> set[str]:
    below = set(stages[name].dependencies)
    return below.union(*(closure(one, stages) for one in below))


def naive(names: set[str], stages: dict[str, Stage]) -> dict[str, str]:
    """Compose one after the other; raises EnvironmentConflict (docs/declaration.md)."""
    composed: dict[str, str] = {}
    left = {name for name in names if stages[name].env}
    while left:
        name = min(n for n in left if not closure(n, stages) & left)
        left.remove(name)
        seen = {**BASE, **composed}
        composed |= expanded(stages[name].env, seen)
    return composed


def expanded(table: Mapping[str, str], seen: Mapping[str, str]) -> dict[str, str]:
    """Each value by the values of the table that it names, and what was seen before."""

    def value(variable: str) -> str:
        named = (references(table[variable]) & table.keys()) - {variable}
        scope = {**seen, **{name: value(name) for name in named}}
        return expand(table[variable], scope)

    return {variable: value(variable) for variable in table}


def disagree(one: str, other: str, variable: str, stages: dict[str, Stage]) -> bool:
    texts = [stages[name].env.get(variable) for name in (one, other)]
    if None in texts or one in closure(other, stages) or other in closure(one, stages):
        return False
    extend = [variable in references(text or "") for text in texts]
    values = [
        naive({name} | closure(name, stages), stages)[variable] for name in (one, other)
    ]
    return not all(extend) and (any(extend) or values[0] != values[1])


@given(st.data(), graphs())
def test_as_a_naive_composition_has_it(
    data: st.DataObject, stages: list[Stage]
) -> None:
    known = {stage.name: stage for stage in stages}
    environments = Environments(data.draw(st.permutations(stages)), BASE)
    views = {name: {name} | closure(name, known) for name in known}
    for name, names in {**views, None: set(known)}.items():
        conflicts = {
            frozenset((one, other, variable))
            for one in names
            for other in names
            for variable in ("X", "Y", "PATH")
            if one < other and disagree(one, other, variable, known)
        }
        compose = (
            partial(environments.of_stage, name) if name else environments.of_image
        )
        if conflicts:
            with pytest.raises(EnvironmentConflict) as told:
                compose()
            assert {
                told.value.first,
                told.value.second,
                told.value.variable,
            } in conflicts
            with pytest.raises(EnvironmentConflict):
                environments.check()
            continue
        found = compose()
        wanted = naive(names, known)
        seen = {**BASE, **wanted}
        own = known[name].build_env if name else {}
        assert found == {**wanted, **expanded(own, seen)}


@given(graphs(), st.permutations(NAMES))
def test_a_conflict_does_not_hang_on_names(
    stages: list[Stage], names: list[str]
) -> None:
    now = dict(zip(NAMES, names, strict=True))
    renamed = [
        replace(
            stage,
            name=now[stage.name],
            dependencies=tuple(now[name] for name in stage.dependencies),
        )
        for stage in stages
    ]

    def conflicts(stages: list[Stage]) -> bool:
        try:
            Environments(stages, BASE).of_image()
        except EnvironmentConflict:
            return True
        return False

    assert conflicts(stages) == conflicts(renamed)


def test_what_is_not_linked_is_not_in_the_image() -> None:
    stages = [
        Stage("a", env={"X": "1"}),
        Stage("b", env={"X": "2"}, build_only=True),
        Stage("c", ("a", "b"), build_only=True),
    ]
    environments = Environments(stages, BASE)
    assert environments.of_image() == {"X": "1"}
    assert environments.of_stage("b") == {"X": "2"}
    with pytest.raises(EnvironmentConflict) as told:
        environments.of_stage("c")
    assert (told.value.variable, told.value.first, told.value.second) == ("X", "a", "b")


def test_many_that_speak() -> None:
    """5,000 in a chain that extend PATH, 5,000 beside them that agree on one value."""
    chain = [
        Stage(f"c{n}", (f"c{n - 1}",) * (n > 0), env={"PATH": f"/{n % 10}"})
        for n in range(5_000)
    ]
    beside = [
        Stage(f"b{n}", env={"LANG": "C", "MORE": "x:${MORE:-}"}) for n in range(5_000)
    ]
    began = time.process_time()
    environments = Environments([*chain, *beside], BASE)
    for stage in [*chain, *beside]:
        environments.of_stage(stage.name)
    environments.of_image()
    environments.check()
    assert time.process_time() - began < 20
