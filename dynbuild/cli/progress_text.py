"""Text of build progress: times, sizes, and output that is safe to show."""

import re
from collections.abc import Mapping

from dynbuild.building import StepFinished, StepResult

Titles = Mapping[str, str]
"""Step titles for people (``apt: curl, git``), by step name in the Dockerfile.

Where several images are made, by the name of the image as well: ``key_of``.
"""

_ESCAPE = re.compile(
    r"\x1b(?:"
    r"\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor moves
    r"|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC and its like: titles, links
    r"|[ -/]*[0-~])"
)


def printable(line: str) -> str:
    """Return a line of build output without effects on a terminal.

    Of text overwritten by carriage returns, only the last is kept.
    """
    if line.isprintable():
        return line
    text = _ESCAPE.sub("", line).rstrip("\r").rpartition("\r")[2].expandtabs()
    return "".join(
        char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text
    )


def lines(text: str) -> list[str]:
    """Return output as lines that are safe to show."""
    return [printable(line) for line in text.split("\n")]


def key_of(step: str, image: str | None) -> str:
    """Return the name of a step among those of all images."""
    return f"{image}/{step}" if image else step


def title(
    step: str, titles: Titles, platform: str | None = None, image: str | None = None
) -> str:
    name = key_of(titles.get(key_of(step, image), step), image)
    return f"{name} ({platform})" if platform else name


def outcome(result: StepResult | StepFinished, titles: Titles) -> str:
    """Return a step in one line: whether it ran, its seconds, its name."""
    ran, seconds = ("ran", duration(result.seconds)) if result.ran else ("cached", "")
    name = title(result.step, titles, result.platform, result.image)
    return f"{ran:<6} {seconds:>9}  {name}{on_builder(result.builder)}"


def on_builder(builder: str | None) -> str:
    """Return the builder as a line about a step ends with it, where several build."""
    return f" on {builder}" if builder else ""


def duration(seconds: float) -> str:
    return f"{seconds:.1f} s"


def price(seconds: float) -> str:
    """Format a duration: ``0.4 s``, ``12 s``, ``6 min 12 s``, ``1 h 5 min``."""
    if seconds < 9.95:  # noqa: PLR2004 - from here on a decimal does not matter
        return duration(seconds)
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes_left} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def size(count: int) -> str:
    """Format a number of bytes, in powers of ten as registries do."""
    amount = float(count)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:  # noqa: PLR2004 - the factor between units
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def transfer(current: int, total: int) -> str:
    """Format the progress of a transfer as far as known; empty if unknown."""
    if not current:
        return ""
    return f"{size(current)} of {size(total)}" if total > current else size(current)
