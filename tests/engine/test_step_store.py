"""The store under many processes, kills, damage, and builds that never repeat."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.engine.progress import steps_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
    assert [line.split()[:2] for line in shown.out.splitlines()] == [
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
    """Declarations that have most of their stages in common, on one store."""
    spaces = []
    for number in range(4):
        place = project.root / f"project-{number}"
        shutil.copytree(project.root / "src", place / "src")
        more = "".join(
            f'[[stages]]\nname = "own{n}"\ndependencies = ["above"]\n'
            f'commands = ["cp /own/above /own/own{n}"]\n'
            for n in (number, (number + 1) % 4)
        )
        (place / "dynbuild.toml").write_text(project.read("dynbuild.toml") + more)
        spaces.append(replace(project, root=place))
        spaces[-1].ok("lock")
    running = [start(space, "realize", "--progress", "rawjson") for space in spaces * 4]
    told = [process.communicate()[1] for process in running]
    assert [process.returncode for process in running] == [0] * 16, told
    ran = sum(map(steps_run, told), Counter())
    stages = {"below", "above", "beside", "own0", "own1", "own2", "own3"}
    # The last one copies and runs.
    assert ran == {"last": 2, **dict.fromkeys(stages, 1)}
    found = {whole(s, docker, tag, "../store") for s in spaces}
    assert len(found) == 1
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
    """Kill at random moments of a realization; what comes after is right."""
    chance = random.Random(number)
    began = time.monotonic()
    whole(project, docker, tag)
    span = time.monotonic() - began
    for turn in range(number):
        if turn % 5 == 0:
            project.write("src/file", f"{turn}\n")
        if turn % 10 == 0:
            shutil.rmtree(project.root / "store", ignore_errors=True)
        process = start(project, "realize")
        try:
            process.wait(timeout=chance.uniform(0.1, span))
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


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
    subprocess.run(words, check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a small disk")
@pytest.mark.parametrize("free", [0, 40, 400, 1300, 1800])
def test_a_full_disk(project: Space, docker: Docker, tag: str, free: int) -> None:
    text = project.read("dynbuild.toml")
    big = "head -c 1000000 /dev/urandom > /own/big; echo "
    project.write("dynbuild.toml", text.replace("sleep 0.3; echo ", big))
    project.ok("lock")
    ballast = project.root / "store/ballast"
    with small_disk(project.root / "store", "6m"):
        ballast.write_bytes(bytes((6144 - free) * 1024))
        done = project.run("realize")
        assert done.status == 1
        assert "no space left on device" in done.err
        assert "error[DB0" in done.err
        ballast.unlink()
        sound(project)
        whole(project, docker, tag)
        sound(project)


@pytest.mark.slow
def test_an_engine_that_is_killed(project: Space, docker: Docker, tag: str) -> None:
    """What was recorded stays; the engine's own cache may be whatever it is."""
    engine = Path(__file__).resolve().parents[2] / "scripts/engine"
    status = [sys.executable, str(engine), "status"]
    chance = random.Random(1)
    for turn in range(10):
        said = subprocess.run(status, capture_output=True, text=True, check=True).stdout
        found = re.search(r"engine: private, process (\d+), on (.*)/docker.sock", said)
        if found is None:
            pytest.skip("only an engine of its own is killed")
        shutil.rmtree(project.root / "store", ignore_errors=True)
        text = project.read("dynbuild.toml")
        text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", str(uuid4()), text)
        project.write("dynbuild.toml", text)
        project.ok("lock")
        process = start(project, "realize", "-j", "2")
        time.sleep(chance.uniform(0.5, 6.0))
        os.kill(int(found[1]), signal.SIGKILL)
        if turn % 2:
            pid = Path(found[2], "containerd/containerd.pid").read_text()
            os.kill(int(pid), signal.SIGKILL)
        _, err = process.communicate()
        assert process.returncode in (0, 1, 4), err
        assert "Traceback" not in err
        subprocess.run([sys.executable, str(engine), "up"], check=True)
        sound(project)
        whole(project, docker, tag)
        sound(project)
