"""Facts about steps besides their locks: measurements, and the tiers' contents."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import TypeAlias

from dynbuild.digest import PlacedDigest, StepDigest
from dynbuild.link.model import WriteSet
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class StepMetrics:
    """Optional facts for explanations; each may be empty.

    ``seconds`` has the run times of steps, by placed digest, else by the id of the step
    (a stage's name, ``apt.4``). ``sizes`` has the bytes of their layers and ``tiers``
    the nearest tier that holds them, both by placed digest. ``wrote`` has their
    writes, ``read`` their known reads, by placed digest; ``joined`` has the steps they
    were put on, by their own digest: these tell which steps have to stand on one
    another.
    """

    seconds: Mapping[str, float] = field(default_factory=dict)
    sizes: Mapping[PlacedDigest, int] = field(default_factory=dict)
    tiers: Mapping[PlacedDigest, str] = field(default_factory=dict)
    wrote: Mapping[PlacedDigest, Sequence[WriteSet]] = field(default_factory=dict)
    read: Mapping[PlacedDigest, Sequence[Sequence[str]]] = field(default_factory=dict)
    joined: Mapping[StepDigest, Sequence[tuple[StepDigest, ...]]] = field(
        default_factory=dict
    )


NOTHING_KNOWN = StepMetrics()

LookUp: TypeAlias = Callable[[set[StepDigest], str], StepMetrics]
"""Looks up the known metrics of steps on a platform, by their digests."""


def unmeasured(_digests: set[StepDigest], _platform: str) -> StepMetrics:
    """Implements ``LookUp`` where nobody is asked."""
    return NOTHING_KNOWN
