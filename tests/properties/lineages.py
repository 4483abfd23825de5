"""Images that extend one another: built in one go, or by plans and records."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dynbuild.digest import sha256
from dynbuild.inheritance import ImagePlan, Steps, above_of, plan_image, steps_of
from dynbuild.link.choice import Held
from dynbuild.link.model import Layer, Record
from dynbuild.link.writes import stacked
from dynbuild.lockfile.images import TargetImage, Targets
from dynbuild.lockfile.model import Target
from dynbuild.lockfile.order import Placed, closure_of
from dynbuild.lockfile.resolved import resolve
from dynbuild.plan import Build, Reuse
from dynbuild.steps.model import Copy, Group, OwnBase, Pin, Remove, Stage
from dynbuild.steps.recipe import inputs_of
from tests.properties.effects import (
    PACKAGES,
    STAGES,
    TREE,
    Layered,
    Tree,
    commanded,
    installed,
    removed,
    there,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from random import Random

    from dynbuild.digest import Digest
    from dynbuild.lockfile.images import LockedImages
    from dynbuild.lockfile.model import Lock

PLATFORM = "linux/amd64"
OTHER = "linux/arm64"
BASE = Pin(
    "debian:12", sha256(b"base"), {PLATFORM: sha256(b"base"), OTHER: sha256(b"arm")}
)
OWN = Pin("golang:1", sha256(b"own"), {PLATFORM: sha256(b"own")})
_GO = {**TREE, "usr/bin/go": TREE["usr/bin/tool"]}
TREES = {
    None: TREE,
    OwnBase(OWN.image): _GO,
    OwnBase(OWN.image, PLATFORM): _GO,
}


@dataclass
class Lineage:
    """One of several images: how its steps run, upon one another."""

    lock: Lock
    platform: str = PLATFORM
    steps: Steps = field(init=False)
    above: tuple[Steps, ...] = field(init=False)
    owner: Mapping[str, Lineage] = field(init=False)
    """Of each inherited stage, the image that says it."""
    _known: dict[str, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        resolved = resolve(self.lock, self.platform, {}, {})
        self.steps, self.above = steps_of(resolved), above_of(resolved)
        over = Lineage(self.lock.above, self.platform) if self.lock.above else None
        self.owner = {
            name: over.owner.get(name, over)
            for name in (over.lock.stages if over else ())
        }

    def known(self, id_: str) -> frozenset[str]:
        """What a stage may look at: what lies below it in its owner's image."""
        if (owner := self.owner.get(id_)) is not None:
            return owner.known(id_)
        if id_ not in self._known:
            placed = self.steps.placed[id_]
            below = closure_of(placed, self.steps.order)
            self._known[id_] = frozenset(self.built(below, placed.own_base))
        return self._known[id_]

    def built(self, ids: Collection[str], own: OwnBase | None = None) -> Tree:
        """The tree after some steps, each upon those before it."""
        tree = dict(TREES[own])
        for placed in self.steps.order:
            if placed.id in ids:
                self.run(placed, tree, self.copied)
        return tree

    def copied(self, source: str) -> Tree:
        placed = self.steps.placed[source]
        below = closure_of(placed, self.steps.order)
        return self.built({*below, source}, placed.own_base)

    def run(self, placed: Placed, tree: Tree, copied: object) -> None:
        """Run a step; ``copied`` has the trees of the stages that it copies from."""
        step = placed.step
        if isinstance(step, Group):
            for name, action in step.actions.items():
                (removed if isinstance(action, Remove) else installed)(name, tree)
            return
        assert isinstance(step, Stage)
        for copy in inputs_of(step):
            if copy.stage is None:
                continue  # of the project, where nothing changes
            assert callable(copied)
            for path, found in copied(copy.stage).items():
                if path.startswith(f"{copy.path}/"):
                    tree[f"opt/{placed.id}-{path.replace('/', '-')}"] = found
        commanded(step, tree, self.known(placed.id))

    @property
    def linear(self) -> Tree:
        """The image, built in one go."""
        return self.built({one.id for one in self.steps.order if one.linked})


@dataclass
class Store:
    """A machine with records, and what each of its builds did."""

    held: list[Held] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    taken: int = 0
    shares: bool = True
    """Whether images take over what others built."""

    def plan(
        self,
        image: Lineage,
        above: Sequence[Steps],
        only: Collection[str] | None = None,
    ) -> ImagePlan:
        over = above if self.shares else ()
        return plan_image(image.steps, over, PLATFORM, self.held, TREE, only=only)

    def realize(self, image: Lineage, chance: Random) -> Tree:
        """Build what is missing, the owners' stages first; return the image."""
        line = [Lineage(lock) for lock in image.lock.line]
        for at, owner in enumerate(line[:-1]):
            if wanted := self.plan(image, image.above).wanted.get(at, ()):
                self._complete(owner, chance, wanted)
        planned = self._complete(image, chance)
        self.taken += len(planned.taken)
        writes = []
        for digest in planned.plan.places.image:
            choice = planned.plan.choices[digest]
            assert isinstance(choice, Reuse)
            writes.append(choice.record.writes)
        return there(stacked([TREE, *writes]))

    def _complete(
        self, image: Lineage, chance: Random, only: Collection[str] | None = None
    ) -> ImagePlan:
        while True:
            planned = self.plan(image, image.above, only)
            places, choices = planned.plan.places.places, planned.plan.choices
            ready = [
                place
                for digest, place in places.items()
                if isinstance(choices[digest], Build)
                and planned.plan.layers(place.closure) is not None
                and planned.plan.layers(place.sources) is not None
            ]
            if not ready:
                assert not any(isinstance(one, Build) for one in choices.values())
                return planned
            place = chance.choice(ready)
            placed = image.steps.placed[place.id]
            tree = Layered(self._stack(planned, place.closure, placed.own_base))

            def copied(source: str, planned: ImagePlan = planned) -> Tree:
                digest = planned.plan.places.sources[source]
                below = planned.plan.places.places[digest].closure
                own = image.steps.placed[source].own_base
                return self._stack(planned, (*below, digest), own)

            before = dict(tree)
            image.run(placed, tree, copied)
            number = f"{len(self.ran)}".encode()
            self.ran.append(place.id)
            record = Record(
                placed=place.digest,
                step=place.step,
                platform=PLATFORM,
                layers=(Layer(sha256(b"tar " + number), sha256(number), 1),),
                writes=written(before, tree),
                on=planned.plan.ids(place.on),
                sources=planned.plan.sources(place.digest),
                joins=tuple(
                    sorted({image.steps.digests[join.onto] for join in place.joins})
                ),
                made=len(self.ran),
            )
            self.held.append(Held(record))

    def _stack(
        self, planned: ImagePlan, digests: Sequence[Digest], own: OwnBase | None
    ) -> Tree:
        writes = []
        for digest in digests:
            choice = planned.plan.choices[digest]
            assert isinstance(choice, Reuse)
            writes.append(choice.record.writes)
        return there(stacked([TREES[own], *writes]))


@dataclass
class Family:
    """What is declared of several images, and edits of it: of some kinds of things."""

    chance: Random
    of_packages: Sequence[str] = PACKAGES
    of_stages: Sequence[str] = STAGES
    copying: float = 0.15
    own_bases: float = 0.3
    own_platform: str | None = None
    """Where stages with a base of their own run, whatever the image is for."""
    images: dict[str, str | None] = field(default_factory=dict)
    """Each image with the one that it extends."""
    packages: dict[str, list[str]] = field(default_factory=dict)
    stages: dict[str, dict[str, Stage]] = field(default_factory=dict)
    number: int = 0

    def line(self, name: str) -> list[str]:
        over = self.images[name]
        return [*([] if over is None else self.line(over)), name]

    def add_image(self) -> None:
        name = f"image{len(self.images)}"
        over = self.chance.choice([*self.images][-2:]) if self.images else None
        self.images[name], self.packages[name], self.stages[name] = over, [], {}
        for _ in range(self.chance.randrange(3)):
            self.add_package(name)
        for _ in range(self.chance.randrange(3)):
            self.add_stage(name)

    def add_package(self, image: str) -> None:
        self.number += 1
        self.packages[image].append(
            f"{self.chance.choice(self.of_packages)}{self.number}"
        )

    def add_stage(self, image: str) -> None:
        self.number += 1
        name = f"s{self.number}-{self.chance.choice(self.of_stages)}{self.number}"
        others = [one for at in self.line(image) for one in self.stages[at].values()]
        build_only = self.chance.random() < 0.25
        own = build_only and self.chance.random() < self.own_bases
        needs = [
            one.name
            for one in others
            if self.chance.random() < 0.3
            and (build_only or not one.build_only)
            and not (own or one.base)
        ]
        copied = [one.name for one in others if self.chance.random() < self.copying]
        path = self.chance.choice(["opt", "srv", "usr/share"])
        self.stages[image][name] = Stage(
            name,
            tuple(needs),
            copies=tuple(Copy(path, "/x", stage=one) for one in copied),
            commands=(f"first {self.number}",),
            build_only=build_only,
            base=OWN.image if own else None,
            platform=self.own_platform if own else None,
        )

    def edit(self) -> None:
        image = self.chance.choice([*self.images])
        kind = self.chance.random()
        if kind < 0.35:
            self.add_package(image)
        elif kind < 0.55:
            self.add_stage(image)
        elif kind < 0.6 and self.packages[image]:
            self.packages[image].remove(self.chance.choice(self.packages[image]))
        elif kind < 0.7 and len(self.images) < 4:
            self.add_image()
        elif self.stages[image]:
            name = self.chance.choice([*self.stages[image]])
            self.number += 1
            stage = self.stages[image][name]
            edited = replace(stage, commands=(f"edit {self.number}",))
            self.stages[image][name] = edited

    @property
    def targets(self) -> Targets:
        found: dict[str, TargetImage] = {}
        for name, over in self.images.items():
            line = self.line(name)
            packages = {p: p for one in line for p in self.packages[one]}
            stages = tuple(s for one in line for s in self.stages[one].values())
            packaged = {"apt": packages} if packages else {}
            pins = {OWN.image: OWN} if any(stage.base for stage in stages) else {}
            whole = Target(BASE, packaged, stages=stages, images=pins)
            found[name] = TargetImage(over, True, whole, whole.config)  # noqa: FBT003
        return found


def lineages(several: LockedImages) -> dict[str, Lineage]:
    return {name: Lineage(several.whole(name)) for name in several.parents_first}
