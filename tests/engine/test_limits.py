"""Limits of steps on a real engine: of time always, of memory where builders can."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.engine.managers import Quiet, served

if TYPE_CHECKING:
    from pathlib import Path

    from tests.space import Space

DECLARATION = """
base = "{base}"
[stages.quick]
commands = ["echo {unique} > /quick"]
timeout = "10m"
[stages.slow]
commands = ["echo begun", "sleep {seconds}; echo {unique} > /slow"]
timeout = "{timeout}"
[stages.above]
dependencies = ["slow"]
commands = ["cp /slow /above"]
"""


@pytest.fixture
def unique() -> str:
    return uuid4().hex


def declare(
    space: Space, base: str, unique: str, *, seconds: int = 1, timeout: str = "30s"
) -> str:
    text = DECLARATION.format(
        base=base, unique=unique, seconds=seconds, timeout=timeout
    )
    space.write("dynbuild.toml", text)
    return text


def test_a_step_that_takes_too_long_is_ended(
    built: Space, busybox_base: str, unique: str
) -> None:
    declare(built, busybox_base, unique, seconds=600, timeout="2s")
    for words in (["build"], ["realize", "--linear"], ["realize", "--frozen"]):
        done = built.run(*words)
        assert done.status == 1
        assert "slow ran longer than its timeout, 2s, and was ended" in done.err
        assert "  its last output:\n    begun\n" in done.err
        assert "above started" not in done.err
    declare(built, busybox_base, unique, seconds=1, timeout="2m")
    done = built.ok("build")
    assert "3 steps: 2 ran, 1 cached" in done.err


def test_limits_decide_nothing_that_is_built(
    built: Space, busybox_base: str, unique: str
) -> None:
    text = declare(built, busybox_base, unique)
    built.ok("build")
    limited = text.replace("30s", "5m")
    limited = limited.replace("10m", '20m"\nmemory = "512m"\ncpus = 1.5 #')
    built.write("dynbuild.toml", limited)
    assert built.run("lock", "--check").status == 1
    done = built.ok("build")
    assert "~  stage  quick  stays at 1  changed: memory, cpus, timeout" in done.err
    assert "3 steps: 0 ran" in done.err
    assert "DB0516" not in done.err
    locked = built.read("dynbuild.lock")
    assert 'memory = "512m"\ncpus = "1.5"\ntimeout = "20m"\n' in locked


def test_a_builder_without_limits_is_told_once(
    built: Space, busybox_base: str, unique: str
) -> None:
    declare(built, busybox_base, unique)
    text = built.read("dynbuild.toml").replace("timeout", 'memory = "64m"\ntimeout')
    built.write("dynbuild.toml", text)
    done = built.ok("build")
    assert "3 steps: 3 ran" in done.err
    if "--resource " in built.command("docker", "buildx", "build", "--help").out:
        pytest.skip("this buildx has limits")  # and then nothing is to be told
    assert done.err.count("warning[DB0516]: stages are not held to their memory") == 1


def test_a_step_that_is_killed(built: Space, busybox_base: str, unique: str) -> None:
    declare(built, busybox_base, unique)
    text = built.read("dynbuild.toml").replace("sleep 1", "sh -c 'kill -9 $$'")
    built.write("dynbuild.toml", text)
    done = built.run("build")
    assert done.status == 1
    assert "slow failed: exit code 137" in done.err
    assert "hint: it was killed, most often for want of memory" in done.err


class Trickling(Quiet):
    """Says what it says a byte at a time, so that no client calls it silent."""

    def do_GET(self) -> None:  # noqa: N802 - as http.server calls it
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        with suppress(OSError):
            for _ in range(600):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.5)

    do_HEAD = do_GET  # noqa: N815 - likewise


@pytest.mark.parametrize(
    "manager",
    ["apt", *(pytest.param(other, marks=pytest.mark.slow) for other in ("npm", "pip"))],
)
def test_a_package_group_that_never_ends_is_ended(
    built: Space, debian_base: str, tmp_path: Path, unique: str, manager: str
) -> None:
    """Its sources trickle: apt, npm and pip would wait for as long as they do so."""
    with served(tmp_path, Trickling) as address:
        source = f"{address}/{unique}"
        script = f"echo deb [trusted=yes] {source} x main > /etc/apt/sources.list"
        first, more = {
            "apt": (
                f"env_scripts = ['rm /etc/apt/sources.list.d/*; {script}']\n",
                'apt_packages = ["jq"]\n',
            ),
            "npm": (
                'apt_packages = ["npm"]\n',
                f'npm_packages = ["a-{unique}"]\nnpm_registry = "{source}"\n',
            ),
            "pip": (
                'apt_packages = ["python3-pip"]\n',
                f'pip_packages = ["a-{unique}"]\npip_index = "{source}"\n',
            ),
        }[manager]
        first = f'base = "{debian_base}"\n{first}'
        built.write("dynbuild.toml", first)
        built.ok("lock")
        built.ok("realize")
        before = built.read("dynbuild.lock")
        built.write("dynbuild.toml", first + more)
        for words in (["lock", "--resolve"], ["build"], ["realize", "--linear"]):
            began = time.monotonic()
            done = built.run(*words, DYNBUILD_PACKAGE_TIMEOUT="3s")
            assert time.monotonic() - began < 60
            assert done.status == 1, done.err
            told = "ran longer than a package group may, 3s, and was ended"
            assert told in done.err
            assert "--package-timeout" in done.err
            if words[0] == "lock":
                assert built.read("dynbuild.lock") == before


def test_a_time_that_is_none(built: Space, busybox_base: str) -> None:
    built.write("dynbuild.toml", f'base = "{busybox_base}"\n')
    built.ok("lock")
    for text in ("0s", "soon", "10"):
        done = built.run("realize", "--package-timeout", text)
        assert done.status == 2
        assert f"{text!r} is no time, such as 90m or 1h30m" in done.err
