"""Progress on a terminal: what is drawn, and that it fits."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from io import StringIO
from pathlib import Path

from rich.console import Console
from syrupy.assertion import SnapshotAssertion

from dynbuild.building import RawLine, StepFinished, StepOutput, StepStarted, Working
from dynbuild.cli.progress_tty import Board
from tests.snapshot_files import files

ROOT = Path(__file__).resolve().parents[3]
TITLES = {"apt.1": "apt: curl, git, " + "a-package, " * 9, "compile": "compile"}
PULL = "pulling docker.io/library/debian:12"


def drawn(board: Board, now: float, width: int) -> str:
    stream = StringIO()
    Console(file=stream, width=width, color_system=None).print(board.draw(now))
    return stream.getvalue()


def test_what_is_drawn_while_a_build_goes_on(snapshot: SnapshotAssertion) -> None:
    board = Board(TITLES)
    pictures: list[str] = []

    def picture(now: float, width: int = 80) -> None:
        pictures.append(f"--- after {now} s\n{drawn(board, now, width)}")

    board.take(RawLine("{}"), 0)
    board.take(Working(PULL, 5_000_000, 28_200_000), 0)
    picture(0.5)
    board.take(Working(PULL, 28_200_000, 28_200_000, done=True), 1)
    board.take(StepStarted("apt.1"), 1)
    board.take(StepStarted("compile"), 2)
    board.take(StepStarted("compile", "linux/arm64"), 2)
    board.take(StepOutput("compile", "one\n  \x1b[31mtwo\x1b[0m\n\n"), 3)
    picture(62.25)
    board.take(StepOutput("compile", "long " * 40), 3)
    picture(62.5, 40)
    done = board.take(StepFinished("apt.1", 12.345, ran=True), 63)
    assert str(done) == f"ran       12.3 s  {TITLES['apt.1']}"
    assert board.take(StepFinished("compile", 1, ran=True, platform="linux/arm64"), 63)
    picture(64)
    board.take(StepFinished("compile", 1, ran=True), 64)
    assert drawn(board, 65, 80).strip() == ""
    assert "".join(pictures) == snapshot(extension_class=files("txt"))


def test_steps_of_one_name_are_told_apart_by_their_images() -> None:
    board = Board({"api/app": "app", "worker/app": "app"})
    board.take(StepStarted("app", image="api"), 0)
    board.take(StepStarted("app", image="worker"), 0)
    board.take(StepOutput("app", "mine", image="worker"), 0)
    done = board.take(StepFinished("app", 1, ran=True, image="api"), 1)
    assert str(done) == "ran        1.0 s  api/app"
    assert drawn(board, 2, 80).split() == ["2.0", "s", "worker/app", "mine"]


def test_a_step_that_never_started_may_say_and_end() -> None:
    board = Board(TITLES)
    board.take(StepOutput("compile", "early"), 0)
    assert str(board.take(StepFinished("compile", 0, ran=False), 0)) == (
        "cached            compile"
    )


SCRIPT = """\
import sys, time
from dynbuild.cli.progress import progress
from dynbuild.building import StepFinished, StepOutput, StepStarted

with progress("tty", sys.stderr, {"a": "first " * 30}, color=False) as report:
    report(StepStarted("a"))
    report(StepStarted("b"))
    for number in range(200):
        report(StepOutput("b", f"{number} " + "word " * 100))
        time.sleep(0.01)
        if number == 100:
            print("resize", flush=True)
            sys.stdin.readline()
    report(StepFinished("a", 1.0, True))
"""


def test_a_terminal_that_becomes_narrower() -> None:
    """What runs stays in its line, and the cursor comes back."""
    master, slave = pty.openpty()
    resize(slave, 80)
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TERM": "xterm"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=slave,
        text=True,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "resize\n"
        before = read(master)
        resize(slave, 50)
        child.stdin.write("\n")
        child.stdin.close()
        assert child.wait(timeout=20) == 0
    after = read(master)
    os.close(slave)
    os.close(master)
    assert widest(before) in range(75, 81)
    # The frame that was under way may still have been as wide as before.
    later = next(m for m in re.finditer(r"b  (\d+) ", after) if int(m[1]) > 120)
    assert widest(after[later.start() :]) <= 50
    assert "\x1b[?25l" in before
    assert "\x1b[?25h" in after


def resize(terminal: int, columns: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def read(master: int) -> str:
    os.set_blocking(master, False)
    text = b""
    for _ in range(10):
        try:
            text += os.read(master, 1 << 20)
        except BlockingIOError:
            time.sleep(0.01)
    return text.decode()


def widest(text: str) -> int:
    shown = re.sub(r"\x1b\[[0-?]*[@-~]", "", text)
    return max(len(line) for line in re.split(r"[\r\n]+", shown))
