"""``why``: the sources of steps, which would run, the root causes and the costs."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from dynbuild.commands.diff import of_revision
from dynbuild.errors import DeclarationError, Diagnostic, did_you_mean
from dynbuild.explain.causes import Cascade, CurrentSteps, RootCause, RunReason, Trace
from dynbuild.explain.next_change import changed
from dynbuild.explain.past import History, PreviousSteps, Provenance
from dynbuild.explain.place import Position, places
from dynbuild.explain.predict import predict
from dynbuild.explain.price import Price, price, prices, ranked
from dynbuild.explain.since import before_in, before_of
from dynbuild.explain.view import filled, stand_ins, view
from dynbuild.inheritance import Above, above_of, steps_of
from dynbuild.link.model import Record, WriteSet
from dynbuild.link.placement import Join
from dynbuild.lockfile.changes import Change, compare
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import Placed, closure_of, install_order
from dynbuild.lockfile.platform import of_platform
from dynbuild.lockfile.resolved import ResolvedLock, resolve
from dynbuild.plan import Choice, Held, Reuse
from dynbuild.ports import Files, Images, Locks, Tier
from dynbuild.realization.contents import (
    existing_live_digests,
    live,
    unpinned_digests,
)
from dynbuild.steps.model import Group, Stage
from dynbuild.values import dataclass

MOST_NEXT = 200
"""The most steps for which the effect of a change is predicted at once: each takes a
plan of its own."""


@dataclass(frozen=True, slots=True)
class Next:
    """The steps that would run if a step changed next, once missing ones are built."""

    runs: tuple[str, ...]
    seconds: Mapping[str, float]
    price: Price


@dataclass(frozen=True, slots=True)
class Explained:
    """The explanation of one step.

    ``closure`` holds what it stands on, directly or not; ``joins`` the steps that it
    was placed on without declaring them. ``source`` is the tier that it would come
    from. ``reasons`` says why it runs, or why it differs from before; ``changes`` holds
    the changes of the lock since a revision. ``next`` is None if too many steps were
    asked about.
    """

    placed: Placed
    place: Position
    closure: tuple[str, ...]
    joins: tuple[Join, ...]
    choice: Choice
    source: Provenance | None
    runs: bool
    reasons: tuple[RunReason, ...]
    roots: tuple[RootCause, ...]
    changes: tuple[Change, ...]
    next: Next | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The steps that would run, and the explanations of the steps asked about.

    ``cascades`` pairs each cascade with its price, the highest first; ``seconds`` holds
    how long steps take, as far as known; ``sources`` where the steps that do not run
    would come from.
    """

    platform: str
    order: tuple[Placed, ...]
    places: Mapping[str, Position]
    runs: tuple[str, ...]
    sources: Mapping[str, Provenance]
    price: Price
    cascades: tuple[tuple[Cascade, Price], ...]
    seconds: Mapping[str, float]
    steps: tuple[Explained, ...]


@dataclass(frozen=True, slots=True)
class Edges:
    """The edges of ``why``: ``tiers`` near to far; the callables only if needed."""

    files: Files
    locks: Locks
    tiers: Mapping[Provenance, Tier]
    history: History
    images: Callable[[], Images]
    platform: Callable[[], str]


def why(
    lock: Lock,
    names: Sequence[str],
    edges: Edges,
    *,
    since: str | None = None,
    platform: str | None = None,
) -> Explanation:
    """Explain a lock as it is; build and write nothing.

    Steps are compared with their last realization, or with the lock that git has at
    the revision ``since``. Raises DeclarationError, LockError, UnreachableError.
    """
    platform = platform or usual_platform(lock, edges.history, edges.platform)
    selected = [one for name in names for one in named_on(lock, name, platform)]
    order = install_order(of_platform(lock, platform))
    old = None if since is None else lock_at(edges.locks, since)
    contents = live(order, edges.files.content)
    unpinned = unpinned_digests(lock, edges.images)
    return _answer(resolve(lock, platform, contents, unpinned), selected, edges, old)


def why_all(
    lock: Lock, edges: Edges, platform: str, *, most_next: int = MOST_NEXT
) -> Explanation:
    """Explain every step; leave missing live files and images open.

    Of more steps than ``most_next`` the effect of a change is not predicted. Raises
    DeclarationError, LockError.
    """
    resolved = _open(lock, edges, platform)
    return _answer(resolved, resolved.order, edges, most_next=most_next)


def estimate(
    lock: Lock, names: Sequence[str], edges: Edges, platform: str | None = None
) -> Explanation:
    """Explain steps as far as files and tiers tell: no engine is asked for images.

    Missing live files and unpinned images are left open: what stands on them runs.
    Raises DeclarationError, LockError.
    """
    platform = platform or usual_platform(lock, edges.history, edges.platform)
    selected = [one for name in names for one in named_on(lock, name, platform)]
    return _answer(_open(lock, edges, platform), selected, edges)


def _open(lock: Lock, edges: Edges, platform: str) -> ResolvedLock:
    """Resolve a lock with stand-ins for what is missing, or not pinned."""
    order = install_order(of_platform(lock, platform))
    contents, unpinned = stand_ins(lock, order)
    contents |= existing_live_digests(order, edges.files.content)
    return resolve(lock, platform, contents, unpinned)


def _answer(
    resolved: ResolvedLock,
    selected: Sequence[Placed],
    edges: Edges,
    old: Lock | None = None,
    *,
    most_next: int = MOST_NEXT,
) -> Explanation:
    lock, order, platform = resolved.lock, resolved.order, resolved.platform
    digests = resolved.digests
    if old is None:
        before = before_of(lock, edges.history.past(platform))
    else:
        before = _since(old, resolved, edges)
    above = above_of(resolved)
    held, wrote, recorded = _records(resolved, above, before, edges.tiers)
    prediction = predict(steps_of(resolved), platform, held, wrote, above)
    for id_, digest in prediction.plan.places.final.items():
        choice = prediction.plan.choices[digest]
        if isinstance(choice, Reuse):
            recorded[id_] = choice.record
    measured = edges.history.seconds(platform)
    took = {id_: record.seconds for id_, record in recorded.items()}
    seconds = prices(order, {**took, **measured})
    now = CurrentSteps(order, resolved.descriptions, digests, prediction)
    trace = Trace(now, before)
    where = places(lock, order)
    sources = tuple(edges.tiers)
    writes = {**wrote, **{id_: record.writes for id_, record in recorded.items()}}
    changes = () if old is None else compare(old, lock)

    def explained(placed: Placed) -> Explained:
        final = prediction.plan.places.final[placed.id]
        choice = prediction.plan.choices[final]
        below = closure_of(placed, order)
        return Explained(
            placed=placed,
            place=where[placed.id],
            closure=tuple(other.id for other in order if other.id in below),
            joins=prediction.plan.places.places[final].joins,
            choice=choice,
            source=sources[choice.distance] if isinstance(choice, Reuse) else None,
            runs=placed.id in prediction.runs,
            reasons=trace.reasons(placed.id),
            roots=trace.roots(placed.id),
            changes=tuple(change for change in changes if _speaks_of(change, placed)),
            next=_next(resolved, now, placed, held, writes, measured, seconds)
            if len(selected) <= most_next
            else None,
        )

    return Explanation(
        platform=platform,
        order=order,
        places=where,
        runs=prediction.runs,
        sources={
            id_: sources[choice.distance]
            for id_, digest in prediction.plan.places.final.items()
            if isinstance(choice := prediction.plan.choices[digest], Reuse)
            and id_ not in prediction.runs
        },
        price=price(prediction.runs, seconds),
        cascades=ranked(trace.cascades(), seconds),
        seconds=seconds,
        steps=tuple(map(explained, selected)),
    )


def named(order: Sequence[Placed], name: str) -> list[Placed]:
    """Return the steps that a name denotes: an id, a kind of steps, or a package.

    Raises DeclarationError if there is none.
    """
    exact = [placed for placed in order if placed.id == name]
    kind = [p for p in order if p.id.startswith(f"{name}.")]
    kind = [p for p in kind if not isinstance(p.step, Stage)]
    package = [p for p in order if isinstance(p.step, Group) and name in p.step.actions]
    if matches := exact or kind or package:
        return matches
    ids = [placed.id for placed in order]
    kinds = [id_.partition(".")[0] for id_ in ids]
    packages = [n for p in order if isinstance(p.step, Group) for n in p.step.actions]
    hint = did_you_mean(name, [*dict.fromkeys([*ids, *kinds, *packages])])
    message = f"nothing in the lock is called {name!r}"
    see = "see `dynbuild why --order`, and `dynbuild packages` for what is installed"
    raise DeclarationError(Diagnostic("DB0330", message, hint=hint or see))


def named_on(lock: Lock, name: str, platform: str) -> list[Placed]:
    """Return the steps that a name denotes on a platform.

    Raises DeclarationError if there is none, or none there.
    """
    try:
        return named(install_order(of_platform(lock, platform)), name)
    except DeclarationError:
        named(install_order(lock), name)
        message = f"the lock has no {name!r} for {platform}"
        entry = lock.stages.get(name)
        known = entry.stage.only if entry else ()
        hint = f"it is for {', '.join(known)}: pass one of these as --platform"
        raise DeclarationError(
            Diagnostic("DB0330", message, hint=hint if known else None)
        ) from None


def is_on(lock: Lock, name: str, platform: str) -> bool:
    """Whether a name denotes a step on a platform, or nowhere one at all."""
    try:
        named(install_order(lock), name)
    except DeclarationError:
        return True
    try:
        named_on(lock, name, platform)
    except DeclarationError:
        return False
    return True


def lock_at(locks: Locks, revision: str) -> Lock:
    """Return git's lock at a revision. Raises DeclarationError, LockError."""
    locks.require(revision)
    lock = of_revision(locks, revision).lock
    if lock is None:
        message = f"there is no lock at {revision!r}"
        hint = "name a revision at which it was committed"
        raise DeclarationError(Diagnostic("DB0331", message, hint=hint))
    return lock


def usual_platform(lock: Lock, history: History, ask: Callable[[], str]) -> str:
    """Return the only platform that a lock is for, or its base is there for.

    Else that of the last local build, or the engine's; if it is for none of these, the
    first that it is for.
    """
    declared = lock.config.platforms
    known = declared or tuple(lock.base.platforms)
    if len(known) == 1:
        return known[0]
    builds = history.builds()
    usual = builds[-1].platform if builds else ask()
    return usual if not declared or usual in declared else declared[0]


def _since(old: Lock, resolved: ResolvedLock, edges: Edges) -> PreviousSteps:
    """Return the steps of an earlier lock, with current live files and local images.

    The steps that they were placed on are unknown: it may never have been realized.
    """
    unpinned = dict(resolved.unpinned)
    with suppress(DeclarationError):
        unpinned |= unpinned_digests(old, edges.images)
    contents = existing_live_digests(install_order(old), edges.files.content)
    old_view = view(filled(old, resolved.platform, contents, unpinned))
    return replace(before_in(resolved.lock, old_view), placed={}, onto={})


def _records(
    resolved: ResolvedLock,
    above: Above,
    before: PreviousSteps,
    tiers: Mapping[Provenance, Tier],
) -> tuple[list[Held], dict[str, WriteSet], dict[str, Record]]:
    """Return the records in the tiers, and those of the earlier steps, with writes."""
    digests = {
        *resolved.digests.values(),
        *before.digests.values(),
        *(digest for one in above for digest in one.digests.values()),
    }
    held = [
        Held(record, distance)
        for distance, tier in enumerate(tiers.values())
        for record in tier.find(digests)
    ]
    ids = {digest: id_ for id_, digest in before.digests.items()}
    earlier: dict[str, Record] = {}
    for match in held:
        id_ = ids.get(match.record.step)
        if id_ is not None and (
            id_ not in earlier or match.record.placed == before.placed.get(id_)
        ):
            earlier[id_] = match.record
    wrote = {id_: record.writes for id_, record in earlier.items()}
    return held, wrote, earlier


def _next(  # noqa: PLR0913, PLR0917 - everything known so far
    resolved: ResolvedLock,
    now: CurrentSteps,
    placed: Placed,
    held: Sequence[Held],
    wrote: Mapping[str, WriteSet],
    measured: Mapping[str, float],
    estimates: Mapping[str, float],
) -> Next:
    after = changed(resolved.lock, placed.step)
    platform, contents = resolved.platform, resolved.contents
    then = resolve(after.lock, platform, contents, resolved.unpinned)
    if placed.id in wrote:
        wrote = {**wrote, after.id: wrote[placed.id]}
    above = above_of(then)
    prediction = predict(steps_of(then), platform, held, wrote, above)
    digests_then = {*then.digests.values()}
    by_then = {id_ for id_ in now.prediction.runs if now.digests[id_] in digests_then}
    runs = tuple(id_ for id_ in prediction.runs if id_ not in by_then)
    seconds = {**prices(then.order, measured), **estimates}
    if placed.id in estimates:
        seconds.setdefault(after.id, estimates[placed.id])
    return Next(runs, seconds, price(runs, seconds))


def _speaks_of(change: Change, placed: Placed) -> bool:
    step = placed.step
    match step:
        case Stage():
            return change.kind == "stage" and change.name == step.name
        case Group():
            return change.kind == step.manager and change.after == placed.seq
        case _:
            kind = placed.id.partition(".")[0]
            return change.kind == kind and placed.seq in (change.before, change.after)
