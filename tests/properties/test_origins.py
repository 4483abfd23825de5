"""Whatever was taken, built, lost or restored: no run uses what it does not believe.

The content of every layer names all places that it came through, as a forged library
would be in what is linked with it. So what a run uses shows what it believed.
"""

from __future__ import annotations

import gzip
import json
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import example, given
from hypothesis import strategies as st

from dynbuild.digest import sha256
from dynbuild.link.model import Layer, Record
from dynbuild.signature import SecretKey
from dynbuild.tiers.kind import TierConfig
from dynbuild.tiers.local.tier import Local
from dynbuild.tiers.memory import MemoryTier
from dynbuild.tiers.origin import Trust
from dynbuild.tiers.wrap.chain import Chain, Nested
from dynbuild.tiers.wrap.guarded import CircuitBreakerTier
from dynbuild.tiers.wrap.trust import Keys, SignedTier, trusting
from tests.contracts.test_tiers import NO_INVENTORY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dynbuild.digest import Digest
    from dynbuild.ports import CountBytes, Notify, Tier


AMD = "linux/amd64"
TEAM = SecretKey("team-1", bytes(range(32)))
STRANGER = SecretKey("team-1", bytes(32))
STEPS = tuple(sha256(f"step {number}".encode()) for number in range(5))
BELOW = {0: (), 1: (0,), 2: (0,), 3: (1, 2), 4: (3,)}
"""What each step stands on; those of an odd number copy from it instead."""

INSIDE = "a"
NESTED = "store and a"
"""A chain of a store of its own before the place inside, as one place."""

PLACES = (INSIDE, "b", NESTED)
STORE = "elsewhere"
Names = frozenset[str]


@dataclass(frozen=True)
class Put:
    """Somebody puts a step into a tier: signed by the team, by a stranger, or not."""

    place: str
    step: int
    by: str


@dataclass(frozen=True)
class Realize:
    """A run with some tiers, with or without keys; what it builds it may sign.

    Its store may be the one that other runs have in a chain.
    """

    places: Names
    keyed: bool
    signs: bool
    inside: bool


@dataclass(frozen=True)
class Lose:
    """The store loses the records of a step, or gets the store of somebody else."""

    step: int
    restored: bool


@dataclass
class World:
    """Tiers, a store, and what somebody else has in theirs."""

    root: Path
    tiers: dict[str, MemoryTier | Local] = field(default_factory=dict)
    reach: dict[str, set[str]] = field(
        default_factory=lambda: {place: {place} for place in PLACES}
    )
    """What each tier may have of others: one that is used gets what is built.

    Without keys that may be of all that it was used with, or ever held; with keys it is
    of what the team signed, and this machine answers for it where nobody asks for keys.
    """

    def put(self, action: Put) -> None:
        signature = "+team" if action.by == "team" else ""
        names = frozenset({f"{action.place}{signature}"})
        # A stranger says of it whatever lets it be taken: what it stands on as well.
        tier: Tier = self.at(action.place)
        if action.place == NESTED:
            tier = Local(self.root / "inner", ignore, Trust(seal=b"else" * 8))
        for step in range(action.step + 1):
            key = {"team": TEAM, "stranger": STRANGER}.get(action.by)
            outer = SignedTier(tier, (), key, ignore) if key else tier
            self.keep(outer, self.record(tier, step, names), names)

    def record(self, tier: Tier, step: int, names: Names) -> Record:
        below = [tier.find([STEPS[one]]) for one in BELOW[step]]
        chosen = [found[0] for found in below if found]
        return record_of(step, names, chosen)

    def keep(self, tier: Tier, record: Record, names: Names) -> None:
        path = self.root / "put"
        path.unlink(missing_ok=True)
        path.write_bytes(packed(names, record.step))
        tier.keep(record.layers[0].digest, str(path))
        tier.record(record)

    def realize(self, action: Realize) -> None:
        secret = TEAM if action.signs and action.keyed else None
        keys = Keys((TEAM.public,), secret) if action.keyed else None
        trust = Trust(
            frozenset(f"s3 {place}" for place in action.places),
            keys.counting if keys else (),
            signed_only=action.keyed,
            seal=b"mine" * 8,
        )
        near = Local(self.root / ("inner" if action.inside else "store"), ignore, trust)
        fars = [self.far(place, keys) for place in sorted(action.places)]
        chain = Chain(near, fars, self.root, lambda: None)
        if not action.keyed:
            self.meet(action.places)
        for held in chain.held(STEPS):
            # A copy may be used although its source is gone.
            names = self.content(chain, held.record)
            assert names is None or self.believes(action, names), (names, action)
        used: dict[int, Record] = {}
        through: set[str] = set()
        for step in range(len(STEPS)):
            used[step], names = self.step(chain, step, used)
            assert self.believes(action, names), (step, names, action)
            through |= {name.removesuffix("+team") for name in names}
        chain.finish()
        for place in all_of(action.places):
            self.reach[place] |= through
        for tier in self.tiers.values():
            self.check_signed(tier)

    def meet(self, places: Names) -> None:
        """Let each tier have what any has that it is used with."""
        met = all_of(places)
        for place in met:
            self.reach[place].update(*(self.reach[one] for one in met))

    def believes(self, run: Realize, names: Names) -> bool:
        """Whether a run may use what came through these places."""
        if run.keyed:
            return all(name.endswith("+team") for name in names)
        places = {name for place in all_of(run.places) for name in self.reach[place]}
        # What somebody puts into a store that is this run's own.
        own = {STORE, NESTED} if run.inside else {STORE}
        return {name.removesuffix("+team") for name in names} <= places | own

    def check_signed(self, tier: Tier) -> None:
        """The team's key signs what the team made, and nothing else."""
        for record in SignedTier(tier, (TEAM.public,), None, ignore).find(STEPS):
            names = self.content(tier, record)
            assert names is None or all(name.endswith("+team") for name in names)

    def step(
        self, chain: Chain, step: int, used: dict[int, Record]
    ) -> tuple[Record, Names]:
        """Take a step that is held on what was chosen, else build it."""
        below = [used[one] for one in BELOW[step]]
        ids = {one.id for one in below}
        for held in chain.held([STEPS[step]]):
            record = held.record
            if {*record.on, *(id_ for _, id_ in record.sources)} != ids:
                continue
            names = self.content(chain, record)
            if names is not None:
                return record, names
        found = [self.content(chain, one) for one in below]
        names = frozenset(name for one in found if one for name in one)
        record = record_of(step, names, below)
        chain.expect([record])
        self.keep(chain, record, names)
        return record, names

    def content(self, tier: Tier, record: Record) -> Names | None:
        path = self.root / "got"
        path.unlink(missing_ok=True)
        if not tier.fetch(record.layers[0].digest, str(path)):
            return None
        return frozenset(json.loads(gzip.decompress(path.read_bytes()))[1])

    def at(self, place: str) -> MemoryTier | Local:
        """What lies at a place: for a chain, the store of its own."""
        if place not in self.tiers:
            own = Trust(frozenset({f"s3 {INSIDE}"}), seal=b"mine" * 8)
            self.tiers[place] = (
                Local(self.root / "inner", ignore, own)
                if place == NESTED
                else MemoryTier()
            )
        return self.tiers[place]

    def far(self, place: str, keys: Keys | None) -> CircuitBreakerTier:
        near = self.at(place)

        def open_(_: Notify, __: CountBytes, ___: CountBytes) -> Tier:
            if place != NESTED:
                return near
            inside = [self.far(INSIDE, keys)]
            return Nested(Chain(near, inside, self.root, lambda: None))

        far = TierConfig("s3", place, trusting(open_, keys), NO_INVENTORY)
        return CircuitBreakerTier(far, ignore, ignore)

    def lose(self, action: Lose) -> None:
        if not action.restored:
            folder = STEPS[action.step].removeprefix("sha256:")
            shutil.rmtree(self.root / "store/realizations" / folder, ignore_errors=True)
            return
        near = Local(self.root / "store", ignore, Trust(seal=b"else" * 8))
        names = frozenset({STORE})
        for step in range(action.step + 1):
            self.keep(near, self.record(near, step, names), names)


def all_of(places: Names) -> Names:
    """The places, and those inside of them."""
    return places | ({INSIDE} if NESTED in places else frozenset())


def record_of(step: int, names: Names, below: list[Record]) -> Record:
    data = packed(names, STEPS[step])
    layer = Layer(sha256(gzip.decompress(data)), sha256(data), len(data))
    ids = tuple(sorted(one.id for one in below))
    if step % 2:
        sources = tuple(sorted((one.placed, one.id) for one in below))
        return Record(STEPS[step], STEPS[step], AMD, (layer,), {}, sources=sources)
    return Record(STEPS[step], STEPS[step], AMD, (layer,), {}, on=ids)


def packed(names: Names, step: Digest) -> bytes:
    return gzip.compress(json.dumps([step, sorted(names)]).encode(), mtime=0)


def ignore(_: object) -> None: ...


ACTIONS = st.lists(
    st.builds(
        Put,
        st.sampled_from(PLACES),
        st.sampled_from(range(len(STEPS))),
        st.sampled_from(["nobody", "team", "stranger"]),
    )
    | st.builds(
        Realize,
        st.frozensets(st.sampled_from(PLACES)),
        st.booleans(),
        st.booleans(),
        st.just(value=False),
    )
    | st.builds(
        Realize,
        st.frozensets(st.sampled_from(PLACES[:2])),
        st.booleans(),
        st.booleans(),
        st.just(value=True),
    )
    | st.builds(Lose, st.sampled_from(range(len(STEPS))), st.booleans()),
    min_size=2,
    max_size=12,
)


@given(ACTIONS)
@example(
    [
        Put(INSIDE, 0, "nobody"),
        Realize(frozenset({NESTED}), keyed=False, signs=False, inside=False),
        Realize(frozenset(), keyed=False, signs=False, inside=True),
    ]
)
def test_no_run_uses_what_it_does_not_believe(
    actions: list[Put | Realize | Lose],
) -> None:
    for world in worlds():
        for action in actions:
            match action:
                case Put():
                    world.put(action)
                case Realize():
                    world.realize(action)
                case Lose():
                    world.lose(action)


def worlds() -> Iterator[World]:
    """One world, for as long as it is needed: each example has its own."""
    with tempfile.TemporaryDirectory() as folder:
        yield World(Path(folder))
