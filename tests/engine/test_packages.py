"""What is installed, on machines that built it, took it, or have records of before."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from dynbuild.digest import sha256
from tests.engine.sharing import machine, ran, realize

if TYPE_CHECKING:
    from dynbuild.tiers.oci.address import Repository
    from tests.space import Space

APK = """mkdir -p /lib/apk/db
printf "P:musl\\nV:{}\\nA:x86_64\\nL:MIT\\n" > /lib/apk/db/installed"""

NPM = """mkdir -p {at}/node_modules/{name}
cd {at}/node_modules/{name}
echo '{{"name": "{name}", "version": "1.0.0"}}' > package.json"""


def declared(base: str) -> str:
    """Stages that install as managers do, one on a base of its own, and a copy."""
    commands = {
        "low": [
            f"echo {uuid4()}",
            APK.format("1.0"),
            NPM.format(at="/srv", name="a"),
            NPM.format(at="/srv", name="b"),
        ],
        "high": [APK.format("1.1"), "rm -r /srv/node_modules/b"],
        "tools": [NPM.format(at="/t", name="c")],
    }
    taken = "/node_modules/c"
    stages = [{"name": name, "commands": script} for name, script in commands.items()]
    stages[1]["dependencies"] = ["low"]
    stages[2]["base"] = base
    copy = {"stage": "tools", "from": f"/t{taken}", "to": f"/opt{taken}"}
    stages.append({"name": "taken", "copy": [copy]})
    return json.dumps({"base": base, "stages": stages})


@pytest.fixture
def project(built: Space, busybox_base: str) -> Space:
    built.write("dynbuild.json", declared(busybox_base))
    built.ok("lock")
    return built


def installed(space: Space) -> dict[str, str]:
    found = json.loads(space.ok("packages", "--json").out)
    assert (found["unknown"], found["problems"]) == ([], [])
    return {f"{one['name']} {one['version']}": one["step"] for one in found["packages"]}


WHOLE = {"a 1.0.0": "low", "musl 1.1": "high", "c 1.0.0": "taken"}


def test_what_is_installed_is_known_wherever_the_image_is(
    project: Space, cache: Repository
) -> None:
    one = machine(project, "one", cache)
    done = one.run("packages")
    assert done.status == 1
    assert "warning[DB0640]" in done.err
    realize(one)
    assert installed(one) == WHOLE
    (_, *changes) = one.ok("packages", "high").out.splitlines()
    assert [line.split() for line in changes] == [
        ["~", "apk", "musl", "x86_64", "1.0", "->", "1.1"],
        ["-", "npm", "b", "1.0.0"],
    ]
    assert "c" in one.ok("packages", "tools").out.split()
    assert "high brought it, at seq" in one.ok("why", "musl").out
    assert "error[DB0330]" in one.run("why", "--package", "mus").err
    # Another knows it from the registry: before it takes anything, and after.
    two = machine(project, "two", cache)
    assert installed(two) == WHOLE
    assert ran(realize(two)) == 0
    assert installed(two) == WHOLE
    # Nothing was lost on the way: a third machine has it from the second alone.
    store = Path(f"{project.root}-store-two")
    kept = {path.name for path in (store / "blobs/sha256").iterdir()}
    assert kept >= set(named_in(store))


def named_in(store: Path) -> list[str]:
    """The blobs that records of a store name for what is installed."""
    found: list[str] = []
    for path in (store / "realizations").rglob("*"):
        if path.is_file():
            found += re.findall(r'"inside": \["sha256:([0-9a-f]+)"', path.read_text())
    return found


def test_records_of_before_are_read_again_and_nothing_is_built(project: Space) -> None:
    realize(project)
    store = Path(project.environment["CACHE_LOCAL_PATH"])
    assert named_in(store)
    for path in (store / "realizations").rglob("*"):
        if path.is_file():
            _, text, *rest = path.read_bytes().split(b"\n")
            facts = json.loads(text)
            del facts["inside"]
            text = json.dumps(facts).encode()
            path.chmod(0o644)
            path.write_bytes(b"\n".join((sha256(text).encode(), text, *rest)))
    assert installed(project) == WHOLE
    assert ran(realize(project)) == 0
    assert not named_in(store)
    assert installed(project) == WHOLE
