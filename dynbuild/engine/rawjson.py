"""Parser of BuildKit's ``rawjson`` progress: from lines to events and results.

BuildKit reports vertexes, the operations of its graph. A vertex is reported many times,
each time with part of its data, so reports are merged by digest. The instructions of a
named build stage are the vertexes called ``[PLATFORM STAGE i/n] INSTRUCTION``; together
they are a step. Other vertexes (a pull, the context, the export) are reported as work.
A report is one line, or in the oldest buildx several, indented between two braces.
Lines that are not JSON are kept: they hold buildx's error messages.
"""

import json
import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import datetime

from dynbuild.building import (
    BuildEvent,
    RawLine,
    StepFinished,
    StepOutput,
    StepResult,
    StepStarted,
    Working,
)
from dynbuild.quote import StageName
from dynbuild.values import dataclass

OUTPUT_LINES = 20
"""How many of an instruction's last output lines are kept for error messages."""

_PLACE = re.compile(
    r"\[(?:(?P<platform>[a-z0-9]+/[^\s\]]+) )?(?:(?P<stage>[^\s\]]+) )? *\d+/\d+\]"
    r" (?P<what>.*)",
    re.DOTALL,
)
_PUSHING = "pushing the image"
_WORK = (
    (re.compile(r"\[.*\] FROM ([^@]*)"), r"pulling \1"),
    (re.compile(r"\[internal\] load build context"), "sending the build context"),
    (re.compile(r"\[context (\S+)\] .*load from client"), r"loading \1"),
    (re.compile(r"\[context \S+\] (?!load )([^@\s]+)@.*"), r"pulling from \1"),
    (re.compile(r"exporting to .*"), "exporting the image"),
    (re.compile(r"pushing .* with docker"), _PUSHING),
    (re.compile(r"(importing to docker|sending tarball)"), "loading the image"),
)
_WHOLE: Mapping[StageName, StageName] = {}


PlatformStep = tuple[StageName, str | None]
"""A step: its build stage, and the platform if the build has more than one."""


@dataclass(slots=True)
class _Vertex:
    """The merged reports of a vertex so far.

    Instructions have a place; other operations may be work that users wait for.
    """

    name: str = ""
    place: PlatformStep | None = None
    work: str | None = None
    started: str | None = None
    completed: str | None = None
    cached: bool = False
    error: str = ""
    runs: dict[str, str] = field(default_factory=dict)
    transfers: dict[str, tuple[int, int]] = field(default_factory=dict)
    announced: list[str] = field(default_factory=list)
    partial: dict[int, bytes] = field(default_factory=dict)
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=OUTPUT_LINES))

    @property
    def seconds(self) -> float:
        """The total run time in seconds; a vertex may start more than once."""
        if self.cached:
            return 0.0
        return sum(_between(begin, end) for begin, end in self.runs.items())

    @property
    def moved(self) -> tuple[int, int]:
        """The bytes transferred, and the total bytes as far as known."""
        counts = self.transfers.values()
        return sum(current for current, _ in counts), sum(total for _, total in counts)


@dataclass(frozen=True, slots=True)
class FailedVertex:
    """The first vertex that failed by itself."""

    step: StageName | None
    instruction: str
    message: str
    output: tuple[str, ...]


class Transcript:
    """BuildKit's reports of one build so far.

    ``parts`` maps build stages that hold only a part of a step to that step.
    """

    def __init__(self, parts: Mapping[StageName, StageName] = _WHOLE) -> None:
        self._parts = parts
        self.heard = False
        self.words: list[str] = []
        self.steps: tuple[StepResult, ...] = ()
        self._vertexes: dict[str, _Vertex] = {}
        self._instructions: dict[PlatformStep, list[_Vertex]] = {}
        self._begun: set[PlatformStep] = set()
        self._finished: set[PlatformStep] = set()
        self._failed: list[_Vertex] = []
        self._open: list[str] = []

    def read(self, line: str) -> Iterator[BuildEvent]:
        """Read one more line, and yield the events that result."""
        for whole in self._whole(line):
            yield from self._line(whole)

    def _whole(self, line: str) -> Iterator[str]:
        """Yield a line, or at the end of a report of several lines, that as one."""
        if self._open and line.startswith((" ", "}")):
            self._open.append(line)
            if line == "}":
                report = "".join(part.strip() for part in self._open)
                self._open.clear()
                yield report
            return
        yield from self._open
        self._open.clear()
        if line == "{":
            self._open.append(line)
        else:
            yield line

    def _line(self, line: str) -> Iterator[BuildEvent]:
        message = _parse(line)
        if message is None:
            if line.strip():
                self.words.append(line.rstrip())
            return
        self.heard = True
        yield RawLine(line)
        for record in _records(message, "vertexes"):
            yield from self._vertex(record)
        for record in _records(message, "statuses"):
            yield from self._status(record)
        for record in _records(message, "logs"):
            yield from self._log(record)

    def running(self) -> set[PlatformStep]:
        """Return the steps whose commands run now."""
        return {
            place
            for place, vertexes in self._instructions.items()
            for vertex in vertexes
            if vertex.started and not vertex.completed and _runs(vertex)
        }

    def has_manifest(self, image: str) -> bool:
        """Whether a registry has given the builder an image's manifest, or more."""
        found = [one for one in self._vertexes.values() if image in one.name]
        end = f"load metadata for {image}"
        return any(
            bool(vertex.moved[0])
            or (vertex.completed and not vertex.error and vertex.name.endswith(end))
            for vertex in found
        )

    def end(self) -> Iterator[BuildEvent]:
        """Yield the events at the end of a successful build.

        An instruction that BuildKit did not have to look at is in its cache.
        """
        for place in self._instructions:
            if place not in self._finished:
                yield from self._finish(place)

    def failure(self) -> FailedVertex | None:
        """Return the first vertex that failed by itself, not canceled by another."""
        for vertex in self._failed:
            if not vertex.error.endswith("context canceled"):
                step = vertex.place[0] if vertex.place else None
                output = tuple(vertex.tail)
                return FailedVertex(step, _instruction(vertex), vertex.error, output)
        return None

    def said(self, place: PlatformStep) -> tuple[str, ...]:
        """Return the last lines that the commands of a step printed."""
        return tuple(next(filter(_runs, self._instructions[place])).tail)

    def _vertex(self, record: Mapping[str, object]) -> Iterator[BuildEvent]:
        vertex = self._vertexes.setdefault(_text(record, "digest"), _Vertex())
        if not vertex.name and (name := _text(record, "name")):
            vertex.name = name
            vertex.place = _place(name, self._parts)
            vertex.work = _work(name)
            if vertex.place:
                self._instructions.setdefault(vertex.place, []).append(vertex)
        vertex.cached = record.get("cached") is True
        if started := _text(record, "started"):
            vertex.started = started
            vertex.completed = _text(record, "completed") or None
            if vertex.completed:
                vertex.runs[started] = vertex.completed
        if error := _text(record, "error"):
            vertex.error = error
            self._failed.append(vertex)
        if vertex.place:
            yield from self._step(vertex, vertex.place)
        elif vertex.work:
            yield from self._other(vertex, vertex.work)

    def _step(self, vertex: _Vertex, place: PlatformStep) -> Iterator[BuildEvent]:
        if place in self._finished or not vertex.started:
            return
        if place not in self._begun and not vertex.cached:
            self._begun.add(place)
            yield StepStarted(*place)
        if vertex.completed:
            # A last line without a newline is output as well.
            for rest in filter(None, vertex.partial.values()):
                yield from _printed(vertex, rest)
            vertex.partial.clear()
            if all(v.completed and not v.error for v in self._instructions[place]):
                yield from self._finish(place)

    def _finish(self, place: PlatformStep) -> Iterator[BuildEvent]:
        step, platform = place
        vertexes = self._instructions[place]
        ran = any(vertex.started and not vertex.cached for vertex in vertexes)
        seconds = sum(vertex.seconds for vertex in vertexes)
        self._finished.add(place)
        self.steps += (StepResult(step, seconds, ran, platform),)
        yield StepFinished(step, seconds, ran, platform)

    def _other(self, vertex: _Vertex, what: str) -> Iterator[BuildEvent]:
        if vertex.completed and not vertex.error:
            for work in vertex.announced:
                yield Working(work, *vertex.moved, done=True)
            vertex.announced.clear()
        elif vertex.started and what.startswith("exporting") and not vertex.announced:
            vertex.announced.append(what)
            yield Working(what)

    def _status(self, record: Mapping[str, object]) -> Iterator[BuildEvent]:
        vertex = self._vertexes.get(_text(record, "vertex"))
        if vertex is None or vertex.work is None:
            return
        what = vertex.work
        name = _text(record, "id")
        if name.startswith("pushing"):
            what = _PUSHING
        current, total = _number(record, "current"), _number(record, "total")
        if current or what == _PUSHING:
            vertex.transfers[name] = current, total
            if what not in vertex.announced:
                vertex.announced.append(what)
            yield Working(what, *vertex.moved)

    def _log(self, record: Mapping[str, object]) -> Iterator[BuildEvent]:
        vertex = self._vertexes.setdefault(_text(record, "vertex"), _Vertex())
        stream = _number(record, "stream")
        try:
            data = b64decode(_text(record, "data"))
        except (NotBase64, ValueError):
            return
        whole, newline, rest = (vertex.partial.get(stream, b"") + data).rpartition(
            b"\n"
        )
        vertex.partial[stream] = rest
        if newline:
            yield from _printed(vertex, whole)


def _printed(vertex: _Vertex, data: bytes) -> Iterator[BuildEvent]:
    """Yield the lines that a vertex printed; keep the last ones for error messages."""
    text = data.decode("utf-8", "replace")
    vertex.tail.extend(text.split("\n"))
    if vertex.place:
        step, platform = vertex.place
        yield StepOutput(step, text, platform)


def _place(name: str, parts: Mapping[StageName, StageName]) -> PlatformStep | None:
    match = _PLACE.fullmatch(name)
    if match is None or match["stage"] is None or match["what"].startswith("FROM "):
        return None
    stage = StageName(match["stage"])
    return parts.get(stage, stage), match["platform"]


def _instruction(vertex: _Vertex) -> str:
    match = _PLACE.fullmatch(vertex.name)
    return match["what"] if match else vertex.name


def _runs(vertex: _Vertex) -> bool:
    return _instruction(vertex).startswith("RUN ")


def _work(name: str) -> str | None:
    for pattern, what in _WORK:
        if match := pattern.match(name):
            return match.expand(what)
    return None


def _parse(line: str) -> Mapping[str, object] | None:
    if not line.startswith("{"):
        return None
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def _records(message: Mapping[str, object], key: str) -> Iterator[dict[str, object]]:
    records = message.get(key)
    if isinstance(records, list):
        yield from (record for record in records if isinstance(record, dict))


def _text(record: Mapping[str, object], key: str) -> str:
    value = record.get(key)
    return value if isinstance(value, str) else ""


def _number(record: Mapping[str, object], key: str) -> int:
    value = record.get(key)
    return value if isinstance(value, int) else 0


def _between(begin: str, end: str) -> float:
    try:
        length = datetime.fromisoformat(end) - datetime.fromisoformat(begin)
    except (ValueError, TypeError):
        return 0.0
    return max(0.0, length.total_seconds())
