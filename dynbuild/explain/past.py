"""What was realized before: what a history keeps, gives back, and is asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from dynbuild.digest import Description, Digest

Source: TypeAlias = Literal["local", "s3", "registry", "built", "squashed"]
"""Where a step came from: a tier, or it was made here; ``squashed`` is a layer made of
those of several steps."""


@dataclass(frozen=True, slots=True)
class PastStep:
    """A step of a build: what it was, where it came from, what it was put on.

    ``seconds`` is how long it took when it was made, wherever that was; ``size`` is
    that of its layers in bytes; ``ran`` says whether any of it ran in this build.
    """

    id: str
    kind: str
    title: str
    digest: Digest
    placed: Digest
    description: Description
    source: Source
    seconds: float
    size: int
    ran: bool
    onto: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PastBuild:
    """A build of a lock, a text, with the steps that it had in the end.

    ``failed`` names the step that did, and is empty for what failed beside the steps.
    """

    lock: str
    platform: str
    steps: tuple[PastStep, ...]
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class PastLock:
    """A lock, a text: the digests that its steps had when they were last realized.

    ``placed`` has their places, ``onto`` the steps that they were put on.
    """

    text: str
    digests: Mapping[str, Digest]
    placed: Mapping[str, Digest] = field(default_factory=dict)
    onto: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Past:
    """The locks that were realized, the latest first, and what digests stand for."""

    locks: tuple[PastLock, ...] = ()
    described: Mapping[Digest, Description] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Before:
    """What steps were, to compare with: their digests by the ids that they have now.

    ``described`` holds what is known of digests, ``ids`` the steps that each was of,
    the last one at the end; ``placed`` the places of the steps by id, ``onto`` what
    they were put on. ``known`` are those that were in a lock, realized or not;
    ``unlinked`` those of them that were build-only when they last were.
    """

    digests: Mapping[str, Digest] = field(default_factory=dict)
    described: Mapping[Digest, Description] = field(default_factory=dict)
    ids: Mapping[Digest, tuple[str, ...]] = field(default_factory=dict)
    placed: Mapping[str, Digest] = field(default_factory=dict)
    onto: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    unlinked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Told:
    """What a history tells of a build: when it ended (Unix time), how long it took.

    ``steps`` counts its steps by their source; ``ran`` and ``saved`` are the seconds of
    the steps that ran, and of those that did not have to.
    """

    ended: float
    seconds: float
    platform: str
    failed: str | None
    steps: Mapping[Source, int]
    ran: float
    saved: float


class History(Protocol):
    """What was realized of a project before; it never fails, it only knows less."""

    def keep(self, build: PastBuild) -> None:
        """Remember a build that ends now."""

    def seconds(self, platform: str) -> Mapping[str, float]:
        """How long steps took when they last ran, by their ids."""

    def past(self, platform: str) -> Past:
        """The locks that were realized for a platform, and their steps."""

    def builds(self) -> tuple[Told, ...]:
        """The builds that are remembered, the oldest first."""
