"""``lock --resolve``: package groups are installed, and what came is written down.

A second pass after the update of the lock, which asks nobody what would come: each new
group is installed as it comes, on what it stands on, and its layer says what came. That
layer is the record of the group with its versions, so that nothing is built again.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from dynbuild.commands.packages import Image
from dynbuild.digest import PlacedDigest
from dynbuild.errors import Diagnostic
from dynbuild.inside.model import Package
from dynbuild.link.model import Record
from dynbuild.lockfile.images import LockedImages
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import system_chain
from dynbuild.lockfile.platform import of_platform
from dynbuild.lockfile.sums import keys, united
from dynbuild.lockfile.unresolved import missing_of
from dynbuild.steps.image import RuntimeConfig
from dynbuild.steps.managers.came import Came, Pinning
from dynbuild.steps.model import Group
from dynbuild.steps.pinned import Resolved, Sums, Versions
from dynbuild.steps.pins import pinning_of
from dynbuild.steps.recipe import is_too_big
from dynbuild.values import dataclass

_Events = Mapping[str, Mapping[int, Versions]]
"""The versions of events by manager, on one platform."""


@dataclass(frozen=True, slots=True)
class Edges:
    """What resolving asks: who builds, what came of it, where records are kept.

    ``realize`` makes the steps of a lock for a platform, those of some ids anew, and
    says whether a builder could; ``image`` returns what tiers hold of one; ``keep``
    keeps records; ``platforms`` are those to resolve a lock for.
    """

    realize: Callable[[Lock, str, Collection[str]], bool]
    image: Callable[[Lock, str], Image]
    keep: Callable[[Lock, Sequence[Record]], None]
    platforms: Callable[[Lock], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Resolution:
    """The lock with versions, the digests of all that it names, and warnings."""

    lock: LockedImages
    sums: Sums
    warnings: tuple[Diagnostic, ...] = ()


def resolve_versions(
    several: LockedImages, before: LockedImages | None, sums: Sums, edges: Edges
) -> Resolution:
    """Return a lock with the versions of what is new in it, an image at a time.

    ``before`` is the lock that it continues. Raises as ``realize`` of the edges.
    """
    warnings: list[Diagnostic] = []
    for name in several.parents_first:
        old = before.whole(name) if before and name in before.images else None
        for platform in edges.platforms(several.whole(name)):
            whole = replace(of_platform(several.whole(name), platform), sums=sums)
            own = several.images[name].own
            wanted = missing_of(whole, own, old, platform)
            if not wanted:
                continue
            noting = _chain_of(whole, platform, _empty(wanted))
            chain = system_chain(noting)
            steps = {
                one.id: one.step
                for one in chain
                if isinstance(one.step, Group) and (one.step.manager, one.seq) in wanted
            }
            if not edges.realize(noting, platform, [*steps]):
                warnings.append(_no_builder(name, platform))
                continue
            image = edges.image(noting, platform)
            told = _told(image, steps, {one.id: one.seq for one in chain}, platform)
            warnings += told.warnings
            found, sums = told.found, united(sums, told.sums)
            pinned = replace(_chain_of(whole, platform, found), sums=sums)
            moved = _moved(image, edges.image(pinned, platform), told.open)
            edges.keep(pinned, [*moved])
            own = replace(own, resolved=_with(own.resolved, platform, found))
            images = {**several.images, name: replace(several.images[name], own=own)}
            several = replace(several, images=images)
    return Resolution(several, sums, tuple(warnings))


@dataclass(frozen=True, slots=True)
class _Told:
    """What layers tell of groups: versions, digests, warnings, and who is left open."""

    found: _Events
    sums: Sums
    warnings: tuple[Diagnostic, ...]
    open: frozenset[str]


def _told(
    image: Image, steps: Mapping[str, Group], seqs: Mapping[str, int], platform: str
) -> _Told:
    """Return what the layers of some groups tell, lowest first.

    A group that stands on one of its own kind that is left open is left open too.
    """
    found: dict[str, dict[int, Versions]] = {}
    sums: Sums = {}
    left: dict[str, str] = {}
    warnings: list[Diagnostic] = []
    for id_, group in steps.items():
        manager, pinning = group.manager, pinning_of(group.manager)
        said = None if manager in left.values() else _came(image, id_, pinning)
        brought = [one for one in said[0] if one.brought] if said else []
        unknown = [one for one in brought if not one.digest]
        digests = [(one.name, one.version, one.digest) for one in brought]
        versions = pinning.written(group, *said) if said and not unknown else {}
        big = versions and is_too_big(group, versions, digests)
        if versions and not big:
            found.setdefault(manager, {})[seqs[id_]] = versions
            sums = united(sums, keys(manager, platform, digests))
            continue
        if big:
            warnings.append(_too_big(id_, len(brought)))
        elif unknown:
            warnings.append(_no_digest(id_, unknown, pinning))
        elif manager not in left.values():
            warnings.append(_unsaid(id_, pinning))
        left[id_] = manager
    return _Told(found, sums, tuple(warnings), frozenset(left))


def _empty(wanted: Collection[tuple[str, int]]) -> _Events:
    """Return events without versions: what these bring is to be noted."""
    managers = {manager for manager, _ in wanted}
    return {
        one: {seq: {} for manager, seq in wanted if manager == one} for one in managers
    }


def _chain_of(lock: Lock, platform: str, found: _Events) -> Lock:
    """Return the lock of what packages stand on, with more versions of its groups."""
    return replace(
        lock,
        stages={},
        images={},
        config=RuntimeConfig(
            platforms=lock.config.platforms,
            # What layers are of.
            source_date_epoch=lock.config.source_date_epoch,
            reproducible=lock.config.reproducible,
        ),
        resolved=_with(lock.resolved, platform, found),
        resolve_since=None,
        above=None,
    )


def _with(resolved: Resolved, platform: str, found: _Events) -> Resolved:
    """Return versions with more of them, by manager."""
    every = {**resolved}
    for manager, more in found.items():
        of = resolved.get(manager, {})
        events = dict(sorted({**of.get(platform, {}), **more}.items()))
        every[manager] = {**of, platform: events}
    return every


def _came(
    image: Image, id_: str, pinning: Pinning
) -> tuple[tuple[Came, ...], dict[str, str]] | None:
    """Return what a step brought, and the system's packages that are there after it.

    Nothing if its layer does not say it: whatever else runs in the step may change it.
    """
    record = next((record for name, record in image.records() if name == id_), None)
    if record is None:
        return None
    readings = image.read(record.layers, record.writes, record.inside()) or {}
    noted = readings[pinning.notes].noted if pinning.notes in readings else ()
    there = [one.package for one in image.contents(id_).packages]
    try:
        return pinning.came("\n".join(noted)), _versions(there)
    except ValueError:
        return None


def _versions(packages: Sequence[Package]) -> dict[str, str]:
    there = [one for one in packages if one.kind == "deb"]
    own = {one.architecture for one in there if one.name == "dpkg"} | {"all"}
    return {
        one.name
        if one.architecture in own
        else f"{one.name}:{one.architecture}": one.version
        for one in there
    }


def _moved(image: Image, pinned: Image, noted: Collection[str]) -> Iterator[Record]:
    """Yield the records of steps in the places that they have with versions.

    What packages stand on is one chain: each stands on the one before. It ends where a
    group was ``noted`` and has no versions all the same: its layer is of no other step.
    """
    below: Record | None = None
    for id_, record in image.records():
        if id_ in noted:
            return
        place = pinned.plan.places.places[pinned.plan.places.final[id_]]
        moved = replace(
            record,
            placed=PlacedDigest(place.step),
            step=place.step,
            on=() if below is None else (below.id,),
            joins=(),
            signatures=(),
        )
        if place.step == record.step:
            below = record
            continue
        yield moved
        below = moved


def _no_builder(name: str, platform: str) -> Diagnostic:
    of = f"image {name!r}" if name else "the image"
    message = f"no builder runs steps for {platform}: {of} has no versions for it"
    hint = "run `dynbuild lock --resolve` where one does; what is there stays"
    return Diagnostic("DB0443", message, hint=hint, severity="warning")


def _unsaid(id_: str, pinning: Pinning) -> Diagnostic:
    message = f"{id_}: its layer does not say what came"
    hint = f"/{pinning.notes} is not what was written: look at scripts of packages and "
    hint += "of the project that change it"
    return Diagnostic("DB0442", message, hint=hint, severity="warning")


def _too_big(id_: str, count: int) -> Diagnostic:
    message = f"{id_}: {count} packages are too many for one step that names them all"
    hint = "add fewer at a time, with a `dynbuild lock --resolve` for each change"
    return Diagnostic("DB0442", message, hint=hint, severity="warning")


def _no_digest(id_: str, unknown: Sequence[Came], pinning: Pinning) -> Diagnostic:
    why = next((one.lacks for one in unknown if one.lacks in pinning.lacking), "")
    names = [one.name for one in unknown if why in {"", one.lacks}]
    message = f"{id_}: {pinning.teller} has no digest of {', '.join(names)}"
    needed = pinning.lacking.get(why, pinning.needed)
    hint = f"what has none cannot be written down: {needed}"
    return Diagnostic("DB0442", message, hint=hint, severity="warning")
