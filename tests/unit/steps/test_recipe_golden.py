"""Digests and the scripts they stand for, pinned together.

A digest covers a stage's commands and STAGE_RECIPE, not the script itself. Where the
script below changes and the digest does not, it has to grow: else steps that were
built by the old script would be taken for the new.
"""

from pathlib import Path

from dynbuild.digest import digest_of, sha256
from dynbuild.steps.describe import Surroundings, describe
from dynbuild.steps.model import CacheDirectory, Copy, Secret, Stage, User
from dynbuild.steps.recipe import run_of

GOLDEN = Path(__file__).with_name("golden.txt")

USER = User("app", 1000, "/bin/sh")
STAGES = (
    Stage("plain", commands=("make", "make install")),
    Stage(
        "full",
        copies=(Copy("a.txt", "/app/", owner="app", digest=sha256(b"a")),),
        commands=("cd /app", "cat <<'E'\n$X\nE"),
        env={"PATH": "/opt:$PATH"},
        build_env={"ODD": "it's"},
        user="app",
        workdir="/w",
        shell=("/bin/bash", "-c"),
        network="none",
        ssh=True,
        cache_mounts=(CacheDirectory("/root/.cache"),),
        secrets=(Secret("s", "S"), Secret("t", None, "/t")),
        bump=2,
    ),
    Stage("copies", copies=(Copy("src", "/src", digest=sha256(b"b")),)),
)


def told(stage: Stage) -> str:
    environment = {**stage.env, **stage.build_env}
    around = Surroundings(
        platform="linux/amd64",
        target="linux/amd64",
        base=sha256(b"base"),
        shell=("/bin/sh", "-c"),
        environment=environment,
        user=USER,
        stands_on=(sha256(b"below"),),
        taken=tuple(copy.digest for copy in stage.copies if copy.digest),
    )
    run = run_of(stage, environment, USER)
    lines = [
        f"== {stage.name}",
        digest_of(describe(stage, around)),
        *((repr(mount) for mount in run.mounts) if run else ()),
        *(run.script.split("\n") if run else ["nothing to run"]),
    ]
    return "\n".join(lines) + "\n"


def test_the_digests_and_scripts_are_those_of_the_golden_file() -> None:
    """Grown STAGE_RECIPE? Write ``found`` into golden.txt, with the new digests."""
    found = "\n".join(map(told, STAGES))
    assert found == GOLDEN.read_text()
