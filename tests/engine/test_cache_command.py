"""``dynbuild cache`` on real tiers: push, pull, list, verify."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.s3_servers import Server, bucket_name, free_port

if TYPE_CHECKING:
    from tests.space import Space

DECLARATION = """\
base = "{base}"

[[stages]]
name = "one"
commands = ["cat /proc/sys/kernel/random/uuid > /one # {unique}"]

[[stages]]
name = "two"
dependencies = ["one"]
commands = ["cat /one > /two"]
"""


@pytest.fixture
def project(built: Space, busybox_base: str) -> Space:
    built.write("dynbuild.toml", DECLARATION.format(base=busybox_base, unique=uuid4()))
    built.ok("lock")
    return built


def store(space: Space) -> Path:
    return Path(space.environment["CACHE_LOCAL_PATH"])


def other(space: Space, **variables: str) -> Space:
    """Another machine."""
    environment = {**space.environment, **variables}
    return replace(
        space, environment={**environment, "CACHE_LOCAL_PATH": f"{store(space)}-other"}
    )


def test_push_and_pull_by_hand(project: Space, rclone_server: Server) -> None:
    shared = rclone_server.environment(bucket_name())
    project.ok("realize")
    assert project.ok("cache", "push", **shared).err.endswith("pushed 2 records\n")
    assert project.ok("cache", "push", **shared).err.endswith("pushed 0 records\n")
    there = other(project)
    assert there.ok("cache", "pull", **shared).err.endswith("pulled 2 records\n")
    assert there.ok("cache", "pull", **shared).err.endswith("pulled 0 records\n")
    # Nothing shared is asked now.
    done = there.ok("realize", "--progress", "plain")
    assert " ran in " not in done.err
    assert there.ok("cache", "verify").err == "all is whole\n"


def test_all_whatever_the_project(project: Space, rclone_server: Server) -> None:
    shared = rclone_server.environment(bucket_name())
    project.ok("realize")
    nowhere = replace(project, root=project.root / "deep")
    nowhere.root.mkdir()
    (project.root / "dynbuild.toml").rename(project.root / "elsewhere.toml")
    assert nowhere.run("cache", "push", **shared).status == 2
    done = nowhere.ok("cache", "push", "--all", **shared)
    assert done.err.endswith("pushed 2 records\n")
    done = other(nowhere).ok("cache", "pull", "--all", **shared)
    assert done.err.endswith("pulled 2 records\n")


def test_what_tiers_hold(project: Space, rclone_server: Server) -> None:
    shared = rclone_server.environment(bucket_name())
    project.ok("realize", **shared)
    done = project.ok("cache", "ls", "--json", **shared)
    local, s3 = json.loads(done.out)
    assert local["tier"] == "local"
    # Those of two steps, and that of the base.
    assert local["records"] == s3["records"] == 3
    assert s3["place"].endswith(shared["MINIO_BUCKET"])
    text = project.ok("cache", "ls", **shared).out.splitlines()
    assert [line.split()[0] for line in text] == ["TIER", "local", "s3"]
    found = json.loads(project.ok("cache", "ls", "s3", "--json", **shared).out)
    # A base has a manifest and a config as well.
    assert sorted(len(record["layers"]) for record in found) == [1, 1, 3]
    assert len(project.ok("cache", "ls", "local").out.splitlines()) == 4
    assert project.run("cache", "ls", "moon").status == 2


def test_damage_is_found_and_dropped(project: Space) -> None:
    project.ok("realize")
    assert project.ok("cache", "verify").err == "all is whole\n"
    (record, *_) = sorted((store(project) / "realizations").glob("*/*"))
    digest = json.loads(record.read_bytes().split(b"\n")[1])["layers"][0][1]
    blob = store(project) / "blobs/sha256" / digest.removeprefix("sha256:")
    blob.chmod(0o644)
    blob.write_bytes(blob.read_bytes()[:-1] + b"?")
    done = project.run("cache", "verify")
    assert done.status == 1
    assert f"blobs/sha256/{blob.name}" in done.out
    assert f"without its blob sha256:{blob.name}" in done.out
    assert project.run("cache", "verify", "--drop").status == 0
    assert not blob.exists()
    assert project.ok("cache", "verify").err == "all is whole\n"
    assert "warning" not in project.ok("realize").err


def test_no_shared_tier_and_one_that_is_away(project: Space) -> None:
    project.ok("realize")
    done = project.run("cache", "push")
    assert done.status == 2
    assert "error[DB0608]" in done.err
    nobody = Server("nobody", f"127.0.0.1:{free_port()}").environment("bucket")
    for command in ("push", "pull", "ls"):
        done = project.run("cache", command, **nobody)
        assert done.status == 4, done.err
        assert done.err.count("error[DB0605]") == 1
        assert nobody["MINIO_SECRET_KEY"] not in done.err
