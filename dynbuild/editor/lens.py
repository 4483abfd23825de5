"""Prices as an editor shows them: an estimate, in a few words."""

from collections.abc import Mapping, Sequence

from dynbuild.explain.past import Provenance
from dynbuild.explain.price import Price
from dynbuild.values import dataclass

ABOUT = "\N{ALMOST EQUAL TO}"
"""What marks an estimate."""

_FEW = 3
"""Maximum number of names that a lens lists."""
_MINUTE, _HOUR = 60, 3600


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a text would run, as far as the local store and the history tell.

    ``unknown`` are images that no lock pins: what they are costs more than is known.
    """

    runs: tuple[str, ...]
    price: Price
    seqs: Mapping[str, int]
    stands_on: Mapping[str, Sequence[str]]
    sources: Mapping[str, Provenance]
    seconds: Mapping[str, float]
    unknown: tuple[str, ...] = ()

    def summary(self) -> str:
        """Return what the whole text costs."""
        count = len(self.runs)
        if not count:
            return f"{ABOUT} runs nothing again"
        steps = f"{count} step{'s' * (count != 1)}"
        return f"{ABOUT} runs {steps} again, {self._cost(self.price)}"

    def of_stage(self, name: str) -> str | None:
        """Return where a stage stands and what it costs; None for an unknown one."""
        if name not in self.seqs:
            return None
        parts = [f"seq {self.seqs[name]}", f"on {_listed(self.stands_on[name])}"]
        if name in self.runs:
            took = self.seconds.get(name)
            cost = "not measured yet" if took is None else f"{ABOUT} {spoken(took)}"
            parts.append(f"runs again, {cost}")
        else:
            parts.append(f"held: {self.sources.get(name, 'local')}")
            if name in self.seconds:
                parts.append(f"took {spoken(self.seconds[name])}")
        return " \N{MIDDLE DOT} ".join(parts)

    def _cost(self, price: Price) -> str:
        if price.unmeasured and not price.seconds:
            return "for a time not measured yet"
        least = "at least" if price.unmeasured or self.unknown else "about"
        return f"{least} {spoken(price.seconds)}"


def _listed(names: Sequence[str]) -> str:
    if not names:
        return "the base"
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return ", ".join(names[:_FEW]) + more


def spoken(seconds: float) -> str:
    """Return a duration as precise as an estimate is: 0.4 s, 12 s, 4 min, 2.5 h."""
    if seconds < 9.95:  # noqa: PLR2004 - from here on a decimal does not matter
        return f"{seconds:.1f} s"
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds / _HOUR:.1f} h"
