"""Real builds through buildx: what they tell, what they make, what they keep quiet."""

from __future__ import annotations

import hashlib
import json
import subprocess
from base64 import b64encode
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from dynbuild.building import (
    BuildEvent,
    BuildFailed,
    BuildRequest,
    Built,
    Load,
    Nowhere,
    OciLayout,
    Output,
    Push,
    RawLine,
    StepFinished,
    StepOutput,
    StepStarted,
    Working,
)
from dynbuild.engine.buildx import Buildx
from dynbuild.engine.images import DockerImages
from dynbuild.errors import DeclarationError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Builds:
    """Builds Dockerfiles on one base, and keeps what was told meanwhile."""

    engine: dict[str, str]
    base: str
    folder: Path
    events: list[BuildEvent] = field(default_factory=list)

    def build(
        self,
        stages: str,
        *outputs: Output,
        hear: Callable[[BuildEvent], None] | None = None,
        **more: Any,
    ) -> Built:
        """Build stages that stand on base.0; a new salt in {salt} misses the cache."""
        context = self.folder / "context"
        context.mkdir(exist_ok=True)
        (context / "file").write_text("content\n")
        dockerfile = f"FROM {self.base} AS base.0\n\n{stages}"
        request = BuildRequest(
            dockerfile=dockerfile.replace("{salt}", uuid4().hex),
            context=str(context),
            outputs=outputs,
            network=self.engine.get("DYNBUILD_NETWORK"),
        )
        self.events.clear()

        def report(event: BuildEvent) -> None:
            self.events.append(event)
            if hear:
                hear(event)

        return Buildx(self.engine).build(replace(request, **more), report)

    def fails(self, stages: str, **more: Any) -> BuildFailed:
        with pytest.raises(BuildFailed) as failed:
            self.build(stages, **more)
        return failed.value

    def output(self, step: str) -> str:
        told = (event for event in self.events if isinstance(event, StepOutput))
        return "\n".join(event.text for event in told if event.step == step)

    def docker(self, *words: str) -> str:
        return subprocess.run(
            ["docker", *words],
            env=self.engine,
            check=True,
            capture_output=True,
            text=True,
        ).stdout


@pytest.fixture
def builds(engine: dict[str, str], busybox_base: str, tmp_path: Path) -> Builds:
    return Builds(engine, busybox_base, tmp_path)


TWO = """\
FROM base.0 AS apt.1
RUN <<EOF
set -e
echo {salt} | tee /salt
sleep 0.5
EOF

FROM apt.1 AS app
COPY file /srv/
RUN echo done >> /srv/file
CMD ["cat", "/srv/file"]
"""


def test_load_and_run_and_build_again(builds: Builds) -> None:
    tag = f"dynbuild-test:{uuid4().hex}"
    stages = TWO.replace("{salt}", tag)
    built = builds.build(stages, Load(), tags=(tag,))
    assert [(result.step, result.ran) for result in built.steps] == [
        ("apt.1", True),
        ("app", True),
    ]
    assert 0.5 < built.steps[0].seconds < 5
    steps = (StepStarted, StepOutput, StepFinished)
    assert [type(event) for event in builds.events if isinstance(event, steps)] == [
        StepStarted,
        StepOutput,
        StepFinished,
        StepStarted,
        StepFinished,
    ]
    try:
        run = ("run", "--rm", "--network=none", tag)
        assert builds.docker(*run) == "content\ndone\n"
        known = DockerImages(builds.engine).local_digest(tag)
        assert built.digest == built.metadata["containerimage.digest"] == known
    finally:
        builds.docker("image", "rm", tag)

    again = builds.build(stages, Nowhere())
    assert [(result.step, result.ran) for result in again.steps] == [
        ("apt.1", False),
        ("app", False),
    ]
    assert not any(isinstance(event, StepStarted) for event in builds.events)
    filtered = builds.build(stages, Nowhere(), no_cache_steps=("app",))
    assert [result.ran for result in filtered.steps] == [False, True]
    anew = builds.build(stages, Nowhere(), no_cache=True)
    assert [result.ran for result in anew.steps] == [True, True]


def test_every_output_has_the_same_digest(
    builds: Builds, registry: str, tmp_path: Path
) -> None:
    tag = f"{registry}/dynbuild-test/app:{uuid4().hex}"
    layout = tmp_path / "a, layout"
    outputs = (OciLayout(str(layout)), Push(), Load())
    built = builds.build(TWO, *outputs, tags=(tag,), no_cache=True)
    try:
        assert [result.ran for result in built.steps] == [True, True]
        finished = [e for e in builds.events if isinstance(e, StepFinished)]
        assert len(finished) == 2
        (entry,) = json.loads((layout / "index.json").read_text())["manifests"]
        assert entry["digest"] == built.digest
        pin = DockerImages(builds.engine).pin(tag)
        assert pin.digest == built.digest
        assert DockerImages(builds.engine).local_digest(tag) == built.digest
        assert Working("pushing the image", done=True) in builds.events
    finally:
        builds.docker("image", "rm", tag)


def test_independent_steps_run_side_by_side(builds: Builds) -> None:
    stages = "".join(
        f"FROM base.0 AS {name}\nRUN echo {{salt}}; touch /{name}; sleep 1\n"
        for name in ("one", "two")
    )
    builds.build(f"{stages}FROM one AS app\nCOPY --from=two /two /two\n")
    kinds = (StepStarted, StepFinished)
    told = [event for event in builds.events if isinstance(event, kinds)]
    assert [type(event) for event in told[:2]] == [StepStarted, StepStarted]
    assert {told[0].step, told[1].step} == {"one", "two"}


def test_two_platforms_are_two_steps(builds: Builds) -> None:
    platforms = ("linux/amd64", "linux/arm64")
    stages = "FROM base.0 AS app\nCOPY file /{salt}\n"
    built = builds.build(stages, platforms=platforms)
    assert sorted(str(result.platform) for result in built.steps) == [*platforms]


def test_output_of_every_kind(builds: Builds) -> None:
    builds.build("""\
FROM base.0 AS app
RUN <<EOF
echo {salt}
printf 'one\\ntwo\\n\\nlast'
echo ' word'
printf 'binary \\377\\000\\001 end\\n'
head -c 200000 /dev/zero | tr '\\0' x
echo
printf 'to stderr' >&2
EOF
""")
    lines = builds.output("app").split("\n")
    assert lines[1:6] == [
        "one",
        "two",
        "",
        "last word",
        "binary \N{REPLACEMENT CHARACTER}\0\1 end",
    ]
    assert "x" * 200_000 in lines
    assert "to stderr" in lines


def test_a_target_needs_nothing_behind_it(builds: Builds) -> None:
    stages = TWO + "FROM app AS behind\nRUN false\n"
    built = builds.build(stages, target="apt.1")
    assert [result.step for result in built.steps] == ["apt.1"]


def test_a_step_from_a_layout_does_not_run(builds: Builds, tmp_path: Path) -> None:
    layout = tmp_path / "layout"
    builds.build(TWO, OciLayout(str(layout)), target="apt.1", tags=("held",))
    contexts = {"apt.1": f"oci-layout://{layout}:held"}
    built = builds.build(TWO, build_contexts=contexts)
    assert [(result.step, result.ran) for result in built.steps] == [("app", True)]


def test_a_failure_inside_a_heredoc(builds: Builds) -> None:
    failed = builds.fails("""\
FROM base.0 AS first
RUN echo {salt}

FROM first AS app
RUN <<EOF
set -e
echo before
missing-command --now
echo after
EOF

FROM base.0 AS slow
RUN sleep 60; touch /x

FROM app AS all
COPY --from=slow /x /x
""")
    assert (failed.step, failed.exit_code) == ("app", 127)
    assert failed.instruction is not None
    assert failed.instruction.splitlines()[1:3] == [
        "echo before",
        "missing-command --now",
    ]
    # BuildKit reads stdout and stderr apart, so their lines may change places.
    first, second = sorted(failed.output, reverse=True)
    assert first == "before"
    assert "missing-command: not found" in second
    assert [result.step for result in failed.steps] == ["first"]


def test_a_failure_without_a_process(builds: Builds) -> None:
    failed = builds.fails("FROM base.0 AS app\nCOPY nothing /x\n")
    assert (failed.step, failed.instruction) == ("app", "COPY nothing /x")
    assert '"/nothing": not found' in failed.message


def test_only_the_last_lines_are_kept(builds: Builds) -> None:
    failed = builds.fails("FROM base.0 AS app\nRUN echo {salt}; seq 1 99; exit 7\n")
    assert failed.output == tuple(str(number) for number in range(80, 100))
    assert failed.exit_code == 7


def test_a_base_that_is_not_there(builds: Builds, registry: str) -> None:
    failed = builds.fails(f"FROM {registry}/dynbuild-test/absent:1 AS x\nRUN true\n")
    assert failed.step is None
    assert "dynbuild-test/absent:1: not found" in failed.message


def test_a_base_whose_registry_does_not_answer(builds: Builds) -> None:
    with pytest.raises(UnreachableError, match="connection refused"):
        builds.build("FROM 127.0.0.1:1/absent:1 AS x\nRUN true\n")


def test_a_registry_that_refuses_a_push(builds: Builds) -> None:
    with pytest.raises(UnreachableError, match=r"failed to push 127.0.0.1:1/x"):
        builds.build(TWO, Push(), tags=("127.0.0.1:1/x:1",))


def test_a_dockerfile_that_is_none(builds: Builds) -> None:
    failed = builds.fails("FROM base.0 AS app\nRUNN true\n")
    assert "unknown instruction: RUNN" in failed.message
    assert (failed.step, failed.instruction) == (None, None)


def test_a_builder_that_is_not_there(builds: Builds) -> None:
    with pytest.raises(DeclarationError, match="docker buildx ls"):
        builds.build(TWO, builders=("dynbuild-absent",))
    with pytest.raises(DeclarationError, match="dynbuild-absent"):
        Buildx(builds.engine).platform("dynbuild-absent")


def test_an_engine_that_is_not_there(builds: Builds) -> None:
    builds.engine = builds.engine | {"DOCKER_HOST": "unix:///nowhere.sock"}
    with pytest.raises(UnreachableError, match="DOCKER_HOST"):
        builds.build(TWO)
    with pytest.raises(UnreachableError, match="DOCKER_HOST"):
        Buildx(builds.engine).platform(None)


def test_a_docker_without_buildx(builds: Builds, tmp_path: Path) -> None:
    builds.engine = builds.engine | {"DOCKER_CONFIG": str(tmp_path)}
    with pytest.raises(UnreachableError, match="no buildx"):
        builds.build(TWO)


def test_the_platform(builds: Builds) -> None:
    facts = builds.docker("version", "--format", "{{.Server.Os}}/{{.Server.Arch}}")
    assert Buildx(builds.engine).platform(None) == facts.strip()


def command_lines() -> str:
    paths = Path("/proc").glob("[0-9]*/cmdline")
    found = []
    for path in paths:
        try:
            found.append(path.read_bytes().decode("utf-8", "replace"))
        except OSError:
            continue
    return "\n".join(found)


@pytest.mark.parametrize("source", ["env=SECRET_TOKEN", "src={file}"])
def test_a_secret_is_never_seen(builds: Builds, tmp_path: Path, source: str) -> None:
    value = uuid4().hex
    (tmp_path / "file").write_text(value)
    builds.engine = builds.engine | {"SECRET_TOKEN": value}
    seen: list[str] = []

    def hear(event: BuildEvent) -> None:
        if isinstance(event, StepStarted):
            seen.append(command_lines())

    builds.build(
        "FROM base.0 AS app\n"
        "RUN --mount=type=secret,id=token,required=true"
        " echo {salt}; sha256sum /run/secrets/token; sleep 0.3\n",
        secrets=(f"id=token,{source.replace('{file}', str(tmp_path / 'file'))}",),
        hear=hear,
    )
    assert hashlib.sha256(value.encode()).hexdigest() in builds.output("app")
    (running,) = seen
    assert "id=token" in running
    assert value not in running
    raw = "".join(event.line for event in builds.events if isinstance(event, RawLine))
    assert value not in raw
    assert b64encode(value.encode()).decode() not in raw


def test_a_dockerignore_in_the_context_is_only_a_file(builds: Builds) -> None:
    (builds.folder / "context").mkdir()
    (builds.folder / "context" / ".dockerignore").write_text("file\n")
    builds.build("FROM base.0 AS app\nCOPY file .dockerignore /\n")
