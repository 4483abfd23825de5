"""For which platforms a workflow says that it builds a Dockerfile."""

from __future__ import annotations

import pytest

from dynbuild.dockerfiles.workflows import platforms_in
from dynbuild.spans import Source

STEP = """\
on: push
jobs:
  image:
    steps:
      - uses: actions/checkout@v4
      - run: make
      - uses: docker/build-push-action@v6
        with:
          load: true
      - uses: docker/build-push-action@v6
        with: {{ push: true, {} }}
"""
BOTH = ("linux/amd64", "linux/arm64")


def said(*more: str, file: str = "Dockerfile") -> tuple[str, ...]:
    texts = [Source(f"{at}.yml", STEP.format(one)) for at, one in enumerate(more)]
    return platforms_in(texts, file)[0]


def test_what_is_said_is_taken() -> None:
    text = STEP.format('platforms: "linux/amd64, linux/arm64/v8"')
    found = platforms_in([Source("release.yml", text)], "./Dockerfile")
    assert found == (BOTH, "release.yml")
    lines = 'platforms: "linux/amd64\\nlinux/arm64\\n"'
    assert said(lines) == BOTH
    assert said(lines, lines) == BOTH


@pytest.mark.parametrize(
    "more",
    [
        "tags: x",
        "platforms: linux/amd64",
        "platforms: '${{ matrix.platform }}'",
        "platforms: 'linux/amd64,${{ inputs.more }}'",
        "platforms: 'windows/amd64,linux/amd64'",
        "platforms: [linux/amd64, linux/arm64]",
        "file: other/Dockerfile, platforms: 'linux/amd64,linux/arm64'",
        "context: api, platforms: 'linux/amd64,linux/arm64'",
    ],
)
def test_what_is_not_sure_is_left_out(more: str) -> None:
    assert said(more) == ()


def test_a_file_goes_by_its_path() -> None:
    named = "platforms: 'linux/amd64,linux/arm64'"
    assert said(f"context: ./api, {named}", file="api/Dockerfile") == BOTH
    assert said(f"file: docker/x, {named}", file="docker/x") == BOTH


def test_two_that_differ_say_nothing() -> None:
    one = "platforms: 'linux/amd64,linux/arm64'"
    assert said(one, "platforms: 'linux/amd64,linux/s390x'") == ()
    assert said(one, "platforms: '${{ matrix.platform }}'") == ()


def test_what_is_no_workflow_says_nothing() -> None:
    for text in (
        "",
        "- a",
        "jobs: 1",
        "jobs: [1]",
        "jobs: {a: {steps: x}}",
        "a: !x b",
        "a: [",
        "[" * 9000,
    ):
        assert platforms_in([Source("x.yml", text)], "Dockerfile") == ((), "")
