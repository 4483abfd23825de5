"""The lock as a value, and the target to which an update brings it."""

from collections.abc import Mapping
from dataclasses import field, replace

from dynbuild.declaration.inputs import Data
from dynbuild.steps.image import RuntimeConfig
from dynbuild.steps.log import Log, declared
from dynbuild.steps.model import (
    DEFAULT_SHELL,
    AptSource,
    Index,
    OwnBase,
    Pin,
    Setup,
    Stage,
    User,
)
from dynbuild.steps.pinned import Resolved, Sums
from dynbuild.steps.snapshots import Snapshot
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """A stage's facts, its own seq, and how often it changed (its churn).

    ``packages`` holds the logs of what is installed on its own base, with numbers of
    their own: nothing but the stage stands on these groups. ``sources`` holds those
    that come before them, numbered likewise.

    ``seen`` is the digest of the content that a live stage had when the lock was
    written, where no commit tells it: it decides nothing but whether that changed.
    """

    stage: Stage
    seq: int
    moves: int = 0
    seen: str | None = None
    packages: Mapping[str, Log] = field(default_factory=dict)
    sources: Mapping[AptSource, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lock:
    """All that order, digests and the Dockerfile need; no path has to be read.

    ``packages`` holds a log for each manager, ``indexes`` where its packages come from,
    ``setups``, ``sources`` and ``scripts`` the seq of each, ``images`` the pins of
    images that stages start or copy from, ``arguments`` those that the declaration was
    called with, if it is a function, ``upgrades`` by manager how many upgrades were
    asked for, where that is more than the logs show. ``resolved`` are the versions that
    are written down, ``resolve_since`` is the seq from which on they have to be, if the
    declaration says so, and ``sums`` what their archives may be (``lockfile.sums``).
    ``mirrors`` say who has archives as they were (``steps.snapshots``). Of one of
    several images that has all that it inherits, ``above`` is the lock of the image
    that it extends.
    """

    base: Pin
    packages: Mapping[str, Log] = field(default_factory=dict)
    sources: Mapping[AptSource, int] = field(default_factory=dict)
    scripts: Mapping[str, int] = field(default_factory=dict)
    user: User | None = None
    user_seq: int = 0
    stages: Mapping[str, Entry] = field(default_factory=dict)
    images: Mapping[str, Pin] = field(default_factory=dict)
    shell: tuple[str, ...] = DEFAULT_SHELL
    config: RuntimeConfig = field(default_factory=RuntimeConfig)
    arguments: Mapping[str, Data] = field(default_factory=dict)
    setups: Mapping[Setup, int] = field(default_factory=dict)
    indexes: Mapping[str, tuple[Index, ...]] = field(default_factory=dict)
    upgrades: Mapping[str, int] = field(default_factory=dict)
    mirrors: Mapping[str, str] = field(default_factory=dict)
    resolved: Resolved = field(default_factory=dict)
    resolve_since: int | None = None
    sums: Sums = field(default_factory=dict, compare=False, repr=False)
    above: "Lock | None" = field(default=None, compare=False, repr=False)

    @property
    def line(self) -> tuple["Lock", ...]:
        """The locks of the images that it extends, the root first, and its own."""
        return (*(self.above.line if self.above else ()), self)

    @property
    def own_bases(self) -> tuple[OwnBase, ...]:
        """What stages start from instead of the image's base, each once."""
        stages = (entry.stage for entry in self.stages.values())
        found = {stage.own_base for stage in stages if stage.own_base is not None}
        return tuple(sorted(found, key=lambda own: (own.image, own.platform or "")))

    @property
    def pins_of_target(self) -> tuple[Pin, ...]:
        """Return the images that have to be there for whatever the image is made for.

        Not those that stages start from on a platform of their own.
        """
        stages = [entry.stage for entry in self.stages.values()]
        named = {one.image for stage in stages for one in stage.inputs}
        named |= {stage.base for stage in stages if stage.platform is None}
        pins = (pin for image, pin in sorted(self.images.items()) if image in named)
        return (self.base, *pins)

    def on(self, own: OwnBase | None) -> "Lock":
        """Return the lock as steps see it that start from a base of their own.

        The image's user is not there, and its shell need not be.
        """
        if own is None:
            return self
        base = self.images[own.image]
        if own.platform is not None and base.digest is not None:
            digest = base.platforms.get(own.platform, base.digest)
            base = replace(base, digest=digest)
        return replace(self, base=base, user=None, user_seq=0, shell=DEFAULT_SHELL)

    @property
    def last_seq(self) -> int:
        """The largest seq in the lock; the next seq is this plus one."""
        events = (
            event.seq
            for log in self.packages.values()
            for history in log.values()
            for event in history
        )
        stages = (entry.seq for entry in self.stages.values())
        return max(
            0,
            self.user_seq,
            *events,
            *self.setups.values(),
            *self.sources.values(),
            *self.scripts.values(),
            *stages,
        )


@dataclass(frozen=True, slots=True)
class Target:
    """The demands of a declaration, with every file read and every tag pinned.

    ``packages`` maps manager to key to spec, ``indexes`` manager to where these come
    from; ``stages`` come in authored order.
    ``found`` names those whose ``touches`` are not declared, but found in their
    commands.
    """

    base: Pin
    packages: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sources: tuple[AptSource, ...] = ()
    scripts: tuple[str, ...] = ()
    user: User | None = None
    stages: tuple[Stage, ...] = ()
    images: Mapping[str, Pin] = field(default_factory=dict)
    shell: tuple[str, ...] = DEFAULT_SHELL
    config: RuntimeConfig = field(default_factory=RuntimeConfig)
    arguments: Mapping[str, Data] = field(default_factory=dict)
    found: frozenset[str] = frozenset()
    setups: tuple[Setup, ...] = ()
    indexes: Mapping[str, tuple[Index, ...]] = field(default_factory=dict)
    resolve: bool = False
    """Whether the versions of what is new have to be written down."""
    snapshot: Snapshot | None = None
    """The time that what is new comes from, if that is not whatever is newest."""


def declared_packages(lock: Lock) -> dict[str, dict[str, str]]:
    """Return the specs that a lock declares now, by manager and key.

    Managers without any are left out.
    """
    replayed = {manager: declared(log) for manager, log in lock.packages.items()}
    return {manager: specs for manager, specs in replayed.items() if specs}


def is_same(old: Pin, new: Pin) -> bool:
    """Whether two pins are one image, whatever its tag; unpinned ones go by name."""
    return old.digest == new.digest and (
        new.digest is not None or old.image == new.image
    )
