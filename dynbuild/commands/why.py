"""``why``: where steps come from, what would run, where that began, what it costs."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from dynbuild.commands.diff import of_revision
from dynbuild.digest import Digest
from dynbuild.errors import DeclarationError, Diagnostic, did_you_mean
from dynbuild.explain.causes import Cascade, Now, Reason, Root, Trace
from dynbuild.explain.next_change import changed
from dynbuild.explain.past import Before, History, Source
from dynbuild.explain.place import Place, places
from dynbuild.explain.predict import predict
from dynbuild.explain.price import Price, price, prices, ranked
from dynbuild.explain.since import before_in, before_of
from dynbuild.explain.view import stand_ins, view
from dynbuild.link.model import Record, WriteSet
from dynbuild.link.placement import Join
from dynbuild.lock.changes import Change, compare
from dynbuild.lock.model import Lock
from dynbuild.lock.order import Placed, install_order
from dynbuild.lock.resolved import ResolvedLock, resolve
from dynbuild.plan import Choice, Held, Reuse
from dynbuild.ports import Files, Images, Locks, Tier
from dynbuild.realize.contents import existing_live_digests, live, local_digests
from dynbuild.realize.diagnosis import closure_of
from dynbuild.steps.model import Group, Stage

MOST_NEXT = 200
"""Of so many steps at once it is told what would run if they changed: each is a plan
of its own."""


@dataclass(frozen=True, slots=True)
class Next:
    """What would run if a step changed next, once all that is missing now is built."""

    runs: tuple[str, ...]
    seconds: Mapping[str, float]
    price: Price


@dataclass(frozen=True, slots=True)
class Explained:
    """All that is known of one step.

    ``closure`` holds what it stands on, directly or not, ``joins`` what it was put on.
    ``next`` is None where too many are asked about.
    ``source`` is the tier that it would come from. ``reasons`` say why it runs, or is
    another than before; ``changes`` are those of the lock since a revision.
    """

    placed: Placed
    place: Place
    closure: tuple[str, ...]
    joins: tuple[Join, ...]
    choice: Choice
    source: Source | None
    runs: bool
    reasons: tuple[Reason, ...]
    roots: tuple[Root, ...]
    changes: tuple[Change, ...]
    next: Next | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What would run as a whole, and what was asked about single steps.

    ``cascades`` come with what they cost, the dearest first; ``seconds`` has what steps
    take, as far as that is known.
    """

    platform: str
    order: tuple[Placed, ...]
    places: Mapping[str, Place]
    runs: tuple[str, ...]
    price: Price
    cascades: tuple[tuple[Cascade, Price], ...]
    seconds: Mapping[str, float]
    steps: tuple[Explained, ...]


@dataclass(frozen=True, slots=True)
class Edges:
    """What ``why`` asks of: ``tiers`` near to far, the others only where it has to."""

    files: Files
    locks: Locks
    tiers: Mapping[Source, Tier]
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
) -> Answer:
    """Explain a lock as it is; nothing is built, nothing is written.

    Steps are held against their last realization, or against the lock that git has at
    the revision ``since``. Raises DeclarationError, LockError, UnreachableError.
    """
    order = install_order(lock)
    asked = [placed for name in names for placed in named(order, name)]
    platform = platform or _platform(lock, edges)
    old = None if since is None else lock_at(edges.locks, since)
    contents = live(order, edges.files.content)
    unpinned = _unpinned(lock, edges.images)
    return _answer(
        resolve(lock, platform, contents, unpinned, order), asked, edges, old
    )


def why_all(lock: Lock, edges: Edges, platform: str) -> Answer:
    """Explain every step; live files and images that are not there are left open.

    Raises DeclarationError, LockError.
    """
    order = install_order(lock)
    contents, unpinned = stand_ins(lock, order)
    contents |= existing_live_digests(order, edges.files.content)
    return _answer(resolve(lock, platform, contents, unpinned, order), order, edges)


def _answer(
    resolved: ResolvedLock,
    asked: Sequence[Placed],
    edges: Edges,
    old: Lock | None = None,
) -> Answer:
    lock, order, platform = resolved.lock, resolved.order, resolved.platform
    digests = resolved.digests
    if old is None:
        before = before_of(lock, edges.history.past(platform))
    else:
        before = _since(old, resolved, edges)
    held, wrote, recorded = _held(resolved, before, edges.tiers)
    prediction = predict(order, digests, platform, held, wrote)
    for id_, digest in prediction.plan.places.final.items():
        choice = prediction.plan.choices[digest]
        if isinstance(choice, Reuse):
            recorded[id_] = choice.record
    measured = edges.history.seconds(platform)
    took = {id_: record.seconds for id_, record in recorded.items()}
    known = prices(order, {**took, **measured})
    now = Now(order, resolved.descriptions, digests, prediction)
    trace = Trace(now, before)
    where = places(lock, order)
    sources = tuple(edges.tiers)
    writes = {**wrote, **{id_: record.writes for id_, record in recorded.items()}}
    changes = () if old is None else compare(old, lock)

    def explained(placed: Placed) -> Explained:
        final = prediction.plan.places.final[placed.id]
        choice = prediction.plan.choices[final]
        below = closure_of(placed, {one.id: one for one in order})
        return Explained(
            placed=placed,
            place=where[placed.id],
            closure=tuple(one.id for one in order if one.id in below),
            joins=prediction.plan.places.places[final].joins,
            choice=choice,
            source=sources[choice.distance] if isinstance(choice, Reuse) else None,
            runs=placed.id in prediction.runs,
            reasons=trace.reasons(placed.id),
            roots=trace.roots(placed.id),
            changes=tuple(one for one in changes if _speaks_of(one, placed)),
            next=_next(resolved, now, placed, held, writes, measured, known)
            if len(asked) <= MOST_NEXT
            else None,
        )

    return Answer(
        platform=platform,
        order=order,
        places=where,
        runs=prediction.runs,
        price=price(prediction.runs, known),
        cascades=ranked(trace.cascades(), known),
        seconds=known,
        steps=tuple(map(explained, asked)),
    )


def named(order: Sequence[Placed], name: str) -> list[Placed]:
    """The steps that a name means: an id, a kind of steps, or a package.

    Raises DeclarationError where there is none.
    """
    exact = [placed for placed in order if placed.id == name]
    kind = [p for p in order if p.id.startswith(f"{name}.")]
    kind = [p for p in kind if not isinstance(p.step, Stage)]
    package = [p for p in order if isinstance(p.step, Group) and name in p.step.actions]
    if found := exact or kind or package:
        return found
    ids = [placed.id for placed in order]
    kinds = [id_.partition(".")[0] for id_ in ids]
    packages = [n for p in order if isinstance(p.step, Group) for n in p.step.actions]
    hint = did_you_mean(name, [*dict.fromkeys([*ids, *kinds, *packages])])
    message = f"nothing in the lock is called {name!r}"
    raise DeclarationError(
        Diagnostic("DB0330", message, hint=hint or "see `dynbuild why --order`")
    )


def lock_at(locks: Locks, revision: str) -> Lock:
    """The lock that git has at a revision. Raises DeclarationError, LockError."""
    locks.require(revision)
    lock = of_revision(locks, revision).lock
    if lock is None:
        message = f"there is no lock at {revision!r}"
        hint = "name a revision at which it was committed"
        raise DeclarationError(Diagnostic("DB0331", message, hint=hint))
    return lock


def _platform(lock: Lock, edges: Edges) -> str:
    """The only one of the base, else that of the last build here, else the engine's."""
    if len(lock.base.platforms) == 1:
        (only,) = lock.base.platforms
        return only
    builds = edges.history.builds()
    return builds[-1].platform if builds else edges.platform()


def _unpinned(lock: Lock, images: Callable[[], Images]) -> dict[str, Digest]:
    """The engine is asked only where an image has no pin."""
    pins = (lock.base, *lock.images.values())
    if all(pin.digest is not None for pin in pins):
        return {}
    return local_digests(lock, images())


def _since(old: Lock, resolved: ResolvedLock, edges: Edges) -> Before:
    """The steps of a lock of before, with live files and local images as they are.

    What they were put on is not known: nobody says that it was realized.
    """
    unpinned = dict(resolved.unpinned)
    with suppress(DeclarationError):
        unpinned |= _unpinned(old, edges.images)
    contents = existing_live_digests(install_order(old), edges.files.content)
    seen = view(old, resolved.platform, contents=contents, unpinned=unpinned)
    return replace(before_in(resolved.lock, seen), placed={}, onto={})


def _held(
    resolved: ResolvedLock,
    before: Before,
    tiers: Mapping[Source, Tier],
) -> tuple[list[Held], dict[str, WriteSet], dict[str, Record]]:
    """What tiers hold; what steps wrote, and took, when they were what they were."""
    asked: Collection[Digest] = {*resolved.digests.values(), *before.digests.values()}
    held = [
        Held(record, distance)
        for distance, tier in enumerate(tiers.values())
        for record in tier.find(asked, resolved.platform)
    ]
    ids = {digest: id_ for id_, digest in before.digests.items()}
    earlier: dict[str, Record] = {}
    for one in held:
        id_ = ids.get(one.record.step)
        if id_ is not None and (
            id_ not in earlier or one.record.placed == before.placed.get(id_)
        ):
            earlier[id_] = one.record
    wrote = {id_: record.writes for id_, record in earlier.items()}
    return held, wrote, earlier


def _next(  # noqa: PLR0913, PLR0917 - all that is known by now
    resolved: ResolvedLock,
    now: Now,
    placed: Placed,
    held: Sequence[Held],
    wrote: Mapping[str, WriteSet],
    measured: Mapping[str, float],
    known: Mapping[str, float],
) -> Next:
    after = changed(resolved.lock, placed.step)
    platform, contents = resolved.platform, resolved.contents
    then = resolve(after.lock, platform, contents, resolved.unpinned)
    if placed.id in wrote:
        wrote = {**wrote, after.id: wrote[placed.id]}
    prediction = predict(then.order, then.digests, platform, held, wrote)
    by_then = {
        id_
        for id_ in now.prediction.runs
        if now.digests[id_] in {*then.digests.values()}
    }
    runs = tuple(id_ for id_ in prediction.runs if id_ not in by_then)
    seconds = {**prices(then.order, measured), **known}
    if placed.id in known:
        seconds.setdefault(after.id, known[placed.id])
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
