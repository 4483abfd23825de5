"""The config of the linked image; that Docker agrees is tested with a real engine."""

import pytest

from dynbuild.emit.config import image_config, ports, step_config, working_directory
from dynbuild.lockfile.model import Entry, Lock
from dynbuild.lockfile.resolved import environments_of
from dynbuild.steps.image import Healthcheck, RuntimeConfig
from dynbuild.steps.model import Pin, Stage, User

BASE = {
    "architecture": "arm64",
    "variant": "v8",
    "os": "linux",
    "author": "someone",
    "config": {
        "Env": ["PATH=/bin", "A=base"],
        "Cmd": ["base"],
        "Entrypoint": ["base"],
        "OnBuild": ["RUN x"],
        "ArgsEscaped": True,
        "Labels": {"a": "base", "b": "base"},
        "User": "1",
    },
}


def config_of(lock: Lock) -> object:
    return image_config(lock, environments_of(lock), BASE)["config"]


def test_of_a_lock_that_says_nothing() -> None:
    lock = Lock(Pin("base", None, env={"PATH": "/bin", "A": "base"}, user="0"))
    assert image_config(lock, environments_of(lock), BASE) == {
        "architecture": "arm64",
        "variant": "v8",
        "os": "linux",
        "config": {
            "Env": ["PATH=/bin", "A=base"],
            "Cmd": ["base"],
            "Entrypoint": ["base"],
            "Labels": {"a": "base", "b": "base"},
            "User": "0",
            "Shell": ["/bin/sh", "-c"],
        },
    }
    assert step_config(lock, BASE, {"A": "more"}) == {
        "architecture": "arm64",
        "variant": "v8",
        "os": "linux",
        "config": {
            "Env": ["PATH=/bin", "A=more"],
            "Shell": ["/bin/sh", "-c"],
            "User": "0",
            "WorkingDir": "/",
        },
    }
    assert step_config(lock, {})["config"] == {
        "Env": [],
        "Shell": ["/bin/sh", "-c"],
        "User": "0",
        "WorkingDir": "/",
    }


def test_of_a_lock_that_says_all() -> None:
    lock = Lock(
        Pin("base", None, env={"PATH": "/bin"}, workdir="/base"),
        user=User("app", 1000, "/bin/sh"),
        stages={"s": Entry(Stage("s", env={"PATH": "/s:$PATH"}), 1)},
        config=RuntimeConfig(
            env={"B": "$PATH!"},
            workdir="/a/../b",
            entrypoint=("run",),
            labels={"a": "own"},
            expose=("80", "90-91/UDP"),
            volumes=("/data",),
            healthcheck=Healthcheck(("ok",), "1m30s", "1.5s", "200ms", 3),
            stop_signal="SIGQUIT",
        ),
    )
    assert config_of(lock) == {
        "Env": ["PATH=/s:/bin", "A=base", "B=/s:/bin!"],
        "Entrypoint": ["run"],
        "Labels": {"a": "own", "b": "base"},
        "User": "app",
        "Shell": ["/bin/sh", "-c"],
        "WorkingDir": "/a/../b",
        "ExposedPorts": {"80/tcp": {}, "90/udp": {}, "91/udp": {}},
        "Volumes": {"/data": {}},
        "StopSignal": "SIGQUIT",
        "Healthcheck": {
            "Test": ["CMD", "ok"],
            "Interval": 90_000_000_000,
            "Timeout": 1_500_000_000,
            "StartPeriod": 200_000_000,
            "Retries": 3,
        },
    }


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (Healthcheck(none=True), {"Test": ["NONE"]}),
        (
            Healthcheck(shell="a || b", start_interval="2s"),
            {"Test": ["CMD-SHELL", "a || b"], "StartInterval": 2_000_000_000},
        ),
    ],
)
def test_a_health_check_of_the_shell_and_none(check: Healthcheck, said: object) -> None:
    lock = Lock(Pin("base", None), config=RuntimeConfig(healthcheck=check))
    config = config_of(lock)
    assert isinstance(config, dict)
    assert config["Healthcheck"] == said


def test_a_command_without_an_entrypoint_keeps_that_of_the_base() -> None:
    lock = Lock(
        Pin("base", None),
        config=RuntimeConfig(cmd=("x",), healthcheck=Healthcheck(("y",))),
    )
    config = config_of(lock)
    assert isinstance(config, dict)
    assert config["Entrypoint"] == ["base"]
    assert config["Cmd"] == ["x"]
    assert config["Healthcheck"] == {"Test": ["CMD", "y"]}


@pytest.mark.parametrize(
    ("own", "base", "stage", "where", "said"),
    [
        (None, "", None, "/", None),
        (None, "", "/s", "/", "/"),
        (None, "/base", None, "/base", "/base"),
        ("/own", "/base", None, "/own", "/own"),
    ],
)
def test_working_directory(
    own: str | None, base: str, stage: str | None, where: str, said: str | None
) -> None:
    lock = Lock(
        Pin("base", None, workdir=base),
        stages={"s": Entry(Stage("s", workdir=stage), 1)},
        config=RuntimeConfig(workdir=own),
    )
    assert working_directory(lock) == where
    config = config_of(lock)
    assert isinstance(config, dict)
    assert config.get("WorkingDir") == said


def test_ports() -> None:
    assert list(ports("8-10")) == ["8/tcp", "9/tcp", "10/tcp"]


def test_a_user_that_no_step_creates() -> None:
    lock = Lock(Pin("base", None, user="1"), config=RuntimeConfig(user="app:staff"))
    assert config_of(lock)["User"] == "app:staff"  # type: ignore[index]
