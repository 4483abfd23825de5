"""What a diff says of any two locks, and what the plan says of the same."""

from hypothesis import given
from hypothesis import strategies as st

from dynbuild.digest import Digest
from dynbuild.explain.causes import CASCADE
from dynbuild.explain.diff import Diff, diff
from dynbuild.explain.metrics import StepMetrics
from dynbuild.explain.picture import picture
from dynbuild.explain.price import Price
from dynbuild.explain.view import View, common_platform, filled, view
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.platform import of_platform
from dynbuild.lockfile.update import update
from tests.properties.edits import edited, histories, requests
from tests.properties.strategies import PLATFORM
from tests.realized import Machine


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Lock, Lock]:
    history = draw(histories())
    before = None
    for target in history:
        before = update(before, target)
    assert before is not None
    target: Target = draw(edited(history[-1]))
    return before, update(before, target, draw(requests(target, before)))


def made_of(seen: View) -> set[Digest]:
    """The places of an image, and of all that they stand on or copy from."""
    found: set[Digest] = set()
    todo = [*seen.places.image]
    while todo:
        if (digest := todo.pop()) not in found:
            found.add(digest)
            place = seen.places.places[digest]
            todo += [*place.closure, *place.sources]
    return found


@given(pairs())
def test_what_runs_is_what_is_in_no_place_of_before(locks: tuple[Lock, Lock]) -> None:
    found = diff(*locks, PLATFORM)
    old, new = (view(filled(lock, PLATFORM)) for lock in locks)
    there = set(old.places.places)
    wanted = made_of(new)
    for step in found.steps:
        mine = {d for d, p in new.places.places.items() if p.id == step.placed.id}
        match step.fate:
            case "runs":
                assert mine - there
            case "unneeded":
                # One that is the same as another has its place with that one.
                assert (mine or {new.places.final[step.placed.id]}) - there
                assert not step.placed.linked
            case "live" | "stays":
                # For a build-only stage that nothing needs, it has another place.
                assert mine & wanted <= there or not step.placed.linked
        assert (step.fate == "live") <= step.placed.live
    # Of stages that are the same, one is built for all.
    built = {new.places.places[digest].id for digest in {*new.places.image} - there}
    assert {step.placed.id for step in found.runs} >= built


@given(pairs())
def test_every_step_that_runs_has_a_cause(locks: tuple[Lock, Lock]) -> None:
    found = diff(*locks, PLATFORM)
    runs = {step.placed.id for step in found.runs}
    told = {id_ for cascade, _ in found.cascades for id_ in cascade.steps}
    assert told == runs
    old, new = (view(filled(lock, PLATFORM)) for lock in locks)
    known = old.steps.keys() & new.steps.keys()
    elsewhere = {step for step in known if old.placed(step) != new.placed(step)}
    for step in found.steps:
        assert (step.placed.id in runs) == bool(step.reasons) == bool(step.roots)
        for reason in step.reasons:
            assert (reason.code in CASCADE) <= bool(reason.steps)
            assert reason.code != "new" or step.was is None
        for reason in (one for root in step.roots for one in root.reasons):
            # What a source is put on is in no description, as what a step is put on.
            of_source = reason.code == "copies-from" and {*reason.steps} <= elsewhere
            assert reason.code not in CASCADE - {"put-on"} or of_source


@given(pairs())
def test_it_says_what_why_says_on_a_machine_that_has_the_lock_before(
    locks: tuple[Lock, Lock],
) -> None:
    before, after = locks
    machine = Machine()
    machine.realize(before)
    foreseen, trace = machine.foresee(after)
    wrote = {one.record.placed: [one.record.writes] for one in machine.held}
    found = diff(before, after, PLATFORM, lambda *_: StepMetrics(wrote=wrote))
    # Build-only stages that nothing needed then were not realized.
    there = of_platform(before, PLATFORM)
    needed = all(p.id in trace.before.digests for p in install_order(there))
    if needed:
        assert tuple(step.placed.id for step in found.runs) == foreseen.runs
        for step in found.runs:
            assert step.reasons == trace.reasons(step.placed.id)
            assert step.roots == trace.roots(step.placed.id)


@given(pairs())
def test_nothing_runs_for_the_same_lock(locks: tuple[Lock, Lock]) -> None:
    for lock in locks:
        found = diff(lock, lock)
        assert not found.runs
        assert not found.changes
        assert not found.gone


@given(pairs())
def test_without_a_lock_before_all_is_new(locks: tuple[Lock, Lock]) -> None:
    found: Diff = diff(None, locks[1])
    places = view(filled(locks[1], common_platform(locks[1]))).places
    built = {place.id for place in places.places.values()}
    for step in found.steps:
        # Of stages that are the same, one is built for all, or none.
        id_, other = step.placed.id, "live" if step.placed.live else "stays"
        is_own = places.places[places.final[id_]].id == id_
        allowed = {"runs" if id_ in built else other, other if not is_own else "runs"}
        assert step.fate in {"unneeded", *allowed}
        assert step.was is None
    assert len(found.price.unmeasured) == len(found.runs)


@given(pairs())
def test_the_price_is_that_of_what_no_tier_holds(locks: tuple[Lock, Lock]) -> None:
    places = view(filled(locks[1], common_platform(*locks))).places
    digests = list(places.final.values())
    known = StepMetrics(
        seconds=dict.fromkeys(digests, 2.0),
        sizes=dict.fromkeys(digests, 7),
        tiers=dict.fromkeys(digests[::2], "far"),
    )
    found = diff(*locks, look_up=lambda *_: known)
    built = [step for step in found.runs if step.tier is None]
    assert found.price == Price(2.0 * len(built))
    assert all(step.size == 7 for step in found.steps)


@given(pairs())
def test_a_picture_leaves_out_only_what_its_edges_tell(
    locks: tuple[Lock, Lock],
) -> None:
    rows = {row.id: row for row in picture(locks[1], PLATFORM).rows}

    def reached(step: str, *, drawn: bool) -> set[str]:
        row = rows[step]
        needs = row.edges if drawn else row.below
        return set(needs).union(*(reached(need, drawn=drawn) for need in needs))

    for row in rows.values():
        assert set(row.edges) <= set(row.below)
        assert reached(row.id, drawn=True) == reached(row.id, drawn=False)
        assert all(row.id in rows[need].above for need in row.below)
