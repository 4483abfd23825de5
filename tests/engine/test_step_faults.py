"""The store under kills, full disks, and engines that go away."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.engine.stored import sound, start, whole
from tests.space import ended

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.space import Space

    Docker = Callable[..., str]

COPYING = """\
base = "{base}"

[[stages]]
name = "app"
copy = [{{ from = "file", to = "/file" }}]
"""


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
    ended(process)
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
        ended(process)
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


# A docker that, some times, says what an engine that was killed may say for ever.
FORGETFUL = """\
#!/bin/sh
case "$*" in *--target=last*)
  echo "$*" >> {folder}/calls
  if [ $(wc -l < {folder}/calls) -le {times} ]; then
    echo "ERROR: failed to solve: failed to stat active key during commit: \\
snapshot l9m1d1o2b7 does not exist: not found" >&2
    exit 1
  fi
esac
exec {docker} "$@"
"""


@pytest.mark.parametrize("times", [1, 2])
def test_an_engine_that_lost_a_layer(
    project: Space, docker: Docker, tag: str, times: int
) -> None:
    """Once it may be passing; then its cache is of no use."""
    folder = project.root / "bin"
    real = shutil.which("docker", path=project.environment["PATH"])
    text = FORGETFUL.format(folder=folder, times=times, docker=real)
    project.write("bin/docker", text).chmod(0o755)
    path = f"{folder}:{project.environment['PATH']}"
    whole(
        replace(project, environment={**project.environment, "PATH": path}), docker, tag
    )
    calls = project.read("bin/calls").splitlines()
    anew = ["--no-cache=true" in call for call in calls]
    assert anew == [False] * times + [times == 2]
    sound(project)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "none", str(folder)]
    subprocess.run(words, check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a small disk")
@pytest.mark.parametrize(
    "free",
    [
        0,
        400,
        1800,
        *(pytest.param(free, marks=pytest.mark.slow) for free in (40, 1300)),
    ],
)
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


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nobody write to a folder, root not either."""
    subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
    try:
        words = ["mount", "-o", "remount,ro,bind", str(folder)]
        subprocess.run(words, check=True)
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a disk read-only")
def test_a_store_that_can_only_be_read(
    project: Space, docker: Docker, tag: str
) -> None:
    """It is used where it holds everything; else it is told that nothing is kept."""
    whole(project, docker, tag)
    docker("image", "rm", tag)
    with read_only(project.root / "store"):
        done = project.ok("realize", "-t", tag, "--progress", "plain")
        assert " ran in " not in done.err
        assert docker("image", "inspect", "--format", "{{.Os}}", tag) == "linux\n"
        for command in (["why"], ["status"], ["cache", "ls", "local"]):
            project.ok(*command)
        project.write("src/file", "other\n")
        project.ok("lock")
        done = project.run("realize")
        assert done.status == 1, done.err
        assert "read-only file system" in done.err
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
        _, err = ended(process)
        assert process.returncode in (0, 1, 4), err
        assert "Traceback" not in err
        subprocess.run([sys.executable, str(engine), "up"], check=True)
        sound(project)
        whole(project, docker, tag)
        sound(project)


def test_what_cannot_begin_says_why_whatever_is_under_way(
    built: Space, busybox_base: str
) -> None:
    """The base is imported, and being kept, when a changed file is found."""
    built.write("dynbuild.toml", COPYING.format(base=busybox_base))
    built.write("file", "one")
    built.ok("lock")
    built.write("file", "two")
    told = {"CACHE_LOCAL_PATH": f"{built.root}-empty"}
    new = replace(built, environment={**built.environment, **told})
    done = new.run("realize", "--frozen")
    assert done.status == 1, done.err
    assert "importing" in done.err
    assert "file" in done.err.partition("error[")[2]
