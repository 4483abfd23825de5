"""Several images: each is what it says, and what they share runs once."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.space import Done, Space

DECLARATION = """\
[images.common]
publish = false
base = "{base}"
env = {{ WHO = "common" }}
cmd = ["cat", "/deps"]

[images.common.stages.deps]
commands = ["echo deps > /deps # {unique}"]

[images.api]
extends = "common"
env = {{ WHO = "api" }}
entrypoint = ["sh", "-c"]

[images.api.stages.app]
dependencies = ["deps"]
commands = ["cat /deps > /app; echo api >> /app"]

[images.worker]
extends = "common"

[images.worker.stages.app]
dependencies = ["deps"]
commands = ["cat /deps > /app; echo worker >> /app"]
"""
ALL = ["api/app", "common/deps", "worker/app"]
"""The steps that run, by name: independent ones end in any order."""

TAG = f"dynbuild-test-images-{os.getpid()}-{{image}}"


@pytest.fixture
def project(built: Space, busybox_base: str) -> Space:
    text = DECLARATION.format(base=busybox_base, unique=uuid4())
    built.write("dynbuild.toml", text)
    built.ok("lock")
    return built


def steps_run(done: Done) -> list[str]:
    return sorted(re.findall(r"^(\S+) ran in", done.err, re.MULTILINE))


def edit(project: Space, old: str, new: str) -> None:
    text = project.read("dynbuild.toml")
    assert old in text
    project.write("dynbuild.toml", text.replace(old, new))


def test_each_is_what_it_says_and_what_they_share_runs_once(
    project: Space, docker: Callable[..., str]
) -> None:
    done = project.ok("realize", "-t", TAG, "--metadata-file", "made.json")
    assert steps_run(done) == ALL
    said = docker("run", "--rm", TAG.format(image="api"), "echo $WHO; cat /app")
    assert said.split() == ["api", "deps", "api"]
    assert docker("run", "--rm", TAG.format(image="worker")).split() == ["deps"]
    made = json.loads(project.read("made.json"))
    assert [*made] == ["api", "worker"]
    ran = {step["step"]: step["ran"] for step in made["worker"]["dynbuild.steps"]}
    assert ran == {"deps": False, "app": True}
    again = project.ok("realize", "common", "-t", TAG)
    assert steps_run(again) == []
    assert docker("run", "--rm", TAG.format(image="common")).split() == ["deps"]


def test_a_change_runs_what_it_changes_and_no_other(project: Space) -> None:
    project.ok("realize", "-t", TAG)
    edit(project, "echo worker", "echo another")
    assert steps_run(project.ok("build", "-t", TAG)) == ["worker/app"]
    assert "image worker\nall of 2 steps are there" in project.ok("why").out
    edit(project, "echo deps", "echo changed")
    done = project.ok("build", "-t", TAG)
    assert steps_run(done) == ALL


def test_why_foretells_each_image(project: Space) -> None:
    project.ok("realize", "-t", TAG)
    edit(project, "echo api", "echo more")
    project.ok("lock")
    found = json.loads(project.ok("why", "--json").out)
    runs = {name: len(answer["runs"]) for name, answer in found.items()}
    assert runs == {"common": 0, "api": 1, "worker": 0}
    assert "commands" in project.ok("why", "api/app").out
    assert steps_run(project.ok("realize", "-t", TAG)) == ["api/app"]


def test_what_is_run_again_is_run_once(project: Space) -> None:
    project.ok("realize", "-t", TAG)
    done = project.ok("realize", "-t", TAG, "--no-cache-stage", "deps")
    assert steps_run(done) == ALL
    done = project.ok("realize", "-t", TAG, "--no-cache")
    assert steps_run(done) == ALL
    told = project.run("realize", "-t", TAG, "--no-cache-stage", "nothing")
    assert "the lock has no stage 'nothing'" in told.err


def test_what_any_image_needs_is_kept(project: Space) -> None:
    project.ok("realize", "-t", TAG)
    project.ok("clean", "--keep-locks", "dynbuild.lock", "--max-age", "0")
    assert steps_run(project.ok("realize", "-t", TAG)) == []
    assert "3 steps" not in project.ok("status", "worker").err
    assert "2 of 2 steps are held" in project.ok("status", "worker").err
    assert len(json.loads(project.ok("status", "--json").out)) == 3


def test_images_are_written_as_layouts(project: Space) -> None:
    project.ok("realize", "-o", "oci:out/{image}")
    assert (project.root / "out/api/index.json").exists()
    assert (project.root / "out/worker/index.json").exists()
    assert not (project.root / "out/common").exists()


def test_a_plain_build_gives_the_same(project: Space) -> None:
    done = project.ok("realize", "api", "--compare-linear")
    assert "no paths differ" in done.err


MEETING = '''
[images.{name}]
base = "{base}"

[images.{name}.stages.meet]
commands = ["touch /meet/{name} # {unique}", """
for at in $(seq 60); do
  if [ -e /meet/{other} ]; then exit 0; fi
  sleep 0.5
done
exit 9"""]
cache_mounts = [{{ target = "/meet", id = "{unique}", sharing = "shared" }}]
'''


def test_independent_steps_of_two_images_run_at_the_same_time(
    built: Space, busybox_base: str
) -> None:
    """Each waits for the other: one after the other, the first would give up."""
    names, unique = ("api", "worker"), str(uuid4())
    parts = [
        MEETING.format(name=name, other=other, base=busybox_base, unique=unique)
        for name, other in (names, names[::-1])
    ]
    built.write("dynbuild.toml", "\n".join(parts))
    built.ok("lock")
    done = built.ok("realize")
    assert steps_run(done) == ["api/meet", "worker/meet"]
    assert "2 steps: 2 ran, 0 cached" in done.err
    assert "the images have no names: only their steps are kept" in done.err


def test_one_that_fails_keeps_no_other_from_being_made(
    project: Space, docker: Callable[..., str]
) -> None:
    edit(project, "echo worker >> /app", "exit 7")
    project.ok("lock")
    done = project.run("realize", "-t", TAG, "--metadata-file", "made.json")
    assert done.status == 1
    assert "image worker: worker/app failed: exit code 7" in done.err
    assert "made nevertheless: api" in done.err
    assert [*json.loads(project.read("made.json"))] == ["api"]
    assert docker("run", "--rm", TAG.format(image="api"), "cat /app").split() == [
        "deps",
        "api",
    ]
    edit(project, "exit 7", "echo mended >> /app")
    assert steps_run(project.ok("build", "-t", TAG)) == ["worker/app"]

    # What all need is told once.
    edit(project, "echo deps", "exit 8; echo deps")
    done = project.run("build", "-t", TAG)
    assert done.status == 1
    assert done.err.count("common/deps failed: exit code 8") == 1
    assert "image" not in done.err.partition("common/deps failed")[0].splitlines()[-1]
    assert "made nevertheless" not in done.err


OWN_SCRIPTS = """\
env_scripts = ["echo {name} >> /{name} # {unique}"]
"""


def test_what_is_inherited_runs_once_whatever_images_have_of_their_own(
    built: Space, busybox_base: str, docker: Callable[..., str]
) -> None:
    text = DECLARATION.format(base=busybox_base, unique=uuid4())
    for name in ("common", "api", "worker"):
        own = OWN_SCRIPTS.format(name=name, unique=uuid4())
        text = text.replace(f"[images.{name}]\n", f"[images.{name}]\n{own}")
    built.write("dynbuild.toml", text)
    built.ok("lock")
    assert steps_run(built.ok("realize", "-t", TAG)).count("common/deps") == 1

    edit(built, '["echo common', '["echo b > /b", "echo common')
    edit(built, "echo deps > /deps", "echo $(cat /b) deps > /deps")
    edit(built, "cat /deps > /app; echo api", "cat /deps /api > /app; echo api")
    built.ok("lock")
    told = json.loads(built.ok("why", "--json").out)
    foretold = {name: len(answer["runs"]) for name, answer in told.items()}
    done = built.ok("realize", "-t", TAG, "--metadata-file", "made.json")
    ran = steps_run(done)
    # The script runs for each image and once for the owner, the stage for that alone.
    assert (ran.count("common/deps"), len(ran)) == (1, 6)
    assert foretold == {"common": 2, "api": 3, "worker": 3}
    for image in ("api", "worker"):
        name = TAG.format(image=image)
        said = docker("run", "--rm", "--entrypoint", "cat", name, "/deps")
        assert said.split() == ["b", "deps"]
        assert steps_run(built.ok("realize", image, "-t", TAG)) == []
        assert "no paths differ" in built.ok("realize", image, "--compare-linear").err
    assert "5 of 5 steps are held" in built.ok("status", "api").err
    made = json.loads(built.read("made.json"))
    told = [step["step"] for step in made["api"]["dynbuild.steps"] if step["ran"]]
    assert told.count("deps") == 1
    assert steps_run(built.ok("realize", "common", "-t", TAG)) == []


def test_what_an_image_has_otherwise_is_built_for_it(
    built: Space, busybox_base: str, docker: Callable[..., str]
) -> None:
    """A script of its own changes what the inherited stage may look at."""
    text = DECLARATION.format(base=busybox_base, unique=uuid4())
    text = text.replace(
        "[images.api]\n",
        f"[images.api]\n{OWN_SCRIPTS}".format(name="etc/group", unique=uuid4()),
    )
    built.write("dynbuild.toml", text)
    built.ok("lock")
    built.ok("realize", "-t", TAG)
    # Behind what the image has of its own: so the stage stands on that as well.
    later = OWN_SCRIPTS.format(name="b", unique=uuid4())
    edit(built, "[images.common]\n", f"[images.common]\n{later}")
    edit(built, "echo deps > /deps", "tail -n 1 /etc/group > /deps; true")
    built.ok("lock")
    ran = steps_run(built.ok("realize", "-t", TAG))
    assert {"common/deps", "api/deps"} <= {*ran}
    said = docker("run", "--rm", TAG.format(image="api"), "head -n 1 /app")
    assert said.strip() == "etc/group"
    assert "no paths differ" in built.ok("realize", "api", "--compare-linear").err


LOCAL = """\
[images.pinned]
base = "{base}"
stages = [{{ name = "one", commands = ["echo {unique} > /one"] }}]

[images.local]
base = "{local}"
stages = [{{ name = "two", commands = ["echo {unique} > /two"] }}]
"""


def test_one_of_them_stands_on_what_this_engine_alone_has(
    built: Space, docker: Callable[..., str], busybox_base: str
) -> None:
    """What is built on it is of no use to others, and what the other has is."""
    local = f"dynbuild-test-local-{os.getpid()}:1"
    docker("pull", busybox_base)
    docker("tag", busybox_base, local)
    text = LOCAL.format(base=busybox_base, local=local, unique=uuid4())
    built.write("dynbuild.toml", text)
    try:
        built.ok("lock")
        done = built.ok("realize")
    finally:
        docker("image", "rm", local)
    assert steps_run(done) == ["local/two", "pinned/one"]
