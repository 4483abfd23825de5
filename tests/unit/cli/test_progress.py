"""Progress for logs, machines and nobody; which of them, and whether in colour."""

from io import StringIO
from typing import get_args

import pytest
from syrupy.assertion import SnapshotAssertion

from dynbuild.building import (
    BuildEvent,
    RawLine,
    StepFinished,
    StepOutput,
    StepStarted,
    Working,
)
from dynbuild.cli.progress import (
    Color,
    ProgressMode,
    choose,
    once,
    progress,
    use_color,
)
from tests.snapshot_files import files

TITLES = {"apt.1": "apt: curl, git", "user.2": "user: app", "compile": "compile"}
PULL = "pulling docker.io/library/debian:12"
EVENTS: list[BuildEvent] = [
    RawLine('{"vertexes":[]}'),
    Working(PULL, 5_000_000, 28_200_000),
    Working(PULL, 28_200_000, 28_200_000),
    Working(PULL, 28_200_000, 28_200_000, done=True),
    StepFinished("user.2", 0, ran=False),
    StepStarted("apt.1"),
    StepStarted("compile"),
    StepOutput("apt.1", "Get:1 bookworm InRelease\nFetched \x1b[32m9 kB\x1b[0m"),
    StepOutput("compile", "10%\r 50%\r100%\n\n\x1b[2Jdone"),
    StepFinished("apt.1", 12.345, ran=True),
    StepOutput("compile", "no newline", "linux/arm64"),
    StepFinished("compile", 0.04, ran=True, platform="linux/arm64"),
    Working("exporting the image"),
    Working("exporting the image", done=True),
]


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def shown(mode: ProgressMode) -> str:
    stream = StringIO()
    with progress(mode, stream, TITLES) as report:
        for event in EVENTS:
            report(event)
    return stream.getvalue()


def test_plain(snapshot: SnapshotAssertion) -> None:
    text = shown("plain")
    assert text == snapshot(extension_class=files("txt"))
    assert all(line.isprintable() for line in text.splitlines())


def test_several_images_are_one_progress() -> None:
    stream = StringIO()
    with progress("plain", stream, {"common/apt.1": "apt: curl"}) as report:
        told = once(report)
        told(StepFinished("apt.1", 0, ran=False, image="common"))
        told(StepFinished("apt.1", 0, ran=False, image="common"))
        told(StepStarted("app", image="api"))
        told(StepOutput("app", "hello", image="api"))
        told(StepFinished("app", 1.0, ran=True, image="api"))
        told(StepFinished("app", 0, ran=False, image="api"))
        told(StepFinished("app", 0, ran=False, image="worker"))
    assert stream.getvalue().splitlines() == [
        "common/apt.1 cached (apt: curl)",
        "api/app started",
        "api/app | hello",
        "api/app ran in 1.0 s",
        "worker/app cached",
    ]


def test_rawjson_is_what_buildkit_says_and_nothing_else() -> None:
    assert shown("rawjson") == '{"vertexes":[]}\n'


def test_quiet_is_nothing() -> None:
    assert shown("quiet") == ""


@pytest.mark.parametrize("mode", get_args(ProgressMode))
def test_a_flag_counts_more_than_variables(mode: ProgressMode) -> None:
    environment = {"DYNBUILD_PROGRESS": "plain", "BUILDKIT_PROGRESS": "tty"}
    assert choose(mode, StringIO(), environment) == mode


@pytest.mark.parametrize(
    ("environment", "on_a_terminal", "elsewhere"),
    [
        ({}, "tty", "plain"),
        ({"TERM": "dumb"}, "plain", "plain"),
        ({"DYNBUILD_PROGRESS": "quiet"}, "quiet", "quiet"),
        ({"BUILDKIT_PROGRESS": "rawjson"}, "rawjson", "rawjson"),
        (
            {"DYNBUILD_PROGRESS": "plain", "BUILDKIT_PROGRESS": "tty"},
            "plain",
            "plain",
        ),
        (
            {"DYNBUILD_PROGRESS": "auto", "BUILDKIT_PROGRESS": "quiet"},
            "quiet",
            "quiet",
        ),
        ({"DYNBUILD_PROGRESS": "fancy"}, "tty", "plain"),
        ({"DYNBUILD_PROGRESS": ""}, "tty", "plain"),
    ],
)
def test_auto(
    environment: dict[str, str], on_a_terminal: ProgressMode, elsewhere: ProgressMode
) -> None:
    assert choose("auto", Terminal(), environment) == on_a_terminal
    assert choose("auto", StringIO(), environment) == elsewhere


@pytest.mark.parametrize(
    ("flag", "environment", "on_a_terminal", "elsewhere"),
    [
        ("auto", {}, True, False),
        ("never", {"FORCE_COLOR": "1"}, False, False),
        ("always", {"NO_COLOR": "1", "TERM": "dumb"}, True, True),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, False),
        ("auto", {"NO_COLOR": ""}, True, False),
        ("auto", {"FORCE_COLOR": "1", "TERM": "dumb"}, True, True),
        ("auto", {"CLICOLOR_FORCE": "1"}, True, True),
        ("auto", {"TERM": "dumb"}, False, False),
    ],
)
def test_color(
    flag: Color,
    environment: dict[str, str],
    on_a_terminal: bool,  # noqa: FBT001
    elsewhere: bool,  # noqa: FBT001
) -> None:
    assert use_color(Terminal(), flag, environment) is on_a_terminal
    assert use_color(StringIO(), flag, environment) is elsewhere
