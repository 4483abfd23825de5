"""Requests of earlier commands of several images: each image's of its own steps."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from dynbuild.lockfile.conflict import asked_on
from dynbuild.lockfile.images import AnyLock, LockedImages, as_images
from dynbuild.lockfile.model import declared_packages
from dynbuild.lockfile.requests import asked_since, combined, is_repacked
from dynbuild.lockfile.update import NOTHING, Requests
from dynbuild.lockfile.upgrades import freshened_since, largest

Wishes = dict[str, Requests]
"""The requests for each image, by its name."""


def is_any_repacked(committed: AnyLock, current: AnyLock) -> bool:
    """Whether an image of the file's lock was renumbered on request since the commit.

    One that stands on another base, or extends another image, is renumbered anyway.
    """
    before, after = as_images(committed), as_images(current)
    return any(
        before.line(name) == after.line(name)
        and is_repacked(before.whole(name), after.whole(name))
        for name in after.images
        if name in before.images
    )


def asked_since_then(start: LockedImages, current: LockedImages) -> Wishes:
    """Return what was requested of each image since the start."""
    found: Wishes = {}
    for name in current.images.keys() & start.images.keys():
        asked = asked_since(start.whole(name), current.whole(name))
        was, own = start.images[name].own, current.images[name].own
        found[name] = replace(
            _own(asked, own.stages),
            upgrade=asked_since(was, own).upgrade,
            freshen=freshened_since(own.packages, was.packages),
            upgrades=current.upgrades_so_far,
        )
    return found


def asked_on_sides(torn: Sequence[LockedImages], start: LockedImages) -> Wishes:
    """Return what was requested on the sides of a conflict that a start lacks."""
    found: Wishes = {}
    counted = largest(*(side.upgrades_so_far for side in torn))
    for name, image in start.images.items():
        sides = [side for side in torn if name in side.images]
        wholes = tuple(side.whole(name) for side in sides)
        parts = tuple(side.images[name].own for side in sides)
        asked = asked_on(wholes, start.whole(name))
        own = {stage for part in parts for stage in part.stages}
        of_parts = asked_on(parts, image.own)
        bump = {stage: seq for stage, seq in asked.bump.items() if stage in own}
        packages = frozenset(one for one in asked.upgrade_own if one[0] in own)
        found[name] = Requests(
            bump,
            asked.move & own,
            of_parts.upgrade,
            upgrade_own=packages,
            upgrades=counted,
            freshen=of_parts.freshen,
        )
    return found


def numbered(asked: Wishes, previous: LockedImages) -> Wishes:
    """Give the upgrades that are asked for now the number behind all there were.

    What was not there is installed, which upgrades nothing.
    """
    wishes = {name: _of_there(wish, previous, name) for name, wish in asked.items()}
    managers = {
        row for wish in wishes.values() for row, _ in (*wish.upgrade, *wish.freshen)
    }
    managers |= {
        key.partition(" ")[0] for wish in wishes.values() for _, key in wish.upgrade_own
    }
    counted = previous.upgrades_so_far
    numbers = {manager: counted.get(manager, 0) + 1 for manager in sorted(managers)}
    return {name: replace(wish, upgrades=numbers) for name, wish in wishes.items()}


def _of_there(asked: Requests, previous: LockedImages, name: str) -> Requests:
    """Return the upgrades of what an image has; of stages, whatever they are called."""
    if name not in previous.images:
        return replace(asked, upgrade=frozenset(), upgrade_own=frozenset(), freshen={})
    there = declared_packages(previous.whole(name))
    stages = previous.images[name].own.stages.values()
    known = {key for entry in stages for key in entry.stage.packages}
    return replace(
        asked,
        upgrade=frozenset(
            (row, key) for row, key in asked.upgrade if key in there.get(row, {})
        ),
        upgrade_own=frozenset(one for one in asked.upgrade_own if one[1] in known),
        freshen={
            (row, key): how
            for (row, key), how in asked.freshen.items()
            if key not in there.get(row, {})
        },
    )


def all_of(first: Wishes, second: Wishes) -> Wishes:
    """Combine both for each image; where they differ, the second wins."""
    return {
        name: combined(first.get(name, NOTHING), second.get(name, NOTHING))
        for name in first.keys() | second.keys()
    }


def _own(asked: Requests, stages: Collection[str]) -> Requests:
    again = {name: seq for name, seq in asked.again.items() if name in stages}
    packages = frozenset(one for one in asked.upgrade_own if one[0] in stages)
    return replace(
        asked, again=again, moved=asked.moved & {*stages}, upgrade_own=packages
    )
