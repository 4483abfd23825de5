"""Requests that a command line makes of ``lock``: for each image, of its own steps."""

from dataclasses import dataclass, replace

from dynbuild.errors import DeclarationError, Diagnostic, did_you_mean
from dynbuild.lockfile.images import LockedImages, Targets
from dynbuild.lockfile.images_requests import numbered
from dynbuild.lockfile.update import Requests


@dataclass(frozen=True, slots=True)
class LockOptions:
    """The command-line options of ``lock``, beyond the declaration."""

    base_revision: str | None = None
    upgrade_base: bool = False
    upgrade_packages: bool = False
    bump: tuple[str, ...] = ()
    move: tuple[str, ...] = ()
    repack: bool = False
    upgrade_add: bool = False


NO_OPTIONS = LockOptions()


def requests_of(
    targets: Targets, previous: LockedImages | None, options: LockOptions
) -> dict[str, Requests]:
    """Return what the options ask of each image. Raises DeclarationError."""
    owners = {name: _own_stages(targets, name) for name in targets}
    bump = [_owned(owners, name, "--bump") for name in options.bump]
    move = [_owned(owners, name, "--move") for name in options.move]
    if previous is None:
        return {}

    def refreshed(image: str, name: str) -> int:
        there = previous.images[image].own.stages if image in previous.images else {}
        before = there.get(name)
        return (before.stage.bump if before else 0) + 1

    asked = {
        image: Requests(
            bump={
                name: refreshed(image, name) for owner, name in bump if owner == image
            },
            move=frozenset(name for owner, name in move if owner == image),
            repack=options.repack,
        )
        for image in targets
    }
    if not options.upgrade_packages:
        return asked
    return numbered(
        {
            image: replace(
                wish,
                upgrade=_declared(targets, image),
                upgrade_own=frozenset(
                    (stage.name, key)
                    for stage in targets[image].whole.stages
                    if stage.name in owners[image]
                    for key in stage.packages
                ),
            )
            for image, wish in asked.items()
        },
        previous,
    )


def _own_stages(targets: Targets, name: str) -> list[str]:
    """Return the stages that an image does not inherit."""
    extends = targets[name].extends
    above = () if extends is None else targets[extends].whole.stages
    inherited = {stage.name for stage in above}
    stages = (stage.name for stage in targets[name].whole.stages)
    return [stage for stage in stages if stage not in inherited]


def _declared(targets: Targets, name: str) -> frozenset[tuple[str, str]]:
    """Return the packages that an image does not inherit, with their managers."""
    extends = targets[name].extends
    above = {} if extends is None else targets[extends].whole.packages
    return frozenset(
        (manager, key)
        for manager, specs in targets[name].whole.packages.items()
        for key in specs
        if key not in above.get(manager, {})
    )


def _owned(owners: dict[str, list[str]], name: str, flag: str) -> tuple[str, str]:
    """Return the image that a stage is of, and its name there.

    Written ``image/stage``, or the stage alone where one image has it.
    """
    image, _, stage = name.rpartition("/")
    having = [one for one, stages in owners.items() if stage in stages]
    if image in having and (image or len(having) == 1):
        return image, stage
    if not image and len(having) == 1:
        return having[0], stage
    known = [f"{one}/{other}".lstrip("/") for one, of in owners.items() for other in of]
    if not image and having:
        message = f"{len(having)} images have a stage {stage!r}"
        hint = " or ".join(f"{flag} {one}/{stage}" for one in having)
    elif image in owners and having:
        message = f"{stage!r} is no stage of {image!r} itself: it is inherited"
        hint = " or ".join(f"{flag} {one}/{stage}" for one in having)
    else:
        message = f"no stage is called {name!r}"
        hint = did_you_mean(name, known) or ""
    raise DeclarationError(Diagnostic("DB0309", message, hint=hint or None))
