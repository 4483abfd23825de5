"""Updating the lock of several images: each as if it were alone, parents first.

A step belongs to the image that says it. What an image inherits stands where its owner
put it; what an ancestor adds later has a higher seq than all there is, so it stands
behind what its children have, and no layer of a child moves.
"""

from collections.abc import Collection, Mapping
from dataclasses import field, replace

from dynbuild.extending import line_of, parents_first
from dynbuild.lockfile.images import (
    LockedImage,
    LockedImages,
    Targets,
    extended,
    own_part,
    pins_of,
)
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.moves import Inherited, earliest, left_from
from dynbuild.lockfile.renames import Names, continued
from dynbuild.lockfile.update import NOTHING, Requests, is_rebuilt, rebuilt_from, update
from dynbuild.lockfile.upgrades import largest, shown_by, untold
from dynbuild.values import dataclass

NONE_AT_ALL = LockedImages({}, {})


def update_images(
    previous: LockedImages | None,
    targets: Targets,
    requests: Mapping[str, Requests] | None = None,
    edited: Mapping[str, Collection[str]] | None = None,
) -> LockedImages:
    """Return the lock for the targets of several images, starting from a previous one.

    The previous lock calls them as they are called now. ``requests`` and ``edited``
    speak of each image's own steps, and whoever repacks an image repacks what extends
    it. Idempotent, and a function of its arguments alone. Raises LockError as
    ``update`` does.
    """
    before, asked = previous or NONE_AT_ALL, requests or {}
    anew = _anew(before, targets, asked)
    stays = (before.images.keys() & targets.keys()) - anew
    last = before.last_seq if stays else 0
    counted = before.upgrades_so_far
    done: dict[str, _Updated] = {}
    parents = {one.extends for one in targets.values()}
    for name in parents_first(targets):
        target = targets[name]
        above = None if target.extends is None else done[target.extends]
        own = before.images[name].own if name in before.images else None
        wish = replace(asked.get(name, NOTHING), repack=name in anew)
        edits = (edited or {}).get(name, ())
        done[name] = _updated(
            own,
            target.whole,
            wish,
            edits,
            _above(above, last, counted),
            extended=name in parents,
        )
        over = None if above is None else above.lock
        part = own_part(done[name].lock, over, target.config)
        done[name] = replace(done[name], own=part)
        last = max(last, part.last_seq)
    images = {
        name: LockedImage(targets[name].extends, targets[name].publish, one.own)
        for name, one in done.items()
    }
    arguments = next((one.whole.arguments for one in targets.values()), {})
    parts = [one.own for one in done.values()]
    shown = largest(*map(shown_by, parts))
    counted = largest(counted, shown, *(one.upgrades for one in asked.values()))
    return LockedImages(images, pins_of(parts), arguments, untold(counted, shown))


@dataclass(frozen=True, slots=True)
class _Updated:
    """An image that is updated: its whole lock, its own part of that.

    ``names`` are the previous names of its stages; the rest is as in ``Inherited``,
    for what extends it.
    """

    lock: Lock
    own: Lock
    names: Names = field(default_factory=dict)
    moved: frozenset[str] = frozenset()
    left: int | None = None
    rebuilt: int | None = None


@dataclass(frozen=True, slots=True)
class _Above:
    """What an image extends, if it does, and the names that were taken there.

    ``upgrades`` are how many were asked for in all images before.
    """

    inherited: Inherited
    now: Mapping[str, str]
    upgrades: Mapping[str, int]


def _anew(
    before: LockedImages, targets: Targets, requests: Mapping[str, Requests]
) -> frozenset[str]:
    """Return the images whose own steps are numbered anew.

    Those that are new, extend another image than before, stand on another base, or are
    repacked on request; and all that extend one of these.
    """
    found: set[str] = set()
    for name in parents_first(targets):
        target = targets[name]
        old = before.images.get(name)
        if (
            old is None
            or target.extends in found
            or before.line(name) != line_of(targets, name)
            or is_rebuilt(before.whole(name), target.whole)
            or requests.get(name, NOTHING).repack
        ):
            found.add(name)
    return frozenset(found)


def _above(above: _Updated | None, last: int, upgrades: Mapping[str, int]) -> _Above:
    if above is None:
        return _Above(Inherited(last=last), {}, upgrades)
    now = {old: name for name, old in above.names.items()}
    inherited = Inherited(above.lock, last, above.moved, above.left, above.rebuilt)
    return _Above(inherited, now, upgrades)


def _updated(  # noqa: PLR0913 - all that decides a place
    own: Lock | None,
    target: Target,
    asked: Requests,
    edited: Collection[str],
    above: _Above,
    *,
    extended: bool,
) -> _Updated:
    inherited = above.inherited
    previous = _previous(own, above)
    lock = update(previous, target, asked, edited, inherited, extended=extended)
    if previous is None:
        return _Updated(lock, lock)
    names = continued(previous, target)
    moved = {
        name
        for name, old in names.items()
        if lock.stages[name].seq != previous.stages[old].seq
    }
    return _Updated(
        lock,
        lock,
        names,
        inherited.moved | moved,
        earliest(inherited.left, left_from(previous, target)),
        earliest(inherited.rebuilt, rebuilt_from(previous, target)),
    )


def _previous(own: Lock | None, above: _Above) -> Lock | None:
    """Return an image's previous lock, with what it inherits as it stands now."""
    over = above.inherited.lock
    if over is None or own is None:
        there = own or over
        return there and replace(there, upgrades=above.upgrades)

    def known_as(need: str) -> str:
        return above.now.get(need, need)

    stages = {
        name: replace(entry, stage=entry.stage.following(known_as))
        for name, entry in own.stages.items()
        if name not in over.stages
    }
    # A stage of its own is compared in the shell that it had.
    whole = extended(over, replace(own, stages=stages))
    return replace(whole, shell=own.shell, upgrades=above.upgrades)
