"""What a change of the lock does to the image: what runs again, why, and its price.

From two locks alone. What has to run is what has to be built of the new lock on a
machine that holds all steps of the old one and nothing else, as ``predict`` foresees
it; why is what ``causes`` tells of that. So ``diff`` and ``why`` are of one mind.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from dynbuild.digest import Digest
from dynbuild.errors import DeclarationError
from dynbuild.explain.causes import Cascade, Now, Reason, Root, Trace
from dynbuild.explain.metrics import NOTHING_KNOWN, StepMetrics
from dynbuild.explain.past import Before
from dynbuild.explain.predict import UNBUILT, Prediction, predict
from dynbuild.explain.price import Price, price, prices, ranked
from dynbuild.explain.since import before_in
from dynbuild.explain.view import View, common_platform, view
from dynbuild.link.model import Layer, Record
from dynbuild.lock.changes import Change, compare
from dynbuild.lock.model import Lock
from dynbuild.lock.order import Placed
from dynbuild.lock.renames import continued
from dynbuild.plan import Held, Unneeded

Fate: TypeAlias = Literal["runs", "live", "stays", "unneeded"]
"""What becomes of a step: it runs; it stays unless files that it copies live changed;
it stays; or nothing that runs needs it, and it is not part of the image."""


@dataclass(frozen=True, slots=True)
class StepFate:
    """What becomes of one step of the new lock.

    ``was`` is its id in the old lock, None where it is new; ``reasons`` say why it
    runs, ``roots`` where that began. ``seconds`` is what it takes, as far as that is
    known; ``tier`` names the tier that holds it as it is now.
    """

    placed: Placed
    fate: Fate
    was: str | None
    reasons: tuple[Reason, ...] = ()
    roots: tuple[Root, ...] = ()
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
    old one that the new one does not have. ``cascades`` have what runs by where that
    began, the dearest first. Prices are those of the steps that no tier holds.
    """

    before: Lock | None
    after: Lock
    platform: str
    changes: tuple[Change, ...]
    steps: tuple[StepFate, ...]
    gone: tuple[Placed, ...]
    cascades: tuple[tuple[Cascade, Price], ...]
    price: Price

    @property
    def runs(self) -> tuple[StepFate, ...]:
        return tuple(step for step in self.steps if step.fate == "runs")

    @property
    def live(self) -> tuple[StepFate, ...]:
        return tuple(step for step in self.steps if step.fate == "live")


def diff(
    before: Lock | None,
    after: Lock,
    platform: str | None = None,
    known: StepMetrics = NOTHING_KNOWN,
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
    then = before_in(after, old) if old else Before()
    order = tuple(new.steps.values())
    foreseen = _foreseen(new, order, old, then, known)
    now = Now(order, new.descriptions, new.digests, foreseen)
    trace = Trace(now, then)
    names = _names(after, old, then)
    seconds = prices(order, _measured(now, names, then, known))
    final = foreseen.plan.places.final
    tiers = {id_: known.tiers[d] for id_, d in final.items() if d in known.tiers}

    def step(placed: Placed) -> StepFate:
        id_ = placed.id
        fate = _fate(placed, foreseen)
        digests = [d for d in (final[id_], then.placed.get(id_)) if d]
        return StepFate(
            placed=placed,
            fate=fate,
            was=names.get(id_),
            reasons=trace.reasons(id_) if fate == "runs" else (),
            roots=trace.roots(id_) if fate == "runs" else (),
            seconds=seconds.get(id_),
            size=next((known.sizes[d] for d in digests if d in known.sizes), None),
            tier=tiers.get(id_),
        )

    steps = tuple(map(step, order))
    there = set(names.values())
    return Diff(
        before=before,
        after=after,
        platform=platform,
        changes=compare(before, after),
        steps=steps,
        gone=tuple(one for one in old.steps.values() if one.id not in there)
        if old
        else (),
        cascades=ranked(trace.cascades(), seconds, tiers),
        price=price((one.placed.id for one in steps if one.builds), seconds),
    )


def digests_of(before: Lock | None, after: Lock, platform: str) -> set[Digest]:
    """The digests of all steps of both: what may be known of them is asked by these.

    Raises as ``diff`` does.
    """
    views = (view(after, platform), _old(before, platform, NOTHING_KNOWN))
    return {digest for one in views if one for digest in one.digests.values()}


def _old(before: Lock | None, platform: str, known: StepMetrics) -> View | None:
    if before is None:
        return None
    try:
        return view(before, platform, known)
    except DeclarationError:
        return None


def _foreseen(
    new: View,
    order: Sequence[Placed],
    old: View | None,
    then: Before,
    known: StepMetrics,
) -> Prediction:
    """What runs on a machine that holds all places of the old lock and nothing else."""
    held = [*_held(old)] if old else []
    written = [*_written(known, new.platform)]
    wrote = {
        id_: known.wrote[place][0]
        for id_, place in then.placed.items()
        if known.wrote.get(place)
    }
    return predict(order, new.digests, new.platform, held + written, wrote)


def _held(old: View) -> Iterator[Held]:
    """Each place with one layer, its own, on those of its closure."""
    ids: dict[Digest, Digest] = {}
    for digest, place in old.places.places.items():
        record = Record(
            digest,
            place.step,
            old.platform,
            (Layer(digest, digest, 0),),
            {},
            on=tuple(sorted(ids[below] for below in place.on)),
            sources=tuple(sorted((source, ids[source]) for source in place.sources)),
        )
        ids[digest] = record.id
        yield Held(record)


def _written(known: StepMetrics, platform: str) -> Iterator[Held]:
    """What was written, and put on what, in records of which nothing can be reused."""
    for digest, sets in known.wrote.items():
        read = known.read.get(digest, [()] * len(sets))
        for at, (writes, reads) in enumerate(zip(sets, read, strict=True)):
            on = (UNBUILT, Digest(str(at)))
            record = Record(digest, UNBUILT, platform, (), writes, on=on, reads=reads)
            yield Held(record)
    for step, told in known.joined.items():
        for joins in told:
            record = Record(UNBUILT, step, platform, (), {}, on=joins, joins=joins)
            yield Held(record)


def _fate(placed: Placed, foreseen: Prediction) -> Fate:
    """A step runs where any of its places has to be built, the image's or another."""
    if placed.id in foreseen.runs:
        return "runs"
    plan = foreseen.plan
    if isinstance(plan.choices[plan.places.final[placed.id]], Unneeded):
        return "unneeded"
    return "live" if placed.live else "stays"


def _names(after: Lock, old: View | None, then: Before) -> dict[str, str]:
    """The id in the old lock of each step of the new one that was there."""
    names = continued(old.lock, after) if old else {}
    return {id_: names.get(id_, id_) for id_ in then.digests}


def _measured(
    now: Now, names: Mapping[str, str], then: Before, known: StepMetrics
) -> dict[str, float]:
    """What steps took as they are, else as they were, else by their names."""
    found: dict[str, float] = {}
    for id_, final in now.prediction.plan.places.final.items():
        keys = (final, then.placed.get(id_, final), id_, names.get(id_, id_))
        for key in keys:
            if key in known.seconds:
                found.setdefault(id_, known.seconds[key])
    return found
