"""A builder that takes and gives no OCI layouts: an engine with a graph driver."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.engine.test_builders import opened, space  # noqa: F401 - its fixtures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine.test_builders import Opener
    from tests.space import Space

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "engine"
WHOLE = "warning[DB0512]: this builder cannot realize step by step"


@pytest.fixture(scope="module")
def graph_driver() -> Iterator[dict[str, str]]:
    """An engine of its own, whose images are in no store of containerd's."""
    if os.geteuid() != 0:
        pytest.skip("only root can start an engine")
    with tempfile.TemporaryDirectory(prefix="de-", dir="/tmp") as folder:
        own = {k: v for k, v in os.environ.items() if not k.startswith("DOCKER_")}
        own |= {
            "DYNBUILD_ENGINE_DIR": folder,
            "DYNBUILD_ENGINE_STORE": "graphdriver",
            "DYNBUILD_REGISTRY_PORT": "5092",
        }

        def call(word: str) -> str:
            words = [sys.executable, str(SCRIPT), word]
            done = subprocess.run(
                words, env=own, stdout=subprocess.PIPE, text=True, check=True
            )
            return done.stdout

        call("up")
        try:
            lines = map(shlex.split, call("env").splitlines())
            found = dict(line[1].split("=", 1) for line in lines)
            found["PATH"] = found["PATH"].replace("$PATH", own["PATH"])
            yield found
        finally:
            call("down")


@pytest.fixture
def project(space: Space, busybox_base: str) -> Space:  # noqa: F811
    unique = uuid4().hex
    text = f'base = "{busybox_base}"\n'
    for name in "ab":
        text += f'[stages.{name}]\ncommands = ["echo {unique} > /{name}"]\n'
    space.write("dynbuild.toml", text)
    space.ok("lock")
    return space


@pytest.mark.slow
def test_the_dockerfile_is_built_as_a_whole(
    project: Space,
    graph_driver: dict[str, str],
    opened: Opener,  # noqa: F811
) -> None:
    other = replace(project, environment={**project.environment, **graph_driver})
    done = other.ok("realize", "-t", "dynbuild-test-unsuited:1")
    assert done.err.count(WHOLE) == 1
    assert '"features": {"containerd-snapshotter": true}' in done.err
    assert "2 steps: 2 ran" in done.err
    # What is in the store already changes nothing of what the builder can do.
    project.ok("realize")
    text = project.read("dynbuild.toml").replace("> /b", "> /c")
    project.write("dynbuild.toml", text)
    done = other.ok("build")
    assert done.err.count(WHOLE) == 1
    # Of several, those that can do it.
    opened("good")
    done = other.ok("realize", "--builder", "default,good")
    assert done.err.count("warning[DB0512]: the builder default cannot realize") == 1
    assert "hint: what it had to build goes to: good" in done.err
    assert "2 steps: 1 ran, 1 cached" in done.err


def test_nothing_else_is_a_reason(project: Space) -> None:
    """Whatever a failure says: the builder is tried, and its words do not count."""
    lock = project.read("dynbuild.lock")
    lock = lock.replace('/busybox:latest"', '/oci-layout:unknown-scheme"')
    project.write("dynbuild.lock", lock)
    done = project.run("realize", "--frozen")
    assert done.status == 1
    assert "error[DB0511]: the build failed" in done.err
    assert "oci-layout:unknown-scheme" in done.err
    assert "DB0512" not in done.err
