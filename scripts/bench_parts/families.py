"""Twelve images that extend one, their random edits, and merges of two of these."""

from copy import deepcopy
from dataclasses import dataclass, field, replace
from random import Random

from dynbuild.commands.merge import merged
from dynbuild.digest import sha256
from dynbuild.errors import DynbuildError
from dynbuild.lockfile.codec import dumps
from dynbuild.lockfile.images import TargetImage, Targets
from dynbuild.lockfile.images_update import update_images
from dynbuild.lockfile.model import Target
from dynbuild.steps.model import Pin, Stage

from .merges import text_merged  # noqa: TID252 - tests know another root than scripts

_DIGEST = sha256(b"base")
BASE = Pin("debian:12", _DIGEST, {"linux/amd64": _DIGEST})
EDITS = ("package", "own package", "stage", "own stage")
CHILDREN = tuple(f"image{number:02}" for number in range(12))


@dataclass
class World:
    """What is declared: packages and stages of each image, and what each step costs."""

    random: Random
    packages: dict[str, list[str]] = field(default_factory=dict)
    stages: dict[str, dict[str, Stage]] = field(default_factory=dict)
    cost: dict[str, float] = field(default_factory=dict)
    number: int = 0

    def name(self, kind: str, low: float, high: float) -> str:
        self.number += 1
        name = f"{kind}{self.number}"
        self.cost[name] = self.random.uniform(low, high)
        return name

    def stage(self, image: str, needs: list[str]) -> None:
        name = self.name("stage", 10, 120)
        some = self.random.sample(needs, min(len(needs), self.random.randrange(3)))
        self.stages[image][name] = Stage(name, tuple(some), commands=(name,))

    def package(self, image: str) -> None:
        self.packages[image].append(self.name("package", 3, 20))


def world(seed: int) -> World:
    found = World(Random(seed))  # noqa: S311 - to be the same each time
    for image in ("common", *CHILDREN):
        found.packages[image], found.stages[image] = [], {}
        for _ in range(12 if image == "common" else found.random.randrange(1, 4)):
            found.package(image)
        for _ in range(10 if image == "common" else 4):
            inherited = [*found.stages["common"]]
            found.stage(image, [*inherited, *found.stages[image]])
    return found


def edit(found: World) -> None:
    child = found.random.choice(CHILDREN)
    (what,) = found.random.choices(EDITS, (15, 15, 30, 40))
    image = child if what.startswith("own") else "common"
    if what.endswith("package"):
        found.package(image)
    else:
        name = found.random.choice(list(found.stages[image]))
        stage = found.stages[image][name]
        commands = (*stage.commands[:1], f"edit {found.random.random()}")
        found.stages[image][name] = replace(stage, commands=commands)


def targets(found: World) -> Targets:
    common = _target(found, "common")
    return {
        "common": TargetImage(None, publish=False, whole=common, config=common.config)
    } | {
        child: TargetImage(
            "common",
            publish=True,
            whole=_target(found, "common", child),
            config=common.config,
        )
        for child in CHILDREN
    }


def _target(found: World, *images: str) -> Target:
    packages = [name for image in images for name in found.packages[image]]
    stages = [stage for image in images for stage in found.stages[image].values()]
    return Target(
        BASE, {"apt": {name: name for name in packages}}, stages=tuple(stages)
    )


def conflicting(seed: int) -> tuple[bool, bool]:
    """Whether two branches conflict as text, and whether they do with the driver."""
    start = world(seed)
    lock = update_images(None, targets(start))
    sides = []
    for branch in (1, 2):
        side = deepcopy(start)
        side.random, side.number = Random(f"{seed} {branch}"), 1000 * branch  # noqa: S311 - to be the same each time
        edit(side)
        sides.append(dumps(update_images(lock, targets(side))))
    ours, theirs = sides
    try:
        merged(dumps(lock), ours, theirs, ())
        driven = False
    except DynbuildError:
        driven = True
    return text_merged(ours, dumps(lock), theirs) is None, driven
