"""What engines and buildx of several versions said, as events, results and errors."""

import json
import re
from dataclasses import replace

import pytest

from dynbuild.building import (
    BuildEvent,
    BuildFailed,
    RawLine,
    StepFinished,
    StepOutput,
    StepResult,
    StepStarted,
    Working,
)
from dynbuild.engine.failure import answered, error_message, explain
from dynbuild.engine.rawjson import Transcript
from dynbuild.errors import DeclarationError, DynbuildError, UnreachableError
from tests.unit.engine.recorded import VERSIONS, recorded

versions = pytest.mark.parametrize("version", VERSIONS)


def replayed(version: str, name: str) -> tuple[list[BuildEvent], Transcript]:
    """Return all events but the raw lines, and what is known at the end."""
    transcript = Transcript()
    lines = recorded(version, f"{name}.jsonl")
    events = [event for line in lines for event in transcript.read(line)]
    if name in ("ran", "cached", "pushed"):
        events += transcript.end()
    return [one for one in events if not isinstance(one, RawLine)], transcript


def failure(version: str, name: str) -> BuildFailed | DynbuildError:
    _, transcript = replayed(version, name)
    return explain(transcript)


@versions
def test_a_recorded_build(version: str) -> None:
    events, transcript = replayed(version, "ran")
    steps = [event for event in events if not isinstance(event, Working)]
    assert [
        replace(event, seconds=0.0) if isinstance(event, StepFinished) else event
        for event in steps
    ] == [
        StepStarted("apt.1"),
        StepOutput("apt.1", "hello"),
        StepOutput("apt.1", "err"),
        StepOutput("apt.1", "no newline"),
        StepFinished("apt.1", 0.0, ran=True),
        StepStarted("compile"),
        StepFinished("compile", 0.0, ran=True),
        StepStarted("app"),
        StepOutput("app", "done"),
        StepFinished("app", 0.0, ran=True),
    ]
    assert [result.step for result in transcript.steps] == ["apt.1", "compile", "app"]
    seconds = {result.step: result.seconds for result in transcript.steps}
    assert 1.0 < seconds["compile"] < 2.0
    assert 0.0 < seconds["app"] < 1.0
    assert transcript.failure() is None
    assert transcript.words == []


@versions
def test_a_recorded_build_that_was_cached_starts_nothing(version: str) -> None:
    events, transcript = replayed(version, "cached")
    steps = [event for event in events if not isinstance(event, Working)]
    assert {type(event) for event in steps} == {StepFinished}
    assert transcript.steps == tuple(
        StepResult(name, 0.0, ran=False) for name in ("apt.1", "compile", "app")
    )


@versions
def test_a_recorded_failure_is_the_one_that_took_the_other_down(version: str) -> None:
    _, transcript = replayed(version, "failed")
    failure = transcript.failure()
    assert failure is not None
    assert failure.step == "app"
    assert failure.instruction == "RUN <<EOF (set -eu...)"
    assert failure.output == ("before", "/bin/sh: foo-bar: not found")
    assert failure.message.endswith("exit code: 127")
    assert transcript.steps == ()
    assert transcript.words[0] == "Dockerfile:3"
    assert transcript.words[-1].startswith("ERROR: failed to ")


@versions
def test_a_recorded_push_tells_that_it_pushes(version: str) -> None:
    events, _ = replayed(version, "pushed")
    work = [event for event in events if isinstance(event, Working)]
    assert Working("exporting the image") in work
    assert Working("pushing the image", done=True) in work


@versions
def test_a_recorded_pull_is_told_in_bytes(version: str) -> None:
    events, _ = replayed(version, "ran")
    pulled = [event for event in events if isinstance(event, Working) and event.total]
    assert pulled[-1].what.endswith("/library/busybox:latest")
    assert pulled[-1].current == pulled[-1].total > 1_000_000


@versions
def test_a_refused_push_is_no_failure_of_a_step(version: str) -> None:
    _, transcript = replayed(version, "refused")
    failure = transcript.failure()
    assert failure is not None
    assert (failure.step, failure.instruction) == (None, "exporting to image")


@versions
def test_every_recorded_message_is_one_raw_line(version: str) -> None:
    """Also of buildx 0.13, which indents its messages over several lines."""
    transcript = Transcript()
    lines = recorded(version, "ran.jsonl")
    raw = [
        event.line
        for line in lines
        for event in transcript.read(line)
        if isinstance(event, RawLine)
    ]
    assert {key for line in raw for key in json.loads(line)} == {
        "vertexes",
        "statuses",
        "logs",
    }


STEPS: dict[str, tuple[str, str, int | None]] = {
    "failed": (
        "RUN set -eu\necho before\nsleep 1\nfoo-bar",
        "did not complete successfully: exit code: 127",
        127,
    ),
    "no-directory": ("COPY tree/ /", "what is copied has a directory /link, and", None),
    "no-file": ("COPY nothing /x", '"/nothing": not found', None),
    "no-program": ("RUN true", "did not complete successfully: exit code: 1", 1),
    "no-secret": (
        "RUN --mount=type=secret,id=token,required=true true",
        "secret token: not found",
        None,
    ),
    "no-shell": ("RUN echo hi", "did not complete successfully: exit code: 1", 1),
    "no-user": ("RUN echo hi", "unable to find user none: no matching entries", None),
}


@versions
@pytest.mark.parametrize("name", STEPS)
def test_a_recorded_failure_of_a_step(version: str, name: str) -> None:
    failed = failure(version, name)
    instruction, words, code = STEPS[name]
    assert isinstance(failed, BuildFailed)
    assert (failed.step, failed.instruction) == ("app", instruction)
    assert words in failed.message
    assert failed.exit_code == code


@versions
@pytest.mark.parametrize("name", ["no-program", "no-shell"])
def test_a_recorded_step_that_could_not_start_says_why(version: str, name: str) -> None:
    failed = failure(version, name)
    assert isinstance(failed, BuildFailed)
    (line,) = failed.output
    assert line.endswith(": no such file or directory")


OUTSIDE = {
    "bad-dockerfile": "dockerfile parse error on line 1: unknown instruction: FROMM",
    "base-absent": "127.0.0.1:5031/library/nothing:1: not found",
    "base-forbidden": "unexpected status from HEAD request to .*: 403 Forbidden",
    "unsuited": "OCI exporter is not supported for the docker driver",
    "vanished": "content digest sha256:[0-9a-f]{64}: not found$",
}


@versions
@pytest.mark.parametrize("name", OUTSIDE)
def test_a_recorded_failure_outside_of_the_steps(version: str, name: str) -> None:
    failed = failure(version, name)
    assert isinstance(failed, BuildFailed)
    assert (failed.step, failed.exit_code) == (None, None)
    assert re.match(OUTSIDE[name], failed.message)


REACHED = {
    "base-limited": ("DB0504", "`docker login` raises the limit"),
    "base-unavailable": ("DB0504", "try again when the registry answers"),
    "base-unreachable": ("DB0504", "try again when the registry answers"),
    "forbidden": ("DB0503", "let your user talk to the engine"),
    "no-builder": ("DB0505", "`docker buildx ls`"),
    "no-engine": ("DB0503", "start Docker"),
    "refused": ("DB0504", "try again when the registry answers"),
}


@versions
@pytest.mark.parametrize("name", REACHED)
def test_what_a_recorded_build_did_not_reach(version: str, name: str) -> None:
    error = failure(version, name)
    assert isinstance(error, UnreachableError | DeclarationError)
    (diagnostic,) = error.diagnostics
    code, hint = REACHED[name]
    assert diagnostic.code == code
    assert hint in (diagnostic.hint or "")


IMAGES = {
    "absent": True,
    "forbidden": True,
    "limited": False,
    "silent": False,
    "unavailable": False,
    "unreachable": False,
}


@versions
@pytest.mark.parametrize("name", IMAGES)
def test_whether_a_recorded_registry_answered(version: str, name: str) -> None:
    words = error_message(recorded(version, f"image-{name}.txt"))
    assert not words.startswith("ERROR")
    assert answered(words) is IMAGES[name]
