"""The page of a project's history: hit rates, time saved, tier contents."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from typing import TypeVar

from dynbuild.cli.progress_text import price, size
from dynbuild.cli.render.pages.charts import axis, key, line, share, stacked
from dynbuild.cli.render.pages.html import element, page, table, text, tiles
from dynbuild.explain.past import Source, Told

SOURCES: Mapping[Source, str] = {
    "local": "local tier",
    "s3": "S3 tier",
    "registry": "registry tier",
    "squashed": "squashed",
    "built": "built",
}
"""The page's names of step sources: tiers, near to far, then built ones."""

_T = TypeVar("_T")

_MADE: frozenset[Source] = frozenset({"built", "squashed"})
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
    changes, in descending order.
    """

    builds: Sequence[Told] = ()
    tiers: Sequence[TierFacts] = ()
    slowest: Sequence[tuple[str, float]] = ()
    moved: Sequence[tuple[str, int]] = ()


def status_page(facts: StatusFacts, name: str) -> str:
    """Return the page of a project, titled ``name``."""
    head = element(
        "header",
        text("p", "dynbuild status", class_="eyebrow"),
        text("h1", name),
        text("p", _lead(facts), class_="lead"),
        tiles(_totals(facts)),
    )
    cards = element("div", *_cards(facts), class_="cards")
    return page(f"{name}: status", [head, element("main", cards, class_="one")])


def _lead(facts: StatusFacts) -> str:
    if not facts.builds:
        return "Nothing was realized here yet."
    first, last = _day(facts.builds[0].ended), _day(facts.builds[-1].ended)
    count = len(facts.builds)
    return f"{count} build{'s' * (count != 1)}, {first} to {last}."


def _totals(facts: StatusFacts) -> dict[str, str]:
    found: dict[str, str] = {}
    if facts.builds:
        found["steps that did not run"] = f"{_hits(facts.builds):.0%}"
        found["time saved"] = price(sum(build.saved for build in facts.builds))
        found["time spent"] = price(sum(build.ran for build in facts.builds))
    for tier in facts.tiers:
        told = "away" if tier.away else f"{tier.held} of {tier.steps}"
        found[f"held by {tier.name}"] = told
    return found


def _hits(builds: Sequence[Told]) -> float:
    """Return the fraction of steps that came from a tier."""
    steps = sum(sum(build.steps.values()) for build in builds)
    made = sum(build.steps.get(kind, 0) for build in builds for kind in _MADE)
    return (steps - made) / steps if steps else 0.0


def _cards(facts: StatusFacts) -> Iterator[str]:
    if facts.builds:
        yield _card("Where steps came from", *_sources(facts.builds), wide=True)
        yield _card("Time saved", *_saved(facts.builds), wide=True)
    if facts.tiers:
        yield _card("What the tiers hold of this lock", *map(_tier, facts.tiers))
    if facts.slowest:
        most = max(seconds for _, seconds in facts.slowest) or 1
        yield _card(
            "Slowest steps",
            *(_bar(n, price(s), s / most, "built") for n, s in facts.slowest),
        )
    if facts.moved:
        times = max(count for _, count in facts.moved) or 1
        yield _card(
            "Moved most often",
            *(_bar(n, str(c), c / times, "registry") for n, c in facts.moved),
        )
    if facts.builds:
        yield element(
            "details",
            text("summary", "All builds as a table"),
            _table(facts.builds),
            class_="as-table card wide",
        )


def _card(heading: str, *content: str, wide: bool = False) -> str:
    shape = "card wide" if wide else "card"
    return element("section", text("h2", heading), *content, class_=shape)


def _sources(builds: Sequence[Told]) -> Iterator[str]:
    groups = _grouped(builds)
    bars: list[Mapping[str, float]] = [
        {kind: sum(b.steps.get(kind, 0) for b in group) for kind in SOURCES}
        for group in groups
    ]
    used = [kind for kind in SOURCES if any(bar[kind] for bar in bars)]
    shared = "" if len(groups) == len(builds) else ", neighbours together"
    yield text("p", f"The share of each source in every build{shared}.")
    yield stacked(
        f"{_hits(builds):.0%} of all steps came from a tier; the table tells each "
        "build.",
        bars,
        used,
    )
    yield axis(_day(builds[0].ended), _day(builds[-1].ended))
    yield key({kind: SOURCES[kind] for kind in used})


def _saved(builds: Sequence[Told]) -> Iterator[str]:
    total = list(accumulate(build.saved for build in builds))
    groups = _grouped(list(zip(builds, total, strict=True)))
    told = price(total[-1])
    yield text("p", f"The time of steps that did not run, in all {told}.")
    yield line(f"Rises from nothing to {told}.", [group[-1][1] for group in groups])
    yield axis(_day(builds[0].ended), _day(builds[-1].ended))


def _grouped(items: Sequence[_T]) -> list[Sequence[_T]]:
    """Group neighbours evenly, into at most as many groups as a chart shows."""
    count = min(len(items), _BARS)
    ends = [len(items) * at // count for at in range(count + 1)]
    return [items[ends[at] : ends[at + 1]] for at in range(count)]


def _tier(tier: TierFacts) -> str:
    if tier.away:
        return _bar(tier.name, f"away: {tier.away}", 0, "local")
    bytes_ = "" if tier.size is None else f", {size(tier.size)}"
    told = f"{tier.held} of {tier.steps}{bytes_}"
    kind = tier.name if tier.name in SOURCES else "local"
    return _bar(tier.name, told, tier.held / tier.steps if tier.steps else 0, kind)


def _bar(name: str, told: str, part: float, kind: str) -> str:
    return element(
        "div",
        element("span", text("b", name), text("i", told)),
        share(f"{name}: {told}", part, kind),
        class_="bar-row",
    )


def _table(builds: Sequence[Told]) -> str:
    used = [kind for kind in SOURCES if any(build.steps.get(kind) for build in builds)]
    rows = [
        (
            datetime.fromtimestamp(build.ended, UTC).strftime("%Y-%m-%d %H:%M UTC"),
            *(str(build.steps.get(kind, 0)) for kind in used),
            price(build.ran),
            price(build.saved),
        )
        for build in reversed(builds)
    ]
    head = ("ended", *(SOURCES[kind] for kind in used), "ran", "saved")
    return table("All builds, the last first", head, rows, numbers=len(head) - 1)


def _day(ended: float) -> str:
    return datetime.fromtimestamp(ended, UTC).strftime("%Y-%m-%d")
