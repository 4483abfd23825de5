"""Several builders: each has a part of the steps, and one that dies is no harm."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.gates import Gate, gated

if TYPE_CHECKING:
    from tests.space import Space

STAGE = """
[stages.s{number}]
commands = ["sleep 1; echo {unique} > /s{number}"]
"""
SIX = 6
NOWHERE = "unix:///nowhere.sock"
GIVEN = """
[stages.one]
copy = [{ from = "file", to = "/file" }]
secrets = [{ id = "token", env = "TOKEN" }]
cache_mounts = [{ target = "/cache", id = "far" }]
network = "host"
commands = ['test "$TOKEN" = hunter2', "cp /file /cache/file"]

[stages.two]
dependencies = ["one"]
cache_mounts = [{ target = "/cache", id = "far" }]
mounts = [{ from = "file", to = "/seen" }]
commands = ["cmp /seen /cache/file", "cmp /seen /file", "test ! -e /run/secrets/token"]
"""


Opener = Callable[..., Gate]


@pytest.fixture
def space(built: Space, tmp_path: Path) -> Space:
    """A project whose builders are known to it alone."""
    known = {**built.environment, "BUILDX_CONFIG": f"{tmp_path}-buildx"}
    return replace(built, environment=known)


@pytest.fixture
def opened(space: Space) -> Iterator[Opener]:
    gates: list[Gate] = []
    engine = space.environment.get("DOCKER_HOST", "unix:///var/run/docker.sock")

    def create(name: str, *files: Path, options: str = "", two: bool = False) -> Gate:
        found = gated(name, engine, *files)
        gates.append(found)
        more = [f"--driver-opt={options}"] if options else []
        words = ["buildx", "create", f"--name={name}", "--driver=remote", *more]
        docker(space, *words, found.address)
        if two:
            # buildx takes no two nodes of one address.
            other = found.address.replace("127.0.0.1", "localhost")
            docker(space, *words, "--append", other)
        return found

    yield create
    for one in gates:
        one.close()


def docker(space: Space, *words: str) -> str:
    done = subprocess.run(
        ["docker", *words],
        env=space.environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


@pytest.fixture
def project(space: Space, busybox_base: str) -> Space:
    unique = uuid4().hex
    stages = [STAGE.format(number=number, unique=unique) for number in range(SIX)]
    space.write("dynbuild.toml", f'base = "{busybox_base}"\n{"".join(stages)}')
    space.ok("lock")
    return space


def test_each_builder_has_a_part(project: Space, opened: Opener) -> None:
    one, two = opened("one"), opened("two")
    words = ("--builder", "one,two", "--jobs", "2", "--metadata-file", "built.json")
    project.ok("realize", "-o", "oci:out", *words)
    steps = json.loads(project.read("built.json"))["dynbuild.steps"]
    assert [step["ran"] for step in steps] == [True] * SIX
    assert {step["builder"] for step in steps} == {"one", "two"}
    most = 10_000
    assert all(sum(map(sum, each.counts)) > most for each in (one, two))
    again = project.ok("realize", DYNBUILD_BUILDER="two,one", DYNBUILD_JOBS="1")
    assert f"{SIX} steps: 0 ran" in again.err
    assert " on one" not in again.err
    compared = project.ok("realize", "--compare-linear", "--builder", "two")
    assert "no paths differ from a plain build" in compared.err


def test_the_nodes_of_a_builder_that_the_user_names(
    project: Space, opened: Opener
) -> None:
    opened("lan", two=True)
    folder = f"{project.root}-config"
    place = Path(folder, "dynbuild", "config.toml")
    place.parent.mkdir(parents=True)
    place.write_text('[build]\nbuilders = ["lan"]\n')
    words = ("--jobs", "1", "--metadata-file", "built.json")
    done = project.ok("realize", *words, XDG_CONFIG_HOME=folder)
    steps = json.loads(project.read("built.json"))["dynbuild.steps"]
    used = [step["builder"] for step in steps]
    assert sorted(used) == ["lan/lan0"] * 3 + ["lan/lan1"] * 3
    for name, builder in zip((f"s{n}" for n in range(SIX)), used, strict=True):
        assert f"{name} started on {builder}\n" in done.err
        assert any(
            line.startswith("ran ") and line.endswith(f"{name} on {builder}")
            for line in done.err.splitlines()
        )
    linear = project.ok("realize", "--linear", "--builder", "lan")
    assert " on lan" not in linear.err
    assert docker(project, "buildx", "ls").count("lan0") == 1


def test_a_step_that_fails_names_its_builder(project: Space, opened: Opener) -> None:
    opened("one"), opened("two")
    text = project.read("dynbuild.toml").replace("sleep 1; ", "exit 3; ", 1)
    project.write("dynbuild.toml", text)
    done = project.run("build", "--builder", "one,two")
    assert done.status == 1
    assert re.search(r"s0 failed on (one|two): exit code 3", done.err)


def test_what_a_step_is_given_reaches_a_builder_elsewhere(
    project: Space, opened: Opener
) -> None:
    """Through its one connection: nothing of this machine is there otherwise."""
    opened("far")
    base, *_ = project.read("dynbuild.toml").splitlines()
    project.write("file", uuid4().hex)
    project.write("dynbuild.toml", f"{base}\n{GIVEN}")
    project.ok("lock")
    words = ["--secret", "id=token,env=TOKEN", "--builder", "far", "-o", "oci:out"]
    words += ["--allow", "network.host"]
    done = project.ok("realize", *words, TOKEN="hunter2")
    assert "2 steps: 2 ran" in done.err
    wrong = project.run("realize", *words, "--no-cache", TOKEN="other")
    assert "one failed: exit code 1" in wrong.err


def test_no_engine_is_needed_beside_a_builder(project: Space, opened: Opener) -> None:
    """A machine may have no engine: what its user names says for what it builds."""
    opened("far")
    alone = {"DOCKER_HOST": NOWHERE, "DYNBUILD_BUILDER": "far"}
    lock = project.read("dynbuild.lock")
    # Of a base for several platforms the builder's is taken: it has to be asked.
    header, other = "[base.platforms]\n", f'"linux/s390x" = "sha256:{"0" * 64}"\n'
    project.write("dynbuild.lock", lock.replace(header, header + other))
    for command in ("why", "status", "outdated"):
        project.ok(command, **alone)
        assert "error[DB0503]" in project.run(command, DOCKER_HOST=NOWHERE).err
    done = project.ok("realize", "--frozen", "-o", "oci:out", **alone)
    assert f"{SIX} steps: {SIX} ran" in done.err


def test_an_image_for_docker_does_not_travel(project: Space, opened: Opener) -> None:
    one = opened("one")
    project.ok("realize", "--builder", "one")
    before = sum(map(sum, one.counts))
    tag = f"dynbuild-test-builders:{uuid4().hex}"
    project.ok("realize", "--builder", "one", "-t", tag)
    shown = docker(project, "run", "--rm", "--network=none", tag, "cat", "/s0", "/s5")
    docker(project, "image", "rm", tag)
    assert len(shown.split()) == 2
    assert sum(map(sum, one.counts)) - before < 10_000


def test_one_of_three_builders_dies(project: Space, opened: Opener) -> None:
    _, two, _ = opened("one"), opened("two"), opened("three")
    builders = "--builder=one,two,three"
    words = ["realize", "-o", "oci:out", builders, "--jobs=1", "--metadata-file=m.json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "dynbuild", *words],
        cwd=project.root,
        env=dict(project.environment),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    told = []
    with process, process.stderr as lines:
        for line in lines:
            told.append(line)
            if line.endswith(" started on two\n"):
                two.kill()
    assert process.returncode == 0, told
    warnings = [line for line in told if line.startswith("warning")]
    assert warnings == [
        f"warning[DB0515]: the builder two does not answer: nothing at {two.address}\n"
    ]
    assert "  hint: what it had to build goes to: one, three\n" in told
    steps = json.loads(project.read("m.json"))["dynbuild.steps"]
    assert {step["builder"] for step in steps} == {"one", "three"}
    compared = project.ok("realize", "--compare-linear", builders)
    assert "no paths differ from a plain build" in compared.err


def test_no_builder_is_left(project: Space, opened: Opener) -> None:
    for name in ("one", "two"):
        opened(name).kill()
    done = project.run("realize", "--builder=one", "--builder=two")
    assert done.status == 4
    assert "error[DB0515]: the builder one does not answer: nothing at" in done.err
    assert "error[DB0515]: the builder two does not answer: nothing at" in done.err
    done = project.run("realize", "--builder=one")
    assert done.status == 4
    assert "hint: see whether BuildKit runs there, and listens where" in done.err


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("nobody", 'no builder "nobody" found'),
        ("one,nobody", 'no builder "nobody" found'),
        ("one/one1", 'no builder "one/one1" found'),
        ("one,one", "--builder names one more than once"),
        ("one,", "--builder 'one,' lacks a name"),
        ("other", "other is a context of docker, and not the current one"),
    ],
)
def test_builders_that_cannot_be_named(
    project: Space, opened: Opener, given: str, message: str
) -> None:
    opened("one")
    folder = Path(f"{project.root}-config")
    folder.mkdir()
    for path in Path(project.environment.get("DOCKER_CONFIG", "/nowhere")).glob("*"):
        (folder / path.name).symlink_to(path)
    project = replace(
        project, environment={**project.environment, "DOCKER_CONFIG": str(folder)}
    )
    host = project.environment.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    docker(project, "context", "create", "other", "--docker", f"host={host}")
    done = project.run("realize", "--builder", given)
    assert done.status == 2
    assert f"error[DB0505]: {message}" in done.err
