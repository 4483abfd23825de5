"""``status``: what the local tier holds of the steps of a lock."""

from dataclasses import dataclass

from dynbuild.commands.realize import RealizeOptions, platform_of
from dynbuild.digest import Digest, digest_of
from dynbuild.lock.digests import descriptions
from dynbuild.lock.model import Lock
from dynbuild.lock.order import Placed, install_order
from dynbuild.plan import Held, Reuse, plan
from dynbuild.ports import Base, Builder, Files, Images, Machine, NotThereError, Tier
from dynbuild.steps.model import Copy
from dynbuild.steps.recipe import copies_of
from dynbuild.steps.title import label


@dataclass(frozen=True, slots=True)
class StepStatus:
    """A step: whether it would be taken from the tier, with how many bytes of layers.

    ``seconds`` is how long it took when it was built.
    """

    id: str
    title: str
    held: bool
    size: int = 0
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """The steps of a lock in install order, and how large their base is, if it is held.

    A step is held where ``realize`` would not build it.
    """

    platform: str
    base: int | None
    steps: tuple[StepStatus, ...]


def status(  # noqa: PLR0913, PLR0917 - each edge, and what the user asked
    lock: Lock,
    files: Files,
    images: Images,
    builder: Builder,
    tier: Tier,
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
    described = descriptions(lock, order, name, _live(order, files), unpinned)
    digest = lock.base.platforms.get(name) or unpinned.get(lock.base.image)
    base = machine.base(digest) if digest else None
    digests = {step: digest_of(told) for step, told in described.items()}
    held = _held(order, digests, base, name, tier)
    return Status(
        name,
        sum(layer.size for layer in base.layers) if base else None,
        tuple(held.get(placed.id) or _missing(placed) for placed in order),
    )


def _live(order: tuple[Placed, ...], files: Files) -> dict[Copy, Digest]:
    """The content of live copies, as far as it can be read."""
    found = {}
    for placed in order:
        for copy in copies_of(placed.step):
            if copy.of_project and copy.live:
                try:
                    found[copy] = files.content(copy.path, copy.exclude)
                except NotThereError:
                    continue
    return found


def _held(
    order: tuple[Placed, ...],
    digests: dict[str, Digest],
    base: Base | None,
    platform: str,
    tier: Tier,
) -> dict[str, StepStatus]:
    if base is None:
        return {}
    records = tier.find([*digests.values()], platform)
    below = [layer.diff_id for layer in base.layers]
    planned = plan(order, digests, below, platform, map(Held, records))
    found = {}
    for placed in order:
        final = planned.places.final.get(placed.id)
        choice = planned.choices[final] if final else None
        if isinstance(choice, Reuse):
            record = choice.record
            size = sum(layer.size for layer in record.layers)
            title = label(placed.step)
            found[placed.id] = StepStatus(
                placed.id, title, held=True, size=size, seconds=record.seconds
            )
    return found


def _missing(placed: Placed) -> StepStatus:
    return StepStatus(placed.id, label(placed.step), held=False)
