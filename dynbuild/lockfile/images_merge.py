"""Semantic merge of two locks of several images: image by image, as of one.

Each is merged as a whole, with what it inherits, so that both sides' changes of an
ancestor are in all that extend it; the update then gives every step its owner.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from dynbuild.errors import Diagnostic, LockError
from dynbuild.extending import parents_first, root_of
from dynbuild.lockfile.images import (
    ONLY,
    AnyLock,
    LockedImage,
    LockedImages,
    TargetImage,
    as_images,
    as_recipe,
)
from dynbuild.lockfile.images_carrying import carried_images, none_older_images
from dynbuild.lockfile.images_requests import is_any_repacked
from dynbuild.lockfile.images_update import update_images
from dynbuild.lockfile.merge import (
    config_of_both,
    merge,
    moved_for_their_content,
    target_of_both,
)
from dynbuild.lockfile.merge_values import Three, value
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.requests import asked_since, fixed_there
from dynbuild.lockfile.update import NOTHING, Requests
from dynbuild.steps.image import RuntimeConfig
from dynbuild.steps.snapshots import Snapshot
from dynbuild.values import dataclass

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class MergedLocks:
    """The lock of both sides, and what both changed, where main's fact stayed."""

    recipe: AnyLock
    both: tuple[str, ...]


def merge_recipes(
    ancestor: AnyLock | None, main: AnyLock, branch: AnyLock
) -> MergedLocks:
    """Apply to main's lock what the branch changed since the ancestor of both.

    Raises LockError if the sides do not fit together.
    """
    if isinstance(main, Lock) and isinstance(branch, Lock):
        before = ancestor if isinstance(ancestor, Lock) else None
        merged = merge(before, main, branch)
        return MergedLocks(merged.lock, merged.both)
    sides = [as_images(side) for side in (ancestor, main, branch) if side is not None]
    if any(ONLY in side.images for side in sides):
        message = "one of them holds one image, another several"
        hint = "merge the declaration, then `dynbuild lock`"
        raise LockError(Diagnostic("DB0432", message, hint=hint))
    start = sides[0] if ancestor is not None else LockedImages({}, {})
    return _merged(start, sides[-2], sides[-1])


def _merged(
    start: LockedImages, main: LockedImages, branch: LockedImages
) -> MergedLocks:
    three = Three(start, main, branch)
    told: list[str] = []
    try:
        several = _updated(three, told.append, cautious=False)
    except LockError:
        told = []
        several = _updated(three, told.append, cautious=True)
        told.append("stages that need one another")
    return MergedLocks(as_recipe(several), tuple(dict.fromkeys(told)))


def _updated(three: Three[LockedImages], tell: Tell, *, cautious: bool) -> LockedImages:
    start, main, branch = three.sides
    heads = _heads(three, tell)
    targets: dict[str, TargetImage] = {}
    asked, edited = {}, {}
    repack = is_any_repacked(start, branch)
    for name in parents_first(heads):
        head = heads[name]
        wholes = _wholes(three, name)
        whole = target_of_both(*wholes.sides, tell, cautious=cautious)
        if head.extends is not None:
            whole = _with_inherited(whole, targets[head.extends].whole)
        config = config_of_both(_configs(three, name), tell)
        if head.extends is not None:
            config = replace(config, platforms=(), reproducible=False)
        targets[name] = TargetImage(head.extends, head.publish, whole, config)
        own = branch.images[name].own.stages if name in branch.images else {}
        since = asked_since(wholes.start, wholes.branch)
        parts = _of_own_part(three, name)
        asked[name] = replace(
            since,
            repack=repack,
            again={stage: seq for stage, seq in since.again.items() if stage in own},
            moved=since.moved & own.keys(),
            upgrade=parts.upgrade | fixed_there(parts, wholes.main),
            freshen=parts.freshen,
            upgrades=branch.upgrades_so_far,
        )
        moved = moved_for_their_content(wholes.start, wholes.branch, whole)
        edited[name] = moved
    targets = _at_one_time(targets)
    merged = carried_images(update_images(main, targets, asked, edited), branch)
    return none_older_images(merged, main, branch)


def _at_one_time(targets: dict[str, TargetImage]) -> dict[str, TargetImage]:
    """Return targets of which those of one line take what is new from one time.

    That of any of them which is the newest; mirrors are those of the root.
    """
    found = {}
    for name, one in targets.items():
        root = root_of(targets, name)
        line = [targets[of].whole for of in targets if root_of(targets, of) == root]
        times = [of.snapshot.at for of in line if of.snapshot is not None]
        mirrors = targets[root or name].whole.snapshot
        snapshot = (
            Snapshot(max(times), mirrors.mirrors if mirrors else {}) if times else None
        )
        found[name] = replace(one, whole=replace(one.whole, snapshot=snapshot))
    return found


def _of_own_part(three: Three[LockedImages], name: str) -> Requests:
    """Return what the branch asked of the packages that an image does not inherit."""
    start, _, branch = three.sides
    if name not in branch.images:
        return NOTHING
    own = branch.images[name].own
    was = start.images[name].own if name in start.images else Lock(own.base)
    return asked_since(was, own)


def _heads(three: Three[LockedImages], tell: Tell) -> dict[str, LockedImage]:
    """Return the images of both sides, each with what it extends."""
    start, main, branch = (side.images for side in three.sides)
    found: dict[str, LockedImage] = {}
    for name in sorted(main.keys() | branch.keys()):
        ours, theirs, was = main.get(name), branch.get(name), start.get(name)
        if ours is not None and theirs is not None:
            both = Three(was or ours, ours, theirs)
            extends = Three(*(image.extends for image in both.sides))
            publish = Three(*(image.publish for image in both.sides))
            found[name] = replace(
                ours,
                extends=value(extends, f"what {name!r} extends", tell),
                publish=value(publish, f"publish of {name!r}", tell),
            )
        elif (there := ours or theirs) is not None and was != there:
            # Added on one side; or removed there, and changed on this one meanwhile.
            found[name] = there
            if was is not None:
                tell(f"image {name!r}")
    _bring_back(found, {**branch, **main}, tell)
    if any(root_of(found, name) is None for name in found):
        told = "what images extend"
        tell(told)
        found = {
            name: replace(image, extends=(main.get(name) or image).extends)
            for name, image in found.items()
        }
        _bring_back(found, {**branch, **main}, tell)
    return found


def _bring_back(
    found: dict[str, LockedImage], known: Mapping[str, LockedImage], tell: Tell
) -> None:
    """Keep the images that one side removed and another image extends."""
    for name in [*found]:
        at = found[name].extends
        while at is not None and at not in found and at in known:
            found[at] = known[at]
            tell(f"image {at!r}")
            at = known[at].extends


def _wholes(three: Three[LockedImages], name: str) -> Three[Lock]:
    """Return an image on each side; where it is not, nothing but its base."""
    sides = [side.whole(name) if name in side.images else None for side in three.sides]
    start, main, branch = sides
    there = main or branch
    assert there is not None
    empty = Lock(there.base, shell=there.shell, arguments=there.arguments)
    start = start or empty
    return Three(start, main or start, branch or start)


def _configs(three: Three[LockedImages], name: str) -> Three[RuntimeConfig]:
    start, main, branch = (
        side.images[name].own.config if name in side.images else None
        for side in three.sides
    )
    start = start or RuntimeConfig()
    return Three(start, main or start, branch or start)


def _with_inherited(target: Target, above: Target) -> Target:
    """Return a target that has all of the one that it extends, as that has it."""
    inherited = {stage.name for stage in above.stages}
    own = (stage for stage in target.stages if stage.name not in inherited)
    managers = {*above.packages, *target.packages}
    return replace(
        target,
        base=above.base,
        shell=above.shell,
        indexes=above.indexes,
        packages={
            manager: {
                **target.packages.get(manager, {}),
                **above.packages.get(manager, {}),
            }
            for manager in sorted(managers)
        },
        setups=tuple(dict.fromkeys((*above.setups, *target.setups))),
        sources=tuple(dict.fromkeys((*above.sources, *target.sources))),
        scripts=tuple(dict.fromkeys((*above.scripts, *target.scripts))),
        user=above.user or target.user,
        stages=(*above.stages, *own),
        images={**target.images, **above.images},
    )
