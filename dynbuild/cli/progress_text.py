"""What is shown of a build, in words: times, sizes, and output that is safe to show."""

import re
from collections.abc import Mapping

from dynbuild.building import StepFinished, StepResult

Titles = Mapping[str, str]
"""What people call a step (``apt: curl, git``), by its name in the Dockerfile."""

_ESCAPE = re.compile(
    r"\x1b(?:"
    r"\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor moves
    r"|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC and its like: titles, links
    r"|[ -/]*[0-~])"
)


def printable(line: str) -> str:
    """A line of build output that does nothing to a terminal but appear.

    Of what was written over with carriage returns, the last is kept.
    """
    text = _ESCAPE.sub("", line).rstrip("\r").rpartition("\r")[2].expandtabs()
    return "".join(
        char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text
    )


def lines(text: str) -> list[str]:
    """Output as lines that are safe to show."""
    return [printable(line) for line in text.split("\n")]


def title(step: str, titles: Titles, platform: str | None = None) -> str:
    name = titles.get(step, step)
    return f"{name} ({platform})" if platform else name


def outcome(result: StepResult | StepFinished, titles: Titles) -> str:
    """A step in one line: whether it ran, its seconds, its name."""
    ran, seconds = ("ran", duration(result.seconds)) if result.ran else ("cached", "")
    return f"{ran:<6} {seconds:>9}  {title(result.step, titles, result.platform)}"


def duration(seconds: float) -> str:
    return f"{seconds:.1f} s"


def price(seconds: float) -> str:
    """A time that may be long: ``0.4 s``, ``12 s``, ``6 min 12 s``, ``1 h 5 min``."""
    if seconds < 9.95:  # noqa: PLR2004 - what the next place is worth telling of
        return duration(seconds)
    minutes, rest = divmod(round(seconds), 60)
    hours, left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {left} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def size(count: int) -> str:
    """Bytes as people count them, in powers of ten as registries do."""
    amount = float(count)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:  # noqa: PLR2004 - what the next unit is made of
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def transfer(current: int, total: int) -> str:
    """How far a transfer is, as far as it is known; empty when nothing is."""
    if not current:
        return ""
    return f"{size(current)} of {size(total)}" if total > current else size(current)
