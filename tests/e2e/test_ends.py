"""Whatever is wrong around it, every command ends with a message and its status."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from dynbuild import __main__ as program
from dynbuild.cli.main import COMMANDS
from tests.e2e.locks import START, committed
from tests.s3_servers import bucket_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.s3_servers import Server
    from tests.space import Space

LINES = [
    "init -o other.toml",
    "init --git --yes",
    "lock",
    "lock --check",
    "lock --show-order",
    "lock --base HEAD",
    "realize --print",
    "realize -t x",
    "build -t x",
    "why",
    "why --since HEAD",
    "diff",
    "diff HEAD HEAD --format markdown",
    "blame tools",
    "graph",
    "graph --format html",
    "status",
    "status --json",
    "packages",
    "packages --json",
    "packages --sbom spdx",
    "outdated",
    "cache ls",
    "cache ls local",
    "cache verify",
    "cache push",
    "cache pull --all",
    "clean --dry-run",
    "clean --keep-locks HEAD --dry-run",
    "key new a-key",
    "trust --list",
    "check",
    "eval -E 1",
    "fmt --check",
    "schema",
    "completion bash",
    "repl",
    "lsp",
    "compare scratch",
    "verify",
    "--version",
]
READS_GIT = ["lock --base HEAD", "why --since HEAD", "diff", "blame tools"]
READS_GIT += ["init --git --yes", "clean --keep-locks HEAD --dry-run"]
ASKS = ["cache ls", "cache ls s3", "cache pull --all", "cache verify"]
ASKS += ["cache push", "clean --shared --yes"]
MAY_ASK = ["status", "why", "graph", "diff"]


@dataclass(frozen=True)
class End:
    status: int
    err: str


@dataclass(frozen=True)
class Around:
    """A project, and how commands are run in it: hundreds of them.

    Each runs in a fork of this process, which has imported all of them: to start a
    Python for each would take minutes.
    """

    root: Path
    environment: Mapping[str, str]

    def run(
        self, line: str, prepare: Callable[[], None] = lambda: None, **more: str
    ) -> End:
        errors = self.root.with_name(f"{self.root.name}-err")
        child = os.fork()
        if not child:
            self._child(line, prepare, {**self.environment, **more}, errors)
        _, status = os.waitpid(child, 0)
        err = errors.read_text(errors="replace")
        assert os.WIFEXITED(status), err
        assert "Traceback" not in err, err
        return End(os.WEXITSTATUS(status), err)

    def _child(
        self,
        line: str,
        prepare: Callable[[], None],
        environment: Mapping[str, str],
        errors: Path,
    ) -> NoReturn:
        status = 99
        try:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
            sys.stdin, sys.stdout, sys.stderr = (
                open(n, mode, closefd=False)  # noqa: SIM115 - as Python begins
                for n, mode in enumerate("rww")
            )
            os.chdir(self.root)
            os.environ.clear()
            os.environ.update(environment)
            sys.argv = ["dynbuild", *line.split()]
            prepare()
            try:
                program.main()
                status = 0
            except SystemExit as end:
                status = int(end.code or 0)
            sys.stderr.flush()
            if sys.stdout is not None:
                sys.stdout.flush()
        except BaseException:  # noqa: BLE001 - it would go on as the test
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(status)


@pytest.fixture
def around(space: Space) -> Around:
    committed(space, START)
    for place, _ in COMMANDS.values():
        importlib.import_module(f"dynbuild.cli.commands.{place.partition('.')[0]}")
    return Around(space.root, space.environment)


def closed() -> None:
    os.close(1)
    sys.stdout = None


def full() -> None:
    os.dup2(os.open("/dev/full", os.O_WRONLY), 1)


def gone() -> None:
    Path("gone").mkdir()
    os.chdir("gone")
    Path("../gone").rmdir()


def test_all_commands_are_tried() -> None:
    assert COMMANDS.keys() == {line.split()[0] for line in LINES} - {"--version"}


@pytest.mark.parametrize("stdout", [closed, full])
def test_nobody_takes_what_is_written(
    stdout: Callable[[], None], around: Around
) -> None:
    for line in LINES:
        # The second answer may be one that was remembered.
        for _ in range(2):
            done = around.run(line, stdout)
            assert done.status in (0, 1, 2, 4), done.err
            if done.status:
                assert "error" in done.err or "stale" in done.err, (line, done.err)


@pytest.mark.parametrize("stdout", [closed, full])
def test_an_answer_that_nobody_takes_is_a_failure(
    stdout: Callable[[], None], around: Around
) -> None:
    for line in ("eval -E 1", "realize --print", "schema", "--version"):
        assert around.run(line).status == 0
        done = around.run(line, stdout)
        assert (done.status, "stdout" in done.err) == (1, True), (line, done.err)


def test_the_working_directory_was_removed(around: Around) -> None:
    for line in LINES[:-1]:
        done = around.run(line, gone)
        assert done.status == 2, (line, done.err)
        assert "error[DB0311]: the working directory was removed" in done.err


def test_git_does_not_trust_the_repository(around: Around) -> None:
    for line in READS_GIT:
        done = around.run(line, GIT_TEST_ASSUME_DIFFERENT_OWNER="1")
        assert done.status == 2, (line, done.err)
        assert "error[DB0314]" in done.err
        assert "dubious ownership" in done.err


def test_git_lost_its_objects(around: Around) -> None:
    for path in (around.root / ".git" / "objects").glob("??/*"):
        path.chmod(0o644)
        path.write_bytes(b"")
    for line in READS_GIT:
        assert around.run(line).status in (0, 1, 2), line


def test_there_is_no_git(around: Around, tmp_path: Path) -> None:
    for line in READS_GIT:
        assert around.run(line, PATH=str(tmp_path)).status in (0, 1, 2), line


def test_the_server_is_gone(around: Around) -> None:
    there = {"MINIO_ENDPOINT": "127.0.0.1:1", "MINIO_SECURE": "false"}
    for line in (*ASKS, *MAY_ASK):
        done = around.run(line, **there)
        assert done.status == (4 if line in ASKS else 0), (line, done.err)


def test_the_bucket_is_gone(around: Around, rclone_server: Server) -> None:
    there = rclone_server.environment(bucket_name())
    wrong = {"MINIO_SECRET_KEY": "another-one"}
    for line in (*ASKS, *MAY_ASK):
        assert around.run(line, **there).status in (0, 4), line
        done = around.run(line, **{**there, **wrong})
        assert done.status == (4 if line in ASKS else 0), (line, done.err)


def test_the_store_is_no_directory(around: Around) -> None:
    path = around.root / "a-file"
    path.write_text("x")
    for line in LINES:
        done = around.run(line, CACHE_LOCAL_PATH=str(path))
        assert done.status in (0, 1, 2, 4), (line, done.err)


def test_the_store_holds_anything(around: Around) -> None:
    store = around.root / "store"
    for folder in ("blobs/sha256", "records", "notes", "locks", "tmp"):
        (store / folder).parent.mkdir(parents=True, exist_ok=True)
        (store / folder).write_text("no directory")
    for line in LINES:
        done = around.run(line, CACHE_LOCAL_PATH=str(store))
        assert done.status in (0, 1, 2, 4), (line, done.err)


def test_a_project_whose_path_is_no_text(around: Around) -> None:
    odd = around.root / os.fsdecode(b"\xff\xfe")
    odd.mkdir()
    for name in ("dynbuild.toml", "dynbuild.lock", ".git"):
        (around.root / name).rename(odd / name)
    for line in LINES:
        done = Around(odd, around.environment).run(line)
        assert done.status in (0, 1, 2, 4), (line, done.err)


def test_nothing_is_there(around: Around) -> None:
    for variable in ("HOME", "XDG_CACHE_HOME", "PATH"):
        kept = {k: v for k, v in around.environment.items() if k != variable}
        for line in LINES:
            done = Around(around.root, kept).run(line)
            assert done.status in (0, 1, 2, 4), (variable, line, done.err)
