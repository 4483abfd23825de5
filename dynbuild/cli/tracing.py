"""A realization as an OpenTelemetry trace: a span for it, and one for each step.

Sent where OTEL_EXPORTER_OTLP_ENDPOINT names a collector, by OTLP over HTTP. Other
variables are those of OpenTelemetry's specification; TRACEPARENT names the span that
this run is a part of, as in the W3C's Trace Context.
"""

import importlib
import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import field
from typing import TYPE_CHECKING

from dynbuild import quote
from dynbuild.building import (
    BuildEvent,
    BuildFailed,
    Report,
    StepFinished,
    StepStarted,
)
from dynbuild.cli.progress_text import title
from dynbuild.environment.model import Environment
from dynbuild.errors import Diagnostic, DynbuildError
from dynbuild.explain.past import PastStep
from dynbuild.lockfile.model import Lock
from dynbuild.realization.request import RealizeOptions, titles
from dynbuild.values import dataclass
from dynbuild.version import __version__

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

_VARIABLES = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_EXPORTER = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
_SECONDS = 5
"""How long a collector may take: nobody waits for one."""

_Key = tuple[str, str | None]
_Value = str | bool | int | float | list[str]


@dataclass()
class Trace:
    """What is known of a realization by its end; times are in nanoseconds since 1970.

    ``times`` has the start and the end of each step that was told, by its build stage,
    and by its platform where there are several; so has ``failed`` the one that failed.
    """

    began: int
    steps: tuple[PastStep, ...] = ()
    times: dict[_Key, tuple[int, int]] = field(default_factory=dict)
    failed: _Key | None = None

    def of(self, report: Report) -> Report:
        """Pass on events, and note when steps begin and end."""

        def noted(event: BuildEvent) -> None:
            match event:
                case StepStarted(step, platform):
                    now = time.time_ns()
                    self.times.setdefault((step, platform), (now, now))
                case StepFinished(step, _, _, platform):
                    now = time.time_ns()
                    start, _ = self.times.get((step, platform), (now, now))
                    self.times[step, platform] = (start, now)
                case _:
                    pass
            report(event)

        return noted


@contextmanager
def tracing(
    lock: Lock, environment: Environment, options: RealizeOptions
) -> Iterator[Trace]:
    """Provide the trace of a realization, and send it at the end, even of a failure.

    What goes wrong with it is a warning: a build does not depend on a collector.
    """
    trace = Trace(time.time_ns())
    if not any(os.environ.get(name) for name in _VARIABLES):
        yield trace
        return
    try:
        importlib.import_module(_EXPORTER)
    except ImportError:
        why = "OpenTelemetry is not installed: pip install 'dynbuild[otel]'"
        environment.tell(_unsent(why))
        yield trace
        return
    reasons = _reasons(lock, environment, options)
    failed = None
    try:
        yield trace
    except BuildFailed as error:
        failed, trace.failed = error, (error.step or "", error.platform)
    if not _sent(trace, titles(lock), reasons):
        environment.tell(_unsent("the collector did not take it"))
    if failed is not None:
        raise failed


def _reasons(
    lock: Lock, environment: Environment, options: RealizeOptions
) -> Mapping[str, Mapping[str, _Value]]:
    """Return why steps run, as ``why`` tells it, asked before they do."""
    # Only this needs what explains.
    from dynbuild.api import why  # noqa: PLC0415

    found: dict[str, dict[str, _Value]] = {}
    with suppress(DynbuildError):
        platforms = options.platforms
        answer = why(lock, environment, platform=platforms[0] if platforms else None)
        for cascade, _ in answer.cascades:
            codes = [reason.code for reason in cascade.root.reasons]
            for step in cascade.steps:
                told = found.setdefault(step, {})
                told.setdefault("dynbuild.began", cascade.root.step)
                told.setdefault("dynbuild.reason", list(codes))
    return found


def _sent(
    trace: Trace,
    named: Mapping[str, str],
    reasons: Mapping[str, Mapping[str, _Value]],
) -> bool:
    """Send a trace; whether the collector took it."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.trace.export import SpanExportResult  # noqa: PLC0415

    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    spans = _spans(trace, named, reasons)
    exporter = OTLPSpanExporter(timeout=_SECONDS)
    try:
        return exporter.export(spans) is SpanExportResult.SUCCESS
    except (OSError, ValueError):
        return False
    finally:
        exporter.shutdown()  # type: ignore[no-untyped-call]


def _spans(
    trace: Trace,
    named: Mapping[str, str],
    reasons: Mapping[str, Mapping[str, _Value]],
) -> "list[ReadableSpan]":
    from opentelemetry.propagate import extract  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import (  # noqa: PLC0415
        InMemorySpanExporter,
    )
    from opentelemetry.trace import Status, StatusCode, set_span_in_context  # noqa: PLC0415

    memory = InMemorySpanExporter()
    resource = Resource.create(
        {
            "service.name": os.environ.get("OTEL_SERVICE_NAME") or "dynbuild",
            "service.version": __version__,
        }
    )
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer("dynbuild", __version__)
    carrier = {name.lower(): text for name, text in os.environ.items()}
    whole = tracer.start_span(
        "dynbuild realize", context=extract(carrier), start_time=trace.began
    )
    inside = set_span_in_context(whole)
    past = {
        (quote.stage(step.id), platform): step
        for step in trace.steps
        for platform in (None, str(step.description.get("platform")))
    }
    for (stage, platform), (start, end) in trace.times.items():
        stage_name = quote.StageName(stage)
        # A stage with a platform of its own runs on that, whatever the image is for.
        step = past.get((stage_name, platform)) or past.get((stage_name, None))
        name = title(stage, named, platform)
        span = tracer.start_span(name, context=inside, start_time=start)
        span.set_attributes({"dynbuild.step": step.id if step else stage})
        if step is not None:
            span.set_attributes(
                {
                    "dynbuild.source": step.source,
                    "dynbuild.ran": step.ran,
                    "dynbuild.bytes": step.size,
                    "dynbuild.seconds": step.seconds,
                    **reasons.get(step.id, {}),
                }
            )
        if (stage, platform) == trace.failed:
            span.set_status(Status(StatusCode.ERROR))
            end = time.time_ns()  # noqa: PLW2901 - it never finished
        span.end(end_time=end)
    if trace.failed is not None:
        whole.set_status(Status(StatusCode.ERROR, f"{trace.failed[0] or 'it'} failed"))
    whole.end()
    return list(memory.get_finished_spans())


def _unsent(why: str) -> Diagnostic:
    return Diagnostic(
        "DB0619",
        f"the trace of this run was not sent: {why}",
        hint="the image is not concerned; OTEL_EXPORTER_OTLP_ENDPOINT names the "
        "collector,\nwhich has to speak OTLP over HTTP (often port 4318)",
        severity="warning",
    )
