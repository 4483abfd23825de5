"""What a copy matches in a stage, and directories in memory, on a real engine."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from tests.engine.progress import steps_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.space import Space

    Docker = Callable[..., str]

MATCHED = """\
base = "{base}"

[[stages]]
name = "build"
build_only = true
commands = ["mkdir -p /out/more && echo {unique} > /out/app-1.jar && {more}"]

[[stages]]
name = "jar"
copy = [
    {{ stage = "build", from = "/out/app-*.jar", to = "/app.jar" }},
    {{ stage = "build", from = "/out/*", to = "/every/" }},
    {{ stage = "build", from = "/out/{pattern}", to = "/some/"{optional} }},
]

[[stages]]
name = "memory"
commands = ["df /scratch | tail -1 > /size && echo {unique} > /scratch/x"]
tmpfs = [{{ target = "/scratch", size = "1m" }}, "/var/never"]
"""


def test_patterns_match_in_the_builder(
    built: Space, busybox_base: str, docker: Docker, tag: str
) -> None:
    unique = uuid4().hex

    def write(pattern: str, optional: str = "", more: str = "true") -> None:
        text = MATCHED.format(
            base=busybox_base,
            unique=unique,
            pattern=pattern,
            optional=optional,
            more=more,
        )
        built.write("dynbuild.toml", text)
        built.ok("lock")

    write("*.whl")
    failed = built.run("realize", "-t", tag)
    assert failed.status == 1
    assert "jar failed: nothing matches '/out/*.whl' of build" in failed.err
    assert "say optional = true" in failed.err
    # What succeeded before is kept, and nothing is on record of what failed.
    again = built.run("realize", "--progress", "rawjson", "-t", tag)
    assert again.status == 1
    assert "build" not in steps_run(again.err)

    write("*.whl", ", optional = true")
    built.ok("realize", "-t", tag)
    run = ("run", "--rm", "--network=none", tag)
    assert docker(*run, "cat", "/app.jar", "/every/app-1.jar").split() == [unique] * 2
    assert not {"scratch", "never"} & {*docker(*run, "ls", "/", "/var").split()}
    assert " 1024 " in docker(*run, "cat", "/size")
    done = built.ok("realize", "--compare-linear")
    assert "no paths differ" in done.out + done.err

    # A new match is one of the stage, whose digest the copier's covers.
    write("*.whl", more="touch /out/b.whl")
    done = built.ok("realize", "--progress", "rawjson", "-t", tag)
    assert {"build", "jar"} == {*steps_run(done.err)}
    assert docker(*run, "ls", "/some").split() == ["b.whl"]


def test_of_an_image_too(
    built: Space, busybox_base: str, docker: Docker, tag: str
) -> None:
    text = f"""\
base = "{busybox_base}"

[[stages]]
name = "shells"
copy = [{{ image = "{busybox_base}", from = "/bin/s?", to = "/shells/" }}]
"""
    built.write("dynbuild.toml", text)
    built.ok("build", "-t", tag)
    listed = docker("run", "--rm", "--network=none", tag, "ls", "/shells")
    assert "sh" in listed.split()
