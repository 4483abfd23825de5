"""The store under many processes, kills, damage, and builds that never repeat."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.space import Space

    Docker = Callable[..., str]

DECLARATION = """\
base = "{base}"

[[stages]]
name = "below"
commands = ["mkdir -p /own; cat /proc/sys/kernel/random/uuid > /own/below # {unique}"]

[[stages]]
name = "above"
dependencies = ["below"]
commands = ["cp /own/below /own/above"]

[[stages]]
name = "beside"
commands = ["mkdir -p /own; sleep 0.3; echo {unique} > /own/beside"]

[[stages]]
name = "last"
dependencies = ["above", "beside"]
copy = [{{ from = "src", to = "/own/src" }}]
commands = ["cat /own/above /own/beside /own/src/file > /own/last"]
"""
CHECK = (
    "set -e; cmp /own/below /own/above;"
    " cat /own/above /own/beside /own/src/file | cmp - /own/last; cat /own/below"
)


@pytest.fixture
def project(built: Space, busybox_base: str) -> Space:
    text = DECLARATION.format(base=busybox_base, unique=uuid4())
    built.write("dynbuild.toml", text)
    built.write("src/file", "content\n")
    built.ok("lock")
    store = str(built.root / "store")
    return replace(built, environment={**built.environment, "CACHE_LOCAL_PATH": store})


@pytest.fixture
def tag(docker: Docker, tmp_path: Path) -> Iterator[str]:
    name = f"dynbuild-test-{tmp_path.name.lower().replace('_', '-')}-{os.getpid()}"
    yield name
    docker("image", "rm", "--force", name)


def whole(space: Space, docker: Docker, tag: str, store: str = "store") -> str:
    """Realize; the image is one whose layers were built on one another."""
    space.ok("realize", "-t", tag, CACHE_LOCAL_PATH=str(space.root / store))
    return docker("run", "--rm", "--network", "none", tag, "sh", "-c", CHECK)


def sound(space: Space) -> None:
    """Every blob of the store is what its name says, every record has its blobs."""
    found = json.loads(space.ok("status", "--verify", "--json").out)
    assert found["verified"]["damaged"] == []


def start(space: Space, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "dynbuild", *arguments],
        cwd=space.root,
        env=dict(space.environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_two_stores_are_never_mixed(project: Space, docker: Docker, tag: str) -> None:
    one = whole(project, docker, tag, "one")
    project.ok("realize", "--no-cache", CACHE_LOCAL_PATH=str(project.root / "two"))
    other = whole(project, docker, tag, "two")
    assert one != other
    # Of the first store only what stands below, of the second only what is on top.
    for kind in ("blobs", "notes"):
        shutil.copytree(project.root / "one" / kind, project.root / "store" / kind)
        shutil.copytree(
            project.root / "two" / kind,
            project.root / "store" / kind,
            dirs_exist_ok=True,
        )
    for store, has in (("one", 1), ("two", 3)):
        for step in (project.root / store / "records").iterdir():
            (record,) = step.iterdir()
            facts = json.loads(record.read_bytes().split(b"\n", 1)[1])
            if len(facts["stack"]) == has or store == "two":
                shutil.copytree(
                    step, project.root / "store/records" / step.name, dirs_exist_ok=True
                )
    assert whole(project, docker, tag) in (one, other)
    sound(project)


def test_status_tells_what_is_held(project: Space) -> None:
    def held() -> dict[str, bool]:
        steps = json.loads(project.ok("status", "--json").out)["steps"]
        return {step["id"]: step["held"] for step in steps}

    assert set(held().values()) == {False}
    assert "0 of 4 steps are held" in project.ok("status").err
    project.ok("realize")
    assert set(held().values()) == {True}
    project.write("src/file", "changed\n")
    assert held() == {"below": True, "above": True, "beside": True, "last": False}
    text = project.read("dynbuild.toml")
    project.write("dynbuild.toml", text.replace("/own/below\n", "/own/below 2>&1\n"))
    shown = project.ok("status")
    assert "3 of 4 steps are held" in shown.err
    assert [line.split()[:2] for line in shown.out.split("\n\n")[0].splitlines()] == [
        ["held", "(base)"],
        ["held", "below"],
        ["held", "above"],
        ["held", "beside"],
        ["missing", "last"],
    ]


def test_verify_finds_damage_once(project: Space, docker: Docker, tag: str) -> None:
    whole(project, docker, tag)
    (record, *_) = sorted((project.root / "store/records").glob("*/*"))
    facts = json.loads(record.read_bytes().split(b"\n", 1)[1])
    blob = project.root / "store/blobs/sha256" / facts["layers"][0][1][7:]
    blob.chmod(0o644)
    blob.write_bytes(bytes(blob.stat().st_size))
    done = project.run("status", "--verify")
    assert done.status == 1
    assert f"the blob sha256:{blob.name} is damaged" in done.err
    assert "error" not in done.err
    sound(project)
    whole(project, docker, tag)
    sound(project)


def test_damage_is_told_and_made_anew(project: Space, docker: Docker, tag: str) -> None:
    whole(project, docker, tag)
    project.write("src/file", "changed\n")
    for blob in (project.root / "store/blobs/sha256").iterdir():
        data = blob.read_bytes()
        blob.chmod(0o644)
        blob.write_bytes(bytes([*data[:-1], data[-1] ^ 1]))
    assert "damaged" in project.ok("realize", "-t", tag).err
    docker("run", "--rm", "--network", "none", tag, "sh", "-c", CHECK)
    assert "damaged" not in project.ok("realize", "-t", tag, "-o", "oci:image").err


def test_copies_are_the_same_layers_everywhere(project: Space) -> None:
    found = []
    for name, mask in (("one", 0o022), ("two", 0o077)):
        copy = project.root / name
        (copy / "src/deep").mkdir(parents=True)
        (copy / "src/deep/x").write_text("x")
        (copy / "src/deep/x").chmod(0o644 & ~mask)
        os.utime(copy / "src/deep/x", (mask, mask))
        (copy / "dynbuild.toml").write_text(
            f'base = "{base_of(project)}"\n[[stages]]\nname = "a"\n'
            'copy = [{ from = "src", to = "/usr" }, { from = "src", to = "/a/b/" }]\n'
        )
        place = type(project)(
            copy, {**project.environment, "CACHE_LOCAL_PATH": str(copy / "store")}
        )
        place.ok("lock")
        place.ok("realize", "--no-cache")
        (record,) = (copy / "store/records").glob("*/*")
        facts = json.loads(record.read_bytes().split(b"\n", 1)[1])
        found.append([layer[0] for layer in facts["layers"]])
    assert len(found[0]) == 2
    assert found[0] == found[1]


def base_of(space: Space) -> str:
    return space.read("dynbuild.toml").split('"')[1]


def test_many_at_once_build_each_step_once(
    project: Space, docker: Docker, tag: str
) -> None:
    running = [start(project, "realize", "--progress", "plain") for _ in range(16)]
    told = [process.communicate()[1] for process in running]
    assert [process.returncode for process in running] == [0] * 16, told
    for stage in ("below", "above", "beside", "last"):
        assert sum(f"{stage} ran in" in text for text in told) == 1, stage
    whole(project, docker, tag)
    sound(project)


def test_an_interrupt_keeps_what_is_done(
    project: Space, docker: Docker, tag: str
) -> None:
    text = project.read("dynbuild.toml").replace("sleep 0.3", "sleep 60")
    project.write("dynbuild.toml", text)
    project.ok("lock")
    process = start(project, "realize", "--progress", "plain", "-j", "2")
    assert process.stderr is not None
    for line in process.stderr:
        if "above ran" in line:
            break
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    process.communicate()
    assert process.returncode == 130
    assert time.monotonic() - began < 5
    assert not running_in(project)
    project.write("dynbuild.toml", text.replace("sleep 60", "sleep 0"))
    project.ok("lock")
    done = project.ok("realize", "--progress", "plain")
    assert "above cached" in done.err
    whole(project, docker, tag)
    sound(project)


def running_in(space: Space) -> list[str]:
    """Processes that work on the files of a project or its store."""
    found = subprocess.run(
        ["ps", "-eo", "args"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [line for line in found if str(space.root) in line]


def kills(project: Space, docker: Docker, tag: str, number: int) -> None:
    """Kill at random moments; what comes after is right."""
    chance = random.Random(number)
    for turn in range(number):
        if turn % 5 == 0:
            project.write("src/file", f"{turn}\n")
        if turn % 10 == 0:
            shutil.rmtree(project.root / "store", ignore_errors=True)
        process = start(project, "realize")
        try:
            process.wait(timeout=chance.uniform(0.2, 4.0))
        except subprocess.TimeoutExpired:
            how = chance.choice([signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
            process.send_signal(how)
        process.communicate()
        if turn % 4 == 3:
            whole(project, docker, tag)
            sound(project)
    whole(project, docker, tag)
    sound(project)


def test_a_few_kills(project: Space, docker: Docker, tag: str) -> None:
    kills(project, docker, tag, 6)


@pytest.mark.slow
def test_many_kills(project: Space, docker: Docker, tag: str) -> None:
    kills(project, docker, tag, 200)
