"""The steps of action.yml, run as GitHub's runner runs them."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.e2e.github import GitHub, github
from tests.e2e.locks import START, committed, lock
from tests.space import Space

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}
TOKEN = "a-token-that-nobody-may-see"
FORK = (
    "github.event.pull_request.head.repo.full_name"
    " != github.event.pull_request.base.repo.full_name"
)


@dataclass
class Runner:
    """A job on a pull request: its directory, its temporary files, what is known."""

    space: Space
    temp: Path
    known: dict[str, str]
    environment: dict[str, str]
    said: str = ""

    def step(self, name: str) -> int:
        step = STEPS[name]
        own = {
            key: re.sub(r"\$\{\{ (.*?) \}\}", lambda found: self.known[found[1]], text)
            for key, text in step.get("env", {}).items()
        }
        where = step.get("working-directory", "${{ inputs.directory }}")
        assert where == "${{ inputs.directory }}"
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.space.root,
            env={**self.environment, **own},
            capture_output=True,
            text=True,
            check=False,
        )
        self.said += done.stdout + done.stderr
        assert TOKEN not in self.said
        for line in (self.temp / "output").read_text().splitlines():
            key, _, told = line.partition("=")
            self.known[f"steps.{step.get('id')}.outputs.{key}"] = told
        return done.returncode

    def job(self) -> int:
        """All steps behind the installation, in their order."""
        for name in [*STEPS][1:]:
            if status := self.step(name):
                return status
        return 0

    @property
    def summary(self) -> str:
        return (self.temp / "summary").read_text()


@pytest.fixture
def hub() -> Iterator[GitHub]:
    with github() as state:
        yield state


@pytest.fixture
def runner(
    space: Space, tmp_path_factory: pytest.TempPathFactory, hub: GitHub
) -> Runner:
    """A clone as deep as actions/checkout makes it; the base has to be fetched."""
    temp = tmp_path_factory.mktemp("temp")
    committed(space, START, "Start")
    base = space.git("rev-parse", "HEAD").strip()
    committed(space, START.replace("make assets", "make more assets"), "More")
    clone = temp / "clone"
    space.git("clone", "-q", "--depth=1", space.root.as_uri(), str(clone))
    programs = temp / "dynbuild" / "bin"
    programs.mkdir(parents=True)
    script = programs / "dynbuild"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m dynbuild "$@"\n')
    script.chmod(0o755)
    (programs / "python").symlink_to(sys.executable)
    for name in ("output", "summary"):
        (temp / name).touch()
    environment = {
        **space.environment,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "RUNNER_TEMP": str(temp),
        "GITHUB_OUTPUT": str(temp / "output"),
        "GITHUB_STEP_SUMMARY": str(temp / "summary"),
        "GITHUB_API_URL": hub.url,
        "GITHUB_REPOSITORY": "o/r",
    }
    known = {
        "inputs.base": base,
        "inputs.token": TOKEN,
        "inputs.python": sys.executable,
        "github.action_path": str(ROOT),
        "github.event.pull_request.number": "7",
        FORK: "false",
    }
    return Runner(Space(clone, space.environment), temp, known, environment)


def test_a_pull_request_gets_one_comment_that_is_renewed(
    runner: Runner, hub: GitHub
) -> None:
    hub.comments = dict.fromkeys(range(1, 103), "somebody's own")
    assert runner.job() == 0, runner.said
    assert hub.comments[103].startswith("<!-- dynbuild diff -->\n")
    assert "2 of 4 steps run" in hub.comments[103]
    assert hub.comments[103] == runner.summary
    assert hub.tokens == {f"Bearer {TOKEN}"}
    assert runner.job() == 0
    assert len(hub.comments) == 103


def test_a_stale_lock_fails_once_the_comment_is_there(
    runner: Runner, hub: GitHub
) -> None:
    runner.space.write("dynbuild.toml", START.replace("make tools", "make new tools"))
    assert runner.job() == 1
    assert "dynbuild.lock is stale" in runner.said
    assert "The lock is stale or damaged: run `dynbuild lock`" in hub.comments[1]
    assert hub.comments[1] == runner.summary


def test_a_token_that_may_not_write_is_a_warning(runner: Runner, hub: GitHub) -> None:
    hub.allowed = False
    assert runner.job() == 0
    assert "::warning::the comment was not posted: HTTP Error 403" in runner.said
    assert "2 of 4 steps run" in runner.summary
    assert not hub.comments


def test_a_first_lock_is_reviewed_too(runner: Runner, hub: GitHub) -> None:
    (runner.space.root / "dynbuild.lock").unlink()
    runner.space.git("commit", "-q", "-a", "-m", "No lock")
    runner.known["inputs.base"] = runner.space.git("rev-parse", "HEAD").strip()
    lock(runner.space, START)
    assert runner.job() == 0, runner.said
    assert "4 of 4 steps run" in hub.comments[1]


@pytest.mark.slow
def test_the_action_installs_itself(runner: Runner) -> None:
    runner.environment["GITHUB_PATH"] = str(runner.temp / "path")
    runner.environment["RUNNER_TEMP"] = str(runner.temp / "fresh")
    assert runner.step("Install dynbuild") == 0, runner.said
    folder = (runner.temp / "path").read_text().strip()
    done = subprocess.run([f"{folder}/dynbuild", "--version"], check=True, text=True)
    assert done.returncode == 0


def test_the_inputs_are_all_used_and_named() -> None:
    text = (ROOT / "action.yml").read_text()
    used = set(re.findall(r"inputs\.(\w+)", text))
    assert used == set(ACTION["inputs"])
    # Nothing of a pull request's own text gets into a script: only into variables.
    for step in STEPS.values():
        assert "${{" not in step["run"]


CACHE = '\n[cache.minio]\nendpoint = "127.0.0.1:9"\nsecure = false\n'


def test_pull_requests_of_forks_ask_no_tier(runner: Runner) -> None:
    runner.space.write("dynbuild.toml", START + CACHE)
    runner.environment["DYNBUILD_ACCEPT_CACHE"] = "1"
    assert runner.step("Compare the locks") == 0, runner.said
    # The team's own are asked: nothing answers there.
    assert "DB0604" in runner.said
    runner.said = ""
    runner.known[FORK] = "true"
    assert runner.step("Compare the locks") == 0, runner.said
    assert "DB0604" not in runner.said
    assert "DB0630" in runner.said
    runner.said = ""
    runner.environment |= {"MINIO_ENDPOINT": "http://127.0.0.1:9"}
    assert runner.step("Compare the locks") == 0, runner.said
    assert "DB0604" not in runner.said
