"""The differences between two locks of several images: each told where it began."""

from collections.abc import Iterator
from dataclasses import replace

from dynbuild.lockfile.changes import Change, compare
from dynbuild.lockfile.images import ONLY, LockedImages
from dynbuild.lockfile.model import Lock
from dynbuild.steps.model import Pin

_OF_ALL = "image"
"""The kind of what no image has for itself: what stages copy from."""


def compare_images(
    previous: LockedImages | None, several: LockedImages
) -> tuple[Change, ...]:
    """Return all differences, image by image; what is inherited is told once."""
    before = previous or LockedImages({}, {})
    told: dict[Change, str] = {}
    of_all = [*compare(_of_all(before), _of_all(several))]
    for name in several.parents_first:
        for change in (*_itself(before, several, name), *_steps(before, several, name)):
            if change.kind == _OF_ALL:
                of_all.append(change)
            elif not _is_inherited(change, name, told, several):
                told[replace(change, image=name)] = name
    gone = [name for name in before.parents_first if name not in several.images]
    removed = [Change("removed", "images", name, image=name) for name in gone]
    return (*dict.fromkeys(of_all), *told, *removed)


def _is_inherited(
    change: Change, name: str, told: dict[Change, str], several: LockedImages
) -> bool:
    """Whether a difference was told of an image that this one extends."""
    above = several.line(name)[:-1]
    return any(replace(change, image=other) in told for other in above)


def _itself(before: LockedImages, several: LockedImages, name: str) -> Iterator[Change]:
    image, was = several.images[name], before.images.get(name)
    if name == ONLY:
        return
    if was is None:
        extends = (f"extends {image.extends}",) if image.extends else ()
        yield Change("added", "images", name, details=extends)
    elif (was.extends, was.publish) != (image.extends, image.publish):
        details = (
            *((f"extends {image.extends or 'none'}",) * (was.extends != image.extends)),
            *(("publish",) * (was.publish != image.publish)),
        )
        yield Change("changed", "images", name, details=details)


def _steps(before: LockedImages, several: LockedImages, name: str) -> Iterator[Change]:
    extends = several.images[name].extends
    was = _whole(before, name) if name in before.images else None
    if was is None and extends is not None:
        # Of a new image only its own part is news.
        was = _whole(several, extends)
    for change in compare(was, _whole(several, name)):
        if name in before.images or change.kind != "config":
            yield change


def _whole(several: LockedImages, name: str) -> Lock:
    return replace(several.whole(name), arguments={}, upgrades={})


def _of_all(several: LockedImages) -> Lock:
    return Lock(Pin("", None), arguments=several.arguments, upgrades=several.upgrades)
