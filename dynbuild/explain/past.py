"""Earlier realizations: the values and the port of a history."""

from collections.abc import Mapping
from dataclasses import field
from typing import Protocol, TypeAlias

from dynbuild.digest import Description, PlacedDigest, StepDigest
from dynbuild.values import dataclass

Provenance: TypeAlias = str
"""The origin of a step: the name of a tier, or one of these."""

BUILT: Provenance = "built"
LOCAL: Provenance = "local"
SQUASHED: Provenance = "squashed"
"""Combined with the layers of other steps."""


@dataclass(frozen=True, slots=True)
class PastStep:
    """A step of a build: its identity, its origin, the steps it was put on.

    ``seconds`` is how long it took when it was built, wherever that was; ``size`` is
    that of its layers in bytes; ``ran`` says whether any of it ran in this build.
    """

    id: str
    kind: str
    title: str
    digest: StepDigest
    placed: PlacedDigest
    description: Description
    source: Provenance
    seconds: float
    size: int
    ran: bool
    onto: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PastBuild:
    """A build of a lock, given as text, with its final steps.

    ``failed`` names the step that failed, and is empty for a failure outside of steps.
    """

    lock: str
    platform: str
    steps: tuple[PastStep, ...]
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class PastLock:
    """A lock, as text, and the digests of its steps when they were last realized.

    ``placed`` has their places, ``onto`` the steps that they were put on.
    """

    text: str
    digests: Mapping[str, StepDigest]
    placed: Mapping[str, PlacedDigest] = field(default_factory=dict)
    onto: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Past:
    """The realized locks, the latest first, and the descriptions of digests."""

    locks: tuple[PastLock, ...] = ()
    described: Mapping[StepDigest, Description] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PreviousSteps:
    """The earlier state of steps to compare with: their digests, by current id.

    ``described`` has the known descriptions of digests, ``ids`` the steps that had
    each digest, the latest last; ``placed`` the places of the steps by id, ``onto``
    the steps they were put on. ``known`` are the steps that were in a lock, realized
    or not; ``unlinked`` those of them that were build-only when last seen.
    """

    digests: Mapping[str, StepDigest] = field(default_factory=dict)
    described: Mapping[StepDigest, Description] = field(default_factory=dict)
    ids: Mapping[StepDigest, tuple[str, ...]] = field(default_factory=dict)
    placed: Mapping[str, PlacedDigest] = field(default_factory=dict)
    onto: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    unlinked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BuildSummary:
    """A history's summary of a build: its end (Unix time) and its duration.

    ``steps`` counts its steps by their source; ``ran`` and ``saved`` are the seconds of
    the steps that ran, and of those that did not have to.
    """

    ended: float
    seconds: float
    platform: str
    failed: str | None
    steps: Mapping[Provenance, int]
    ran: float
    saved: float


class History(Protocol):
    """The earlier realizations of a project; it never fails, it only knows less."""

    def keep(self, build: PastBuild) -> None:
        """Record a build that ends now."""

    def seconds(self, platform: str) -> Mapping[str, float]:
        """Return the duration of each step's last run, by id."""

    def past(self, platform: str) -> Past:
        """Return the locks that were realized for a platform, and their steps."""

    def builds(self) -> tuple[BuildSummary, ...]:
        """Return the recorded builds, the oldest first."""
