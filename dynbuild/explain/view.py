"""A lock with everything derived from it: order, descriptions, digests, places.

The facts that a lock leaves open, the content of live copies and the digests of
unpinned images, may be given. Otherwise a stand-in that depends on the name alone is
used, so that two locks can be compared, and facts outside of them count as equal.
"""

from collections.abc import Mapping, Sequence
from itertools import chain

from dynbuild.digest import Description, Digest, PlacedDigest, StepDigest, digest_of
from dynbuild.explain.metrics import NOTHING_KNOWN, StepMetrics
from dynbuild.link.placement import Placements, place
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import Placed, install_order
from dynbuild.lockfile.platform import of_platform
from dynbuild.lockfile.resolved import Contents, ResolvedLock, resolve
from dynbuild.plan import standing
from dynbuild.steps.model import Copy, Stage
from dynbuild.steps.recipe import inputs_of
from dynbuild.values import dataclass

USUAL = "linux/amd64"
"""The default platform, where a lock has it."""


@dataclass(frozen=True, slots=True)
class View:
    """A lock on one platform; ``steps`` and ``descriptions`` are keyed by step id."""

    lock: Lock
    platform: str
    steps: Mapping[str, Placed]
    descriptions: Mapping[str, Description]
    digests: Mapping[str, StepDigest]
    places: Placements

    def placed(self, step: str) -> PlacedDigest:
        """Return the digest under which a step of the image is stored."""
        return self.places.final[step]


def filled(
    lock: Lock,
    platform: str,
    contents: Contents | None = None,
    unpinned: Mapping[str, Digest] | None = None,
) -> ResolvedLock:
    """Resolve a lock with stand-ins for all facts that are not given.

    Raises LockError for an unsound lock, DeclarationError (DB0304) for a platform that
    it lacks.
    """
    live, images = stand_ins(lock, install_order(of_platform(lock, platform)))
    contents = live | dict(contents or {})
    return resolve(lock, platform, contents, images | dict(unpinned or {}))


def view(resolved: ResolvedLock, metrics: StepMetrics = NOTHING_KNOWN) -> View:
    """Return the view of a lock, with its steps where metrics tell that they stand."""
    steps = standing(resolved.order, resolved.digests)
    return View(
        lock=resolved.lock,
        platform=resolved.platform,
        steps=resolved.steps,
        descriptions=resolved.descriptions,
        digests=resolved.digests,
        places=place(steps, metrics.wrote, metrics.read, metrics.joined),
    )


def stand_ins(
    lock: Lock, order: Sequence[Placed]
) -> tuple[dict[Copy, Digest], dict[str, Digest]]:
    """Return stand-ins for live copies, and for the digests of unpinned images."""
    live = {
        copy: digest_of({"live": copy.path, "exclude": list(copy.exclude)})
        for placed in order
        for copy in live_inputs(placed)
    }
    images = {
        pin.image: digest_of({"unpinned": pin.image})
        for pin in (lock.base, *lock.images.values())
        if pin.unpinned
    }
    return live, images


def platforms(lock: Lock) -> frozenset[str] | None:
    """Return the platforms that a lock is for, and all of its pins have.

    None if it does not say any, and nothing is pinned.
    """
    pins = [pin for pin in lock.pins_of_target if pin.digest is not None]
    named = lock.config.platforms or chain.from_iterable(pin.platforms for pin in pins)
    if not pins and not lock.config.platforms:
        return None
    return frozenset(
        name
        for name in set(named)
        if all(
            name in pin.platforms
            for pin in of_platform(lock, name).pins_of_target
            if pin.digest is not None
        )
    )


def common_platform(*locks: Lock) -> str:
    """Return the platform to look at: the default if the locks have it, else by name.

    If no platform is common to all, return one of the last lock's.
    """
    sets = [names for lock in locks if (names := platforms(lock)) is not None]
    if not sets:
        return USUAL
    common = sets[0].intersection(*sets[1:]) or sets[-1]
    return USUAL if USUAL in common or not common else min(common)


def sources(placed: Placed) -> tuple[str, ...]:
    """Return the stages that a step takes files from, each once."""
    return placed.step.sources if isinstance(placed.step, Stage) else ()


def below(placed: Placed) -> tuple[str, ...]:
    """Return the steps that a step stands on or takes files from, each once."""
    return tuple(dict.fromkeys([*placed.on, *sources(placed)]))


def live_inputs(placed: Placed) -> tuple[Copy, ...]:
    """Return the inputs of a step whose content is not in the lock."""
    return tuple(one for one in inputs_of(placed.step) if one.live)
