"""What cleaning must never do, whatever a tier holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from dynbuild.commands.clean import Policy, Sweep, sweep, sweep_of
from dynbuild.digest import Digest, sha256
from dynbuild.inventory import Root, StoredObject
from dynbuild.link.model import Layer, Record

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

GRACE = 10.0
BLOBS = [sha256(bytes([number])) for number in range(8)]
STEPS = [sha256(b"step%d" % number) for number in range(4)]


@dataclass
class Store:
    """A tier as a table: what is there, and what its records name."""

    held: dict[str, tuple[StoredObject, Root | None]]

    def things(self) -> Iterator[StoredObject]:
        yield from [thing for thing, _ in self.held.values()]

    def root(self, key: str) -> Root | None:
        return self.held[key][1]

    def is_whole(self, blob: Digest) -> bool:
        raise NotImplementedError

    def remove(self, keys: Collection[str]) -> None:
        for key in keys:
            del self.held[key]


ages = st.sampled_from([0.0, 9.0, 11.0, 50.0, 100.0])


@st.composite
def stores(draw: st.DrawFn) -> Store:
    held: dict[str, tuple[StoredObject, Root | None]] = {}
    for blob in draw(st.sets(st.sampled_from(BLOBS))):
        key = f"blobs/sha256/{blob.removeprefix('sha256:')}"
        held[key] = (StoredObject(key, draw(st.integers(1, 9)), draw(ages)), None)
    for number in range(draw(st.integers(0, 6))):
        step = draw(st.sampled_from(STEPS))
        names = draw(st.frozensets(st.sampled_from(BLOBS), max_size=3))
        parts = draw(st.sampled_from([(), (sha256(b"part"),)]))
        layers = tuple(Layer(blob, blob, 1) for blob in sorted(names))
        known = [one[1].record.id for one in held.values() if one[1] and one[1].record]
        ids = st.sets(st.sampled_from(known), max_size=2) if known else st.just(set())
        on, sources = draw(ids), draw(ids)
        record = Record(
            step,
            step,
            "linux/amd64",
            layers,
            {},
            on=tuple(sorted(on)),
            sources=tuple((sha256(id_.encode()), id_) for id_ in sorted(sources)),
            parts=parts,
        )
        key = f"realizations/{step.removeprefix('sha256:')}/{number}"
        root = draw(st.sampled_from([Root(names, record), None]))
        held[key] = (StoredObject(key, 1, draw(ages)), root)
    return Store(held)


policies = st.builds(
    Policy,
    age=st.none() | ages,
    size=st.none() | st.integers(0, 40),
    steps=st.none() | st.frozensets(st.sampled_from(STEPS)),
)


def swept(store: Store, policy: Policy) -> tuple[Sweep, Store]:
    found = sweep_of(store, policy, GRACE)
    after = Store(dict(store.held))
    sweep(after, found)
    return found, after


@given(stores(), policies)
def test_what_stays_has_its_blobs(store: Store, policy: Policy) -> None:
    _, after = swept(store, policy)
    there = {thing.blob for thing in after.things()}
    before = {thing.blob for thing in store.things()}
    for _, root in after.held.values():
        assert root is None or root.names & before <= there


@given(stores(), policies)
def test_what_is_young_or_needed_stays(store: Store, policy: Policy) -> None:
    _, after = swept(store, policy)
    for key, (thing, root) in store.held.items():
        needed = thing.step in (policy.steps or ()) and root is not None
        if thing.age < GRACE or needed:
            assert key in after.held


@given(stores(), st.none() | ages)
def test_what_it_came_from_stays_with_a_record(store: Store, age: float | None) -> None:
    _, after = swept(store, Policy(age))
    here = [root.record for _, root in after.held.values() if root and root.record]
    there = [root.record for _, root in store.held.values() if root and root.record]
    ids = {record.id for record in here}
    for record in here:
        for below in (*record.on, *(id_ for _, id_ in record.sources)):
            assert below in ids or all(one.id != below for one in there)


@given(stores(), policies)
def test_twice_is_once_and_the_bytes_are_told(store: Store, policy: Policy) -> None:
    found, after = swept(store, policy)
    size = sum(thing.size for thing in store.things())
    left = sum(thing.size for thing in after.things())
    assert (found.bytes, found.left) == (size - left, left)
    again, _ = swept(after, policy)
    assert not again.roots
    assert not again.blobs


@given(stores(), st.integers(0, 40))
def test_what_is_old_fits(store: Store, size: int) -> None:
    _, after = swept(store, Policy(age=None, size=size))
    young, todo = (
        [],
        [root for t, root in after.held.values() if t.age < GRACE and root],
    )
    records = {
        root.record.id: root for _, root in after.held.values() if root and root.record
    }
    while todo:
        # What it came from counts as young as it.
        root = todo.pop()
        if root in young:
            continue
        young.append(root)
        if root.record is not None:
            below = (*root.record.on, *(id_ for _, id_ in root.record.sources))
            todo += [records[id_] for id_ in below if id_ in records]
    old = [
        thing
        for thing, root in after.held.values()
        if thing.age >= GRACE and (root is None or root not in young)
    ]
    named = {name for root in young for name in root.names}
    left = [thing for thing in old if thing.blob not in named]
    whole = sum(thing.size for thing in after.things())
    assert whole <= size or not left


@given(stores(), policies)
def test_a_record_goes_before_its_blobs(store: Store, policy: Policy) -> None:
    order: list[str] = []

    class Watched(Store):
        def remove(self, keys: Collection[str]) -> None:
            order.extend(key.partition("/")[0] for key in keys)

    sweep(Watched(store.held), sweep_of(store, policy, GRACE))
    assert order == sorted(order, reverse=True)
