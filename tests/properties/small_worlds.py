"""Small locks, and what their steps do when they run: nothing but paths and chance."""

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

from dynbuild.digest import Digest, sha256
from dynbuild.link.choice import Held
from dynbuild.link.model import Layer, Record, WriteSet, Written
from dynbuild.link.placement import Placement
from dynbuild.lockfile.order import Placed
from dynbuild.plan import Plan, plan
from dynbuild.steps.model import Copy, Stage

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
READ = ["opt/one", "opt/two", "etc/passwd"]
BELOW = {"etc/hosts", "etc/passwd", "var/lib/dpkg/status"}


@dataclass(frozen=True)
class Outcome:
    """What a script left behind; ``made`` is when, as a number that grows."""

    data: bytes
    writes: WriteSet
    reads: tuple[str, ...]
    made: int

    @property
    def layer(self) -> Layer:
        return layer(self.data)


@dataclass
class World:
    """A lock, and what its steps do when they are built.

    What they write and read depends on what they stand on, unless they are ``steady``.
    """

    order: tuple[Placed, ...]
    seed: int
    flaky: bool = False
    steady: bool = False
    previous: Mapping[Digest, Digest] = field(default_factory=dict)
    """Steps by those that they are expected to do the same as."""
    built: int = 0
    number: Iterator[int] = field(default_factory=lambda: iter(range(10**6)))

    @property
    def digests(self) -> dict[str, Digest]:
        return {one.id: Digest(f"sha256:{one.id}") for one in self.order}

    def plan(self, held: list[Held], anew: Collection[str] = ()) -> Plan:
        return plan(
            self.order,
            self.digests,
            PLATFORM,
            held,
            anew=anew,
            previous=self.previous,
        )

    def build(self, planned: Plan, place: Placement) -> Record:
        """Build a step: what it writes depends on what it stands on, and on chance."""
        ids = [planned.places.places[digest].id for digest in place.closure]
        outcome = self.run(place.id, ids)
        return Record(
            placed=place.digest,
            step=place.step,
            platform=PLATFORM,
            layers=(outcome.layer,),
            writes=outcome.writes,
            on=planned.ids(place.on),
            sources=planned.sources(place.digest),
            joins=tuple(sorted({self.digests[join.onto] for join in place.joins})),
            reads=outcome.reads,
            made=outcome.made,
        )

    def run(self, id_: str, below: Sequence[str]) -> Outcome:
        """Run a step's script on some other steps."""
        self.built += 1
        salt = next(self.number) if self.flaky else 0
        chance = random.Random(f"{self.seed} {id_} {salt}")
        ground = [] if self.steady else [*below]
        again = random.Random(f"{self.seed} {id_} {ground} {salt}")
        writes: dict[str, Written] = {}
        for source in (chance, chance, again):
            path = source.choice(PATHS)
            content = source.choice(["same", "same", id_])
            if source.random() < 0.7:
                writes[path] = written(path, content)
        reads = [path for path in READ if chance.random() < 0.1]
        reads += [path for path in READ if again.random() < 0.05]
        number = next(self.number)
        name = f"{id_}-{number if self.flaky else [*below]}"
        return Outcome(name.encode(), writes, tuple(sorted(set(reads))), number)


def written(path: str, content: str) -> Written:
    if path == "etc":
        return Written("directory", 0o755 if content == "same" else 0o700)
    if content == "same" and path in BELOW:
        return Written("whiteout")
    return Written("file", 0o644, content=content, new=path not in BELOW)


def layer(data: bytes) -> Layer:
    return Layer(sha256(data), sha256(data), len(data))


@st.composite
def worlds(draw: st.DrawFn, most: int = 7, *, copying: bool = True) -> World:
    """Draw a lock; steps that do not copy from others often stand in a row."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    order: list[Placed] = []
    for number in range(draw(st.integers(1, most))):
        build_only = chance.random() < 0.4
        on = [
            one.id
            for one in order
            if chance.random() < 0.4 and (build_only or one.linked)
        ]
        sources = [
            one.id for one in order if chance.random() < (0.1 if one.linked else 0.4)
        ]
        if not copying:
            sources = []
            below = [one for one in order if build_only or one.linked]
            on += [one.id for one in below[-1:] if chance.random() < 0.8]
        stage = Stage(
            "abcdefgh"[number],
            dependencies=tuple(dict.fromkeys(on)),
            copies=tuple(Copy("/a", "/a", stage=source) for source in sources),
            build_only=build_only,
            touches=("dpkg",) if chance.random() < 0.1 else (),
        )
        order.append(Placed(stage.name, stage, number, stage.dependencies))
    return World(tuple(order), draw(st.integers(0, 2**32)))


@st.composite
def copied_worlds(draw: st.DrawFn, most: int = 7) -> World:
    """Draw a lock whose build-only steps are mostly of use to one other step alone."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    order: list[Placed] = []
    free: list[str] = []
    for number in range(draw(st.integers(3, most))):
        id_ = "abcdefgh"[number]
        build_only = chance.random() < 0.6
        linked = [one.id for one in order if one.linked]
        on = [other for other in linked if chance.random() < 0.4]
        sources = [source for source in free if chance.random() < 0.6]
        if chance.random() < 0.8:
            free = [source for source in free if source not in sources]
        if build_only:
            free.append(id_)
        if build_only and chance.random() < 0.1:
            on += [one.id for one in order if not one.linked][-1:]
        stage = Stage(
            id_,
            dependencies=tuple(on),
            copies=tuple(Copy("/a", "/a", stage=source) for source in sources),
            build_only=build_only,
            touches=("dpkg",) if chance.random() < 0.1 else (),
        )
        order.append(Placed(id_, stage, number, stage.dependencies))
    return World(tuple(order), draw(st.integers(0, 2**32)))
