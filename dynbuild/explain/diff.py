"""What a change of the lock does to the image: what runs again, why, and its price.

From two locks alone. What has to run is what has to be built of the new lock on a
machine that holds all steps of the old one and nothing else, by the rules of ``plan``;
so what is told here is what ``realize`` then does.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from dynbuild.digest import Description, Digest, Field
from dynbuild.errors import DeclarationError
from dynbuild.explain.known import NOTHING_KNOWN, Known
from dynbuild.explain.view import View, below, common_platform, view
from dynbuild.link.model import Record
from dynbuild.link.placement import Placement
from dynbuild.lock.changes import Change, compare
from dynbuild.lock.model import Lock
from dynbuild.lock.order import Placed
from dynbuild.lock.renames import continued
from dynbuild.plan import Build, Choice, Reuse, Unneeded, needed
from dynbuild.steps.model import Stage
from dynbuild.steps.recipe import copies_of

Fate: TypeAlias = Literal["runs", "live", "stays", "unneeded"]
"""What becomes of a step: it runs; it stays unless files that it copies live changed;
it stays; or nothing that runs needs it, and it is not part of the image."""

Code: TypeAlias = Literal["new", "field", "follows", "stands-on", "off", "placed"]
"""Why a step runs: it is new; a field of its description differs; it follows a step
that runs; it stands on another step than before; it no longer stands on one; it was put
on a step that changes the same database or path."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason why a step runs; the subject is a field or the id of a step."""

    code: Code
    subject: str = ""


@dataclass(frozen=True, slots=True)
class StepFate:
    """What becomes of one step of the new lock.

    ``was`` is its id in the old lock, None where it is new. ``seconds`` is how long it
    took when it was last measured, as it is now or as it was before; ``tier`` names the
    tier that holds it as it is now.
    """

    placed: Placed
    fate: Fate
    was: str | None
    reasons: tuple[Reason, ...] = ()
    seconds: float | None = None
    size: int | None = None
    tier: str | None = None

    @property
    def builds(self) -> bool:
        """Whether it has to be built: no tier that is known holds it."""
        return self.fate == "runs" and self.tier is None


@dataclass(frozen=True, slots=True)
class Diff:
    """All that differs between two locks, and what it means on one platform.

    ``steps`` come in the install order of the new lock; ``gone`` are the steps of the
    old one that the new one does not have.
    """

    before: Lock | None
    after: Lock
    platform: str
    changes: tuple[Change, ...]
    steps: tuple[StepFate, ...]
    gone: tuple[Placed, ...]

    @property
    def runs(self) -> tuple[StepFate, ...]:
        return tuple(step for step in self.steps if step.fate == "runs")

    @property
    def live(self) -> tuple[StepFate, ...]:
        return tuple(step for step in self.steps if step.fate == "live")

    @property
    def seconds(self) -> float:
        """What is known of the price: the seconds of all steps that must be built."""
        return sum(step.seconds or 0.0 for step in self.runs if step.builds)

    @property
    def unmeasured(self) -> int:
        """How many steps must be built of which no time is known."""
        return sum(step.builds and step.seconds is None for step in self.runs)


def diff(
    before: Lock | None,
    after: Lock,
    platform: str | None = None,
    known: Known = NOTHING_KNOWN,
) -> Diff:
    """Compare two locks; ``before`` is None where there was none.

    Without a platform, the usual one that both have. Raises LockError for locks that
    are not sound, DeclarationError (DB0304) for a platform that ``after`` does not
    have; one that ``before`` does not have was never built: all runs.
    """
    locks = (before, after) if before else (after,)
    platform = platform or common_platform(*locks)
    new = view(after, platform, known)
    old = _old(before, platform, known)
    choices = _choices(new, old)
    fates = _fates(new, choices)
    names = _counterparts(before, new, old)
    steps = tuple(
        _step(placed, _Around(new, old, names, fates), known)
        for placed in new.steps.values()
    )
    there = set(names.values())
    gone = (
        tuple(one for one in old.steps.values() if one.id not in there) if old else ()
    )
    return Diff(before, after, platform, compare(before, after), steps, gone)


def digests_of(before: Lock | None, after: Lock, platform: str) -> set[Digest]:
    """The digests of all steps of both: what may be known of them is asked by these.

    Raises as ``diff`` does.
    """
    views = (view(after, platform), _old(before, platform, NOTHING_KNOWN))
    return {digest for one in views if one for digest in one.digests.values()}


def _old(before: Lock | None, platform: str, known: Known) -> View | None:
    if before is None:
        return None
    try:
        return view(before, platform, known)
    except DeclarationError:
        return None


def _choices(new: View, old: View | None) -> Mapping[Digest, Choice]:
    """What a machine does with the new lock that holds all places of the old one.

    Placements are those that all known records give. A place of the old lock is the
    same layer on the same closure, so its record is usable as it is.
    """
    there = old.places.places if old else {}
    choices: dict[Digest, Choice] = {}
    for digest, place in new.places.places.items():
        record = Record(digest, place.step, new.platform, (), (), {}, 0.0)
        choices[digest] = Reuse(record, 0) if digest in there else Build()
    return needed(tuple(new.steps.values()), new.places, choices)


def _fates(new: View, choices: Mapping[Digest, Choice]) -> dict[str, Fate]:
    """A step runs where any of its places has to be built, the image's or another."""
    fates: dict[str, Fate] = {}
    for id_, placed in new.steps.items():
        fates[id_] = "live" if placed.live else "stays"
    for digest, place in new.places.places.items():
        match choices[digest]:
            case Build():
                fates[place.id] = "runs"
            case Unneeded() if fates[place.id] != "runs":
                fates[place.id] = "unneeded"
            case _:
                pass
    return fates


def _counterparts(before: Lock | None, new: View, old: View | None) -> dict[str, str]:
    """The id in the old lock of each step of the new one that was there."""
    if before is None or old is None:
        return {}
    names = continued(before, new.lock)
    found = {}
    for id_, placed in new.steps.items():
        was = names.get(id_) if isinstance(placed.step, Stage) else id_
        there = old.steps.get(was) if was else None
        if there is not None and isinstance(there.step, type(placed.step)):
            found[id_] = there.id
    return found


@dataclass(frozen=True, slots=True)
class _Around:
    """What is needed to tell the reasons of any step."""

    new: View
    old: View | None
    names: Mapping[str, str]
    fates: Mapping[str, Fate]


def _step(placed: Placed, around: _Around, known: Known) -> StepFate:
    was = around.names.get(placed.id)
    fate = around.fates[placed.id]
    now = around.new.placed(placed.id)
    before = around.old.placed(was) if around.old and was else None
    digests = [digest for digest in (now, before) if digest]
    measured = (*digests, placed.id, was or placed.id)
    return StepFate(
        placed=placed,
        fate=fate,
        was=was,
        reasons=_reasons(placed, was, around) if fate == "runs" else (),
        seconds=next((known.seconds[k] for k in measured if k in known.seconds), None),
        size=next((known.sizes[k] for k in digests if k in known.sizes), None),
        tier=known.tiers.get(now),
    )


def _reasons(placed: Placed, was: str | None, around: _Around) -> tuple[Reason, ...]:
    """Own causes first, then the steps that it follows."""
    new, old = around.new, around.old
    if was is None or old is None:
        return (Reason("new"),)
    before = old.steps[was]
    found = (
        *_fields(new, placed, old, before),
        *_standing(placed, before, around),
        *_joins(new, placed, old, before, around),
    )
    # A step that a build-only stack alone holds in another place has none of its own.
    return found or (Reason("placed"),)


def _standing(placed: Placed, before: Placed, around: _Around) -> Iterator[Reason]:
    for need in below(placed):
        if around.names.get(need) not in below(before):
            yield Reason("stands-on", need)
        elif around.fates[need] == "runs":
            yield Reason("follows", need)
    kept = {around.names.get(need) for need in below(placed)}
    for need in below(before):
        if need not in kept and _left_alone(placed, before, need):
            yield Reason("off", need)


def _joins(
    new: View, placed: Placed, old: View, before: Placed, around: _Around
) -> Iterator[Reason]:
    onto_before = {join.onto for join in _place(old, before.id).joins}
    for join in _place(new, placed.id).joins:
        runs = around.fates[join.onto] == "runs"
        if runs or around.names.get(join.onto) not in onto_before:
            yield Reason("placed", join.onto)


def _left_alone(placed: Placed, before: Placed, need: str) -> bool:
    """Whether a step is no longer stood on for another reason than that it was last.

    A stage always stands on the last system step before it: that another one took its
    place is told of the new one.
    """
    return need not in before.on[:1] or len(placed.on) < len(before.on)


def _place(whole: View, step: str) -> Placement:
    return whole.places.places[whole.placed(step)]


def _fields(new: View, placed: Placed, old: View, before: Placed) -> Iterator[Reason]:
    now = _own(new.descriptions[placed.id], placed)
    then = _own(old.descriptions[before.id], before)
    for field in {**then, **now}:
        if now.get(field) != then.get(field):
            yield Reason("field", field)


def _own(description: Description, placed: Placed) -> Description:
    """A description without what other steps say in it."""
    own = {field: told for field, told in description.items() if field != "stands_on"}
    own["copies"] = [
        {**copied, "content": None} if copy.stage is not None else copied
        for copy, copied in zip(
            copies_of(placed.step), _rows(description["copies"]), strict=True
        )
    ]
    return own


def _rows(copies: Field) -> list[Description]:
    assert isinstance(copies, list)
    return copies
