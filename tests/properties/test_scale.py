"""Locking as declarations grow to 10,000 stages: no step of it is quadratic."""

import time
from dataclasses import replace

import pytest

from dynbuild.digest import digest_of
from dynbuild.lockfile.changes import compare
from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.model import Target
from dynbuild.lockfile.resolved import resolve
from dynbuild.lockfile.update import update
from dynbuild.steps.model import Stage
from tests.properties.strategies import BASES, PLATFORM

MANY = 10_000


def grid() -> list[Stage]:
    """A hundred chains of a hundred, some of which extend PATH."""
    stages = []
    for row in range(100):
        for column in range(MANY // 100):
            below = (f"s{row - 1}-{column}", f"s{row - 1}-{column - 1}")
            stages.append(
                Stage(
                    f"s{row}-{column}",
                    tuple(n for n in below if row and not n.endswith("--1")),
                    commands=(f"make {row} {column}",),
                    env={"PATH": f"/opt/{column}:$PATH"} if row == 50 else {},
                )
            )
    return stages


def chain() -> list[Stage]:
    """One chain of stages that all say the same."""
    return [
        Stage(f"s{n:05}", (f"s{n - 1:05}",) * (n > 0), commands=("true",))
        for n in range(MANY)
    ]


def clean_up() -> list[Stage]:
    """Many that need nothing, and three that need all before them."""
    stages = [Stage(f"s{n}", commands=(f"make {n}",)) for n in range(MANY)]
    for n in range(3):
        names = tuple(stage.name for stage in stages)
        stages.append(Stage(f"last{n}", names, commands=(f"ldconfig {n}",)))
    return stages


@pytest.mark.parametrize("shape", [grid, chain, clean_up])
def test_ten_thousand_stages(shape) -> None:  # noqa: ANN001
    stages = shape()
    began = time.process_time()
    first = update(None, Target(BASES[0], stages=tuple(stages)))
    stages[0] = replace(stages[0], commands=("edited",))
    lock = update(first, Target(BASES[0], stages=tuple(stages)))
    locked = time.process_time()
    text = dumps(lock)
    assert loads(text) == lock
    assert compare(first, lock)
    written = time.process_time()
    described = resolve(lock, PLATFORM, {}, {}).descriptions
    assert len({digest_of(told) for told in described.values()}) == len(stages)
    ended = time.process_time()
    print(  # noqa: T201 - processor seconds, shown by pytest -rP
        f"{shape.__name__}: two updates {locked - began:.1f} s, text and compare "
        f"{written - locked:.1f} s, order and digests {ended - written:.1f} s"
    )
    assert ended - began < 60
