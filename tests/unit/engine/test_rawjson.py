"""BuildKit's stream as events and results: made streams, and any at all."""

import json
from base64 import b64encode
from collections.abc import Iterable
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dynbuild.building import (
    BuildEvent,
    RawLine,
    StepFinished,
    StepOutput,
    StepResult,
    StepStarted,
    Working,
)
from dynbuild.engine.rawjson import OUTPUT_LINES, Transcript

RUN = "[apt.1 1/1] RUN apt-get install"


def read(
    lines: Iterable[str], transcript: Transcript, *, end: bool = False
) -> list[BuildEvent]:
    """All events but the raw lines."""
    events = [event for line in lines for event in transcript.read(line)]
    if end:
        events += transcript.end()
    return [event for event in events if not isinstance(event, RawLine)]


def at(seconds: float) -> str:
    return f"2026-01-01T00:00:{seconds:012.9f}Z"


def vertex(
    name: str,
    started: float | None = None,
    completed: float | None = None,
    *,
    digest: str | None = None,
    **more: Any,
) -> str:
    record = {"digest": digest or name, "name": name, **more}
    if started is not None:
        record["started"] = at(started)
    if completed is not None:
        record["completed"] = at(completed)
    return json.dumps({"vertexes": [record]})


def log(name: str, data: bytes, stream: int = 1) -> str:
    entry = {"vertex": name, "stream": stream, "data": b64encode(data).decode()}
    return json.dumps({"logs": [entry]})


def status(name: str, ident: str, current: int = 0, total: int = 0) -> str:
    entry = {"vertex": name, "id": ident, "current": current, "total": total}
    return json.dumps({"statuses": [entry]})


def test_a_step_is_over_when_all_its_instructions_are() -> None:
    lines = [
        vertex("[app 1/3] COPY a b"),
        vertex("[app 2/3] RUN make"),
        vertex("[app 1/3] COPY a b", 1, 2),
        vertex("[app 2/3] RUN make", 2),
        vertex("[app 2/3] RUN make", 2, 5.5),
    ]
    assert read(lines, Transcript()) == [
        StepStarted("app"),
        StepFinished("app", 4.5, ran=True),
    ]


def test_a_step_of_which_a_part_was_cached_has_run() -> None:
    lines = [
        vertex("[app 1/2] COPY a b"),
        vertex("[app 2/2] RUN make"),
        vertex("[app 1/2] COPY a b", 1, 1, cached=True),
        vertex("[app 2/2] RUN make", 2),
        vertex("[app 2/2] RUN make", 2, 3),
    ]
    assert read(lines, Transcript()) == [
        StepStarted("app"),
        StepFinished("app", 1.0, ran=True),
    ]


def test_a_vertex_may_start_again() -> None:
    lines = [vertex(RUN, 1), vertex("[apt.1 2/2] RUN true")]
    lines += [vertex(RUN, 1, 2), vertex(RUN, 4), vertex(RUN, 4, 7)]
    lines += [vertex("[apt.1 2/2] RUN true", 7, 8)]
    assert read(lines, Transcript())[-1] == StepFinished("apt.1", 5.0, ran=True)


def test_a_step_that_is_over_at_once_has_started() -> None:
    assert read([vertex(RUN, 1, 1.5)], Transcript()) == [
        StepStarted("apt.1"),
        StepFinished("apt.1", 0.5, ran=True),
    ]


def test_an_instruction_cannot_pose_as_a_step() -> None:
    transcript = Transcript()
    read([vertex("[1/2] RUN 3/4] x", 1, 2)], transcript, end=True)
    assert transcript.steps == ()


def test_what_is_only_ended_has_not_failed() -> None:
    transcript = Transcript()
    read([vertex(RUN, 1, 2, error="exit code: 137: context canceled")], transcript)
    assert transcript.failure() is None


def test_what_builds_for_several_platforms_is_a_step_of_each() -> None:
    transcript = Transcript()
    names = ["[linux/amd64 app  1/10] RUN x", "[linux/arm64 app  1/10] RUN x"]
    lines = [line for name in names for line in (vertex(name, 1), vertex(name, 1, 2))]
    events = read(lines, transcript)
    assert events[0] == StepStarted("app", "linux/amd64")
    assert transcript.steps == (
        StepResult("app", 1.0, ran=True, platform="linux/amd64"),
        StepResult("app", 1.0, ran=True, platform="linux/arm64"),
    )


def test_what_the_cache_did_not_even_look_at_is_cached() -> None:
    transcript = Transcript()
    assert read([vertex(RUN)], transcript, end=True) == [
        StepFinished("apt.1", 0.0, ran=False)
    ]


def test_a_line_that_came_in_pieces_is_one_line() -> None:
    smile = "\N{GRINNING FACE}".encode()
    lines = [
        vertex(RUN, 1),
        log(RUN, b"a" + smile[:2]),
        log(RUN, smile[2:] + b"\nb\nc"),
    ]
    events = read([*lines, vertex(RUN, 1, 2)], Transcript())
    texts = [event.text for event in events if isinstance(event, StepOutput)]
    assert texts == ["a\N{GRINNING FACE}\nb", "c"]


def test_output_and_errors_do_not_mix_within_a_line() -> None:
    lines = [
        vertex(RUN, 1),
        log(RUN, b"out"),
        log(RUN, b"err\n", 2),
        log(RUN, b"put\n"),
    ]
    events = read(lines, Transcript())
    texts = [event.text for event in events if isinstance(event, StepOutput)]
    assert texts == ["err", "output"]


def test_an_error_keeps_the_last_lines_of_its_own_output() -> None:
    transcript = Transcript()
    output = "".join(f"{number}\n" for number in range(100)).encode()
    other = "[other 1/1] RUN false"
    lines = [vertex(RUN, 1), vertex(other, 1), log(RUN, output + b"\xff last")]
    lines += [log(other, b"other\n"), vertex(RUN, 1, 2, error="exit code: 1")]
    read(lines, transcript)
    failure = transcript.failure()
    assert failure is not None
    assert len(failure.output) == OUTPUT_LINES
    assert failure.output[-2:] == ("99", "\N{REPLACEMENT CHARACTER} last")


def test_a_pull_is_told_in_bytes_only_when_there_is_one() -> None:
    name = "[base.0 1/1] FROM docker.io/library/debian:12@sha256:0"
    quiet = [vertex(name, 1), vertex(name, 1, 2)]
    assert read(quiet, Transcript()) == []
    lines = [vertex(name, 1), status(name, "sha256:1", 5, 10)]
    lines += [status(name, "sha256:2", 1, 1), vertex(name, 1, 2)]
    what = "pulling docker.io/library/debian:12"
    assert read(lines, Transcript()) == [
        Working(what, 5, 10),
        Working(what, 6, 11),
        Working(what, 6, 11, done=True),
    ]


def test_what_buildx_pushes_by_docker_is_told_too() -> None:
    name = "pushing r/x with docker"
    lines = [vertex(name, 1), status(name, "pushing layer 1", 5, 10)]
    assert read([*lines, vertex(name, 1, 2)], Transcript()) == [
        Working("pushing the image", 5, 10),
        Working("pushing the image", 5, 10, done=True),
    ]


def test_a_context_by_name_is_told_too() -> None:
    name = "[context apt.1] OCI load from client"
    lines = [vertex(name, 1), status(name, "sha256:1", 5, 10), vertex(name, 1, 2)]
    assert read(lines, Transcript())[-1] == Working("loading apt.1", 5, 10, done=True)


def test_other_lines_are_kept_as_words() -> None:
    transcript = Transcript()
    lines = ["WARNING: something", "", "{not json", "[1]", '{"vertexes":']
    assert read(lines, transcript) == []
    assert transcript.words == [
        "WARNING: something",
        "{not json",
        "[1]",
        '{"vertexes":',
    ]
    assert not transcript.heard


def test_a_report_of_several_lines_is_read_as_one() -> None:
    indented = json.dumps(json.loads(vertex(RUN, 1, 2)), indent=2).splitlines()
    transcript = Transcript()
    assert read(indented, transcript) == [
        StepStarted("apt.1"),
        StepFinished("apt.1", 1.0, ran=True),
    ]
    assert transcript.words == []


def test_what_only_begins_like_a_report_is_words() -> None:
    transcript = Transcript()
    lines = ["{", "  no", "{", "ERROR: x", "}", " y"]
    assert read([*lines, vertex(RUN, 1)], transcript) == [StepStarted("apt.1")]
    assert transcript.words == lines


def test_every_line_of_json_is_passed_on_raw() -> None:
    line = vertex(RUN)
    assert next(iter(Transcript().read(line))) == RawLine(line)


NAMES = st.sampled_from(
    [
        RUN,
        "[app 2/2] RUN x",
        "[base.0 1/1] FROM x@y",
        "exporting to image",
        "[1/1] X",
        "",
    ]
)
TIMES = st.none() | st.text(max_size=5) | st.floats(0, 59).map(at) | st.integers()
WRONG = st.none() | st.integers() | st.text(max_size=3) | st.lists(st.integers())
VERTEXES = st.fixed_dictionaries(
    {"digest": NAMES | WRONG},
    optional={
        "name": NAMES | WRONG,
        "started": TIMES,
        "completed": TIMES,
        "cached": st.booleans() | WRONG,
        "error": st.text(max_size=3) | WRONG,
    },
)
STATUSES = st.fixed_dictionaries(
    {"vertex": NAMES | WRONG, "id": st.sampled_from(["pushing layers", "x"]) | WRONG},
    optional={"current": st.integers() | WRONG, "total": st.integers() | WRONG},
)
DATA = st.binary(max_size=20).map(lambda data: b64encode(data).decode()) | WRONG
LOGS = st.fixed_dictionaries(
    {"vertex": NAMES | WRONG, "data": DATA}, optional={"stream": st.integers() | WRONG}
)
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "vertexes": st.lists(VERTEXES | WRONG, max_size=3) | WRONG,
        "statuses": st.lists(STATUSES | WRONG, max_size=3) | WRONG,
        "logs": st.lists(LOGS | WRONG, max_size=3) | WRONG,
    },
)


@given(st.lists(MESSAGES.map(json.dumps) | st.text(max_size=10), max_size=20))
def test_no_stream_is_too_strange(lines: list[str]) -> None:
    transcript = Transcript()
    events = read(lines, transcript, end=True)
    transcript.failure()
    finished = [
        (event.step, event.platform)
        for event in events
        if isinstance(event, StepFinished)
    ]
    assert len(finished) == len(set(finished)) == len(transcript.steps)


@given(st.data())
def test_order_and_repetition_do_not_matter_to_what_ran(data: st.DataObject) -> None:
    """However the parts of a stream arrive, each step has the same outcome once."""
    names = [f"[s{number} 1/1] RUN x" for number in range(3)]
    times = count(1)
    whole = [
        line for name in names for line in (vertex(name), vertex(name, next(times)))
    ]
    ends = [vertex(name, number, number + 1) for number, name in enumerate(names, 1)]
    shuffled = data.draw(st.permutations(whole)) + data.draw(st.permutations(ends * 2))
    transcript = Transcript()
    read(shuffled, transcript, end=True)
    assert sorted(result.step for result in transcript.steps) == ["s0", "s1", "s2"]
    assert all(result.ran for result in transcript.steps)
    assert all(result.seconds == 1.0 for result in transcript.steps)


def test_the_parts_of_a_step_are_told_as_that_step() -> None:
    """What copies and what runs stand in two build stages, and are one step."""
    transcript = Transcript({"app.copies": "app"})
    copy, run = "[app.copies 1/1] COPY a /a", "[app 1/1] RUN make"
    announced = [vertex(copy), vertex(run)]
    events = read([*announced, vertex(copy, 1, 2), vertex(run, 2, 5)], transcript)
    assert events == [StepStarted("app"), StepFinished("app", 4.0, ran=True)]
    transcript = Transcript({"app.copies": "app"})
    read([*announced, vertex(copy, 1, 2, error="no such file")], transcript)
    failure = transcript.failure()
    assert failure is not None
    assert (failure.step, failure.instruction) == ("app", "COPY a /a")


def test_whether_the_builder_has_the_manifest_that_it_was_told_to_take() -> None:
    image = "example.org/cache@sha256:0"
    loads, takes = f"[context x] load metadata for {image}", f"[context x] {image}"
    other = vertex("[context y] load metadata for docker.io/library/y@sha256:1", 1, 2)
    begun = [other, vertex(loads, 1)]
    for lines, has in (
        (begun, False),
        ([*begun, vertex(loads, 1, 2, error="no such host")], False),
        ([*begun, vertex(loads, 1, 2)], True),
        ([*begun, vertex(takes, 1)], False),
        ([*begun, vertex(takes, 1), status(takes, "layer", 7, 9)], True),
    ):
        transcript = Transcript()
        told = read(lines, transcript)
        assert transcript.has_manifest(image) is has
    assert Working("pulling from example.org/cache", 7, 9) in told
