"""The page of a project's history: hit rates, time saved, tier contents."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import accumulate
from typing import TypeVar

from dynbuild.cli.progress_text import price, size
from dynbuild.cli.render.pages.charts import BarSegment, Line, line, shares
from dynbuild.cli.render.pages.fill import filled
from dynbuild.explain.past import BUILT, SQUASHED, BuildSummary, Provenance
from dynbuild.tiers.kinds import KINDS
from dynbuild.values import dataclass

SOURCES: Mapping[Provenance, str] = {
    "local": "local tier",
    **{kind.name: kind.label for kind in KINDS},
    SQUASHED: "squashed",
    BUILT: "built",
}
"""The page's names of step sources: tiers, near to far, then built ones."""

_T = TypeVar("_T")

_MADE: frozenset[Provenance] = frozenset({BUILT, SQUASHED})
_BARS = 60
"""Maximum bars of a chart, to fit a phone; of more builds, some share one."""


@dataclass(frozen=True, slots=True)
class TierFacts:
    """The number of the lock's steps in a tier, and their bytes if it reports them.

    ``away`` says why it did not answer.
    """

    name: str
    held: int
    steps: int
    size: int | None = None
    away: str | None = None


@dataclass(frozen=True, slots=True)
class StatusFacts:
    """The facts of ``status`` about a project; ``builds`` are in chronological order.

    ``slowest`` has steps with their seconds, ``moved`` stages with their number of
    changes, in descending order. ``onto`` tells of the base that the image was made on
    last, if that is not its lock's.
    """

    builds: Sequence[BuildSummary] = ()
    tiers: Sequence[TierFacts] = ()
    slowest: Sequence[tuple[str, float]] = ()
    moved: Sequence[tuple[str, int]] = ()
    onto: str = ""


@dataclass(frozen=True, slots=True)
class _Bar:
    """A bar that is filled to ``part`` of its length, from 0 to 1."""

    name: str
    value: str
    part: float
    kind: str


@dataclass(frozen=True, slots=True)
class _Past:
    """What a page tells of the builds: charts, and a table."""

    first: str
    last: str
    hits: str
    saved: str
    together: bool
    """Whether a bar stands for several builds."""
    width: int
    shares: Sequence[BarSegment]
    line: Line
    sources: Mapping[Provenance, str]
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class _ImagePage:
    """What a page tells of one image; the only one needs no name."""

    name: str
    lead: str
    totals: Mapping[str, str]
    past: _Past | None
    tiers: Sequence[_Bar]
    slowest: Sequence[_Bar]
    moved: Sequence[_Bar]


def status_page(images: Mapping[str, StatusFacts], name: str) -> str:
    """Return the page of a project's images by name, titled ``name``."""
    pages = [_image_page(image, facts) for image, facts in images.items()]
    return filled("status.html", name=name, pages=pages)


def _image_page(name: str, facts: StatusFacts) -> _ImagePage:
    longest = max((seconds for _, seconds in facts.slowest), default=0) or 1
    most = max((count for _, count in facts.moved), default=0) or 1
    return _ImagePage(
        name=name,
        lead=_lead(facts),
        totals=_totals(facts),
        past=_past(facts.builds) if facts.builds else None,
        tiers=[*map(_tier, facts.tiers)],
        slowest=[_Bar(n, price(s), s / longest, BUILT) for n, s in facts.slowest],
        moved=[_Bar(n, str(c), c / most, "moves") for n, c in facts.moved],
    )


def _lead(facts: StatusFacts) -> str:
    onto = f" {facts.onto[0].upper()}{facts.onto[1:]}." if facts.onto else ""
    return f"{_span(facts)}{onto}"


def _span(facts: StatusFacts) -> str:
    if not facts.builds:
        return "Nothing was realized here yet."
    first, last = _day(facts.builds[0].ended), _day(facts.builds[-1].ended)
    count = len(facts.builds)
    return f"{count} build{'s' * (count != 1)}, {first} to {last}."


def _totals(facts: StatusFacts) -> dict[str, str]:
    result: dict[str, str] = {}
    if facts.builds:
        result["steps that did not run"] = f"{_hits(facts.builds):.0%}"
        result["time saved"] = price(sum(build.saved for build in facts.builds))
        result["time spent"] = price(sum(build.ran for build in facts.builds))
    for tier in facts.tiers:
        coverage = "away" if tier.away else f"{tier.held} of {tier.steps}"
        result[f"held by {tier.name}"] = coverage
    return result


def _hits(builds: Sequence[BuildSummary]) -> float:
    """Return the fraction of steps that came from a tier."""
    steps = sum(sum(build.steps.values()) for build in builds)
    built = sum(build.steps.get(kind, 0) for build in builds for kind in _MADE)
    return (steps - built) / steps if steps else 0.0


def _past(builds: Sequence[BuildSummary]) -> _Past:
    groups = _grouped(builds)
    bars: list[Mapping[str, float]] = [
        {kind: sum(b.steps.get(kind, 0) for b in group) for kind in SOURCES}
        for group in groups
    ]
    used = {kind: name for kind, name in SOURCES.items() if any(b[kind] for b in bars)}
    total = list(accumulate(build.saved for build in builds))
    return _Past(
        first=_day(builds[0].ended),
        last=_day(builds[-1].ended),
        hits=f"{_hits(builds):.0%}",
        saved=price(total[-1]),
        together=len(groups) != len(builds),
        width=len(groups),
        shares=[*shares(bars, [*used])],
        line=line([group[-1] for group in _grouped(total)]),
        sources=used,
        head=("ended", *used.values(), "ran", "saved"),
        rows=[_row(build, [*used]) for build in reversed(builds)],
    )


def _grouped(items: Sequence[_T]) -> list[Sequence[_T]]:
    """Group neighbours evenly, into at most as many groups as a chart shows."""
    count = min(len(items), _BARS)
    ends = [len(items) * index // count for index in range(count + 1)]
    return [items[ends[index] : ends[index + 1]] for index in range(count)]


def _tier(tier: TierFacts) -> _Bar:
    if tier.away:
        return _Bar(tier.name, f"away: {tier.away}", 0, "local")
    bytes_ = "" if tier.size is None else f", {size(tier.size)}"
    coverage = f"{tier.held} of {tier.steps}{bytes_}"
    kind = tier.name if tier.name in SOURCES else "local"
    return _Bar(tier.name, coverage, tier.held / tier.steps if tier.steps else 0, kind)


def _row(build: BuildSummary, kinds: Sequence[Provenance]) -> tuple[str, ...]:
    return (
        datetime.fromtimestamp(build.ended, UTC).strftime("%Y-%m-%d %H:%M UTC"),
        *(str(build.steps.get(kind, 0)) for kind in kinds),
        price(build.ran),
        price(build.saved),
    )


def _day(ended: float) -> str:
    return datetime.fromtimestamp(ended, UTC).strftime("%Y-%m-%d")
