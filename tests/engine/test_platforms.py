"""An image for several platforms: steps for each, all in one run, and one index.

Without emulation: the steps of the other platform copy, and what would run there fails.
"""

from __future__ import annotations

import json
import re
import struct
import subprocess
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from dynbuild.tiers.oci.address import Repository, repository
from dynbuild.tiers.oci.client import Client
from tests.engine.sharing import forget, machine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.space import Done, Space

    Docker = Callable[..., str]

BASE = """\
ARG TARGETARCH
FROM --platform=linux/amd64 {base} AS amd64
FROM scratch AS arm64
COPY Dockerfile /{unique}
FROM ${{TARGETARCH}}
WORKDIR /
LABEL for={unique}
"""
FOREIGN = """\
ARG TARGETARCH
FROM --platform=linux/amd64 {base} AS amd64
FROM scratch AS arm64
COPY --chmod=755 sh /bin/sh
COPY passwd group /etc/
FROM ${{TARGETARCH}}
ENV PATH=/bin
WORKDIR /
LABEL for={unique}
"""
"""A base whose shell on arm64 is a program of that platform."""

DECLARATION = """\
base = "{base}"

[stages.front]
files = {{ "/front" = "front {unique}" }}

[stages.back]
files = {{ "/back" = "back {unique}" }}
"""
RUNS = """
[stages.run]
commands = ["true"]

[stages.made]
build_only = true
files = { "/made" = "made" }

[stages.taken]
copy = [{ stage = "made", from = "/made", to = "/taken" }]
"""
CROSS = """\
base = "{both}"

[stages.tool]
base = "{base}"
platform = "linux/amd64"
commands = ["head -c 16 /dev/urandom >/tool"]

[stages.more]
base = "{base}"
platform = "linux/amd64"
dependencies = ["tool"]
commands = ["cat /tool /tool >/more"]

[stages.named]
base = "{base}"
platform = "linux/amd64"
commands = ["echo $TARGETARCH >/named"]

[stages.taken]
copy = [
  {{ stage = "more", from = "/more", to = "/more" }},
  {{ stage = "named", from = "/named", to = "/named" }},
]
"""
ARCHITECTURES = ("amd64", "arm64")
BOTH = ("--platform", "linux/amd64,linux/arm64")


@pytest.fixture
def base(
    engine: dict[str, str], cache: Repository, busybox_base: str, tmp_path: Path
) -> str:
    """A base for both platforms: on arm64 nothing can run."""
    name = f"{cache.host}/dynbuild-test/both:{uuid4().hex}"
    text = BASE.format(base=busybox_base, unique=uuid4().hex)
    (tmp_path / "Dockerfile").write_text(text)
    words = [*BOTH, "--push", "--provenance=false", f"--tag={name}", str(tmp_path)]
    subprocess.run(["docker", "buildx", "build", *words], env=engine, check=True)
    return name


@pytest.fixture
def project(built: Space, base: str) -> Space:
    built.write("dynbuild.toml", DECLARATION.format(base=base, unique=uuid4()))
    built.ok("lock")
    return built


def ran(done: Done) -> list[str]:
    lines = done.err.splitlines()
    return sorted(line.partition(" ran in ")[0] for line in lines if " ran in " in line)


def of_each(*steps: str) -> list[str]:
    return [f"{step} (linux/{arch})" for step in steps for arch in ARCHITECTURES]


def for_one(done: Done) -> list[str]:
    """The steps that ran, each for one platform, whose layer the other took."""
    return [line.partition(" (")[0] for line in ran(done)]


def blob(project: Space, digest: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        project.read(f"out/blobs/sha256/{digest.removeprefix('sha256:')}")
    )
    return found


def manifests(project: Space) -> list[str]:
    """Return the digests of the manifests in a layout, by platform."""
    (top,) = json.loads(project.read("out/index.json"))["manifests"]
    return [one["digest"] for one in blob(project, top["digest"])["manifests"]]


def layers(project: Space, manifest: str) -> set[str]:
    return {layer["digest"] for layer in blob(project, manifest)["layers"]}


def edit(project: Space, old: str, new: str) -> None:
    text = project.read("dynbuild.toml")
    assert old in text
    project.write("dynbuild.toml", text.replace(old, new))
    project.ok("lock")


@pytest.mark.alone
def test_files_are_packed_once_where_they_land_alike(
    project: Space, docker: Docker, cache: Repository
) -> None:
    one, two = machine(project, "one", cache), machine(project, "two", cache)
    first = one.ok("realize", *BOTH)
    assert for_one(first) == ["back", "front"]
    edit(project, '"front ', '"changed ')
    forget(docker)
    name = f"{cache.host}/dynbuild-test/app:{uuid4().hex}"
    out = ("-t", name, "--push", "-o", "oci:out", "--metadata-file", "made.json")
    done = one.ok("realize", *BOTH, *out)
    assert for_one(done) == ["front"]
    assert "4 steps: 1 ran, 3 cached" in done.err
    told = json.loads(project.read("made.json"))
    assert {step["platform"] for step in told["dynbuild.steps"]} == {
        "linux/amd64",
        "linux/arm64",
    }

    # The index names the platforms, and each image has its own files.
    place = Repository(cache.host, "dynbuild-test/app")
    version = name.rpartition(":")[2]
    pushed = Client(cache.host, one.environment).manifest(place, version)
    assert pushed is not None
    index = json.loads(pushed)
    assert [one["platform"] for one in index["manifests"]] == [
        {"os": "linux", "architecture": arch} for arch in ARCHITECTURES
    ]
    assert told["dynbuild.manifests"] == {
        f"linux/{one['platform']['architecture']}": one["digest"]
        for one in index["manifests"]
    }
    for arch in ARCHITECTURES:
        docker("pull", "--quiet", "--platform", f"linux/{arch}", name)
        made = docker("create", "--platform", f"linux/{arch}", name, "x").strip()
        docker("cp", f"{made}:/front", str(project.root / arch))
        docker("rm", made)
        assert project.read(arch).startswith("changed ")
    # What copies alone is one layer for both: it is kept, and moved, once.
    amd, arm = (layers(project, manifest) for manifest in manifests(project))
    assert len(amd - arm) == 1, "the base"
    assert len(amd & arm) == 2

    # A machine that has a tier alone runs nothing.
    forget(docker)
    assert ran(two.ok("realize", *BOTH)) == []
    assert ran(two.ok("realize", "--platform", "linux/arm64")) == []


def test_a_platform_that_fails_names_itself_and_keeps_what_others_made(
    project: Space,
) -> None:
    text = project.read("dynbuild.toml")
    project.write("dynbuild.toml", text + RUNS)
    project.ok("lock")
    done = project.run("realize", *BOTH)
    assert done.status == 1
    # What amd64 has is packed, and is no image for both.
    assert "packing made" in done.err
    assert "the image is ready" not in done.err
    assert "run (linux/arm64) failed" in done.err
    assert "run (linux/amd64) failed" not in done.err
    again = project.ok("realize", "--platform", "linux/amd64")
    assert ran(again) == []
    # Of several that fail the last lines name each.
    edit(project, 'commands = ["true"]', 'commands = ["exit 3"]')
    both = project.run("realize", *BOTH)
    last = [line for line in both.err.splitlines() if "error[DB0510]" in line]
    assert "run (linux/amd64) failed: exit code 3" in last[0]
    assert "run (linux/arm64) failed" in last[1]
    edit(project, 'commands = ["exit 3"]', 'commands = ["true"]')
    assert "linux/riscv64" in project.run("realize", "--platform", "linux/riscv64").err


@pytest.mark.alone
def test_what_runs_on_a_platform_of_its_own_is_built_once_for_all(
    built: Space,
    base: str,
    busybox_base: str,
    docker: Docker,
    cache: Repository,
) -> None:
    """Its records are filed by what it runs on, so all that read them find them."""
    unique = f"# {uuid4()}\n"
    built.write("dynbuild.toml", unique + CROSS.format(both=base, base=busybox_base))
    built.ok("lock")
    one, two = machine(built, "one", cache), machine(built, "two", cache)
    done = one.ok("realize", *BOTH, "--no-cache")
    for step in ("tool", "more"):
        assert len([line for line in ran(done) if line.startswith(step)]) == 1
    assert {*of_each("named", "taken")} <= {*ran(done)}
    forget(docker)
    assert ran(one.ok("realize", *BOTH)) == []
    for arch in ARCHITECTURES:
        platform = ("--platform", f"linux/{arch}")
        assert ran(one.ok("realize", *platform)) == []
        assert "nothing runs" in one.ok("why", *platform).out
        shown = json.loads(one.ok("status", *platform, "--json").out)
        assert all(step["held"] for step in shown["steps"])
    # From a tier, too, by realize and by `cache pull`.
    assert ran(two.ok("realize", *BOTH)) == []
    three = machine(built, "three", cache)
    pulled = three.ok("cache", "pull").err
    assert int(re.findall(r"pulled (\d+) records", pulled)[0]) >= 6
    shown = json.loads(three.ok("cache", "ls", "local", "--json").out)
    assert len([row for row in shown if row["platform"] == "linux/arm64"]) >= 2
    assert "pulled 0 records" in three.ok("cache", "pull").err


def test_what_is_declared_for_several_platforms_is_made_for_all(
    project: Space, docker: Docker, tag: str
) -> None:
    text = project.read("dynbuild.toml")
    both = 'platforms = ["linux/amd64", "linux/arm64"]\n'
    project.write("dynbuild.toml", both + text)
    assert project.run("realize").status == 1, "the lock does not say it"
    assert "config  platforms" in project.ok("lock").out
    assert "version = 6" in project.read("dynbuild.lock")
    done = project.ok("realize", "-t", tag, "--metadata-file", "made.json")
    assert for_one(done) == ["back", "front"]
    steps = json.loads(project.read("made.json"))["dynbuild.steps"]
    assert {step["platform"] for step in steps} == {"linux/amd64", "linux/arm64"}
    for arch in ARCHITECTURES:
        made = docker("create", "--platform", f"linux/{arch}", tag, "x").strip()
        docker("rm", made)
    # The flag narrows it, and nothing else.
    edit(project, '"front ', '"changed ')
    assert ran(project.ok("realize", "--platform", "linux/arm64")) == ["front"]
    assert ran(project.ok("realize")) == ["front (linux/amd64)"]
    other = project.run("realize", "--platform", "linux/riscv64")
    assert other.status == 2
    assert "is for linux/amd64, linux/arm64, and not for linux/riscv64" in other.err
    assert "add that one to platforms in the declaration" in other.err
    # What the base does not exist for, `lock` tells.
    riscv = 'platforms = ["linux/amd64", "linux/riscv64"]\n'
    project.write("dynbuild.toml", riscv + text)
    refused = project.run("lock")
    assert (refused.status, "dynbuild.toml:1:29" in refused.err) == (2, True)
    assert "for linux/riscv64" in refused.err


def program(machine: int) -> bytes:
    """A program of 64-bit Linux that does nothing, for a machine by its ELF number."""
    identity = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    start = 0x400000
    return (
        identity
        + struct.pack("<HHIQQQ", 2, machine, 1, start + 120, 64, 0)
        + struct.pack("<IHHHHHH", 0, 64, 56, 1, 0, 0, 0)
        + struct.pack("<IIQQQQQQ", 1, 5, 0, start, start, 124, 124, 4096)
        + bytes(4)
    )


def test_what_the_builder_cannot_run_is_told_as_that(
    built: Space,
    engine: dict[str, str],
    cache: Repository,
    busybox_base: str,
    tmp_path: Path,
) -> None:
    """Where nothing emulates the platform: the step fails as on any such machine."""
    name = f"{cache.host}/dynbuild-test/foreign:{uuid4().hex}"
    text = FOREIGN.format(base=busybox_base, unique=uuid4().hex)
    (tmp_path / "Dockerfile").write_text(text)
    (tmp_path / "sh").write_bytes(program(183))
    (tmp_path / "passwd").write_text("root:x:0:0:root:/:/bin/sh\n")
    (tmp_path / "group").write_text("root:x:0:\n")
    words = [*BOTH, "--push", "--provenance=false", f"--tag={name}", str(tmp_path)]
    subprocess.run(["docker", "buildx", "build", *words], env=engine, check=True)
    stage = '[stages.a]\ncommands = ["echo >/a"]\n'
    built.write("dynbuild.toml", f'base = "{name}"\n{stage}')
    built.ok("lock")
    done = built.run("realize", *BOTH)
    assert done.status == 1
    assert "a (linux/arm64) failed" in done.err
    assert "the builder runs no programs of that platform" in done.err
    assert "--install all" in done.err


def test_one_platform_by_two_names_is_one(project: Space) -> None:
    names = "linux/arm64,linux/arm64/v8,linux/arm64"
    done = project.ok("realize", "--platform", names)
    assert ran(done) == ["back", "front"]
    assert ran(project.ok("realize", "--platform", "linux/arm64/v8")) == []


def test_each_platform_that_is_declared_has_its_provenance(
    project: Space, cache: Repository
) -> None:
    text = project.read("dynbuild.toml")
    declared = 'platforms = ["linux/amd64", "linux/arm64"]\n'
    project.write("dynbuild.toml", declared + text)
    project.ok("lock")
    tag = f"{cache.host}/dynbuild-test/told:{uuid4().hex}"
    words = ("--push", "-t", tag, "--provenance", "--metadata-file", "built.json")
    project.ok("realize", *words)
    told = json.loads(project.read("built.json"))["dynbuild.referrers"]
    assert [one["platform"] for one in told] == ["linux/amd64", "linux/arm64"]
    assert len({one["digest"] for one in told}) == 2
    project.ok("realize", *words, "--attest-in-index")
    found = json.loads(project.read("built.json"))
    place = repository(tag)
    client = Client(place.host, dict(project.environment))
    index = json.loads(client.manifest(place, found["containerimage.digest"]) or "")
    platforms = [one["platform"]["architecture"] for one in index["manifests"]]
    assert platforms == ["amd64", "arm64", "unknown", "unknown"]
    of = [one.get("annotations", {}) for one in index["manifests"]]
    named = [one["vnd.docker.reference.digest"] for one in of if one]
    assert named == [one["digest"] for one in index["manifests"][:2]]
    out = project.root / "out"
    project.ok("realize", "-o", f"oci:{out}", "--provenance")
    entries = json.loads((out / "index.json").read_text())["manifests"]
    assert len([one for one in entries if "artifactType" in one]) == 2
