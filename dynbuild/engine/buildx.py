"""Builds with BuildKit through ``docker buildx``."""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import assert_never

from dynbuild.building import (
    BuildEvent,
    BuildFailed,
    BuildRequest,
    Built,
    Load,
    Nowhere,
    OciLayout,
    Output,
    Push,
    RawLine,
    Report,
    Working,
    holds_annotations,
    metadata_of,
)
from dynbuild.digest import Digest
from dynbuild.engine.failure import (
    error_message,
    explain,
    no_builder,
    overdue,
    silent,
    unanswered,
    unreachable,
)
from dynbuild.engine.limits import Deadlines
from dynbuild.engine.nodes import addressed, nodes_of
from dynbuild.engine.process import (
    Alarm,
    RunningProcesses,
    TimedOutError,
    Watch,
    capture,
    check_buildx,
    follow,
)
from dynbuild.engine.rawjson import PlatformStep, Transcript
from dynbuild.errors import DeclarationError, Diagnostic, DynbuildError
from dynbuild.values import dataclass

_SECONDS = 60.0
"""The timeout of a query to docker, in seconds; a builder may have to start first."""

PATIENCE = 10.0
"""Seconds that a registry has to answer a builder, as it has to answer us."""

_SNAPSHOTTER = b"io.containerd.snapshotter"
"""What an engine says of its image store where containerd keeps it."""

_VANISHED = re.compile(r"snapshot \S+ does not exist|content digest \S+: not found")
"""The errors of containerd about a layer that was removed while it was needed.

It may have been removed just now, or long ago, when the engine was killed: then
BuildKit's cache refers to it for ever.
"""


_PLATFORMS = re.compile(r"^Platforms: +([a-z0-9].*)", re.MULTILINE)
_REMOTE = re.compile(r"^Driver: +remote$", re.MULTILINE)
_ENDPOINT = re.compile(r"^Endpoint: +(\S+)$", re.MULTILINE)
_ERRORS = re.compile(r"^Error: +(.*)", re.MULTILINE)
"""What ``buildx inspect`` says of a builder and its nodes."""


@dataclass(frozen=True, slots=True)
class Buildx:
    """Implements ``ports.Builder`` with ``docker buildx`` in an environment."""

    environment: Mapping[str, str]
    running: RunningProcesses | None = None
    awaited: str | None = None
    """An image whose manifest a registry has to give the builder soon, if any."""

    def build(self, request: BuildRequest, report: Report) -> Built:
        _check_secrets(request, self.environment)

        def follow_up(event: BuildEvent) -> None:
            if isinstance(event, Working | RawLine):
                report(event)

        # BuildKit writes wrong digests when asked for two outputs at once. So each
        # output is a separate build; after the first one all steps are cached.
        first, *more = request.outputs or (Nowhere(),)
        built = self._build(request, first, report)
        cached = replace(request, no_cache=False, no_cache_steps=())
        metadata = dict(built.metadata)
        for output in more:
            metadata |= self._build(cached, output, follow_up).metadata
        if any(map(holds_annotations, request.outputs)):
            metadata |= metadata_of(request.annotations)
        return replace(built, metadata=metadata)

    def loads_several(self) -> bool:
        words = ["info", "--format", "{{json .DriverStatus}}"]
        try:
            answer = capture(self.environment, words, _SECONDS)
        except TimedOutError:
            return False
        return _SNAPSHOTTER in answer.stdout

    def platform(self, builder: str | None) -> str:
        return self.platforms(builder)[0]

    def inspected(self, builder: str | None) -> str:
        """Return what buildx says of a builder. Raises UnreachableError."""
        return self._inspected(builder)[0]

    def help_of_build(self) -> str:
        """Return what buildx says of its command ``build``. Raises UnreachableError."""
        try:
            answer = capture(self.environment, ["buildx", "build", "--help"], _SECONDS)
        except TimedOutError:
            return ""
        return answer.stdout.decode("utf-8", "replace")

    def nodes(self, builders: Sequence[str]) -> tuple[str, ...]:
        """Return builders, each once; the nodes in place of one that has several."""
        each = (x for one in builders for x in nodes_of(self.environment, one))
        return tuple(dict.fromkeys(each))

    def platforms(self, builder: str | None) -> tuple[str, ...]:
        """Return what a builder runs, the platform of its own machine first.

        Raises as ``platform``.
        """
        text, words = self._inspected(builder)
        if _PLATFORMS.search(text) is None and not _REMOTE.search(text):
            # It may have to start first. What is remote cannot be started from here.
            text, words = self._inspected(builder, "--bootstrap")
        if match := _PLATFORMS.search(text):
            return tuple(one.strip(" *") for one in match[1].split(","))
        check_buildx(self.environment)
        if words or (place := _ENDPOINT.search(text)) is None:
            raise unreachable(words) or no_builder(words) or silent(builder, words)
        raise unanswered(builder, place[1], self._refusal(builder))

    def _refusal(self, builder: str | None) -> str:
        """Return what a builder elsewhere says to a question; nothing if nothing.

        ``inspect`` says no more than that it is inactive.
        """
        with addressed(self.environment, builder) as (environment, name):
            words = ["buildx", "du", "--filter", "id=none"]
            words += [f"--builder={name}"] if name else []
            try:
                answer = capture(environment, words, PATIENCE)
            except TimedOutError:
                return ""
        return error_message(answer.stderr.decode("utf-8", "replace").splitlines())

    def _inspected(self, builder: str | None, *options: str) -> tuple[str, str]:
        """Return what buildx says of a builder, and of what is wrong with it."""
        with addressed(self.environment, builder) as (environment, name):
            words = ["buildx", "inspect", *options, *([name] if name else [])]
            try:
                answer = capture(environment, words, _SECONDS)
            except TimedOutError:
                why = f"nothing came in {_SECONDS:.0f} seconds"
                raise silent(builder, why) from None
        text = answer.stdout.decode("utf-8", "replace")
        errors = _ERRORS.findall(text)
        spoken = answer.stderr.decode("utf-8", "replace").splitlines()
        return text, error_message([*errors, *spoken])

    def _build(self, request: BuildRequest, output: Output, report: Report) -> Built:
        """Build; if the engine lost a layer, retry once, then without its cache."""
        for _ in range(2):
            try:
                return self.attempt(request, output, report)
            except BuildFailed as error:
                if not _VANISHED.search(error.message):
                    raise
        return self.attempt(replace(request, no_cache=True), output, report)

    def attempt(self, request: BuildRequest, output: Output, report: Report) -> Built:
        """Build for one output, without a retry for layers that the engine lost."""
        transcript = Transcript(request.parts)
        alarm = Alarm(PATIENCE) if self.awaited is not None else None
        deadlines = Deadlines(request.limits)

        def each(line: str) -> None:
            for event in transcript.read(line):
                report(event)
            if alarm and self.awaited and transcript.has_manifest(self.awaited):
                alarm.off()
            if deadlines.seconds:
                deadlines.time(transcript.running())

        with (
            TemporaryDirectory(prefix="dynbuild-") as place,
            addressed(self.environment, request.builder) as (known, name),
        ):
            folder = Path(place)
            if name is not None:
                request = replace(request, builders=(name,))
            dockerfile, answer = folder / "Dockerfile", folder / "metadata.json"
            dockerfile.write_text(request.dockerfile, encoding="utf-8")
            # The context is filtered already: a .dockerignore in it is only a file.
            ignore = dockerfile.with_name("Dockerfile.dockerignore")
            ignore.write_text(request.ignored, encoding="utf-8")
            command = arguments(request, output, str(dockerfile), str(answer))
            quiet = {"BUILDX_METADATA_PROVENANCE": "disabled"}
            environment = {**known, **quiet}
            watches: list[Watch] = [deadlines, *([alarm] if alarm else [])]
            status = follow(environment, command, each, self.running, watches)
            if alarm is not None and alarm.rang:
                why = f"no registry answered it within {PATIENCE:.0f} seconds"
                raise BuildFailed(None, None, why, (), None, ())
            if status:
                raise self._failure(request, transcript, deadlines.late)
            metadata = json.loads(answer.read_text(encoding="utf-8"))
        for event in transcript.end():
            report(event)
        digest = metadata.get("containerimage.digest")
        return Built(digest and Digest(digest), metadata, transcript.steps)

    def _failure(
        self, request: BuildRequest, transcript: Transcript, late: PlatformStep | None
    ) -> BuildFailed | DynbuildError:
        """Return the error for a build that failed, or whose step was ``late``."""
        if not transcript.heard:
            check_buildx(self.environment)
        if late is not None:
            return overdue(transcript, late, request.limits)
        error = explain(transcript)
        if isinstance(error, BuildFailed) and error.step and request.resources:
            error.limits = request.limits.get(error.step)
        return error


def arguments(
    request: BuildRequest, output: Output, dockerfile: str, metadata: str
) -> list[str]:
    """Return the arguments for docker; they never contain the value of a secret."""
    options = {
        "--file": [dockerfile],
        "--metadata-file": [metadata],
        "--progress": ["rawjson"],
        "--provenance": ["false"],
        "--sbom": ["false"],
        "--output": [_output(output)],
        "--resource": request.resources,
        "--annotation": list(_annotations(request, output)),
        "--tag": request.tags,
        "--platform": [",".join(request.platforms)] if request.platforms else [],
        "--target": [request.target] if request.target else [],
        "--builder": [request.builder] if request.builder else [],
        "--network": [request.network] if request.network else [],
        "--allow": ["network.host"] if _on_host(request) else [],
        "--no-cache": ["true"] if request.no_cache else [],
        "--no-cache-filter": request.no_cache_steps,
        "--secret": request.secrets,
        "--ssh": request.ssh,
        "--build-arg": [f"{k}={v}" for k, v in request.arguments.items()],
        "--build-context": [f"{k}={v}" for k, v in request.build_contexts.items()],
    }
    flags = [f"{name}={value}" for name, values in options.items() for value in values]
    return ["buildx", "build", *flags, "--", request.context]


def _annotations(request: BuildRequest, output: Output) -> Iterator[str]:
    """Yield the annotations of an output that holds a manifest of its own."""
    if not holds_annotations(output):
        return
    of = ["manifest", *(["index"] if len(request.platforms) > 1 else [])]
    for name, text in sorted(request.annotations.items()):
        yield from (f"{one}:{name}={text}" for one in of)


def _on_host(request: BuildRequest) -> bool:
    """Whether BuildKit has to allow the host's network, to all steps or to some."""
    return request.host_network or request.network == "host"


def _output(output: Output) -> str:
    match output:
        case Load():
            fields = ["type=docker", "oci-mediatypes=true"]
        case Push():
            fields = ["type=registry", "oci-mediatypes=true"]
        case OciLayout(directory, compression):
            packed = [f"compression={compression}"] if compression else []
            fields = ["type=oci", "tar=false", *packed, f"dest={directory}"]
        case Nowhere():
            fields = ["type=cacheonly"]
        case _:
            assert_never(output)
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(fields)
    return text.getvalue()


def _check_secrets(request: BuildRequest, environment: Mapping[str, str]) -> None:
    """Refuse a missing secret; buildx would treat an unset variable as empty."""
    for secret in request.secrets:
        source = re.search(r"(?:^|,)(env|src|source)=([^,]*)", secret)
        if source is None:
            continue
        kind, name = source.groups()
        why = None
        if kind == "env" and name not in environment:
            why = f"{name} is not set"
        elif kind != "env" and (not Path(name).exists() or Path(name).is_dir()):
            why = f"{name} is no file"
        if why is not None:
            message = f"the secret {secret!r} is not there: {why}"
            raise DeclarationError(Diagnostic("DB0506", message))
