"""The versions of several images that stay written down: image by image, as of one."""

from collections.abc import Callable
from dataclasses import replace

from dynbuild.lockfile.carrying import carried, none_older
from dynbuild.lockfile.images import LockedImages, kept_of, seqs_of
from dynbuild.lockfile.model import Lock


def carried_images(several: LockedImages, source: LockedImages) -> LockedImages:
    """Return images with the versions that another lock has of their own groups."""
    if not any(image.own.resolved for image in source.images.values()):
        return several

    def found(name: str, whole: Lock) -> Lock:
        there = name in source.images
        return carried(whole, source.whole(name)) if there else whole

    return _each(several, found)


def none_older_images(several: LockedImages, *sides: LockedImages) -> LockedImages:
    """Return merged images that write down nothing older than one of the sides."""

    def found(name: str, whole: Lock) -> Lock:
        there = [side.whole(name) for side in sides if name in side.images]
        return none_older(whole, there)

    return _each(several, found)


def _each(several: LockedImages, change: Callable[[str, Lock], Lock]) -> LockedImages:
    """Return images with the versions that each has as a whole, of its own groups."""
    for name in several.parents_first:
        whole = change(name, several.whole(name))
        image = several.images[name]
        own = kept_of(whole.resolved, seqs_of(image.own.packages))
        changed = replace(image, own=replace(image.own, resolved=own))
        several = replace(several, images={**several.images, name: changed})
    return several
