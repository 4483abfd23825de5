"""Traces, as a collector of OpenTelemetry gets them."""

from __future__ import annotations

import gzip
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from tests.space import Space

DECLARATION = """\
base = "{base}"

[stages.below]
commands = ["echo {below}"]

[stages.above]
dependencies = ["below"]
commands = ["{above}"]
"""
ABOVE, ROOT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector:
    """Keeps what is sent to it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.spans: list[Span] = []
        self.services: set[str] = set()

    def take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        for of in request.resource_spans:
            told = {one.key: one.value.string_value for one in of.resource.attributes}
            self.services.add(told["service.name"])
            for scope in of.scope_spans:
                self.spans += scope.spans


@contextmanager
def collector(status: int = 200) -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if status == 200 and self.path == "/v1/traces":
                found.take(body)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def attributes(span: Span) -> dict[str, Any]:
    def value(one: Any) -> Any:
        kind = one.WhichOneof("value")
        if kind == "array_value":
            return [value(item) for item in one.array_value.values]
        return getattr(one, kind)

    return {one.key: value(one.value) for one in span.attributes}


def declare(space: Space, base: str, below: str, above: str) -> None:
    text = DECLARATION.format(base=base, below=below, above=above)
    space.write("dynbuild.toml", text)
    space.ok("lock")


def test_a_span_for_each_step(built: Space, busybox_base: str) -> None:
    unique = uuid4().hex
    declare(built, busybox_base, unique, "sleep 1")
    with collector() as found:
        where = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": found.url,
            "TRACEPARENT": f"00-{ABOVE}-{ROOT}-01",
        }
        told = built.ok("realize", **where)
        assert "DB0619" not in told.err
        spans = {attributes(one).get("dynbuild.step"): one for one in found.spans}
        assert spans.keys() == {None, "below", "above"}
        assert found.services == {"dynbuild"}
        whole, above = spans[None], spans["above"]
        assert whole.name == "dynbuild realize"
        assert whole.trace_id.hex() == above.trace_id.hex() == ABOVE
        assert whole.parent_span_id.hex() == ROOT
        assert above.parent_span_id == whole.span_id
        assert above.end_time_unix_nano - above.start_time_unix_nano >= 10**9
        assert whole.start_time_unix_nano <= above.start_time_unix_nano
        own = attributes(above)
        assert (own["dynbuild.source"], own["dynbuild.ran"]) == ("built", True)
        assert own["dynbuild.reason"] == ["new"]
        assert own["dynbuild.seconds"] >= 1
        assert attributes(spans["below"])["dynbuild.bytes"] >= 0

        found.spans.clear()
        declare(built, busybox_base, f"{unique} again", "sleep 1")
        built.ok("realize", **where)
        spans = {attributes(one).get("dynbuild.step"): one for one in found.spans}
        own = attributes(spans["above"])
        assert (own["dynbuild.began"], own["dynbuild.reason"]) == ("below", ["changed"])

        found.spans.clear()
        built.ok("realize", **where)
        assert {
            attributes(one)["dynbuild.source"] for one in found.spans if attributes(one)
        } == {"local"}


def test_a_failure_is_told_of_its_step(built: Space, busybox_base: str) -> None:
    declare(built, busybox_base, uuid4().hex, "exit 3")
    with collector() as found:
        done = built.run("realize", OTEL_EXPORTER_OTLP_ENDPOINT=found.url)
    assert done.status == 1
    codes = {one.name: one.status.code for one in found.spans}
    assert codes["above"] == codes["dynbuild realize"] == 2
    assert codes["below"] == 0


def test_a_collector_that_takes_nothing_is_a_warning(
    built: Space, busybox_base: str
) -> None:
    declare(built, busybox_base, uuid4().hex, "true")
    with collector(status=400) as found:
        done = built.ok("realize", OTEL_EXPORTER_OTLP_ENDPOINT=found.url)
    assert "warning[DB0619]: the trace of this run was not sent" in done.err
    assert "Traceback" not in done.err
    nobody = built.ok("realize", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert "warning[DB0619]" in nobody.err
    assert "Traceback" not in nobody.err
