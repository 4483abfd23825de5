"""Plans of whole images: built until nothing is left, on machines of every kind."""

import random
from collections.abc import Collection, Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from dynbuild.digest import Digest
from dynbuild.link.choice import Held
from dynbuild.link.commute import conflicts
from dynbuild.link.model import Record, WriteSet
from dynbuild.link.placement import Placement
from dynbuild.link.reads import is_read
from dynbuild.lockfile.order import Placed
from dynbuild.plan import Build, Plan, Reuse, Unneeded
from dynbuild.steps.model import Copy, Stage
from tests.properties.small_worlds import PLATFORM, World, worlds


def missing(planned: Plan) -> list[Placement]:
    """What can be built now: all that it needs is there."""
    return [
        place
        for digest, place in planned.places.places.items()
        if isinstance(planned.choices[digest], Build)
        and planned.layers(place.closure) is not None
        and planned.layers(place.sources) is not None
    ]


def realize(
    world: World,
    held: list[Held],
    chance: random.Random,
    anew: Collection[str] = (),
) -> Plan:
    """Build what is missing, one step after another, in any order."""
    while ready := missing(planned := world.plan(held, anew)):
        held.append(Held(world.build(planned, chance.choice(ready))))
        assert is_sound(planned)
    assert not any(isinstance(one, Build) for one in planned.choices.values())
    return planned


def writes_of(planned: Plan, digest: Digest) -> WriteSet | None:
    choice = planned.choices[digest]
    return choice.record.writes if isinstance(choice, Reuse) else None


def reads_of(planned: Plan, digest: Digest) -> Sequence[str]:
    choice = planned.choices[digest]
    return choice.record.reads if isinstance(choice, Reuse) else ()


def is_sound(planned: Plan) -> bool:
    """Each on its stack; what lies side by side in a stack commutes.

    Nothing that is known to be read is written by a step before, in another stack.
    """
    places = planned.places.places
    for digest, place in places.items():
        choice = planned.choices[digest]
        if isinstance(choice, Reuse):
            assert planned.layers(place.closure) is not None
            assert choice.record.on == planned.ids(place.on)
            assert choice.record.placed == digest
    is_of_one_mind(planned)
    stacks = [place.closure for place in places.values()] + [planned.places.image]
    for stack in stacks:
        for at, upper in enumerate(stack):
            for lower in stack[:at]:
                one, other = writes_of(planned, lower), writes_of(planned, upper)
                if lower not in places[upper].closure and one and other:
                    assert not conflicts(one, other)
                if lower not in places[upper].closure and one:
                    for read in reads_of(planned, upper):
                        assert not any(is_read(read, *item) for item in one.items())
    return True


def made_of(planned: Plan) -> dict[Digest, Placement]:
    """The places of the image, and all that they stand on or copy from."""
    found: dict[Digest, Placement] = {}
    todo = [*planned.places.image]
    while todo:
        if (digest := todo.pop()) not in found:
            place = found[digest] = planned.places.places[digest]
            todo += [*place.closure, *place.sources]
    return found


def is_of_one_mind(planned: Plan) -> None:
    """No two records of a plan name two realizations of one place."""
    named: dict[Digest, Digest] = {}
    for digest, choice in planned.choices.items():
        if not isinstance(choice, Reuse):
            continue
        sources = dict(choice.record.sources)
        assert sources.keys() >= {*planned.places.places[digest].sources}
        for placed, id_ in [(digest, choice.record.id), *sources.items()]:
            assert named.setdefault(placed, id_) == id_
    # What is named and held is the one that is chosen; what has to be built is new.
    for placed in named:
        assert not isinstance(planned.choices[placed], Build)


@settings(max_examples=200, deadline=None)
@given(worlds(), st.integers(0, 2**32))
def test_builds_until_nothing_is_left(world: World, seed: int) -> None:
    """Then nothing is built again, in whichever order records are found."""
    held: list[Held] = []
    planned = realize(world, held, random.Random(seed))
    assert is_sound(planned)
    for digest in planned.places.image:
        assert isinstance(planned.choices[digest], Reuse)
    random.Random(seed).shuffle(held)
    assert world.plan(held) == planned
    built = world.built
    realize(world, held, random.Random(seed))
    assert world.built == built


@settings(max_examples=200, deadline=None)
@given(worlds(), st.integers(0, 2**32))
def test_the_order_of_builds_decides_nothing(world: World, seed: int) -> None:
    """Where steps write the same on whatever they stand.

    What a step wrote in one place is expected of it in others: where that is wrong, it
    may be put on more than it needs. And the place of a stage that nothing needs may be
    known by one way only.
    """
    steady = replace(world, steady=True)
    planned = realize(steady, [], random.Random(seed))
    after = realize(replace(steady), [], random.Random(seed + 1))
    assert after.places.image == planned.places.image
    assert made_of(after) == made_of(planned)


@settings(max_examples=300, deadline=None)
@given(worlds(copying=False), st.integers(0, 2**32))
def test_no_expectation_makes_a_built_step_run_again(world: World, seed: int) -> None:
    """Steps whose last versions did anything; then nobody knows, or something else."""
    chance = random.Random(seed)
    linked = [
        replace(one, step=replace(one.step, build_only=False)) for one in world.order
    ]
    world = replace(world, order=tuple(linked))

    def expecting() -> tuple[World, list[Held]]:
        previous: dict[Digest, Digest] = {}
        held: list[Held] = []
        for id_, digest in world.digests.items():
            if chance.random() < 0.7:
                old = Digest(f"{digest} of {chance.random()}")
                writes = world.run(f"{id_} {old}", []).writes
                held.append(Held(Record(old, old, PLATFORM, (), writes)))
                previous[digest] = old
        return replace(world, previous=previous), held

    expecting_world, held = expecting()
    built: dict[str, list[set[Digest]]] = {}
    while ready := missing(planned := expecting_world.plan(held)):
        place = chance.choice(ready)
        # Again only on more than before: a conflict that nobody foresaw.
        for below in built.get(place.id, ()):
            assert below < {*place.closure} or not below <= {*planned.places.image}
        built.setdefault(place.id, []).append({*place.closure})
        held.append(Held(expecting_world.build(planned, place)))
    assert is_sound(planned)
    for other, more in ((replace(world, previous={}), []), expecting(), expecting()):
        again = other.plan([*held, *more])
        assert again.places.image == planned.places.image
        assert not any(isinstance(one, Build) for one in again.choices.values())


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
def test_a_record_tells_what_its_step_was_put_on(world: World, seed: int) -> None:
    """A machine that has what is in the image, and not what was built on the way.

    Where build-only steps stand on one another, what was built on the way may tell more
    than what is left of it: a step that is on record in its place is not put on others.
    """
    held: list[Held] = []
    flaky = replace(world, flaky=seed % 2 == 0)
    planned = realize(flaky, held, random.Random(seed))
    kept = [
        Held(choice.record)
        for choice in planned.choices.values()
        if isinstance(choice, Reuse)
    ]
    again = flaky.plan(kept)
    linked = {one.id for one in world.order if one.linked}
    if any({*one.on} - linked for one in world.order):
        return
    assert again.places.image == planned.places.image
    assert not any(isinstance(one, Build) for one in again.choices.values())


@settings(max_examples=200, deadline=None)
@given(worlds(), st.integers(0, 2**32))
def test_what_is_not_needed_is_left_alone(world: World, seed: int) -> None:
    """A build-only step without a record, where nothing that needs it is built.

    What build-only steps write decides what is put on what in the stacks of those that
    stand on them: where such a place is not known any more, another one is built.
    """
    held: list[Held] = []
    before = realize(world, held, random.Random(seed))
    linked = {one.id for one in world.order if one.linked}
    kept = [one for one in held if one.record.step.removeprefix("sha256:") in linked]
    planned = world.plan(kept)
    if planned.places.final != before.places.final:
        assert any({*one.on} - linked for one in world.order if not one.linked)
        return
    assert all(
        isinstance(planned.choices[digest], Reuse) for digest in planned.places.image
    )
    assert not any(isinstance(one, Build) for one in planned.choices.values())
    assert all(
        isinstance(planned.choices[planned.places.final[one.id]], Unneeded)
        for one in world.order
        if not one.linked
    )


@settings(max_examples=200, deadline=None)
@given(worlds(), st.integers(0, 2**32))
def test_cleaning_makes_nobody_compile(world: World, seed: int) -> None:
    """Sources that are not reproducible, lost one by one: nothing is built for that."""
    chance = random.Random(seed)
    flaky = replace(world, flaky=True)
    held: list[Held] = []
    planned = realize(flaky, held, chance)
    image = planned.layers(planned.places.image)
    linked = {one.id for one in world.order if one.linked}
    kept = [
        one
        for one in held
        if one.record.step.removeprefix("sha256:") in linked or chance.random() < 0.5
    ]
    built = flaky.built
    if flaky.plan(kept).places == planned.places:
        assert realize(flaky, kept, chance).layers(planned.places.image) == image
        assert flaky.built == built


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 2**32), st.integers(1, 3))
def test_what_nothing_needs_names_no_other_source_that_is_gone(
    first: int, seed: int, copiers: int
) -> None:
    """A source that two machines compiled, and that is lost; copiers of the one and the
    other are left, of which the image needs one alone."""
    copies = (Copy("/a", "/a", stage="source"),)
    stages = [
        Stage("source", build_only=True),
        Stage("linked", copies=copies),
        *(Stage(f"{n}", copies=copies, build_only=True) for n in range(copiers)),
    ]
    order = tuple(Placed(stage.name, stage, n, ()) for n, stage in enumerate(stages))
    world = World(order, seed, flaky=True, number=iter(range(first, 10**7)))
    one: list[Held] = []
    other: list[Held] = []
    for machine in (one, other):
        anew = [stage.name for stage in stages]
        realize(world, machine, random.Random(seed), anew)
    linked, lost = world.digests["linked"], world.digests["source"]
    planned = world.plan(
        [held for held in one if held.record.step == linked]
        + [held for held in other if held.record.step not in (linked, lost)]
    )
    assert is_sound(planned)
    assert isinstance(planned.choices[linked], Reuse)


@settings(max_examples=200, deadline=None)
@given(worlds(), st.integers(0, 2**32))
def test_what_is_built_anew_takes_its_copiers_along(world: World, seed: int) -> None:
    """``--no-cache-stage``: it runs, and so does all that has to do with it."""
    chance = random.Random(seed)
    flaky = replace(world, flaky=True)
    held: list[Held] = []
    realize(flaky, held, chance)
    name = chance.choice(world.order).id
    left = [one for one in held if one.record.step != flaky.digests[name]]
    chance.shuffle(left)
    before = [*left]
    planned = realize(flaky, left, chance, anew=[name])
    ran = {one.record.placed for one in left[len(before) :]}
    assert planned.places.final[name] in ran
    for digest, place in planned.places.places.items():
        if isinstance(planned.choices[digest], Reuse):
            needs = {*place.closure, *place.sources}
            assert digest in ran or not needs & ran
    # From then on it is the newest that counts.
    again = flaky.plan([*held, *left])
    newest = again.choices[again.places.final[name]]
    if again.places == planned.places and isinstance(newest, Reuse):
        assert newest.record in [one.record for one in left[len(before) :]]
