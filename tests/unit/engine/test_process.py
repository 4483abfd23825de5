"""Processes end, whatever happens: a script stands in for docker."""

import json
import os
import shutil
import signal
import threading
import time
from pathlib import Path

import pytest

from dynbuild.engine import process
from dynbuild.engine.process import Alarm, capture, check_buildx, docker, follow
from dynbuild.errors import UnreachableError


@pytest.fixture
def fake(tmp_path: Path) -> "Fake":
    return Fake(tmp_path)


class Fake:
    """A docker that is a shell script."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {"PATH": f"{folder}:/usr/bin:/bin"}

    def does(self, script: str) -> dict[str, str]:
        path = self.folder / "docker"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return self.environment


def gone(number: int) -> bool:
    """Whether a process is gone; a zombie that nobody reaps is."""
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def eventually_gone(number: int) -> bool:
    for _ in range(50):
        if gone(number):
            return True
        time.sleep(0.02)
    return False


def test_lines_and_status(fake: Fake) -> None:
    environment = fake.does("echo $1; printf 'a\\nb\\377\\n\\nc' >&2; exit 3")
    heard: list[str] = []
    assert follow(environment, ["x"], heard.append) == 3
    assert heard == ["a", "b\N{REPLACEMENT CHARACTER}", "", "c"]


def test_the_environment_is_the_one_given(fake: Fake) -> None:
    environment = fake.does("echo $ONLY >&2") | {"ONLY": "this"}
    heard: list[str] = []
    follow(environment, [], heard.append)
    assert heard == ["this"]


def test_no_docker(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="DB0501"):
        docker({"PATH": str(tmp_path)})


def plugin(config: Path, name: str) -> None:
    """A plugin that says where it was found, and what it was asked."""
    path = config / name / "docker-buildx"
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\necho {name} $@\n")
    path.chmod(0o755)


def test_a_docker_program_leaves_its_plugin_to_be_called(tmp_path: Path) -> None:
    (tmp_path / "docker").symlink_to(shutil.which("echo") or "")
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "DOCKER_CONFIG": str(tmp_path)}
    plugin(tmp_path, "cli-plugins")
    assert capture(environment, ["info"], 5).stdout == b"info\n"
    assert capture(environment, ["buildx", "a"], 5).stdout == b"cli-plugins a\n"
    plugin(tmp_path, "extra")
    extra = {"cliPluginsExtraDirs": [str(tmp_path / "extra")]}
    (tmp_path / "config.json").write_text(json.dumps(extra))
    assert capture(environment, ["buildx", "a"], 5).stdout == b"extra a\n"
    for damaged in ("[]", "{", '{"cliPluginsExtraDirs": 1}'):
        (tmp_path / "config.json").write_text(damaged)
        assert capture(environment, ["buildx", "a"], 5).stdout == b"cli-plugins a\n"


def test_a_docker_script_is_asked_for_its_plugin(fake: Fake) -> None:
    # It may reach another docker than the plugin would by itself.
    plugin(fake.folder, "cli-plugins")
    environment = fake.does("echo script $@") | {"DOCKER_CONFIG": str(fake.folder)}
    assert capture(environment, ["buildx", "a"], 5).stdout == b"script buildx a\n"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo unknown command: docker buildx >&2; exit 1", "has no buildx"),
        ("echo github.com/docker/buildx v0.12.1 abc", "buildx v0.12 is too old"),
    ],
)
def test_no_buildx(fake: Fake, script: str, message: str) -> None:
    with pytest.raises(UnreachableError, match=message):
        check_buildx(fake.does(script))


def test_a_buildx_that_serves(fake: Fake) -> None:
    check_buildx(fake.does("echo github.com/docker/buildx 0.29.1+ds1 0.29.1+ds1-4"))
    check_buildx(fake.does("echo github.com/docker/buildx v1.0.0-rc1 abc"))


def test_capture_takes_bytes(fake: Fake) -> None:
    answer = capture(fake.does("printf '\\377'"), [], 5)
    assert answer.stdout == b"\xff"


def test_an_error_while_listening_ends_the_group(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "GRACE", 0.1)
    environment = fake.does("sleep 60 & echo $! >&2; echo $$ >&2; wait")
    numbers: list[int] = []

    def each(line: str) -> None:
        numbers.append(int(line))
        if len(numbers) == 2:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        follow(environment, [], each)
    assert all(eventually_gone(number) for number in numbers)


@pytest.mark.parametrize("ignored", ["INT", "INT TERM"])
def test_a_group_that_ignores_signals_is_ended_harder(
    fake: Fake, monkeypatch: pytest.MonkeyPatch, ignored: str
) -> None:
    monkeypatch.setattr(process, "GRACE", 0.1)
    script = f"trap '' {ignored}; sleep 60 & echo $! >&2; wait; sleep 60; sleep 60"
    numbers: list[int] = []

    def each(line: str) -> None:
        numbers.append(int(line))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        follow(fake.does(script), [], each)
    assert all(eventually_gone(number) for number in numbers)


def test_a_full_pipe_does_not_keep_it_from_ending(fake: Fake) -> None:
    # It answers the signal with more than a pipe holds.
    noise = "head -c 300000 /dev/zero >&2"
    sleeper = "sleep 60 2>/dev/null & echo $! >&2"
    environment = fake.does(f"trap '{noise}; exit' INT; {sleeper}; wait")
    numbers: list[int] = []

    def each(line: str) -> None:
        numbers.append(int(line))
        raise KeyboardInterrupt

    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        follow(environment, [], each)
    assert time.monotonic() - begin < process.GRACE
    assert eventually_gone(numbers[0])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_interrupt(fake: Fake, number: signal.Signals) -> None:
    before = signal.getsignal(number)
    environment = fake.does("echo $$ >&2; exec sleep 60")
    numbers: list[int] = []

    def each(line: str) -> None:
        numbers.append(int(line))
        threading.Timer(0.05, os.kill, (os.getpid(), number)).start()

    with pytest.raises(KeyboardInterrupt):
        follow(environment, [], each)
    assert eventually_gone(numbers[0])
    assert signal.getsignal(number) is before


def test_a_signal_while_it_starts_is_not_lost(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = process.subprocess.Popen
    started: list[int] = []

    def popen(*args: object, **more: object) -> object:
        made = start(*args, **more)  # type: ignore[call-overload]
        started.append(made.pid)
        signal.raise_signal(signal.SIGINT)
        return made

    monkeypatch.setattr(process.subprocess, "Popen", popen)
    with pytest.raises(KeyboardInterrupt):
        follow(fake.does("exec sleep 60"), [], print)
    assert eventually_gone(started[0])


def test_what_is_ignored_stays_ignored(fake: Fake) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        heard: list[str] = []
        environment = fake.does(f"kill -HUP {os.getpid()}; echo done >&2")
        assert follow(environment, [], heard.append) == 0
        assert heard == ["done"]
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_threads_may_build_too(fake: Fake) -> None:
    heard: list[str] = []
    environment = fake.does("echo hello >&2")
    thread = threading.Thread(target=follow, args=(environment, [], heard.append))
    thread.start()
    thread.join()
    assert heard == ["hello"]


def test_a_docker_that_is_no_program(fake: Fake) -> None:
    environment = fake.does("")
    (fake.folder / "docker").write_text("no program")
    with pytest.raises(UnreachableError, match="exec format error"):
        capture(environment, ["x"], 5)
    with pytest.raises(UnreachableError, match="exec format error"):
        follow(environment, ["x"], print)


def test_a_docker_that_does_not_tell_its_version(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "GRACE", 0.1)
    with pytest.raises(UnreachableError, match="did not tell its version"):
        check_buildx(fake.does("exec sleep 60"))


def test_an_alarm_ends_what_gets_nowhere(fake: Fake) -> None:
    environment = fake.does("echo $$ >&2; exec sleep 60")
    heard: list[str] = []
    alarm = Alarm(0.2)
    assert follow(environment, [], heard.append, watches=[alarm]) != 0
    assert alarm.rang
    assert eventually_gone(int(heard[0]))


def test_an_alarm_that_is_off_ends_nothing(fake: Fake) -> None:
    environment = fake.does("echo on >&2; sleep 0.5; exit 3")
    alarm = Alarm(0.2)
    assert follow(environment, [], lambda _: alarm.off(), watches=[alarm]) == 3
    assert not alarm.rang
