"""``status``: what the tiers hold of the steps of a lock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dynbuild.commands.contents import live_there
from dynbuild.commands.realize import RealizeOptions, platform_of
from dynbuild.digest import digest_of
from dynbuild.explain.past import Source
from dynbuild.explain.predict import base_stack
from dynbuild.lock.digests import descriptions
from dynbuild.lock.model import Lock
from dynbuild.lock.order import Placed, install_order
from dynbuild.plan import Held, Plan, Reuse, plan
from dynbuild.ports import Builder, Files, Images, Machine, Tier
from dynbuild.steps.title import label


@dataclass(frozen=True, slots=True)
class StepStatus:
    """A step: the tier that it would be taken from, with how many bytes of layers.

    ``source`` is None where it would be built. ``seconds`` is how long it took.
    """

    id: str
    title: str
    source: Source | None
    size: int = 0
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class TierStatus:
    """How many of the lock's steps a tier has records of, and the bytes of these."""

    name: Source
    held: int
    steps: int
    size: int


@dataclass(frozen=True, slots=True)
class Status:
    """The steps of a lock in install order, and how large their base is, if it is here.

    ``tiers`` come near to far.
    """

    platform: str
    base: int | None
    steps: tuple[StepStatus, ...]
    tiers: tuple[TierStatus, ...]


def status(  # noqa: PLR0913, PLR0917 - each edge, and what the user asked
    lock: Lock,
    files: Files,
    images: Images,
    builder: Builder,
    tiers: Mapping[Source, Tier],
    machine: Machine,
    platform: str | None,
) -> Status:
    """What ``realize`` would find now.

    Raises UnreachableError where the engine has to be asked and does not answer,
    DeclarationError for a platform that the base does not exist for.
    """
    asked = RealizeOptions((), platforms=(platform,) if platform else ())
    name = platform_of(lock, builder, asked)
    order = install_order(lock)
    unpinned = {
        pin.image: images.local_digest(pin.image)
        for pin in (lock.base, *lock.images.values())
        if pin.digest is None
    }
    described = descriptions(
        lock, order, name, live_there(order, files.content), unpinned
    )
    digest = lock.base.platforms.get(name) or unpinned.get(lock.base.image)
    base = machine.base(digest) if digest else None
    digests = {step: digest_of(told) for step, told in described.items()}
    held = [
        Held(record, distance)
        for distance, tier in enumerate(tiers.values())
        for record in tier.find([*digests.values()], name)
    ]
    planned = plan(order, digests, base_stack(order, digests, held), name, held)
    return Status(
        name,
        sum(layer.size for layer in base.layers) if base else None,
        tuple(_step(placed, planned, tuple(tiers)) for placed in order),
        tuple(
            _tier(source, distance, planned, held)
            for distance, source in enumerate(tiers)
        ),
    )


def _step(placed: Placed, planned: Plan, sources: tuple[Source, ...]) -> StepStatus:
    title = label(placed.step)
    choice = planned.choices[planned.places.final[placed.id]]
    if not isinstance(choice, Reuse):
        return StepStatus(placed.id, title, None)
    size = sum(layer.size for layer in choice.record.layers)
    source = sources[choice.distance]
    return StepStatus(placed.id, title, source, size, choice.record.seconds)


def _tier(
    name: Source, distance: int, planned: Plan, held: Sequence[Held]
) -> TierStatus:
    sizes = {
        one.record.placed: sum(layer.size for layer in one.record.layers)
        for one in held
        if one.distance == distance
    }
    final = planned.places.final.values()
    there = [sizes[digest] for digest in final if digest in sizes]
    return TierStatus(name, len(there), len(final), sum(there))
