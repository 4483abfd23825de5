"""``status``: the steps of a lock that the tiers hold."""

from collections.abc import Callable, Collection, Mapping, Sequence

from dynbuild.digest import StepDigest
from dynbuild.inheritance import above_of, plan_image, steps_of
from dynbuild.inventory import Answer
from dynbuild.link.model import Record
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import Placed, install_order
from dynbuild.lockfile.platform import of_platform
from dynbuild.lockfile.resolved import ResolvedLock, resolve
from dynbuild.plan import Held, Plan, Reuse
from dynbuild.ports import (
    Base,
    Builder,
    Files,
    Images,
    Machine,
    Tier,
)
from dynbuild.realization.contents import existing_live_digests, local_digests
from dynbuild.realization.request import RealizeOptions, platform_of
from dynbuild.steps.title import label
from dynbuild.values import dataclass

Survey = Callable[[Collection[StepDigest]], Sequence[Answer]]
"""Returns the shared tiers' records of some steps; never raises."""


@dataclass(frozen=True, slots=True)
class StepStatus:
    """A step: whether the tier holds it, and the bytes of its layers.

    ``seconds`` is how long it took when it was built.
    """

    id: str
    title: str
    held: bool
    size: int = 0
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """The part of a lock in one shared tier: how many steps, the bytes of their layers.

    ``away`` is the reason in words if it is not known.
    """

    name: str
    place: str
    held: int
    size: int
    away: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """The steps of a lock in install order, and the size of their base, if it is held.

    A step is held if ``realize`` would not build it with the local tier alone;
    ``shared`` holds the same for each other tier, near to far.
    """

    platform: str
    base: int | None
    steps: tuple[StepStatus, ...]
    shared: tuple[Share, ...] = ()

    @property
    def held(self) -> int:
        """The number of steps that the local tier holds."""
        return sum(step.held for step in self.steps)

    @property
    def size(self) -> int:
        """The bytes of the layers of all held steps."""
        return sum(step.size for step in self.steps)


def status(  # noqa: PLR0913, PLR0917 - each edge, and the user's options
    lock: Lock,
    files: Files,
    images: Images,
    builder: Builder,
    tier: Tier,
    machine: Machine,
    platform: str | None,
    survey: Survey,
) -> Status:
    """Return the status that ``realize`` would find now.

    Raises UnreachableError if the engine has to be asked and does not answer,
    DeclarationError for a platform that the base does not exist for.
    """
    options = RealizeOptions((), platforms=(platform,) if platform else ())
    name = platform_of(lock, builder.platform, options)
    lock = of_platform(lock, name)
    unpinned = local_digests(lock, images)
    contents = existing_live_digests(install_order(lock), files.content)
    resolved = resolve(lock, name, contents, unpinned)
    digest = lock.base.platforms.get(name) or unpinned.get(lock.base.image)
    base = machine.base(digest) if digest else None
    if lock.base.empty:
        base = Base((), {}, {})  # of nothing all is there
    above = above_of(resolved)
    every = (steps_of(resolved), *above)
    steps = [*dict.fromkeys(step for one in every for step in one.digests.values())]

    def reusable(records: tuple[Record, ...]) -> dict[str, Record]:
        below = base.writes if base else {}
        planned = plan_image(every[0], above, name, map(Held, records), below).plan
        return _reusable(resolved, planned)

    # Steps on an image that only the local engine knows are never shared.
    answers = () if unpinned else survey(steps)
    records = reusable(tier.find(steps)) if base else {}
    return Status(
        name,
        sum(layer.size for layer in base.layers) if base else None,
        tuple(_step(placed, records.get(placed.id)) for placed in resolved.order),
        tuple(_share(answer, reusable(answer.records)) for answer in answers),
    )


def _step(placed: Placed, record: Record | None) -> StepStatus:
    title = label(placed.step)
    if record is None:
        return StepStatus(placed.id, title, held=False)
    size = sum(layer.size for layer in record.layers)
    return StepStatus(placed.id, title, held=True, size=size, seconds=record.seconds)


def _share(answer: Answer, records: Mapping[str, Record]) -> Share:
    sizes = {x.digest: x.size for record in records.values() for x in record.layers}
    total = sum(sizes.values())
    return Share(answer.name, answer.place, len(records), total, answer.away)


def _reusable(resolved: ResolvedLock, planned: Plan) -> dict[str, Record]:
    """Return the records that ``realize`` would reuse by a plan, by step."""
    reusable = {}
    for placed in resolved.order:
        final = planned.places.final.get(placed.id)
        choice = planned.choices[final] if final else None
        if isinstance(choice, Reuse):
            reusable[placed.id] = choice.record
    return reusable
