"""Traces where OpenTelemetry is not installed; tests/engine has those that are sent."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

from dynbuild.cli.tracing import tracing
from dynbuild.realization.request import RealizeOptions

if TYPE_CHECKING:
    import pytest


def test_without_the_extra_a_build_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    for name in [*sys.modules, "opentelemetry"]:
        if name.split(".")[0] == "opentelemetry":
            monkeypatch.setitem(sys.modules, name, None)
    told: list[str] = []
    environment = SimpleNamespace(
        tell=lambda one: told.append(f"{one.code} {one.message}")
    )
    with tracing(None, environment, RealizeOptions()) as trace:
        assert trace.steps == ()
    (warning,) = told
    assert warning.startswith("DB0619 ")
    assert "pip install 'dynbuild[otel]'" in warning
