"""Steps that run twice: what differs is listed with its reason, and nothing is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from dynbuild.explain import reproducing as why

if TYPE_CHECKING:
    from tests.space import Space

PLANTED = {
    "date": ("date > date", why.TIME),
    "seconds": ("date +%s > seconds", why.TIME),
    "uuid": ("cat /proc/sys/kernel/random/uuid > uuid", why.RANDOM),
    "hex": ("head -c 16 /dev/urandom | md5sum > hex", why.RANDOM),
    "order": ("seq 1 300 | shuf > order", why.ORDER),
    "address": (
        "echo at 0x$(head -c 6 /dev/urandom | md5sum | head -c 12) > address",
        why.ADDRESS,
    ),
    "packed.gz": ("date | gzip > packed.gz", why.TIME),
    "tree.tar": ("mkdir t; echo 1 > t/1; tar cf tree.tar t; rm -r t", why.ARCHIVE),
    "machine-id": (
        "head -c 16 /dev/urandom | md5sum | head -c 32 > /etc/machine-id",
        why.MANAGER,
    ),
    "tmp.*": ("touch -d @0 $(mktemp -p /planted)", why.NAMED),
}
DECLARATION = """\
base = "{base}"

[stages.same]
commands = ["echo {unique} > /same; touch -d @0 /same"]

[stages.planted]
commands = {planted}

[stages.times]
dependencies = ["same"]
commands = ["echo a > /a; echo b > /b"]
"""


@pytest.fixture
def project(built: Space, busybox_base: str) -> Space:
    commands = [command for command, _ in PLANTED.values()]
    end = "find /planted /etc/machine-id -exec touch -h -d @0 {} +"
    unique = uuid4().hex
    first = ["mkdir /planted", "cd /planted", f": {unique}"]
    planted = json.dumps(["; ".join([*first, *commands, end])])
    text = DECLARATION.format(base=busybox_base, unique=unique, planted=planted)
    built.write("dynbuild.toml", text)
    built.ok("lock")
    return built


def kept(space: Space) -> set[str]:
    store = Path(space.environment["CACHE_LOCAL_PATH"])
    return {
        str(path.relative_to(store))
        for part in ("blobs", "realizations")
        for path in store.glob(f"{part}/**/*")
    }


def test_what_differs_and_why(project: Space) -> None:
    project.ok("realize")
    before = kept(project)
    done = project.run("verify", "--json")
    assert done.status == 1, done.err
    assert "3 steps ran twice: 2 differ" in done.err
    steps = json.loads(done.out)["steps"]
    assert steps["same"] == {"same": True, "paths": []}
    found = {
        one["path"].split("/")[-1]: one
        for one in steps["planted"]["paths"]
        if one["differs"] != "time"
    }
    named = {name if name[:4] != "tmp." else "tmp.*" for name in found}
    assert named == PLANTED.keys()
    for name, one in found.items():
        _, reason = PLANTED[name if name[:4] != "tmp." else "tmp.*"]
        assert (name, one["reason"]) == (name, reason)
    times = steps["times"]["paths"]
    assert [(one["path"], one["differs"]) for one in times] == [
        ("/a", "time"),
        ("/b", "time"),
    ]
    assert kept(project) == before
    assert "3 steps: 0 ran" in project.ok("realize").err


def test_one_step_and_what_it_stands_on_is_kept(project: Space) -> None:
    done = project.run("verify", "times")
    assert done.status == 1
    assert done.out == (
        "times: differs\n  the time at which they were written: /a, /b\n"
    )
    assert "1 step ran twice: 1 differs" in done.err
    assert "3 steps: 1 ran, 2 cached" in project.ok("realize").err


def test_a_step_that_fails_or_is_not_there(project: Space) -> None:
    text = project.read("dynbuild.toml").replace("echo a > /a", "false")
    project.write("dynbuild.toml", text)
    project.ok("lock")
    done = project.run("verify", "times")
    assert done.status == 1
    assert "error[DB0510]" in done.err
    done = project.run("verify", "nothing")
    assert done.status == 2
    assert "nothing in the lock is called 'nothing'" in done.err


IMAGES = """\
[images.common]
base = "{base}"
stages = [{{ name = "shared", commands = ["date > /shared; : {unique}"] }}]

[images.api]
extends = "common"
stages = [{{ name = "app", commands = ["echo {unique} > /app; touch -d @0 /app"] }}]
"""


def test_several_images(built: Space, busybox_base: str) -> None:
    text = IMAGES.format(base=busybox_base, unique=uuid4().hex)
    built.write("dynbuild.toml", text)
    built.ok("lock")

    def verified(*names: str) -> dict[str, bool]:
        found = json.loads(built.run("verify", "--json", *names).out)["steps"]
        return {name: one["same"] for name, one in found.items()}

    every = {"common/shared": False, "api/app": True}
    assert verified() == every
    assert verified("api") == {"api/app": True}
    assert verified("api/shared", "common/shared") == {
        "common/shared": False,
        "api/shared": False,
    }
