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
from dynbuild.lockfile.order import Placed, system_chain
from dynbuild.lockfile.platform import of_platform
from dynbuild.lockfile.sums import keys, united
from dynbuild.lockfile.unresolved import missing_of
from dynbuild.steps.image import RuntimeConfig
from dynbuild.steps.managers.apt_pinned import CAME, Came, came, versions_of
from dynbuild.steps.model import Group
from dynbuild.steps.pinned import Resolved, Sums, Versions
from dynbuild.values import dataclass


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
            noting = _chain_of(whole, platform, {seq: {} for seq in wanted})
            steps = {one.id: one for one in system_chain(noting)}
            ids = [
                one.id
                for one in steps.values()
                if isinstance(one.step, Group)
                and one.step.manager == "apt"
                and one.seq in wanted
            ]
            if not edges.realize(noting, platform, ids):
                warnings.append(_no_builder(name, platform))
                continue
            image = edges.image(noting, platform)
            found: dict[int, Versions] = {}
            for id_ in ids:
                said = _came(image, id_)
                if said is None:
                    warnings.append(_unsaid(steps[id_]))
                    break
                brought, there = said
                if unknown := [one.name for one in brought if not one.digest]:
                    warnings.append(_no_digest(steps[id_], unknown))
                    break
                group = steps[id_].step
                assert isinstance(group, Group)
                found[steps[id_].seq] = versions_of(group, brought, there)
                digests = [(one.name, one.version, one.digest) for one in brought]
                sums = united(sums, keys("apt", platform, digests))
            pinned = replace(_chain_of(whole, platform, found), sums=sums)
            noted = {id_ for id_ in ids if steps[id_].seq not in found}
            moved = _moved(image, edges.image(pinned, platform), noted)
            edges.keep(pinned, [*moved])
            own = replace(own, resolved=_with(own.resolved, platform, found))
            images = {**several.images, name: replace(several.images[name], own=own)}
            several = replace(several, images=images)
    return Resolution(several, sums, tuple(warnings))


def _chain_of(lock: Lock, platform: str, found: Mapping[int, Versions]) -> Lock:
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


def _with(resolved: Resolved, platform: str, found: Mapping[int, Versions]) -> Resolved:
    of = resolved.get("apt", {})
    events = dict(sorted({**of.get(platform, {}), **found}.items()))
    return {**resolved, "apt": {**of, platform: events}} if events else resolved


def _came(image: Image, id_: str) -> tuple[tuple[Came, ...], dict[str, str]] | None:
    """Return what a step brought, and the versions of all that is there after it.

    Nothing if its layer does not say it: whatever else runs in the step may change it.
    """
    record = next((record for name, record in image.records() if name == id_), None)
    if record is None:
        return None
    readings = image.read(record.layers, record.writes, record.inside()) or {}
    noted = readings[CAME].noted if CAME in readings else ()
    there = [one.package for one in image.contents(id_).packages]
    try:
        return came("\n".join(noted)), _versions(there)
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


def _unsaid(placed: Placed) -> Diagnostic:
    message = f"{placed.id}: its layer does not say what came"
    hint = f"/{CAME} is not what was written: look at scripts of packages and of the "
    hint += "project that change it"
    return Diagnostic("DB0442", message, hint=hint, severity="warning")


def _no_digest(placed: Placed, names: Sequence[str]) -> Diagnostic:
    message = f"{placed.id}: the index has no digest of {', '.join(names)}"
    hint = "what has none cannot be written down: its source has to name a SHA256 of "
    hint += "each archive"
    return Diagnostic("DB0442", message, hint=hint, severity="warning")
