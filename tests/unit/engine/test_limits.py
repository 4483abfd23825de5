"""What builders are asked to hold steps to, and what is told of those that cannot."""

from dataclasses import replace

import pytest

from dynbuild.building import BuildRequest, Nowhere
from dynbuild.engine.buildx import arguments
from dynbuild.engine.limits import Holding, resources
from dynbuild.errors import Diagnostic
from dynbuild.quote import StageName
from dynbuild.steps.limits import Limits, seconds, size

APP, LIB, TOOL = StageName("app"), StageName("lib"), StageName("tool")
REQUEST = BuildRequest(
    "FROM scratch",
    "/context",
    (),
    builders=("lan",),
    limits={
        APP: Limits("512m", "1.5", "10m"),
        LIB: Limits("512m", "1.5"),
        TOOL: Limits(timeout="1m"),
    },
)
ABLE = "      --resource stringArray   Set resource limits"


def holding(told: list[Diagnostic], help_: str = ABLE, inspected: str = "") -> Holding:
    return Holding(lambda: help_, lambda _: inspected, told.append)


def test_limits_as_buildx_takes_them() -> None:
    assert resources(Limits("2g")) == ("memory=2g",)
    assert resources(Limits(cpus="0.01")) == ("cpu-period=100000", "cpu-quota=1000")
    told: list[Diagnostic] = []
    held = holding(told).held(REQUEST, [APP, LIB])
    words = ["memory=512m", "cpu-period=100000", "cpu-quota=150000"]
    flags = arguments(held, Nowhere(), "/Dockerfile", "/metadata")
    assert [w for w in flags if "resource" in w] == [f"--resource={w}" for w in words]
    assert not told


def test_what_is_watched_from_here_is_asked_of_nobody() -> None:
    told: list[Diagnostic] = []
    assert holding(told, help_="").held(REQUEST, [TOOL]) is REQUEST
    assert holding(told, help_="").held(REQUEST, [StageName("apt.1")]) is REQUEST
    assert not told


def test_a_buildx_that_has_no_limits_is_told_once_for_all_builders() -> None:
    told: list[Diagnostic] = []
    old = holding(told, help_="--build-arg stringArray")
    for builder in ("lan", "attic", "lan"):
        asked = replace(REQUEST, builders=(builder,))
        assert old.held(asked, [APP]) is asked
    (one,) = told
    assert (one.code, one.severity) == ("DB0516", "warning")
    assert one.message == (
        "stages are not held to their memory and cpus here: this docker's buildx is "
        "older than 0.35"
    )


@pytest.mark.parametrize("line", ["BuildKit version: v0.30.2", "BuildKit:  v0.9.1"])
def test_an_older_buildkit_is_told(line: str) -> None:
    told: list[Diagnostic] = []
    only = replace(REQUEST, limits={APP: Limits("1g")})
    assert holding(told, inspected=f"Name: x\n{line}\n").held(only, [APP]) is only
    (one,) = told
    assert one.message == (
        "stages are not held to their memory here: the BuildKit of lan is older than "
        "0.31"
    )


@pytest.mark.parametrize(
    "text", ["", "BuildKit version: v0.0.0+unknown\n", "BuildKit version: v0.31.0\n"]
)
def test_one_that_may_be_able_is_asked(text: str) -> None:
    told: list[Diagnostic] = []
    held = holding(told, inspected=text).held(REQUEST, [APP])
    assert held.resources
    assert not told


def test_amounts() -> None:
    assert [size(text) for text in ("7", "1k", "2M", "3g")] == [
        7,
        1024,
        2 * 1024**2,
        3 * 1024**3,
    ]
    assert seconds("1m30s") == 90
    assert seconds("1.5h") == 5400
    assert round(seconds("1ms2us"), 6) == 0.001002
