"""Limits of steps on a real engine: of time always, of memory where builders can."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

if TYPE_CHECKING:
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
