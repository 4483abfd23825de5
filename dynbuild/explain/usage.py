"""Realization statistics over time: the sources of steps, the time saved."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from dynbuild.explain.past import SQUASHED, BuildSummary, Provenance
from dynbuild.lockfile.model import Lock
from dynbuild.values import dataclass

_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Usage:
    """The builds of a period that begins at ``start`` (Unix time), with their steps.

    ``ran`` and ``saved`` are the seconds of the steps that ran, and of those that did
    not have to; ``seconds`` is how long the builds took as a whole.
    """

    start: float
    builds: int
    failed: int
    steps: Mapping[Provenance, int]
    seconds: float
    ran: float
    saved: float

    @property
    def total(self) -> int:
        """The number of steps, without layers squashed from several."""
        return sum(self.steps.values()) - self.steps.get(SQUASHED, 0)

    def rate(self, source: Provenance) -> float:
        """Return the fraction of the steps that came from a source, from 0 to 1."""
        return self.steps.get(source, 0) / self.total if self.total else 0.0


def by_day(builds: Iterable[BuildSummary]) -> tuple[Usage, ...]:
    """Return the days (UTC) that have builds, the earliest first."""
    days: dict[float, list[BuildSummary]] = {}
    for build in builds:
        days.setdefault(build.ended // _DAY * _DAY, []).append(build)
    return tuple(
        together(start, day_builds) for start, day_builds in sorted(days.items())
    )


def together(start: float, builds: Sequence[BuildSummary]) -> Usage:
    """Return the aggregate of builds."""
    steps: Counter[Provenance] = Counter()
    for build in builds:
        steps.update(build.steps)
    return Usage(
        start=start,
        builds=len(builds),
        failed=sum(build.failed is not None for build in builds),
        steps=steps,
        seconds=sum(build.seconds for build in builds),
        ran=sum(build.ran for build in builds),
        saved=sum(build.saved for build in builds),
    )


def slowest(
    seconds: Mapping[str, float], steps: Iterable[str], most: int
) -> tuple[tuple[str, float], ...]:
    """Return the steps whose last run took longest."""
    measured = [(step, seconds[step]) for step in steps if step in seconds]
    return tuple(sorted(measured, key=lambda pair: (-pair[1], pair[0]))[:most])


def most_moved(lock: Lock, most: int) -> tuple[tuple[str, int], ...]:
    """Return the stages that changed most often."""
    moves = [(name, entry.moves) for name, entry in lock.stages.items() if entry.moves]
    return tuple(sorted(moves, key=lambda pair: (-pair[1], pair[0]))[:most])
