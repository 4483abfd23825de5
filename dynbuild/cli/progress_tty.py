"""Progress on a terminal: running steps with their last line below, the rest above."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import field, replace
from typing import TextIO, assert_never

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from dynbuild.building import (
    BuildEvent,
    RawLine,
    Report,
    StepFinished,
    StepOutput,
    StepStarted,
    Working,
)
from dynbuild.cli.progress_text import (
    Titles,
    lines,
    on_builder,
    outcome,
    printable,
    title,
    transfer,
)
from dynbuild.values import dataclass

Key = tuple[str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class RunningLine:
    """A line of the lower part: its start time, its title, and its last output."""

    since: float
    what: str
    last: str = ""


@dataclass(slots=True)
class Board:
    """The currently running steps, in starting order."""

    titles: Titles
    running: dict[Key, RunningLine] = field(default_factory=dict)

    def take(self, event: BuildEvent, now: float) -> Text | None:
        """Record an event; return the permanent line if it ends a step."""
        match event:
            case StepStarted(step, platform, image):
                what = title(step, self.titles, platform, image) + on_builder(
                    event.builder
                )
                self.running[step, platform, image] = RunningLine(now, what)
            case StepOutput(step, text, platform, image):
                if row := self.running.get((step, platform, image)):
                    last = next(filter(str.strip, reversed(lines(text))), row.last)
                    last = last.strip()
                    self.running[step, platform, image] = replace(row, last=last)
            case StepFinished(step, _, ran, platform, image):
                self.running.pop((step, platform, image), None)
                return Text(
                    printable(outcome(event, self.titles)), "green" if ran else "dim"
                )
            case Working(what, current, total, done):
                row = self.running.pop((what, None, None), RunningLine(now, what))
                if not done:
                    last = transfer(current, total)
                    self.running[what, None, None] = replace(row, last=last)
            case RawLine():
                pass
            case _:
                assert_never(event)
        return None

    def draw(self, now: float) -> Group:
        """Return one line per running step, each cut to the terminal's width."""
        # Events arrive while another thread draws, so this reads a copy.
        return Group(*(_row(row, now) for row in list(self.running.values())))


def _row(row: RunningLine, now: float) -> Text:
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f"{now - row.since:14.1f} s  ", "cyan")
    line.append(printable(row.what), "bold")
    if row.last:
        line.append(f"  {row.last}", "dim")
    return line


@contextmanager
def live(
    stream: TextIO,
    titles: Titles,
    *,
    color: bool,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Report]:
    """Provide a Report that keeps the lower part of the terminal up to date."""
    board = Board(titles)
    console = Console(
        file=stream,
        force_terminal=True,
        color_system="auto" if color else None,
        highlight=False,
        markup=False,
        emoji=False,
    )
    with Live(
        console=console,
        get_renderable=lambda: board.draw(clock()),
        refresh_per_second=8,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ):

        def report(event: BuildEvent) -> None:
            if line := board.take(event, clock()):
                console.print(line)

        yield report
