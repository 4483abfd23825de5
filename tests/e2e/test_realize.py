"""``dynbuild realize`` and ``build`` as people use them, in real builds."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from dynbuild.building import BuildRequest, Push
from dynbuild.engine.buildx import Buildx
from tests.space import Space

Docker = Callable[..., str]

DECLARATION = """\
base = "{base}"
cmd = ["cat", "/two"]
env = {{ GREETING = "hello $USER_NAME" }}

[[stages]]
name = "first"
commands = ["echo one > /one # {unique}"]
env = {{ USER_NAME = "someone" }}

[[stages]]
name = "second"
dependencies = ["first"]
copy = [{{ from = "src", to = "/src" }}]
commands = ["cat /one /src/file > /two", "echo $USER_NAME >> /two"]
"""


@pytest.fixture
def project(built: Space, busybox_base: str) -> Space:
    built.write("dynbuild.toml", DECLARATION.format(base=busybox_base, unique=uuid4()))
    built.write("src/file", "content\n")
    return built


@pytest.fixture
def tag(tmp_path: Path) -> str:
    """A name for an image that no other test has."""
    return f"test-{tmp_path.name.lower().replace('_', '-')}-{os.getpid()}"


def test_from_a_declaration_to_a_running_container(
    project: Space, docker: Docker, tag: str
) -> None:
    project.ok("lock")
    done = project.ok("realize", "-t", tag)
    assert "2 steps: 2 ran" in done.err
    assert done.out == ""
    said = docker("run", "--rm", "--network", "none", tag)
    assert said == "one\ncontent\nsomeone\n"
    config = json.loads(docker("image", "inspect", tag))[0]["Config"]
    assert "GREETING=hello someone" in config["Env"]
    again = project.ok("realize", "-t", tag)
    assert "2 steps: 0 ran, 2 cached" in again.err


def test_live_directory_builds_again_without_a_new_lock(
    project: Space, docker: Docker, tag: str
) -> None:
    project.ok("lock")
    project.ok("realize", "-t", tag)
    project.write("src/file", "changed\n")
    assert "up to date" in project.ok("lock", "--check").err
    done = project.ok("realize", "-t", tag)
    assert "2 steps: 1 ran, 1 cached" in done.err
    assert "changed" in docker("run", "--rm", "--network", "none", tag)


def test_a_stale_lock_is_refused_with_what_mends_it(project: Space) -> None:
    missing = project.run("realize")
    assert missing.status == 1
    assert "run `dynbuild lock`" in missing.err
    project.ok("lock")
    text = project.read("dynbuild.lock")
    project.write("dynbuild.toml", project.read("dynbuild.toml").replace("one", "1"))
    stale = project.run("realize")
    assert stale.status == 1
    assert "stage first" in stale.err
    assert project.read("dynbuild.lock") == text
    assert project.ok("realize", "--frozen", "--print").out.startswith("# Emitted by")


def test_build_is_lock_and_realize(project: Space, docker: Docker, tag: str) -> None:
    project.ok("build", "-c", "dynbuild.toml", "-t", tag)
    assert "someone" in docker("run", "--rm", "--network", "none", tag)
    assert "up to date" in project.ok("lock", "--check").err


def test_frozen_needs_no_declaration(project: Space, docker: Docker, tag: str) -> None:
    project.ok("lock")
    project.write("dynbuild.toml", "this is not a declaration")
    project.ok("realize", "--frozen", "-t", tag)
    assert "content" in docker("run", "--rm", "--network", "none", tag)
    both = project.run("realize", "--frozen", "--locked")
    assert both.status == 2


def test_print_needs_no_engine_and_is_the_same_everywhere(project: Space) -> None:
    project.ok("lock")
    printed = {
        project.ok(
            "realize",
            "--print",
            DOCKER_HOST="unix:///nowhere.sock",
            PYTHONHASHSEED=seed,
            LC_ALL=locale,
        ).out
        for seed, locale in (("1", "C"), ("2", "C.UTF-8"), ("3", "C"))
    }
    assert len(printed) == 1


def test_oci_layout_push_and_metadata(
    project: Space, registry: str, docker: Docker, tag: str
) -> None:
    project.ok("lock")
    project.ok("realize", "-o", "oci:image", "--metadata-file", "facts.json")
    index = json.loads(project.read("image/index.json"))
    facts = json.loads(project.read("facts.json"))
    assert facts["containerimage.digest"] == index["manifests"][0]["digest"]
    assert [step["step"] for step in facts["dynbuild.steps"]] == ["first", "second"]
    name = f"{registry}/{tag}:1"
    project.ok("realize", "-t", name, "--push")
    assert "schemaVersion" in docker("buildx", "imagetools", "inspect", "--raw", name)


def test_what_cannot_be_written_is_refused_before_the_lock_is(project: Space) -> None:
    for command in ("build", "realize"):
        assert project.run(command, "--push").status == 2
        assert project.run(command, "-o", "somewhere").status == 2
        for path in ("nowhere/facts.json", "src"):
            done = project.run(command, "--metadata-file", path)
            assert (done.status, f"cannot write {path}" in done.err) == (1, True)
    assert not (project.root / "dynbuild.lock").exists()


def test_metadata_tells_steps_by_platform(built: Space, registry: str) -> None:
    stage = '[[stages]]\nname = "one"\ncopy = [{ from = "file", to = "/" }]\n'
    name = f"{registry}/dynbuild-test/platforms:{uuid4().hex}"
    index = BuildRequest(
        "FROM scratch\nCOPY file /\n",
        str(built.root),
        (Push(),),
        (name,),
        ("linux/amd64", "linux/arm64"),
    )
    built.write("file", "x")
    Buildx(built.environment).build(index, lambda _: None)
    built.write("dynbuild.toml", f'base = "{name}"\n{stage}')
    both = "linux/amd64,linux/arm64"
    built.ok("build", "--platform", both, "--metadata-file", "facts.json")
    steps = json.loads(built.read("facts.json"))["dynbuild.steps"]
    told = [(step["step"], step["platform"]) for step in steps]
    assert {("one", "linux/amd64"), ("one", "linux/arm64")} <= set(told)


def test_the_host_s_network_is_for_users_to_allow(project: Space) -> None:
    text = project.read("dynbuild.toml")
    project.write("dynbuild.toml", f'{text}network = "host"\n')
    project.ok("lock")
    done = project.run("realize", DYNBUILD_NETWORK="default")
    assert done.status == 2
    assert "not allowed: second\n" in done.err
    assert "--allow network.host" in done.err
    project.ok("realize", "--allow", "network.host", DYNBUILD_NETWORK="none")
    project.ok("realize", "--network", "host")


def test_a_failed_step_says_which_command_and_what_it_said(project: Space) -> None:
    project.write(
        "dynbuild.toml",
        project.read("dynbuild.toml").replace("cat /one /src/file", "jq /one"),
    )
    project.ok("lock")
    done = project.run("realize")
    assert done.status == 1
    assert "second failed: exit code 127" in done.err
    assert "jq: not found" in done.err
    assert "jq is not there" in done.err


def test_a_secret_reaches_its_stage_and_nothing_else(
    built: Space, busybox_base: str, docker: Docker, tag: str
) -> None:
    built.write(
        "dynbuild.toml",
        f'base = "{busybox_base}"\n[[stages]]\nname = "use"\n'
        'secrets = [{ id = "token", env = "TOKEN" }, '
        '{ id = "file", target = "/run/secret.txt" }]\n'
        'commands = ["echo $TOKEN | md5sum > /sum", "md5sum < /run/secret.txt > /2"]\n',
    )
    built.write("token.txt", "from-a-file")
    built.ok("lock")
    secret = "s3cret-value-93"
    done = built.ok(
        "realize",
        "-t",
        tag,
        "--secret",
        "id=token,env=MY_TOKEN",
        "--secret",
        "id=file,src=token.txt",
        MY_TOKEN=secret,
    )
    assert secret not in done.err
    assert secret not in built.read("dynbuild.lock")
    assert secret not in docker("history", "--no-trunc", tag)
    sums = docker("run", "--rm", "--network", "none", tag, "cat", "/sum", "/2")
    given = (f"{secret}\n", "from-a-file")
    expected = [hashlib.md5(text.encode()).hexdigest() for text in given]
    assert [line.split()[0] for line in sums.splitlines()] == expected
    without = built.run("realize", "--no-cache")
    assert without.status == 1
    assert "token" in without.err


def test_a_platform_that_the_base_does_not_have(project: Space) -> None:
    project.ok("lock")
    done = project.run("realize", "--platform", "linux/s390x")
    assert done.status == 2
    assert "for linux/s390x" in done.err


def test_what_is_built_is_for_the_platform_of_the_digests(
    project: Space, docker: Docker, tag: str
) -> None:
    project.ok("lock")
    project.ok("realize", "-t", tag, DOCKER_DEFAULT_PLATFORM="linux/s390x")
    image = json.loads(docker("image", "inspect", tag))[0]
    assert f'"linux/{image["Architecture"]}"' in project.read("dynbuild.lock")


def test_an_engine_that_does_not_answer(project: Space) -> None:
    project.ok("lock")
    done = project.run("realize", DOCKER_HOST="unix:///nowhere.sock")
    assert done.status == 4, done.err


def test_ctrl_c_ends_everything(project: Space) -> None:
    text = project.read("dynbuild.toml").replace("echo one > /one", "sleep 371 #")
    project.write("dynbuild.toml", text)
    project.ok("lock")
    process = subprocess.Popen(
        [sys.executable, "-m", "dynbuild", "realize", "--progress", "plain"],
        cwd=project.root,
        env=dict(project.environment),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "first started" in line:
            break
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in rest
    for _ in range(50):
        if not _sleeping("371"):
            break
        time.sleep(0.1)
    assert not _sleeping("371")


def _sleeping(seconds: str) -> bool:
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if entry.read_bytes() == f"sleep\0{seconds}\0".encode():
                return True
        except OSError:
            continue
    return False


def test_an_unpinned_base_is_told_and_builds(
    built: Space, busybox_base: str, docker: Docker, tag: str
) -> None:
    local = f"{tag}-base"
    docker("pull", "-q", busybox_base)
    docker("tag", busybox_base, local)
    built.write(
        "dynbuild.toml",
        f'base = "{local}"\n[[stages]]\nname = "one"\ncommands = ["echo 1 > /1"]\n',
    )
    done = built.ok("lock")
    assert "is not pinned" in done.err
    assert "digest" not in built.read("dynbuild.lock").split("[base]")[1].split("[")[0]
    built.ok("realize", "-t", tag)
    assert docker("run", "--rm", "--network", "none", tag, "cat", "/1") == "1\n"


def test_a_base_behind_a_mirror_of_the_engine_is_pinned(
    built: Space, busybox_base: str, registry: str, docker: Docker, tag: str
) -> None:
    """The engine's mirrors of Docker Hub are asked as `docker build` asks them."""
    name = f"{tag}-mirrored"
    docker("pull", "-q", busybox_base)
    docker("tag", busybox_base, f"{registry}/library/{name}:1")
    docker("push", "-q", f"{registry}/library/{name}:1")
    docker("image", "rm", f"{registry}/library/{name}:1")
    built.write(
        "dynbuild.toml",
        f'base = "{name}:1"\n[[stages]]\nname = "one"\ncommands = ["echo 1 > /1"]\n',
    )
    done = built.ok("lock")
    assert "is not pinned" not in done.err
    lock = built.read("dynbuild.lock")
    assert f'image = "docker.io/library/{name}:1"' in lock
    assert 'digest = "sha256:' in lock
    built.ok("realize", "-t", tag)
    assert docker("run", "--rm", "--network", "none", tag, "cat", "/1") == "1\n"
    built.write("dynbuild.toml", 'base = "nothing-of-that-name"\n')
    assert "no image docker.io/library/nothing-of-that" in built.run("lock").err


def test_dockerignore_is_applied(
    built: Space, busybox_base: str, docker: Docker, tag: str
) -> None:
    built.write(
        "dynbuild.toml",
        f'base = "{busybox_base}"\n[[stages]]\nname = "one"\n'
        'copy = [{ from = ".", to = "/app", exclude = ["dynbuild.*"] }]\n',
    )
    built.write(".dockerignore", "*.log\n!keep.log\n")
    built.write("drop.log", "x")
    built.write("keep.log", "x")
    built.ok("build", "-t", tag)
    files = docker("run", "--rm", "--network", "none", tag, "ls", "-A", "/app")
    assert files.split() == [".dockerignore", "keep.log"]
    built.write(".dockerignore", "*\n!keep.log\n")
    built.ok("realize", "-t", tag)
    files = docker("run", "--rm", "--network", "none", tag, "ls", "-A", "/app")
    assert files.split() == ["keep.log"]


def test_a_lock_alone_is_enough_when_it_is_frozen(project: Space) -> None:
    project.ok("lock")
    printed = project.ok("realize", "--print").out
    (project.root / "dynbuild.toml").unlink()
    assert project.ok("realize", "--frozen", "--print").out == printed
    assert "first" in project.ok("lock", "--show-order").out
    named = project.ok("realize", "--frozen", "--print", "-c", "dynbuild.lock")
    assert named.out == printed


def test_every_platform_has_to_be_there(project: Space) -> None:
    project.ok("lock")
    done = project.run("realize", "--platform", "linux/amd64,linux/arm64")
    assert done.status == 2
    assert "DB0304" in done.err
    assert "for linux/arm64" in done.err


def test_secrets_that_do_not_fit_are_told_before_the_build(
    built: Space, busybox_base: str
) -> None:
    built.write(
        "dynbuild.toml",
        f'base = "{busybox_base}"\n[[stages]]\nname = "use"\n'
        'secrets = [{ id = "token", env = "TOKEN" }]\ncommands = ["true"]\n',
    )
    built.ok("lock")
    done = built.run("realize", "--secret", "id=tokken,env=HOME")
    assert "needs the secret 'token', which is not given" in done.err
    assert "did you mean 'token'" in done.err
    done = built.run("realize", "--secret", "hunter2")
    assert done.status == 2
    assert "hunter2" not in done.err


def test_mistakes_of_usage(project: Space) -> None:
    project.ok("lock")
    assert project.run("realize", "-t", "Bad Name").status == 2
    assert project.run("realize", "--network", "nope").status == 2


def test_a_name_and_a_layout(project: Space, docker: Docker, tag: str) -> None:
    project.ok("lock")
    project.ok("realize", "-t", tag, "-o", "oci:image")
    assert (project.root / "image" / "index.json").is_file()
    assert docker("image", "inspect", tag)
