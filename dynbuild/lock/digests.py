"""The digest of every step: of what describes it and of what it stands on."""

from collections.abc import Mapping
from typing import TypeAlias

from dynbuild.digest import Description, Digest, digest_of
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.lock.model import Lock
from dynbuild.lock.order import Placed
from dynbuild.steps.describe import Surroundings, describe
from dynbuild.steps.environment import Environments
from dynbuild.steps.model import Copy, Pin, Stage
from dynbuild.steps.recipe import copies_of

Contents: TypeAlias = Mapping[Copy, Digest]
"""What was read just now: the content of live copies."""


def descriptions(
    lock: Lock,
    order: tuple[Placed, ...],
    platform: str,
    contents: Contents,
    unpinned: Mapping[str, Digest],
) -> dict[str, Description]:
    """Describe every step by id; the digest of each is ``digest_of`` its description.

    ``platform`` is ``os/arch[/variant]``; ``contents`` holds the content of every live
    copy, ``unpinned`` the digest by which the engine knows each image without a pin.
    Raises DeclarationError when an image does not exist for the platform.
    """
    base = _image_digest(lock.base, platform, unpinned)
    environments = environments_of(lock)
    described: dict[str, Description] = {}
    digests: dict[str, Digest] = {}

    def content(copy: Copy) -> Digest:
        if copy.stage is not None:
            return digests[copy.stage]
        if copy.image is not None:
            return _image_digest(lock.images[copy.image], platform, unpinned)
        return copy.digest or contents[copy]

    for placed in order:
        step = placed.step
        around = Surroundings(
            platform=platform,
            base=base,
            shell=lock.shell,
            environment=environments.of_stage(step.name)
            if isinstance(step, Stage)
            else {},
            user=lock.user,
            stands_on=tuple(digests[below] for below in placed.on),
            copied=tuple(map(content, copies_of(step))),
        )
        described[placed.id] = describe(step, around)
        digests[placed.id] = digest_of(described[placed.id])
    return described


def environments_of(lock: Lock) -> Environments:
    """The composed variables of all stages of a lock."""
    return Environments((entry.stage for entry in lock.stages.values()), lock.base.env)


def _image_digest(pin: Pin, platform: str, unpinned: Mapping[str, Digest]) -> Digest:
    if pin.digest is None:
        return unpinned[pin.image]
    if platform not in pin.platforms:
        known = ", ".join(sorted(pin.platforms))
        raise DeclarationError(
            Diagnostic(
                "DB0304",
                f"{pin.image} does not exist for {platform}",
                hint=f"it exists for {known}: pass one of these as --platform",
            )
        )
    return pin.platforms[platform]
