"""Requests that a command line makes of ``lock``: for each image, of its own steps."""

import re
from collections.abc import Collection
from dataclasses import replace

from dynbuild.errors import DeclarationError, Diagnostic, did_you_mean
from dynbuild.extending import line_of
from dynbuild.lockfile.images import LockedImages, Targets
from dynbuild.lockfile.images_requests import numbered
from dynbuild.lockfile.update import NOTHING, Requests
from dynbuild.steps.log import EVERYTHING
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import Freshen
from dynbuild.values import dataclass


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
    upgrade_package: tuple[str, ...] = ()
    upgrade_apt: frozenset[tuple[str, str]] = frozenset()
    """Packages of apt as image and key; what an image inherits is upgraded there."""
    undeclared: frozenset[tuple[str, str, Freshen]] = frozenset()
    """What nobody declares, of apt: the image that has it first, its name, where."""


NO_OPTIONS = LockOptions()


def requests_of(
    targets: Targets, previous: LockedImages | None, options: LockOptions
) -> dict[str, Requests]:
    """Return what the options ask of each image. Raises DeclarationError."""
    owners = {name: _own_stages(targets, name) for name in targets}
    bump = [_owned(owners, name, "--bump") for name in options.bump]
    move = [_owned(owners, name, "--move") for name in options.move]
    upgrades = _upgrades(targets, owners, options)
    if previous is None:
        return {}

    def refreshed(image: str, name: str) -> int:
        there = previous.images[image].own.stages if image in previous.images else {}
        before = there.get(name)
        return (before.stage.bump if before else 0) + 1

    asked = {
        image: replace(
            upgrades.get(image, NOTHING),
            bump={
                name: refreshed(image, name) for owner, name in bump if owner == image
            },
            move=frozenset(name for owner, name in move if owner == image),
            repack=options.repack,
        )
        for image in targets
    }
    return numbered(asked, previous) if upgrades else asked


def _upgrades(
    targets: Targets, owners: dict[str, list[str]], options: LockOptions
) -> dict[str, Requests]:
    """Return the upgrades that are asked for, if any are: each of an image's own."""
    asked = (options.upgrade_package, options.upgrade_apt, options.undeclared)
    if not (options.upgrade_packages or any(asked)):
        return {}
    freshen = {
        image: {("apt", key): how for of, key, how in options.undeclared if of == image}
        for image in targets
    }
    wishes = {
        image: Requests(
            upgrade=_declared(targets, image),
            upgrade_own=frozenset(
                (stage.name, key)
                for stage in targets[image].whole.stages
                if stage.name in owners[image]
                for key in stage.packages
            ),
            freshen=freshen[image],
        )
        for image in targets
    }
    named = _named(wishes, options.upgrade_package)
    if options.upgrade_packages:
        return wishes
    found = [
        (owner, ("apt", key))
        for image, key in options.upgrade_apt
        if image in targets
        for owner in line_of(targets, image)
    ]
    return {
        image: replace(
            wish,
            upgrade=wish.upgrade
            | {pair for owner, pair in found if owner == image} & wishes[image].upgrade,
        )
        for image, wish in named.items()
    }


def _named(wishes: dict[str, Requests], names: Collection[str]) -> dict[str, Requests]:
    """Return the upgrades of packages of some names, by whichever list declares them.

    Raises DeclarationError with all names that none declares.
    """
    pairs = {pair for wish in wishes.values() for pair in wish.upgrade}
    owned = {key for wish in wishes.values() for _, key in wish.upgrade_own}
    pairs |= {(manager, key) for manager, _, key in (k.partition(" ") for k in owned)}
    chosen = {pair for pair in pairs for name in names if _is_called(pair, name)}
    known = sorted({key for _, key in pairs} - {EVERYTHING})
    others = {pair for wish in wishes.values() for pair in wish.freshen}
    problems = [
        Diagnostic(
            "DB0436",
            f"no package {name!r} is declared",
            hint=did_you_mean(name, known)
            or "of what nobody declares, what `dynbuild outdated` lists of apt can be\n"
            "upgraded; what else there is, `dynbuild why --package NAME` explains",
        )
        for name in dict.fromkeys(names)
        if not any(_is_called(pair, name) for pair in pairs | others)
    ]
    if problems:
        raise DeclarationError(*problems)
    return {
        image: replace(
            wish,
            upgrade=wish.upgrade & chosen,
            upgrade_own=frozenset(
                (stage, key)
                for stage, key in wish.upgrade_own
                if tuple(key.split(" ", 1)) in chosen
            ),
        )
        for image, wish in wishes.items()
    }


def _is_called(package: tuple[str, str], name: str) -> bool:
    """Whether a name is that of a package: pip has several spellings of one."""
    manager, key = package
    plain = re.fullmatch(r"(@[\w.-]+/)?[\w.+-]+", name)
    return name == key or bool(plain and MANAGERS[manager].key(name) == key)


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
