"""Plans of whole images: built until nothing is left, on machines of every kind."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from dynbuild.digest import Digest
from dynbuild.link.choice import Held
from dynbuild.link.commute import conflicts
from dynbuild.link.model import Layer, Record, WriteSet, Written
from dynbuild.link.placement import Placement
from dynbuild.lock.order import Placed
from dynbuild.plan import Build, Plan, Reuse, Unneeded, plan
from dynbuild.steps.model import Copy, Stage
from dynbuild.steps.recipe import copies_of

BASE = (Digest("base-1"), Digest("base-2"))
PLATFORM = "linux/amd64"
PATHS = [
    "etc",
    "etc/hosts",
    "etc/passwd",
    "opt/one",
    "opt/two",
    "tmp/x",
    "var/lib/dpkg/status",
]
BELOW = {"etc/hosts", "etc/passwd", "var/lib/dpkg/status"}


@dataclass
class World:
    """A lock, and what its steps do when they are built."""

    order: tuple[Placed, ...]
    seed: int
    flaky: bool = False
    built: int = 0
    number: Iterator[int] = field(default_factory=lambda: iter(range(10**6)))

    @property
    def digests(self) -> dict[str, Digest]:
        return {one.id: Digest(f"sha256:{one.id}") for one in self.order}

    def plan(self, held: list[Held]) -> Plan:
        return plan(self.order, self.digests, BASE, PLATFORM, held)

    def build(self, planned: Plan, place: Placement) -> Record:
        """Build a step: what it writes depends on what it stands on, and on chance."""
        self.built += 1
        ids = [planned.places.places[digest].id for digest in place.closure]
        salt = next(self.number) if self.flaky else 0
        chance = random.Random(f"{self.seed} {place.id} {salt}")
        again = random.Random(f"{self.seed} {place.id} {ids} {salt}")
        writes: dict[str, Written] = {}
        for source in (chance, chance, again):
            path = source.choice(PATHS)
            content = source.choice(["same", "same", place.id])
            if source.random() < 0.7:
                writes[path] = written(path, content)
        below = planned.layers(place.closure)
        assert below is not None
        return Record(
            placed=place.digest,
            step=place.step,
            platform=PLATFORM,
            stack=(*BASE, *(layer.diff_id for layer in below)),
            layers=(layer(f"{place.id}-{next(self.number)}"),),
            writes=writes,
            seconds=1.0,
        )


def written(path: str, content: str) -> Written:
    if path == "etc":
        return Written("directory", 0o755 if content == "same" else 0o700)
    if content == "same" and path in BELOW:
        return Written("whiteout")
    return Written("file", 0o644, content=content, new=path not in BELOW)


def layer(name: str) -> Layer:
    return Layer(Digest(name), Digest(f"blob of {name}"), 1)


@st.composite
def worlds(draw: st.DrawFn, most: int = 7) -> World:
    chance = random.Random(draw(st.integers(0, 2**32)))
    order: list[Placed] = []
    for number in range(draw(st.integers(1, most))):
        build_only = chance.random() < 0.4
        on = [
            one.id
            for one in order
            if chance.random() < 0.4 and (build_only or one.linked)
        ]
        sources = [one.id for one in order if not one.linked and chance.random() < 0.5]
        stage = Stage(
            "abcdefgh"[number],
            dependencies=tuple(on),
            copies=tuple(Copy("/a", "/a", stage=source) for source in sources),
            build_only=build_only,
            touches=("dpkg",) if chance.random() < 0.1 else (),
        )
        order.append(Placed(stage.name, stage, number, tuple(on)))
    return World(tuple(order), draw(st.integers(0, 2**32)))


def missing(world: World, planned: Plan) -> list[Placement]:
    """What can be built now: all that it needs is there."""
    sources = {
        one.id: [copy.stage for copy in copies_of(one.step) if copy.stage]
        for one in world.order
    }
    final = planned.places.final
    return [
        place
        for digest, place in planned.places.places.items()
        if isinstance(planned.choices[digest], Build)
        and planned.layers(place.closure) is not None
        and planned.layers(final[name] for name in sources[place.id]) is not None
    ]


def realize(world: World, held: list[Held], chance: random.Random) -> Plan:
    """Build what is missing, one step after another, in any order."""
    while ready := missing(world, planned := world.plan(held)):
        held.append(Held(world.build(planned, chance.choice(ready))))
    assert not any(isinstance(one, Build) for one in planned.choices.values())
    return planned


def writes_of(planned: Plan, digest: Digest) -> WriteSet | None:
    choice = planned.choices[digest]
    return choice.record.writes if isinstance(choice, Reuse) else None


def is_sound(planned: Plan) -> bool:
    """Each on its stack; what lies side by side in a stack commutes."""
    places = planned.places.places
    for digest, place in places.items():
        choice = planned.choices[digest]
        if isinstance(choice, Reuse):
            below = planned.layers(place.closure)
            assert below is not None
            given = [*BASE, *(one.diff_id for one in below)]
            assert sorted(choice.record.stack) == sorted(given)
            assert choice.record.placed == digest
    stacks = [place.closure for place in places.values()] + [planned.places.image]
    for stack in stacks:
        for at, upper in enumerate(stack):
            for lower in stack[:at]:
                one, other = writes_of(planned, lower), writes_of(planned, upper)
                if lower not in places[upper].closure and one and other:
                    assert not conflicts(one, other)
    return True


@settings(max_examples=200, deadline=None)
@given(worlds(), st.integers(0, 2**32))
def test_builds_until_nothing_is_left(world: World, seed: int) -> None:
    """The end does not depend on the order of builds; then nothing is built again."""
    held: list[Held] = []
    planned = realize(world, held, random.Random(seed))
    assert is_sound(planned)
    for digest in planned.places.image:
        assert isinstance(planned.choices[digest], Reuse)
    other = replace(world)
    again: list[Held] = []
    assert realize(other, again, random.Random(seed + 1)).places == planned.places
    random.Random(seed).shuffle(held)
    assert world.plan(held) == planned
    built = world.built
    realize(world, held, random.Random(seed))
    assert world.built == built


@settings(max_examples=200, deadline=None)
@given(worlds(), st.integers(0, 2**32), st.integers(2, 3))
def test_never_mixes_machines(world: World, seed: int, machines: int) -> None:
    """Machines that build each on their own, with some of the records of others."""
    chance = random.Random(seed)
    flaky = replace(world, flaky=True)
    records: list[Record] = []
    for _ in range(machines):
        mine = [Held(one, 1) for one in records if chance.random() < 0.5]
        assert is_sound(realize(flaky, mine, chance))
        records += [one.record for one in mine]
    some = [Held(one, chance.randrange(3)) for one in records if chance.random() < 0.8]
    planned = flaky.plan(some)
    assert is_sound(planned)
    chance.shuffle(some)
    assert flaky.plan(some) == planned
    assert is_sound(realize(flaky, some, chance))


@settings(max_examples=200, deadline=None)
@given(worlds(), st.integers(0, 2**32))
def test_what_is_not_needed_is_left_alone(world: World, seed: int) -> None:
    """A build-only step without a record, where nothing that needs it is built."""
    held: list[Held] = []
    realize(world, held, random.Random(seed))
    linked = {one.id for one in world.order if one.linked}
    kept = [one for one in held if one.record.step.removeprefix("sha256:") in linked]
    planned = world.plan(kept)
    assert all(
        isinstance(planned.choices[digest], Reuse) for digest in planned.places.image
    )
    assert not any(isinstance(one, Build) for one in planned.choices.values())
    assert all(
        isinstance(planned.choices[planned.places.final[one.id]], Unneeded)
        for one in world.order
        if not one.linked
    )
