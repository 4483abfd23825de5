"""What is told of several platforms, of each: no engine, no registry."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dynbuild.commands.target import targets_of
from dynbuild.declaration.load import load
from dynbuild.digest import sha256
from dynbuild.lockfile.codec import dumps
from dynbuild.lockfile.images import as_recipe
from dynbuild.lockfile.images_update import update_images
from dynbuild.project.content import Tree
from dynbuild.spans import Source
from tests.pins import pinned

if TYPE_CHECKING:
    from dynbuild.steps.model import Pin
    from tests.space import Space

AMD, ARM = "linux/amd64", "linux/arm64"
BOTH = f'platforms = ["{AMD}", "{ARM}"]\n'
ONE = """\
base = "debian"
{}
[stages.app]
commands = ["make app"]
"""
TWO = """\
[images.common]
base = "debian"
{}
[images.api]
extends = "common"

[images.api.stages.app]
commands = ["make app"]

[images.alone]
base = "debian"

[images.alone.stages.app]
commands = ["make app"]
"""


def pin(reference: str) -> Pin:
    known = {one: sha256(f"{reference} {one}".encode()) for one in (AMD, ARM)}
    return replace(pinned(reference), platforms=known)


def lock(space: Space, text: str) -> None:
    space.write("dynbuild.toml", text)
    loaded = load(Source("dynbuild.toml", text), "toml")
    several = update_images(None, targets_of(loaded, Tree(Path(space.root)), pin))
    space.write("dynbuild.lock", dumps(as_recipe(several)))


@pytest.fixture
def project(space: Space) -> Space:
    lock(space, ONE.format(BOTH))
    return space


@pytest.fixture
def committed(project: Space) -> Space:
    project.git("init", "-q", "-b", "main")
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "x")
    lock(project, ONE.format(BOTH).replace("make app", "make it"))
    return project


TOLD = "1 of 1 step run: never measured\nnone of them was realized here before"


def of_each(told: Any) -> dict[str, Any]:
    assert [*told] == ["platforms"]
    assert [*told["platforms"]] == [AMD, ARM]
    found: dict[str, Any] = told["platforms"]
    return found


def test_why(project: Space) -> None:
    assert project.ok("why").out == (
        f"platform {AMD}\n{TOLD}\n\nplatform {ARM}\n{TOLD}\n"
    )
    for platform, answer in of_each(
        json.loads(project.ok("why", "--json").out)
    ).items():
        assert answer["platform"] == platform
        assert [step["step"] for step in answer["runs"]] == ["app"]
    # One that is named is told of as the only one always was.
    assert project.ok("why", "--platform", ARM).out == f"{TOLD}\n"
    assert json.loads(project.ok("why", "--platform", ARM, "--json").out)["runs"]
    both = project.ok("why", "--platform", f"{ARM},linux/arm64/v8,{AMD}").out
    assert both.index(f"platform {ARM}") < both.index(f"platform {AMD}")
    other = project.run("why", "--platform", "linux/s390x")
    assert (other.status, other.out) == (2, "")
    assert "is for linux/amd64, linux/arm64, and not for linux/s390x" in other.err


def test_of_one_platform_all_is_as_it_was(space: Space) -> None:
    lock(space, ONE.format(f'platforms = ["{ARM}"]'))
    assert space.ok("why").out == f"{TOLD}\n"
    assert json.loads(space.ok("why", "--json").out)["platform"] == ARM
    assert json.loads(space.ok("status", "--json").out)["platform"] == ARM
    assert json.loads(space.ok("graph", "--json").out)["platform"] == ARM
    assert "platform" not in space.ok("status").out


def test_images_have_platforms_of_their_own(space: Space) -> None:
    lock(space, TWO.format(BOTH))
    (space.root / "dynbuild.toml").unlink()
    headings = [f"image {one}" for one in ("api, platform linux/amd64", "alone")]
    told = space.ok("why", "--frozen", "--platform", AMD).out
    assert "image api\n" in told
    assert "platform" not in told
    data = json.loads(space.ok("graph", "api", "--json").out)
    assert [*of_each(data)] == [AMD, ARM]
    lock(space, TWO.format(BOTH).replace("[images.alone]\n", f"[images.alone]\n{BOTH}"))
    told = space.ok("why").out
    assert f"image alone, platform {ARM}\n" in told
    assert headings[0] in told
    of_each(json.loads(space.ok("why", "--json").out)["api"])


def test_status(project: Space) -> None:
    done = project.ok("status")
    assert done.out.count("missing  app") == 2
    assert f"platform {AMD}\n" in done.out
    assert done.err.count("nothing was realized here yet") == 1
    for platform, one in of_each(
        json.loads(project.ok("status", "--json").out)
    ).items():
        assert one["platform"] == platform
        assert [step["held"] for step in one["steps"]] == [False]
    page = project.ok("status", "--html").out
    assert AMD in page
    assert ARM in page


def test_diff(committed: Space) -> None:
    done = committed.ok("diff")
    assert done.out.count("~  stage  app") == 1
    first, second = done.out.split(f"platform {ARM}\n")
    assert first.startswith(f"platform {AMD}\n")
    for one in (first, second):
        assert "1 of 1 step run" in one
    told = of_each(json.loads(committed.ok("diff", "--json").out))
    assert all([run["step"] for run in one["runs"]] == ["app"] for one in told.values())
    page = committed.ok("diff", "--markdown").out
    assert page.count("flowchart") == 1
    assert f"On `{ARM}`: 1 of 1 step run" in page
    assert f"### dynbuild: `{AMD}`: 1 of 1" in page
    assert committed.run("diff", "--exit-code").status == 1
    same = committed.ok("diff", "dynbuild.lock", "dynbuild.lock")
    assert "have the same lock" in same.err


def test_graph(project: Space) -> None:
    told = of_each(json.loads(project.ok("graph", "--json").out))
    assert [one["platform"] for one in told.values()] == [AMD, ARM]
    text = project.ok("graph").out
    assert text.index(AMD) < text.index(ARM)
    assert text.count("app") == 2
    page = project.ok("graph", "--html").out
    assert f">{ARM}<" in page
    # A drawing is of one.
    assert project.ok("graph", "--format", "mermaid").out.count("app") == 1
    refused = project.run("graph", "--format", "svg", "--platform", f"{AMD},{ARM}")
    assert refused.status == 2
    assert "a drawing as svg is of one platform" in refused.err


def test_packages(project: Space) -> None:
    done = project.run("packages")
    assert done.status == 1
    assert [line for line in done.out.splitlines() if "platform" in line] == [
        f"platform {AMD}",
        f"platform {ARM}",
    ]
    told = project.run("packages", "--json")
    of_each(json.loads(told.out))
    refused = project.run("packages", "--sbom", "spdx", "--platform", f"{AMD},{ARM}")
    assert "--sbom is about one image, and so about one platform" in refused.err


def test_outdated_tells_once_what_is_the_same_on_all(space: Space) -> None:
    lock(space, ONE.format(BOTH).replace('"debian"', '"127.0.0.1:1/debian"'))
    told = json.loads(space.ok("outdated", "--json").out)["findings"]
    assert [one["name"] for one in told] == ["127.0.0.1:1/debian:latest"]
    assert "platforms" not in told[0]
    assert space.ok("outdated").out.count("unknown") == 1
