"""The lock as a value, and the target to which an update brings it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dynbuild.declaration.inputs import Data
from dynbuild.steps.log import Log, declared
from dynbuild.steps.model import AptSource, Pin, RuntimeConfig, Stage, User

DEFAULT_SHELL = ("/bin/sh", "-c")

Extra = Mapping[tuple[str, ...], Mapping[str, object]]
"""Keys that this version does not know, by the path of their table; a path that ends
in a number is that of a list item."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A stage's facts, its own seq, and how often it changed (its churn).

    ``seen`` is the digest of the content that a live stage had when the lock was
    written, where no commit tells it: it decides nothing but whether that changed.
    """

    stage: Stage
    seq: int
    moves: int = 0
    seen: str | None = None


@dataclass(frozen=True, slots=True)
class Lock:
    """All that order, digests and the Dockerfile need; no path has to be read.

    ``packages`` holds a log for each manager, ``sources`` and ``scripts`` the seq of
    each, ``images`` the pins of images that stages copy from, ``arguments`` those that
    the declaration was called with, if it is a function. ``extra`` keeps what a later
    revision of the same version may have written, by the path of its table.
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
    extra: Extra = field(default_factory=dict)

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
            *self.sources.values(),
            *self.scripts.values(),
            *stages,
        )


@dataclass(frozen=True, slots=True)
class Target:
    """The demands of a declaration, with every file read and every tag pinned.

    ``packages`` maps manager to key to spec; ``stages`` come in authored order.
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
