"""Realization statistics as text, data and facts: a part of ``status``."""

from collections.abc import Sequence
from datetime import UTC, datetime

from dynbuild.cli.output import table
from dynbuild.cli.progress_text import price
from dynbuild.cli.render.pages.status_page import StatusFacts, TierFacts
from dynbuild.explain.past import BUILT, History, Provenance
from dynbuild.explain.usage import Usage, by_day, most_moved, slowest, together
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import install_order
from dynbuild.tiers.kinds import KINDS

_SOURCES: tuple[Provenance, ...] = ("local", *(kind.name for kind in KINDS), BUILT)
_DAYS = 14
_MOST = 5
"""Maximum number of steps and stages in each list."""


def usage_text(lock: Lock, history: History, platform: str) -> str | None:
    """Return days with builds and their steps' sources; slow steps, moving stages.

    None if nothing was realized.
    """
    builds = history.builds()
    if not builds:
        return None
    all_days = by_day(builds)
    used = [s for s in _SOURCES if any(day.steps.get(s) for day in all_days)]
    head = ("day", "builds", "failed", "steps", *used, "ran", "saved")
    rows = [_row(_day(day), day, used) for day in all_days[-_DAYS:]]
    whole = _row("all", together(builds[0].ended, builds), used)
    tables = [table([head, *rows, whole])]
    if slow := _slowest(lock, history, platform):
        tables.append(table([("slowest", ""), *((s, price(t)) for s, t in slow)]))
    if moved := most_moved(lock, _MOST):
        tables.append(table([("most moved", ""), *((s, str(n)) for s, n in moved)]))
    return "\n\n".join(tables)


def usage_data(lock: Lock, history: History, platform: str) -> dict[str, object]:
    """Return the same for ``--json``."""
    builds = history.builds()
    return {
        "days": [_data(day) for day in by_day(builds)],
        "all": _data(together(builds[0].ended, builds)) if builds else None,
        "slowest": [
            {"step": step, "seconds": seconds}
            for step, seconds in _slowest(lock, history, platform)
        ],
        "most_moved": [
            {"stage": stage, "moves": moves} for stage, moves in most_moved(lock, _MOST)
        ],
    }


def usage_facts(
    lock: Lock, history: History, platform: str, tiers: Sequence[TierFacts]
) -> StatusFacts:
    """Return the same for the page, with the tiers' contents."""
    slow = _slowest(lock, history, platform)
    return StatusFacts(history.builds(), tiers, slow, most_moved(lock, _MOST))


def _slowest(
    lock: Lock, history: History, platform: str
) -> tuple[tuple[str, float], ...]:
    steps = [placed.id for placed in install_order(lock)]
    return slowest(history.seconds(platform), steps, _MOST)


def _row(name: str, usage: Usage, used: list[Provenance]) -> tuple[str, ...]:
    return (
        name,
        str(usage.builds),
        str(usage.failed or ""),
        str(usage.total),
        *(f"{usage.rate(source):.0%}" for source in used),
        price(usage.ran),
        price(usage.saved),
    )


def _day(usage: Usage) -> str:
    return datetime.fromtimestamp(usage.start, UTC).date().isoformat()


def _data(usage: Usage) -> dict[str, object]:
    return {
        "day": _day(usage),
        "builds": usage.builds,
        "failed": usage.failed,
        "steps": dict(sorted(usage.steps.items())),
        "hit_rates": {source: round(usage.rate(source), 4) for source in _SOURCES},
        "seconds": round(usage.seconds, 3),
        "ran": round(usage.ran, 3),
        "saved": round(usage.saved, 3),
    }
