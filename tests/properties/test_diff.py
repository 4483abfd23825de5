"""What a diff says of any two locks, and what the plan says of the same."""

from hypothesis import given
from hypothesis import strategies as st

from dynbuild.explain.diff import Diff, StepFate, diff
from dynbuild.explain.known import Known
from dynbuild.explain.picture import picture
from dynbuild.explain.view import below, common_platform, view
from dynbuild.lock.model import Lock, Target
from dynbuild.lock.update import update
from tests.properties.edits import edited, histories, requests
from tests.properties.strategies import PLATFORM


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Lock, Lock]:
    history = draw(histories())
    before = None
    for target in history:
        before = update(before, target)
    assert before is not None
    target: Target = draw(edited(history[-1]))
    return before, update(before, target, draw(requests(target, before)))


@given(pairs())
def test_what_runs_is_what_is_in_no_place_of_before(locks: tuple[Lock, Lock]) -> None:
    found = diff(*locks, PLATFORM)
    old, new = (view(lock, PLATFORM) for lock in locks)
    there = set(old.places.places)
    for step in found.steps:
        mine = {d for d, p in new.places.places.items() if p.id == step.placed.id}
        match step.fate:
            case "runs":
                assert mine - there
            case "unneeded":
                assert mine - there
                assert not step.placed.linked
            case "live" | "stays":
                assert mine <= there or not step.placed.linked
        assert (step.fate == "live") <= step.placed.live
    linked = {step.placed.id for step in found.runs if step.placed.linked}
    final = new.places.final
    assert linked >= {
        id_ for id_ in final if new.steps[id_].linked and final[id_] not in there
    }


@given(pairs())
def test_every_step_that_runs_has_a_cause(locks: tuple[Lock, Lock]) -> None:
    found = diff(*locks, PLATFORM)
    runs = {step.placed.id: step for step in found.runs}
    for step in found.runs:
        assert step.reasons
        for reason in step.reasons:
            match reason.code:
                case "new":
                    assert step.was is None
                case "follows":
                    assert reason.subject in runs
                    was = runs[reason.subject].was
                    assert was in below(view(locks[0], PLATFORM).steps[step.was or ""])
                case "stands-on":
                    assert reason.subject in below(step.placed)
                case "off":
                    assert reason.subject in view(locks[0], PLATFORM).steps
                case "field" | "placed":
                    assert reason.subject or reason.code == "placed"
        assert causes(step, runs)
    assert not [step for step in found.steps if step.fate != "runs" and step.reasons]


def causes(step: StepFate, runs: dict[str, StepFate]) -> bool:
    """Whether some step at the end of what a step follows has a cause of its own."""
    todo, seen = [step], {step.placed.id}
    while todo:
        one = todo.pop()
        if any(reason.code != "follows" for reason in one.reasons):
            return True
        todo += [runs[r.subject] for r in one.reasons if r.subject not in seen]
        seen |= {reason.subject for reason in one.reasons}
    return False


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
    places = view(locks[1], common_platform(locks[1])).places.places
    built = {place.id for place in places.values()}
    for step in found.steps:
        # Of build-only stages that are the same, one is built for all.
        assert step.fate in (
            {"runs", "unneeded"} if step.placed.id in built else {"stays"}
        )
        assert step.was is None
    assert found.unmeasured == len(found.runs)


@given(pairs())
def test_the_price_is_that_of_what_no_tier_holds(locks: tuple[Lock, Lock]) -> None:
    places = view(locks[1], common_platform(*locks)).places
    digests = list(places.final.values())
    known = Known(
        seconds=dict.fromkeys(digests, 2.0),
        sizes=dict.fromkeys(digests, 7),
        tiers=dict.fromkeys(digests[::2], "far"),
    )
    found = diff(*locks, known=known)
    built = [step for step in found.runs if step.tier is None]
    assert found.seconds == 2.0 * len(built)
    assert not found.unmeasured
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
        assert row.why
        assert all(row.id in rows[need].above for need in row.below)
