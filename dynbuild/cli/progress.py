"""Progress of a running build on stderr: for people, for logs, for machines."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, TextIO, assert_never, get_args

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
    duration,
    key_of,
    lines,
    on_builder,
    printable,
    title,
    transfer,
)

ProgressMode = Literal["tty", "plain", "rawjson", "quiet"]
"""The ways to show progress; ``auto`` is not a mode, it chooses one."""

Color = Literal["auto", "always", "never"]


def choose(flag: str, stream: TextIO, environment: Mapping[str, str]) -> ProgressMode:
    """Return the mode of a flag; ``auto`` depends on variables, then the terminal."""
    named = flag
    for variable in ("DYNBUILD_PROGRESS", "BUILDKIT_PROGRESS"):
        if named == "auto":
            named = environment.get(variable) or "auto"
    for mode in get_args(ProgressMode):
        if mode == named:
            return mode  # type: ignore[no-any-return]
    return "tty" if _is_terminal(stream, environment) else "plain"


def use_color(stream: TextIO, flag: Color, environment: Mapping[str, str]) -> bool:
    """Whether to colour a stream: flag, NO_COLOR, FORCE_COLOR, then the terminal."""
    if flag != "auto":
        return flag == "always"
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR") or environment.get("CLICOLOR_FORCE"):
        return True
    return _is_terminal(stream, environment)


def _is_terminal(stream: TextIO, environment: Mapping[str, str]) -> bool:
    return stream.isatty() and environment.get("TERM") != "dumb"


@contextmanager
def progress(
    mode: ProgressMode, stream: TextIO, titles: Titles, *, color: bool = False
) -> Iterator[Report]:
    """Provide the callback for events of a running build; ``titles`` name its steps."""
    match mode:
        case "tty":
            # rich is used only here, and slow to import.
            from dynbuild.cli.progress_tty import live  # noqa: PLC0415

            with live(stream, titles, color=color) as report:
                yield report
        case "plain":
            yield _plain(stream, titles)
        case "rawjson":
            yield _rawjson(stream)
        case "quiet":
            yield _quiet
        case _:
            assert_never(mode)


def once(report: Report) -> Report:
    """Return a report that tells of a step that ran for no image only once."""
    told: set[tuple[str, str | None, str | None]] = set()

    def reported(event: BuildEvent) -> None:
        if isinstance(event, StepFinished):
            key = (event.step, event.platform, event.image)
            if not event.ran and key in told:
                return
            told.add(key)
        report(event)

    return reported


def _plain(stream: TextIO, titles: Titles) -> Report:
    """Return a report that writes log lines, each naming its step."""
    announced: set[str] = set()

    def report(event: BuildEvent) -> None:
        stream.writelines(
            f"{printable(line)}\n" for line in _log(event, titles, announced)
        )
        stream.flush()

    return report


def _log(event: BuildEvent, titles: Titles, announced: set[str]) -> Iterator[str]:
    match event:
        case StepStarted():
            yield f"{_name(event)} started{_called(event, titles)}"
        case StepOutput(_, text):
            yield from (f"{_name(event)} | {line}" for line in lines(text))
        case StepFinished(_, seconds, True):
            where = on_builder(event.builder)
            yield f"{_name(event)} ran in {duration(seconds)}{where}"
        case StepFinished():
            yield f"{_name(event)} cached{_called(event, titles)}"
        case Working(what, current, total, done):
            if what not in announced:
                announced.add(what)
                yield what
            if done:
                announced.remove(what)
                if moved := transfer(current, total):
                    yield f"{what}: {moved}"
        case RawLine():
            pass
        case _:
            assert_never(event)


def _name(event: StepStarted | StepOutput | StepFinished) -> str:
    return title(event.step, {}, event.platform, event.image)


def _called(event: StepStarted | StepFinished, titles: Titles) -> str:
    label = titles.get(key_of(event.step, event.image), event.step)
    called = f" ({label})" if label != event.step else ""
    return on_builder(event.builder) + called


def _rawjson(stream: TextIO) -> Report:
    def report(event: BuildEvent) -> None:
        if isinstance(event, RawLine):
            stream.write(f"{event.line}\n")
            stream.flush()

    return report


def _quiet(_: BuildEvent) -> None:
    """Show nothing."""
