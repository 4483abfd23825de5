"""What is kept once the image is made: the layers that were left in the builder.

A step that was built inline (``inline``) has an id only now: its layers are part of it.
Then the records can be written that name this id, of what was copied from it. What the
builder has lost meanwhile runs again, with another outcome: nothing that came from the
first one may name it.
"""

from collections.abc import Mapping
from dataclasses import replace

from dynbuild.building import BuildEvent, BuildFailed, Report, Working
from dynbuild.digest import PlacedDigest, RealizationId
from dynbuild.errors import Diagnostic, DynbuildError
from dynbuild.link.entries import MalformedLayerError
from dynbuild.link.model import Record
from dynbuild.plan import Plan, Reuse
from dynbuild.ports import LostError
from dynbuild.realization.builds import with_sources
from dynbuild.realization.chains import chain_of
from dynbuild.realization.model import (
    Backends,
    BuiltStep,
    Kept,
    RealizeResult,
    came_from,
)


def keep(
    outcome: RealizeResult, backends: Backends, *, ready: bool = True
) -> tuple[RealizeResult, tuple[Diagnostic, ...]]:
    """Keep the steps that are not kept whole; return the result, with their records.

    Progress tells whether the image is ``ready``, of which this may be one platform. It
    warns of what could not be kept, and never fails: no image depends on it.
    """
    if not outcome.unkept:
        return outcome, ()
    ids: dict[RealizationId, Record | None] = {}
    told = replace(backends, report=_telling(backends.report, ready=ready))
    warnings: list[Diagnostic] = []
    for one in outcome.unkept:
        id_ = one.held.record.id
        if id_ in ids:
            continue  # another place of its copier took it from the builder's cache
        ids[id_] = None
        try:
            ids[id_] = _kept(one, outcome, ids, told)
        except LostError:
            continue
        except (BuildFailed, DynbuildError, MalformedLayerError) as error:
            warnings.append(_not_kept(one, error))
    records = {id_: record for id_, record in ids.items() if record is not None}
    backends.tier.share(tuple(records.values()))
    choices = {
        digest: Reuse(records[choice.record.id], choice.distance)
        if isinstance(choice, Reuse) and choice.record.id in records
        else choice
        for digest, choice in outcome.plan.choices.items()
    }
    plan = Plan(outcome.plan.places, choices)
    return replace(outcome, plan=plan, unkept=()), tuple(warnings)


def _kept(
    one: BuiltStep,
    outcome: RealizeResult,
    ids: Mapping[RealizationId, Record | None],
    backends: Backends,
) -> Record | None:
    """Keep a step; return None if what it came from is gone. Raises LostError."""
    record = _named(one.held.record, ids)
    if record is None:
        return None
    ran = False
    if one.kept is Kept.NOTHING:
        exported = _exported(one, outcome, backends)
        if exported is None:
            return None
        ran = exported.ran
        record = replace(
            exported.held.record,
            on=record.on,
            sources=record.sources,
            seconds=record.seconds,
        )
    backends.tier.expect([record])
    backends.tier.record(record)
    # If it ran again, what was copied from it is not from this outcome.
    return None if ran else record


def _exported(
    one: BuiltStep, outcome: RealizeResult, backends: Backends
) -> BuiltStep | None:
    """Take a step's layers from the builder; None if one of its sources ran again."""
    plan = outcome.plan
    if one.held.record.placed not in plan.places.places:
        return None
    places = _with_sources(one.held.record.placed, plan, outcome.unkept)
    work = chain_of(
        [plan.places.places[digest] for digest in places],
        outcome.recipe,
        plan,
        (),
        outcome.unkept,
    )
    result = with_sources(work, backends, cached=True)
    if result.failed is not None:
        raise result.failed
    *inline, exported = result.built
    return None if any(source.ran for source in inline) else exported


def _telling(report: Report, *, ready: bool) -> Report:
    """Return a report of what is being done, and whether the image waits for it."""

    def told(event: BuildEvent) -> None:
        if isinstance(event, Working):
            note = " (the image is ready)" if ready else ""
            report(replace(event, what=f"{event.what}{note}"))

    return told


def _with_sources(
    digest: PlacedDigest, plan: Plan, unkept: tuple[BuiltStep, ...]
) -> list[PlacedDigest]:
    """Return a place after all of its sources that are in the builder alone."""
    absent = {one.held.record.id for one in unkept if one.kept is Kept.NOTHING}
    found: dict[PlacedDigest, None] = {}

    def add(place: PlacedDigest) -> None:
        for source in plan.places.places[place].sources:
            choice = plan.choices[source]
            if isinstance(choice, Reuse) and choice.record.id in absent:
                add(source)
        found[place] = None

    add(digest)
    return [*found]


def _named(record: Record, ids: Mapping[RealizationId, Record | None]) -> Record | None:
    """Return a record that names what it came from by the ids that these have now."""
    named: dict[RealizationId, RealizationId] = {}
    for id_ in came_from(record):
        one = ids.get(id_, record)
        if one is None:
            return None
        named[id_] = one.id if id_ in ids else id_
    return replace(
        record,
        on=tuple(sorted(named[id_] for id_ in record.on)),
        sources=tuple((placed, named[id_]) for placed, id_ in record.sources),
    )


def _not_kept(one: BuiltStep, error: Exception) -> Diagnostic:
    return Diagnostic(
        "DB0618",
        f"what {one.step!r} wrote could not be kept: {error}",
        hint="the image is complete; where a later run needs that step, it runs again",
        severity="warning",
    )
