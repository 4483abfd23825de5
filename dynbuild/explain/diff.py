"""The effect of a lock change on the image: what runs again, why, and its price.

Computed from two locks alone. A step runs if the new lock needs it built on a machine
that holds all steps of the old one and nothing else, as ``predict`` foresees; the
reasons come from ``causes``. So ``diff`` and ``why`` agree.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from dynbuild.digest import (
    BlobDigest,
    DiffId,
    Digest,
    PlacedDigest,
    RealizationId,
    StepDigest,
)
from dynbuild.errors import DeclarationError
from dynbuild.explain.causes import Cascade, CurrentSteps, RootCause, RunReason, Trace
from dynbuild.explain.metrics import LookUp, StepMetrics, unmeasured
from dynbuild.explain.past import PreviousSteps
from dynbuild.explain.predict import UNBUILT, Prediction, predict
from dynbuild.explain.price import Price, price, prices, ranked
from dynbuild.explain.since import before_in
from dynbuild.explain.view import View, common_platform, filled, view
from dynbuild.inheritance import Steps
from dynbuild.link.model import Layer, Record
from dynbuild.lockfile.changes import Change, compare
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import Placed
from dynbuild.lockfile.renames import continued
from dynbuild.lockfile.resolved import ResolvedLock
from dynbuild.plan import Held, Unneeded
from dynbuild.values import dataclass

Fate: TypeAlias = Literal["runs", "live", "stays", "unneeded"]
"""The fate of a step: it runs; it stays unless files that it copies live changed; it
stays; or nothing that runs needs it, and it is not part of the image."""


@dataclass(frozen=True, slots=True)
class StepFate:
    """The fate of one step of the new lock.

    ``was`` is its id in the old lock, None if it is new; ``reasons`` say why it runs,
    ``roots`` are their root causes. ``seconds`` is its run time, if known; ``tier``
    names the tier that holds it as it is now.
    """

    placed: Placed
    fate: Fate
    was: str | None
    reasons: tuple[RunReason, ...] = ()
    roots: tuple[RootCause, ...] = ()
    seconds: float | None = None
    size: int | None = None
    tier: str | None = None

    @property
    def builds(self) -> bool:
        """Whether it has to be built: no known tier holds it."""
        return self.fate == "runs" and self.tier is None


@dataclass(frozen=True, slots=True)
class Diff:
    """All differences between two locks, and their effect on one platform.

    ``steps`` are in the install order of the new lock; ``gone`` are the steps of the
    old one that the new one lacks. ``cascades`` group the steps that run by root
    cause, the most expensive first. Prices count only steps that no tier holds.
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
    def inherited(self) -> tuple[StepFate, ...]:
        """The stages to be built that other images have as well.

        What one image builds is taken over in another if packages leave the same below
        it, which two locks alone do not tell: the price has each at its full.
        """
        above = self.after.above
        shared = above.stages if above else {}
        return tuple(s for s in self.runs if s.builds and s.placed.id in shared)

    @property
    def live(self) -> tuple[StepFate, ...]:
        return tuple(step for step in self.steps if step.fate == "live")


def diff(
    before: Lock | None,
    after: Lock,
    platform: str | None = None,
    look_up: LookUp = unmeasured,
) -> Diff:
    """Compare two locks; ``before`` is None where there was none.

    ``look_up`` is asked once, of the steps of both.

    The platform defaults to the usual one that both have. Raises LockError for unsound
    locks, DeclarationError (DB0304) for a platform that ``after`` lacks; one that
    ``before`` lacks was never built: everything runs.
    """
    locks = (before, after) if before else (after,)
    platform = platform or common_platform(*locks)
    resolved, was = filled(after, platform), _old(before, platform)
    digests = {*resolved.digests.values(), *(was.digests.values() if was else ())}
    metrics = look_up(digests, platform)
    new, old = view(resolved, metrics), view(was, metrics) if was else None
    then = before_in(new.lock, old) if old else PreviousSteps()
    order = tuple(new.steps.values())
    foreseen = _foreseen(new, order, old, then, metrics)
    now = CurrentSteps(order, new.descriptions, new.digests, foreseen)
    trace = Trace(now, then)
    names = _names(new.lock, old, then)
    seconds = prices(order, _measured(now, names, then, metrics))
    final = foreseen.plan.places.final
    tiers = {id_: metrics.tiers[d] for id_, d in final.items() if d in metrics.tiers}
    runs = frozenset(foreseen.runs)

    def fate_of(placed: Placed) -> StepFate:
        id_ = placed.id
        fate: Fate = "runs" if id_ in runs else _held_fate(placed, foreseen)
        digests = [d for d in (final[id_], then.placed.get(id_)) if d]
        return StepFate(
            placed=placed,
            fate=fate,
            was=names.get(id_),
            reasons=trace.reasons(id_) if fate == "runs" else (),
            roots=trace.roots(id_) if fate == "runs" else (),
            seconds=seconds.get(id_),
            size=next((metrics.sizes[d] for d in digests if d in metrics.sizes), None),
            tier=tiers.get(id_),
        )

    steps = tuple(map(fate_of, order))
    survivors = set(names.values())
    return Diff(
        before=before,
        after=after,
        platform=platform,
        changes=compare(before, after),
        steps=steps,
        gone=tuple(step for step in old.steps.values() if step.id not in survivors)
        if old
        else (),
        cascades=ranked(trace.cascades(), seconds, tiers),
        price=price((step.placed.id for step in steps if step.builds), seconds),
    )


def _old(before: Lock | None, platform: str) -> ResolvedLock | None:
    if before is None:
        return None
    try:
        return filled(before, platform)
    except DeclarationError:
        return None


def _foreseen(
    new: View,
    order: Sequence[Placed],
    old: View | None,
    then: PreviousSteps,
    metrics: StepMetrics,
) -> Prediction:
    """Predict the runs on a machine that holds only the places of the old lock."""
    records = [*_records_of(old)] if old else []
    written = [*_written(metrics, new.platform)]
    wrote = {
        id_: metrics.wrote[place][0]
        for id_, place in then.placed.items()
        if metrics.wrote.get(place)
    }
    steps = Steps((*order,), new.descriptions, new.digests)
    return predict(steps, new.platform, records + written, wrote)


def _records_of(old: View) -> Iterator[Held]:
    """Yield each place with one layer, its own, on those of its closure."""
    ids: dict[PlacedDigest, RealizationId] = {}
    for digest, place in old.places.places.items():
        record = Record(
            digest,
            place.step,
            old.steps[place.id].runs_on(old.platform),
            (Layer(DiffId(digest), BlobDigest(digest), 0),),
            {},
            on=tuple(sorted(ids[below] for below in place.on)),
            sources=tuple(sorted((source, ids[source]) for source in place.sources)),
        )
        ids[digest] = record.id
        yield Held(record)


def _written(metrics: StepMetrics, platform: str) -> Iterator[Held]:
    """Yield the known writes and joins, in records that can never be reused."""
    for digest, sets in metrics.wrote.items():
        read = metrics.read.get(digest, [()] * len(sets))
        for index, (writes, reads) in enumerate(zip(sets, read, strict=True)):
            on = (RealizationId(UNBUILT), RealizationId(Digest(str(index))))
            record = Record(
                digest, StepDigest(UNBUILT), platform, (), writes, on=on, reads=reads
            )
            yield Held(record)
    for step, stacks in metrics.joined.items():
        for joins in stacks:
            parents = tuple(map(RealizationId, joins))
            placed = PlacedDigest(UNBUILT)
            record = Record(placed, step, platform, (), {}, on=parents, joins=joins)
            yield Held(record)


def _held_fate(placed: Placed, foreseen: Prediction) -> Fate:
    """Return the fate of a step that does not run: no place of it has to be built."""
    plan = foreseen.plan
    if isinstance(plan.choices[plan.places.final[placed.id]], Unneeded):
        return "unneeded"
    return "live" if placed.live else "stays"


def _names(after: Lock, old: View | None, then: PreviousSteps) -> dict[str, str]:
    """Return the old id of each step of the new lock that the old one had."""
    names = continued(old.lock, after) if old else {}
    return {id_: names.get(id_, id_) for id_ in then.digests}


def _measured(
    now: CurrentSteps,
    names: Mapping[str, str],
    then: PreviousSteps,
    metrics: StepMetrics,
) -> dict[str, float]:
    """Return run times of the steps as they are, else as they were, else by name."""
    seconds: dict[str, float] = {}
    for id_, final in now.prediction.plan.places.final.items():
        keys = (final, then.placed.get(id_, final), id_, names.get(id_, id_))
        for key in keys:
            if key in metrics.seconds:
                seconds.setdefault(id_, metrics.seconds[key])
    return seconds
