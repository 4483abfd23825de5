"""Random histories of a project on one machine or two, from a seed alone.

A history is a list of acts, which ``machines`` carries out. The declaration is edited
six times; between edits records and blobs are lost, tiers cleaned, stages built anew,
and another project that has the same cache mount is built beside.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, TypeAlias

from tests.engine.worlds import broken, edited, world

if TYPE_CHECKING:
    from tests.engine.sketches import World

KINDS = ("lose", "lose", "clean", "anew", "fail", "stranger")
FRESH = 2
"""A machine whose store is empty whenever it builds."""


@dataclass(frozen=True, slots=True)
class Edit:
    """The project becomes this."""

    world: World


@dataclass(frozen=True, slots=True)
class Fail:
    """The project becomes this for one build, which has to fail."""

    world: World
    machine: int


@dataclass(frozen=True, slots=True)
class Build:
    """A machine realizes; ``away`` where it reaches no shared tier."""

    machine: int
    away: bool = False


@dataclass(frozen=True, slots=True)
class Anew:
    """A machine realizes with a stage built anew."""

    machine: int
    stage: str


@dataclass(frozen=True, slots=True)
class Lose:
    """A store, or the shared tier (-1), loses some of what it holds.

    ``kind`` is records or blobs; ``part`` of them go, chosen by ``salt``.
    """

    machine: int
    kind: str
    part: float
    salt: int


@dataclass(frozen=True, slots=True)
class Clean:
    """A machine cleans its store, and builds what it has again: nothing runs."""

    machine: int


@dataclass(frozen=True, slots=True)
class Share:
    """A machine pushes all that it has."""

    machine: int


@dataclass(frozen=True, slots=True)
class Stranger:
    """Another project, with a cache mount at the same place, is built."""


Act: TypeAlias = Edit | Fail | Build | Anew | Lose | Clean | Share | Stranger


def history(seed: int, *, debian: bool, machines: int, edits: int = 6) -> list[Act]:
    """Acts of a project that is edited some times; its first state is not an edit."""
    rng = Random(seed)
    worlds = (world(rng, debian=debian),)
    acts: list[Act] = [Edit(worlds[0]), Build(0)]
    kinds = rng.sample(KINDS, 3)
    for _ in range(edits):
        acts += _between(rng, kinds, worlds[-1], machines)
        worlds += (edited(rng, worlds),)
        acts.append(Edit(worlds[-1]))
        acts += _builds(rng, machines)
    return acts


def _between(rng: Random, kinds: list[str], made: World, machines: int) -> list[Act]:
    acts: list[Act] = []
    machine = rng.randrange(machines)
    for _ in range(rng.choice([0, 1, 1, 2])):
        match rng.choice(kinds):
            case "lose":
                who = rng.choice([machine, machine, -1]) if machines > 1 else machine
                kind = rng.choice(["records", "records", "blobs"])
                part = rng.choice([0.2, 0.5, 1.0])
                acts.append(Lose(who, kind, part, rng.randrange(1000)))
            case "clean":
                acts.append(Clean(machine))
            case "anew":
                names = [copy.source for s in made.stages for copy in s.copies]
                names = [name for name in names if name] or [made.stages[0].name]
                acts.append(Anew(machine, rng.choice(names)))
            case "fail":
                bad = broken(rng, made)
                acts += [Fail(bad, machine)] if bad else []
            case _:
                acts.append(Stranger())
    return acts


def _builds(rng: Random, machines: int) -> list[Act]:
    """Who builds after an edit; on two machines also somebody who has nothing."""
    if machines == 1:
        return [Build(0)]
    builds: list[Act] = []
    for who in rng.choice([[0], [1], [0, 1], [1, 0], [0, 1]]):
        away = rng.random() < 0.3
        builds.append(Build(who, away))
        if away and rng.random() < 0.5:
            builds.append(Share(who))
    if rng.random() < 0.4:
        builds.append(Build(FRESH))
    return builds
