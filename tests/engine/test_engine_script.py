"""The engine script: it starts once, says where, and what it gives builds for real."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "engine"


def call(
    *words: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, str(SCRIPT), *words]
    return subprocess.run(argv, env=env, capture_output=True, text=True, check=False)


def docker(engine: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        ["docker", *words], env=engine, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def build(engine: dict[str, str], folder: Path, dockerfile: str) -> dict[str, str]:
    """Build without the cache and return the lines `name=value` of its file /out."""
    # A local output of a whole Debian ends in a deadlock of BuildKit now and then: its
    # sender waits for itself (seen in its stacks, in fsutil). So it is one file.
    last = "FROM scratch\nCOPY --from=0 /out /out\n"
    (folder / "Dockerfile").write_text(dockerfile + last)
    network = engine.get("DYNBUILD_NETWORK")
    host = ["--network=host", "--allow=network.host"] if network == "host" else []
    output = f"--output=type=local,dest={folder / 'result'}"
    docker(engine, "buildx", "build", *host, "--no-cache", output, str(folder))
    lines = (folder / "result" / "out").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def pinned(engine: dict[str, str], reference: str) -> str:
    inspect = ["buildx", "imagetools", "inspect", "--format", "{{json .Manifest}}"]
    found = json.loads(docker(engine, *inspect, reference))
    return f"{reference}@{found['digest']}"


def test_up_again_changes_nothing(engine: dict[str, str], busybox_base: str) -> None:
    status, pin = call("status").stdout, pinned(engine, busybox_base)
    again = call("up")
    assert again.returncode == 0, again.stderr
    assert "already" in again.stderr
    assert call("status").stdout == status
    assert pinned(engine, busybox_base) == pin


def test_two_runs_at_once_both_succeed(engine: dict[str, str]) -> None:
    argv = [sys.executable, str(SCRIPT), "up"]
    runs = [subprocess.Popen(argv, env=engine, stderr=subprocess.PIPE) for _ in "ab"]
    said = [run.communicate()[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said


def test_env_is_for_the_shell(engine: dict[str, str]) -> None:
    printed = call("env", env=engine).stdout.splitlines()
    for line in printed:
        export, assignment = shlex.split(line)
        assert export == "export"
        assert assignment.partition("=")[0].isidentifier()
    assert any("DYNBUILD_TEST_BASE=" in line for line in printed)


def test_a_build_on_a_pinned_base(
    engine: dict[str, str], busybox_base: str, tmp_path: Path
) -> None:
    text = f"FROM {pinned(engine, busybox_base)}\nRUN echo made=here > /out\n"
    assert build(engine, tmp_path, text) == {"made": "here"}


def test_a_run(engine: dict[str, str], busybox_base: str) -> None:
    argv = ["run", "--rm", "--network=none", busybox_base]
    assert docker(engine, *argv, "echo", "it runs") == "it runs\n"


def test_a_push_to_the_registry(
    engine: dict[str, str], registry: str, busybox_base: str
) -> None:
    name = f"{registry}/test/pushed:1"
    docker(engine, "pull", "--quiet", busybox_base)
    docker(engine, "tag", busybox_base, name)
    docker(engine, "push", "--quiet", name)
    pushed = pinned(engine, name).partition("@")[2]
    assert pushed == pinned(engine, busybox_base).partition("@")[2]


def test_the_bases_say_what_official_ones_do(
    engine: dict[str, str], debian_base: str
) -> None:
    inspect = ["buildx", "imagetools", "inspect", "--format", "{{json .Image.Config}}"]
    config = json.loads(docker(engine, *inspect, debian_base))
    assert config["Cmd"] == ["bash"]
    assert config["Env"] == [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    ]


def test_packages_install_in_builds(
    engine: dict[str, str], debian_base: str, tmp_path: Path
) -> None:
    found = build(
        engine,
        tmp_path,
        f"FROM {debian_base}\n"
        "RUN apt-get update && apt-get install -y --no-install-recommends"
        " hello python3-pip\n"
        "RUN pip install --break-system-packages iniconfig\n"
        "RUN echo hello=$(dpkg-query -f '${Package}' -W hello) >> /out\n"
        "RUN echo debs=$(ls /var/cache/apt/archives/*.deb | wc -l) >> /out\n"
        "RUN python3 -c 'import iniconfig; print(\"pip=iniconfig\")' >> /out\n",
    )
    # None is kept: `docker-clean` is at work, as in the official image.
    assert found == {"hello": "hello", "debs": "0", "pip": "iniconfig"}


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"DYNBUILD_REGISTRY_PORT": "http"}, "`http` is no port"),
        ({"DYNBUILD_ENGINE_DIR": "/" + "x" * 99}, "the path is too long"),
        ({"DYNBUILD_ENGINE_DIR": "/dev/null/x"}, "name a folder that can be written"),
    ],
)
def test_failures_name_the_remedy(variables: dict[str, str], said: str) -> None:
    done = call("up", env=os.environ | variables)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_env_without_an_engine_says_what_to_run() -> None:
    nowhere = {"DOCKER_HOST": "unix:///nowhere.sock", "DYNBUILD_ENGINE_DIR": "/nowhere"}
    done = call("env", env=os.environ | nowhere)
    assert (done.returncode, done.stdout) == (1, "")
    assert "run `scripts/engine up`" in done.stderr
