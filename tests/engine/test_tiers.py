"""Two machines and a shared tier: what one built, the other does not build."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from dynbuild.tiers.s3.client import connect
from tests.s3_servers import Server, bucket_name, credentials, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.space import Done, Space

    Docker = Callable[..., str]

DECLARATION = """\
base = "{base}"

[[stages]]
name = "compile"
build_only = true
commands = [
  "mkdir -p /out; cat /proc/sys/kernel/random/uuid > /out/tool # {unique}",
  "echo only-here > /out/waste",
]

[[stages]]
name = "below"
copy = [{{ stage = "compile", from = "/out/tool", to = "/own/tool" }}]
commands = ["cat /proc/sys/kernel/random/uuid > /own/below"]

[[stages]]
name = "above"
dependencies = ["below"]
copy = [{{ from = "src", to = "/own/src" }}]
commands = ["cat /own/below /own/src/file > /own/above"]
"""
LOOK = (
    "set -e; cat /own/below /own/src/file | cmp - /own/above; cat /own/tool /own/above"
)


@pytest.fixture
def project(built: Space, busybox_base: str) -> Space:
    built.write("dynbuild.toml", DECLARATION.format(base=busybox_base, unique=uuid4()))
    built.write("src/file", "content\n")
    built.ok("lock")
    return built


@pytest.fixture
def tag(docker: Docker, tmp_path: Path) -> Iterator[str]:
    name = f"dynbuild-test-{tmp_path.name.lower().replace('_', '-')}-{os.getpid()}"
    yield name
    docker("image", "rm", "--force", name)


def machine(space: Space, name: str, **variables: str) -> Space:
    """The same project where nothing was ever built."""
    store = {"CACHE_LOCAL_PATH": str(space.root.with_name(f"store-{name}"))}
    return replace(space, environment={**space.environment, **store, **variables})


def realize(space: Space, docker: Docker, tag: str, *more: str) -> tuple[Done, str]:
    done = space.ok("realize", "-t", tag, "--progress", "plain", *more)
    shown = docker("run", "--rm", "--network", "none", tag, "sh", "-c", LOOK)
    return done, shown


def forget(docker: Docker, tag: str) -> None:
    """Let the engine have nothing of what was built."""
    docker("image", "rm", "--force", tag)
    docker("builder", "prune", "--all", "--force")


def blobs(space: Space) -> set[str]:
    store = Path(space.environment["CACHE_LOCAL_PATH"])
    return {path.name for path in (store / "blobs/sha256").iterdir()}


def damage(server: Server, bucket: str) -> None:
    """Take away every other blob of a bucket, and change one bit of the others."""
    with credentials(server):
        client = connect(server.settings(bucket)).transfer
    found = client.list_objects(bucket, prefix="blobs/", recursive=True)
    for number, name in enumerate(sorted(str(one.object_name) for one in found)):
        data = client.get_object(bucket, name).read()
        client.remove_object(bucket, name)
        if number % 2:
            data = bytes([*data[:-1], data[-1] ^ 1])
            client.put_object(bucket, name, io.BytesIO(data), len(data))


@pytest.mark.alone
def test_a_second_machine_takes_all_and_runs_nothing(
    project: Space, docker: Docker, tag: str, rclone_server: Server
) -> None:
    shared = rclone_server.environment(bucket_name())
    one = machine(project, "one", **shared)
    done, first = realize(one, docker, tag)
    assert done.err.count(" ran in ") == 3
    assert "warning" not in done.err
    forget(docker, tag)
    two = machine(project, "two", **shared)
    done, second = realize(two, docker, tag)
    assert " ran in " not in done.err
    assert "taking layers from s3" in done.err
    assert "warning" not in done.err
    assert second == first
    # What only the build of a stage needed stays where it is.
    assert len(blobs(one) - blobs(two)) > 0
    # All that it took is its own now, wherever that tier still counts.
    gone = machine(project, "two", **shared, MINIO_MODE="off")
    done, third = realize(gone, docker, tag, "-o", "oci:image")
    assert " ran in " not in done.err
    assert third == first


@pytest.mark.alone
def test_what_stands_on_a_taken_step_is_built_on_it(
    project: Space, docker: Docker, tag: str, seaweed_server: Server
) -> None:
    shared = seaweed_server.environment(bucket_name())
    _, first = realize(machine(project, "one", **shared), docker, tag)
    forget(docker, tag)
    project.write("src/file", "changed\n")
    done, second = realize(machine(project, "two", **shared), docker, tag)
    assert "above ran in" in done.err
    assert done.err.count(" ran in ") == 1
    assert second == first.replace("content", "changed")
    # A third gets what the second made.
    forget(docker, tag)
    done, third = realize(machine(project, "three", **shared), docker, tag)
    assert " ran in " not in done.err
    assert third == second


@pytest.mark.alone
def test_what_was_built_alone_is_shared_later(
    project: Space, docker: Docker, tag: str, rclone_server: Server
) -> None:
    shared = rclone_server.environment(bucket_name())
    _, first = realize(machine(project, "one"), docker, tag)
    done, _ = realize(machine(project, "one", **shared), docker, tag)
    assert "sharing layers through s3" in done.err
    assert "warning" not in done.err
    forget(docker, tag)
    done, second = realize(machine(project, "two", **shared), docker, tag)
    assert " ran in " not in done.err
    assert second == first


@pytest.mark.alone
def test_lost_and_damaged_blobs_are_built_anew(
    project: Space, docker: Docker, tag: str, rclone_server: Server
) -> None:
    bucket = bucket_name()
    shared = rclone_server.environment(bucket)
    realize(machine(project, "one", **shared), docker, tag)
    forget(docker, tag)
    damage(rclone_server, bucket)
    two = machine(project, "two", **shared)
    done, shown = realize(two, docker, tag)
    assert done.err.count("warning[DB060") == 1
    # What the second did not read may be damaged still: whoever meets it mends it.
    for name in ("three", "four", "five"):
        forget(docker, tag)
        before = shown
        done, shown = realize(machine(project, name, **shared), docker, tag)
        if " ran in " not in done.err:
            break
    assert " ran in " not in done.err
    assert shown == before


def test_a_tier_that_is_away_costs_one_warning(
    project: Space, docker: Docker, tag: str
) -> None:
    nobody = Server("nobody", f"127.0.0.1:{free_port()}").environment("bucket")
    done, _ = realize(machine(project, "one", **nobody), docker, tag)
    assert done.err.count("warning[DB0604]") == 1
    assert done.err.count("warning") == 1
    needed = machine(project, "two", **nobody, MINIO_REQUIRED="true")
    failed = needed.run("realize", "-t", tag)
    assert failed.status == 4
    assert failed.err.count("error[DB0605]") == 1


def test_an_unpinned_base_is_nobody_elses_business(
    project: Space, docker: Docker, tag: str, rclone_server: Server
) -> None:
    bucket = bucket_name()
    base = project.read("dynbuild.toml").split('"')[1]
    docker("pull", base)
    local = f"{tag}-base"
    docker("tag", base, local)
    text = project.read("dynbuild.toml").replace(base, local)
    project.write("dynbuild.toml", text)
    project.ok("lock")
    one = machine(project, "one", **rclone_server.environment(bucket))
    realize(one, docker, tag)
    docker("image", "rm", local)
    assert not [*rclone_server.folder.glob(f"**/{bucket}")]
