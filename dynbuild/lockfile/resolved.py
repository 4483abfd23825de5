"""A lock resolved for one platform: all that follows from it, computed once.

What a lock leaves open is passed in: the content of live copies, and the digests of
unpinned images. Steps that need anything not passed in have no description.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

from dynbuild.digest import (
    Description,
    Digest,
    RealizationId,
    StepDigest,
    digest_of,
)
from dynbuild.errors import DeclarationError, Diagnostic, LockError
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import Placed, install_order, on_platform
from dynbuild.lockfile.platform import of_platform
from dynbuild.lockfile.recent import recently
from dynbuild.lockfile.topology import dependencies_first
from dynbuild.quote import UnfitError
from dynbuild.steps.describe import Surroundings, describe
from dynbuild.steps.downloads import address_of, digest_of_download
from dynbuild.steps.environment import EnvironmentConflict, Environments
from dynbuild.steps.expansion import VariableError
from dynbuild.steps.late import settled
from dynbuild.steps.model import Copy, Pin, Stage
from dynbuild.steps.recipe import inputs_of
from dynbuild.steps.run import time_of
from dynbuild.values import dataclass

_OF_NOTHING = digest_of({"starts from": "nothing"})

Contents: TypeAlias = Mapping[Copy, Digest]
"""The content of live copies, as read just now."""


@dataclass(frozen=True, slots=True)
class ResolvedLock:
    """A lock and what follows from it, all but ``order`` by the ids of steps.

    ``lock`` is as the platform has it. ``contents`` and ``unpinned`` are what was
    passed in. ``descriptions`` and ``digests`` leave out the steps that need what was
    not.
    """

    lock: Lock
    platform: str
    contents: Contents
    unpinned: Mapping[str, Digest]
    order: tuple[Placed, ...]
    steps: Mapping[str, Placed]
    descriptions: Mapping[str, Description]
    digests: Mapping[str, StepDigest]
    environments: Environments


def resolve(
    lock: Lock,
    platform: str,
    contents: Contents,
    unpinned: Mapping[str, Digest],
    rebased: Mapping[str, RealizationId] | None = None,
) -> ResolvedLock:
    """Resolve a lock as the platform has it.

    ``rebased`` names the realizations on another base whose layers stand for stages:
    such a stage has another digest than one that is built, and so has all on it.

    Raises LockError for a lock that is not sound, DeclarationError (DB0304) for a
    platform that it does not have.
    """
    # Copies: what is remembered must not change with what was passed in.
    return _resolved(
        lock, platform, dict(contents), dict(unpinned), dict(rebased or {})
    )


@recently
def _resolved(
    lock: Lock,
    platform: str,
    contents: Contents,
    unpinned: Mapping[str, Digest],
    rebased: Mapping[str, RealizationId],
) -> ResolvedLock:
    _refuse_undeclared(lock, platform)
    lock = of_platform(lock, platform)
    order = on_platform(install_order(lock), platform)
    environments = environments_of(lock)
    described, digests = _described(
        lock, order, platform, contents, unpinned, environments, rebased
    )
    return ResolvedLock(
        lock=lock,
        platform=platform,
        contents=contents,
        unpinned=unpinned,
        order=order,
        steps={placed.id: placed for placed in order},
        descriptions=described,
        digests=digests,
        environments=environments,
    )


def environments_of(lock: Lock) -> Environments:
    """Return the composed variables of all stages of a lock.

    Raises LockError, naming the stages, when the lock is not sound: after a merge.
    """
    stages = {name: entry.stage for name, entry in lock.stages.items()}
    dependencies_first(stages)
    try:
        own = {image: pin.env for image, pin in lock.images.items()}
        environments = Environments(stages.values(), lock.base.env, own)
        environments.check()
        environments.of_container(settled(lock.config, {}).env)
    except VariableError as error:
        whose = f"stage {error.stage!r}" if error.stage else "the container"
        raise LockError(
            Diagnostic(
                "DB0416",
                f"the lock cannot set {error.variable} of {whose}: {error.reason}",
                hint=f"{error.hint}\nthen run `dynbuild lock`",
            )
        ) from None
    except EnvironmentConflict as conflict:
        raise LockError(
            Diagnostic(
                "DB0416",
                f"stages {conflict.first!r} and {conflict.second!r} of the lock set "
                f"{conflict.variable} to two values",
                hint="two merged changes: let one depend on the other, or let both "
                "extend it, then run `dynbuild lock`",
            )
        ) from None
    return environments


def _described(  # noqa: PLR0913, PLR0917 - all that a description depends on
    lock: Lock,
    order: tuple[Placed, ...],
    platform: str,
    contents: Contents,
    unpinned: Mapping[str, Digest],
    environments: Environments,
    rebased: Mapping[str, RealizationId],
) -> tuple[dict[str, Description], dict[str, StepDigest]]:
    """Describe steps by id; each one's digest is ``digest_of`` its description."""
    grounds = {own: lock.on(own) for own in (None, *lock.own_bases)}
    bases = {
        own: _image_digest(ground.base, (own and own.platform) or platform, unpinned)
        for own, ground in grounds.items()
    }
    described: dict[str, Description] = {}
    digests: dict[str, StepDigest] = {}

    def content(copy: Copy) -> Digest | None:
        if copy.stage is not None:
            return digests.get(copy.stage)
        if copy.image is not None:
            return _image_digest(lock.images[copy.image], platform, unpinned)
        return copy.digest or contents.get(copy)

    for placed in order:
        step, own = placed.step, placed.own_base
        ground = grounds[own]
        base = bases[own]
        inputs = inputs_of(step)
        taken = tuple(known for one in inputs if (known := content(one)))
        stands_on = tuple(digests[id_] for id_ in placed.on if id_ in digests)
        complete = len(taken) == len(inputs) and len(stands_on) == len(placed.on)
        if base is None or not complete:
            continue
        if isinstance(step, Stage):
            _refuse_undigested(step, platform)
        around = Surroundings(
            platform=placed.runs_on(platform),
            target=platform,
            base=base,
            shell=ground.shell,
            environment=environments.of_stage(step.name)
            if isinstance(step, Stage)
            else {},
            user=ground.user,
            stands_on=stands_on,
            taken=taken,
            time=time_of(lock.config),
        )
        try:
            described[placed.id] = describe(step, around)
        except UnfitError as error:
            raise LockError(
                Diagnostic(
                    "DB0408",
                    f"no script can say this of {placed.id!r}: {error}",
                    hint="change it in the declaration, then run `dynbuild lock`",
                )
            ) from None
        if placed.id in rebased:
            told = {**described[placed.id], "rebased": rebased[placed.id]}
            described[placed.id] = told
        digests[placed.id] = StepDigest(digest_of(described[placed.id]))
    return described, digests


def for_platform(lock: Lock, platform: str) -> Lock:
    """Return a lock whose images are pinned by their manifests for a platform.

    These are what digests of steps hold. That the pinned index names them is what a
    lock claims, and what nobody has to believe where they are asked for themselves.
    """

    def exact(pin: Pin) -> Pin:
        # One that is not there for it can only be what stages start from elsewhere.
        return replace(
            pin, digest=pin.digest and pin.platforms.get(platform, pin.digest)
        )

    images = {name: exact(pin) for name, pin in lock.images.items()}
    return replace(lock, base=exact(lock.base), images=images)


def bases_of(lock: Lock, platform: str) -> tuple[Digest, ...]:
    """Return the manifests that steps start from, as far as they are known."""
    found = [
        lock.on(own).base.platforms.get((own and own.platform) or platform)
        for own in (None, *lock.own_bases)
    ]
    return tuple(digest for digest in found if digest is not None)


def _refuse_undeclared(lock: Lock, platform: str) -> None:
    declared = lock.config.platforms
    if declared and platform not in declared:
        message = f"the lock is for {', '.join(declared)}, and not for {platform}"
        hint = "pass one of these as --platform; or add that one to platforms in the "
        hint += "declaration, and run `dynbuild lock`"
        raise DeclarationError(Diagnostic("DB0304", message, hint=hint))


def _refuse_undigested(stage: Stage, platform: str) -> None:
    for one in stage.add:
        if digest_of_download(one, platform) is None:
            known = ", ".join(name for name, _ in one.digests)
            message = f"{address_of(one.url, platform)} was not there when stage "
            message += f"{stage.name!r} was locked: it has no digest for {platform}"
            hint = f"it has one for {known or 'none'}; `dynbuild lock --upgrade-add` "
            hint += "asks again"
            raise DeclarationError(Diagnostic("DB0304", message, hint=hint))


def _image_digest(
    pin: Pin, platform: str, unpinned: Mapping[str, Digest]
) -> Digest | None:
    if pin.empty:
        return _OF_NOTHING
    if pin.digest is None:
        return unpinned.get(pin.image)
    if platform not in pin.platforms:
        known = ", ".join(sorted(pin.platforms))
        raise DeclarationError(
            Diagnostic(
                "DB0304",
                f"the lock has no {pin.image} for {platform}",
                hint=f"it has it for {known}: pass one of these as --platform "
                "\n(left out is a platform whose image sets another environment, user "
                "or directory)",
            )
        )
    return pin.platforms[platform]
