"""Variables of the platform are set for the commands and copies that name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.space import Space

DECLARATION = """\
base = "{base}"
labels = {{ rev = "${{args.rev}}" }}
env = {{ REV = "<${{args.rev}}>" }}
args = {{ rev = {{ default = "none", late = true }} }}

[[stages]]
name = "made"
build_only = true
commands = [
    "mkdir -p /out/$TARGETARCH",
    "echo $TARGETPLATFORM $TARGETOS [$TARGETVARIANT] > /out/$TARGETARCH/told",
]

[[stages]]
name = "own"
build_env = {{ TARGETARCH = "mine" }}
commands = ["echo $TARGETARCH > /own"]

[[stages]]
name = "called"
dependencies = ["naming"]
copy = [{{ from = "told.sh", to = "/told.sh" }}]
commands = ["sh /told.sh > /called"]

[[stages]]
name = "naming"
commands = ["echo $TARGETARCH $TARGETOS > /named"]

[[stages]]
name = "taken"
copy = [{{ stage = "made", from = "/out/${{TARGETARCH}}/", to = "/in/${{TARGETOS}}/" }}]
"""


@pytest.mark.parametrize("linear", [False, True])
def test_commands_and_copies_know_the_platform(
    built: Space, busybox_base: str, docker: Callable[..., str], *, linear: bool
) -> None:
    built.write("dynbuild.toml", DECLARATION.format(base=busybox_base))
    built.write("told.sh", 'echo "<${TARGETARCH-none}> <${TARGETOS-none}>"\n')
    tag = f"dynbuild-test-targets:{linear}".lower()
    built.ok("build", "-t", tag, *(["--linear"] if linear else []))
    assert "version = 3" in built.read("dynbuild.lock")
    look = "cat /in/linux/told /own /called; echo $REV"
    try:
        found = docker("run", "--rm", "--network", "none", tag, "sh", "-c", look)
        built.ok("realize", "--frozen", "-t", tag, "--build-arg", "rev=a$b")
        later = docker("run", "--rm", "--network", "none", tag, "sh", "-c", look)
    finally:
        docker("image", "rm", tag)
    # A stage that names no such variable has none, whoever stands before it in a build.
    told = "linux/amd64 linux []\nmine\n<none> <none>\n"
    assert (found, later) == (f"{told}<none>\n", f"{told}<a$b>\n")
