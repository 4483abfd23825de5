"""A command that fails ends its step, in real builds, whatever shell a base has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.space import Space

CHAIN = [
    "echo 0000 > /tmp/sum && echo content > /tmp/file",
    "sha256sum -c /tmp/sum && mv /tmp/file /usr/bin/tool",
    "echo finished > /finished",
]
ENDS = {
    "and-chain": {"stages": [{"name": "a", "commands": CHAIN}]},
    "loop": {
        "stages": [{"name": "a", "commands": ["for x in a; do false && :; done"]}]
    },
    "function": {"stages": [{"name": "a", "commands": ["f() { false && :; }", "f"]}]},
    "not": {"stages": [{"name": "a", "commands": ["! true", "true"]}]},
    "script": {"env_scripts": ["touch /x\nfalse && true"], "stages": []},
}


@pytest.mark.parametrize("case", ENDS)
def test_a_step_that_fails(case: str, built: Space, busybox_base: str) -> None:
    ends(built, {"base": busybox_base, **ENDS[case]})


@pytest.mark.parametrize(
    "shell", [["/bin/sh", "-c"], ["/bin/bash", "-o", "pipefail", "-c"]]
)
def test_in_the_shells_of_debian(
    shell: list[str], built: Space, debian_base: str
) -> None:
    stage = {"name": "a", "shell": shell, "commands": CHAIN}
    told = ends(built, {"base": debian_base, "stages": [stage]})
    assert "sha256sum -c /tmp/sum && mv" in told
    assert "(exit $?)" not in told


def ends(space: Space, declaration: dict[str, object]) -> str:
    space.write("dynbuild.json", json.dumps(declaration))
    space.ok("lock")
    assert "(exit $?)" in space.ok("realize", "--print").out
    done = space.run("realize")
    assert (done.status, "error[DB0510]" in done.err) == (1, True), done.err
    linear = space.run("realize", "--linear")
    assert (linear.status, "error[DB0510]" in linear.err) == (1, True), linear.err
    return done.err


def test_what_one_shell_remembers(built: Space, busybox_base: str) -> None:
    """Directories, variables, functions and traps carry from command to command."""
    commands = [
        "trap 'echo bye >> /told' EXIT",
        "mkdir /d",
        "cd /d",
        "X=1",
        "f() { echo $X > told; }",
        "f",
        "cp told /told",
        'test "$(cat /d/told)" = 1',
    ]
    stages = [
        {"name": "a", "commands": commands},
        {"name": "b", "dependencies": ["a"], "commands": ["grep bye /told && true"]},
    ]
    built.write("dynbuild.json", json.dumps({"base": busybox_base, "stages": stages}))
    built.ok("lock")
    built.ok("realize")
