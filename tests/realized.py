"""Realizations without an engine: the plan, and records of builds that never were."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dynbuild.commands.why import Edges
from dynbuild.digest import Description, Digest, digest_of, sha256
from dynbuild.explain.causes import CurrentSteps, Trace
from dynbuild.explain.past import BuildSummary, Past, PastBuild, PastLock, PastStep
from dynbuild.explain.predict import Prediction, predict
from dynbuild.explain.since import before_of
from dynbuild.explain.view import stand_ins
from dynbuild.inheritance import Steps
from dynbuild.link.choice import Held
from dynbuild.link.model import Layer, Record, WriteSet, Written
from dynbuild.lockfile.codec import dumps
from dynbuild.lockfile.order import Placed, install_order
from dynbuild.lockfile.platform import of_platform
from dynbuild.lockfile.resolved import resolve
from dynbuild.plan import Build, Plan, Reuse, plan
from dynbuild.project.content import Tree
from dynbuild.project.locks import LockFile
from dynbuild.steps.title import title
from dynbuild.tiers.memory import MemoryTier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dynbuild.lockfile.model import Lock

PLATFORM = "linux/amd64"
LIVE = Digest("live")
"""What live copies hold unless something else is said: what ``diff`` takes it for."""


def own_path(placed: Placed) -> WriteSet:
    """What a step writes that meddles with no other."""
    path = f"opt/{placed.id}"
    return {path: Written("file", 0o644, content=placed.id, new=True)}


@dataclass
class Machine:
    """A machine with a store: what was realized on it, and what it remembers."""

    writes: Callable[[Placed], WriteSet] = own_path
    held: list[Held] = field(default_factory=list)
    past: Past = field(default_factory=Past)
    seconds: dict[str, float] = field(default_factory=dict)
    number: int = 0
    builds: list[PastBuild] = field(default_factory=list)

    @property
    def tier(self) -> MemoryTier:
        """All that it holds, as a tier."""
        tier = MemoryTier()
        for one in self.held:
            tier.record(one.record)
            for at in range(self.number + 1):
                name = f"{at}".encode()
                tier.blobs[sha256(name)] = name
        return tier

    def edges(self) -> Edges:
        """What ``why`` asks of where there are no files, no git and no engine."""
        here = Path(__file__)
        return Edges(
            files=Tree(here.parent),
            locks=LockFile(here.with_name("dynbuild.lock"), "dynbuild.lock"),
            tiers={"local": self.tier},
            history=Remembered(self),
            images=lambda: pytest.fail("no registry is asked"),
            platform=lambda: pytest.fail("no engine is asked"),
        )

    def steps(
        self, lock: Lock, live: Digest = LIVE
    ) -> tuple[tuple[Placed, ...], dict[str, Description], dict[str, Digest]]:
        lock = of_platform(lock, PLATFORM)
        order = install_order(lock)
        contents, unpinned = stand_ins(lock, order)
        if live != LIVE:
            contents = dict.fromkeys(contents, live)
        described = resolve(lock, PLATFORM, contents, unpinned).descriptions
        return (
            order,
            described,
            {id_: digest_of(told) for id_, told in described.items()},
        )

    def foresee(self, lock: Lock, live: Digest = LIVE) -> tuple[Prediction, Trace]:
        order, described, digests = self.steps(lock, live)
        before = before_of(of_platform(lock, PLATFORM), self.past)
        ids = {digest: id_ for id_, digest in before.digests.items()}
        wrote = {
            ids[one.record.step]: one.record.writes
            for one in self.held
            if one.record.step in ids
        }
        steps = Steps(order, described, digests)
        foreseen = predict(steps, PLATFORM, self.held, wrote)
        return foreseen, Trace(
            CurrentSteps(order, described, digests, foreseen), before
        )

    def realize(self, lock: Lock, live: Digest = LIVE) -> set[str]:
        """Build what is missing, one step after the other; what was built."""
        order, described, digests = self.steps(lock, live)
        ran: set[str] = set()
        while True:
            made = plan(order, digests, PLATFORM, self.held)
            ready = next(iter(self._ready(order, made)), None)
            if ready is None:
                break
            ran.add(ready)
        final = {
            id_: place
            for id_, place in made.places.final.items()
            if isinstance(made.choices[place], Reuse)
        }
        there = {id_: digests[id_] for id_ in final}
        places = made.places.places
        onto = {
            id_: tuple(join.onto for join in places[place].joins)
            for id_, place in final.items()
        }
        told = {digest: described[id_] for id_, digest in there.items()}
        self.past = Past(
            (PastLock(dumps(lock), there, final, onto), *self.past.locks),
            {**self.past.described, **told},
        )
        self.builds.append(self._past_build(lock, order, made, ran))
        return ran

    def _past_build(
        self, lock: Lock, order: tuple[Placed, ...], made: Plan, ran: set[str]
    ) -> PastBuild:
        there = self.past.locks[0]
        steps = []
        for placed in order:
            if placed.id not in there.digests:
                continue
            choice = made.choices[there.placed[placed.id]]
            assert isinstance(choice, Reuse)
            described = self.past.described[there.digests[placed.id]]
            step = PastStep(
                placed.id,
                str(described["kind"]),
                title(placed.step),
                there.digests[placed.id],
                there.placed[placed.id],
                described,
                "built" if placed.id in ran else "local",
                choice.record.seconds,
                12_345,
                placed.id in ran,
                there.onto[placed.id],
            )
            steps.append(step)
        return PastBuild(dumps(lock), PLATFORM, tuple(steps))

    def _ready(self, order: tuple[Placed, ...], made: Plan) -> list[str]:
        """Build the first step of which all that it needs is there."""
        steps = {placed.id: placed for placed in order}
        missing = {d for d, choice in made.choices.items() if isinstance(choice, Build)}
        for digest, place in made.places.places.items():
            needs = {*place.closure, *place.sources}
            if digest in missing and not missing & needs:
                self.number += 1
                record = Record(
                    placed=digest,
                    step=place.step,
                    platform=PLATFORM,
                    layers=(_layer(str(self.number)),),
                    writes=self.writes(steps[place.id]),
                    on=made.ids(place.on),
                    sources=made.sources(digest),
                    seconds=self.seconds.get(place.id, 1.0),
                    made=self.number,
                )
                self.held.append(Held(record))
                return [place.id]
        return []

    def lose(self, step: str) -> None:
        """Lose all records of a step."""
        digest = self.past.locks[0].digests[step]
        self.held = [one for one in self.held if one.record.step != digest]


@dataclass(frozen=True)
class Remembered:
    """The history of a machine."""

    machine: Machine

    def keep(self, build: PastBuild) -> None:
        self.machine.builds.append(build)

    def seconds(self, _: str) -> Mapping[str, float]:
        return {
            step.id: step.seconds
            for build in self.machine.builds
            for step in build.steps
        }

    def past(self, _: str) -> Past:
        return self.machine.past

    def builds(self) -> tuple[BuildSummary, ...]:
        return ()


def _layer(name: str) -> Layer:
    return Layer(sha256(b"tar " + name.encode()), sha256(name.encode()), 12_345)
