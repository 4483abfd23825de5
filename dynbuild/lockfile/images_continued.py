"""Recognizing an image under another name, and one image that became several.

So that neither builds anything: what a lock has of an image goes to the image that
equals it most.
"""

from collections.abc import Hashable, Mapping
from dataclasses import replace

from dynbuild.extending import line_of
from dynbuild.lockfile.images import (
    ONLY,
    AnyLock,
    LockedImage,
    LockedImages,
    Targets,
    as_images,
    pinned_by,
    pins_of,
)
from dynbuild.lockfile.model import Lock, Target, declared_packages
from dynbuild.lockfile.renames import continued, facts_of
from dynbuild.lockfile.upgrades import so_far
from dynbuild.steps.managers import MANAGERS


def as_several(previous: AnyLock | None, targets: Targets) -> LockedImages | None:
    """Return a previous lock with the images of the targets, as far as it has them.

    A declaration of one image continues of several the one that is most like it.
    """
    if previous is None:
        return None
    if ONLY in targets:
        return as_images(_as_one(previous, targets[ONLY].whole))
    if isinstance(previous, Lock):
        return _split(previous, targets)
    return _renamed(previous, targets)


def _as_one(previous: AnyLock, target: Target) -> Lock:
    if isinstance(previous, Lock):
        return previous
    wanted = _steps(target)
    counted = previous.upgrades_so_far
    wholes = [
        replace(previous.whole(name), upgrades=counted)
        for name in previous.parents_first
    ]
    return max(wholes, key=lambda whole: _likeness(_steps(whole), wanted))


def _renamed(previous: LockedImages, targets: Targets) -> LockedImages:
    """Give images that left the names of new ones that are like them."""
    gone = [name for name in previous.parents_first if name not in targets]
    new = [name for name in sorted(targets) if name not in previous.images]
    was = {name: _steps(previous.whole(name)) for name in gone}
    now = {name: _steps(targets[name].whole) for name in new}
    pairs = [
        (-likeness, name, old)
        for name in new
        for old in gone
        if 2 * (likeness := _likeness(was[old], now[name])) >= 1
    ]
    names: dict[str, str] = {}
    for _, name, old in sorted(pairs):
        if old not in names and name not in names.values():
            names[old] = name
    images = {
        names.get(old, old): replace(
            image, extends=image.extends and names.get(image.extends, image.extends)
        )
        for old, image in previous.images.items()
    }
    return replace(previous, images=images)


def _split(lock: Lock, targets: Targets) -> LockedImages | None:
    """Split a lock over the line of the image that is most like it.

    Each image has what it says itself; the history of what none says stays with the
    root, so that together they are the lock as it was.
    """
    was = _steps(lock)
    best = max(
        sorted(targets),
        key=lambda name: _likeness(was, _steps(targets[name].whole)),
    )
    if not _likeness(was, _steps(targets[best].whole)):
        return None
    line = line_of(targets, best)
    names = continued(lock, targets[best].whole)
    rest = replace(lock, arguments={}, upgrades={})
    images: dict[str, LockedImage] = {}
    for name in line:
        target = targets[name]
        part, rest = _taken(rest, target.whole, names)
        indexes = lock.indexes if target.extends is None else {}
        own = replace(part, config=target.config, indexes=indexes)
        images[name] = LockedImage(target.extends, target.publish, own)
    root = images[line[0]]
    history = {
        manager: {
            **rest.packages.get(manager, {}),
            **root.own.packages.get(manager, {}),
        }
        for manager in MANAGERS
        if manager in rest.packages or manager in root.own.packages
    }
    own = replace(
        root.own,
        packages=history,
        setups={**root.own.setups, **rest.setups},
        sources={**root.own.sources, **rest.sources},
        scripts={**root.own.scripts, **rest.scripts},
        user=root.own.user or rest.user,
        user_seq=root.own.user_seq or rest.user_seq,
    )
    images[line[0]] = replace(root, own=own)
    leaf = images[best]
    stages = {**rest.stages, **leaf.own.stages}
    images[best] = replace(leaf, own=replace(leaf.own, stages=stages))
    pins = pins_of([one.own for one in images.values()])
    return LockedImages(images, pins, upgrades=so_far(lock))


def _taken(lock: Lock, target: Target, names: Mapping[str, str]) -> tuple[Lock, Lock]:
    """Return the part of a lock that a target asks for, and the rest of it."""
    here = {names[stage.name] for stage in target.stages if stage.name in names}

    def part(*, wanted: bool) -> Lock:
        stages = {n: e for n, e in lock.stages.items() if (n in here) == wanted}
        taken = pinned_by(stages.values())
        logs = {
            manager: {
                key: events
                for key, events in log.items()
                if (key in target.packages.get(manager, {})) == wanted
            }
            for manager, log in lock.packages.items()
        }
        has_user = (target.user is not None) == wanted
        return replace(
            lock,
            packages={manager: log for manager, log in logs.items() if log},
            setups={
                one: seq
                for one, seq in lock.setups.items()
                if (one in target.setups) == wanted
            },
            sources={
                one: seq
                for one, seq in lock.sources.items()
                if (one in target.sources) == wanted
            },
            scripts={
                text: seq
                for text, seq in lock.scripts.items()
                if (text in target.scripts) == wanted
            },
            user=lock.user if has_user else None,
            user_seq=lock.user_seq if has_user else 0,
            stages=stages,
            images={ref: pin for ref, pin in lock.images.items() if ref in taken},
        )

    return part(wanted=True), part(wanted=False)


def _steps(lock: Lock | Target) -> frozenset[Hashable]:
    """Return what tells the steps of a lock or a target from others."""
    specs = declared_packages(lock) if isinstance(lock, Lock) else lock.packages
    user = () if lock.user is None else (("user", lock.user),)
    return frozenset(
        [
            *(
                ("package", m, key, s)
                for m, of in specs.items()
                for key, s in of.items()
            ),
            *(("setup", one) for one in lock.setups),
            *(("source", source) for source in lock.sources),
            *(("script", text) for text in lock.scripts),
            *user,
            *(("stage", facts) for facts in facts_of(lock).values()),
        ]
    )


def _likeness(one: frozenset[Hashable], other: frozenset[Hashable]) -> float:
    """Return the share of steps that two images have in common, 0 to 1."""
    return len(one & other) / max(1, len(one | other))
