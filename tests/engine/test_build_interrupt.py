"""A real build that is interrupted leaves no process and no file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """\
import os, sys
from dynbuild.engine.buildx import Buildx
from dynbuild.building import BuildRequest, Nowhere, StepOutput

def report(event):
    if isinstance(event, StepOutput):
        print(event.text, flush=True)

request = BuildRequest(
    sys.stdin.read(), ".", (Nowhere(),), network=os.environ.get("DYNBUILD_NETWORK")
)
try:
    Buildx(dict(os.environ)).build(request, report)
except KeyboardInterrupt:
    sys.exit(130)
"""


def processes(needle: str) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if needle in path.read_bytes().decode("utf-8", "replace"):
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def eventually_none(needle: str) -> bool:
    for _ in range(100):
        if not processes(needle):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt(
    engine: dict[str, str], busybox_base: str, tmp_path: Path, number: signal.Signals
) -> None:
    # The number of seconds marks the process that sleeps in the build.
    seconds = str(100_000 + uuid4().int % 100_000)
    dockerfile = (
        f"FROM {busybox_base} AS base.0\nFROM base.0 AS app\n"
        f"RUN echo it sleeps; sleep {seconds}\n"
    )
    context, temporary = tmp_path / "context", tmp_path / "temporary"
    context.mkdir()
    temporary.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        env=engine | {"TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)},
        cwd=context,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as build:
        assert build.stdin is not None
        assert build.stdout is not None
        build.stdin.write(dockerfile)
        build.stdin.close()
        assert build.stdout.readline() == "it sleeps\n"
        assert processes(str(temporary))
        assert list(temporary.iterdir())
        begin = time.monotonic()
        os.kill(build.pid, number)
        assert build.wait(timeout=20) == 130
        assert time.monotonic() - begin < 3
    assert processes(str(temporary)) == []
    assert list(temporary.iterdir()) == []
    assert eventually_none(f"sleep {seconds}")
    assert eventually_none(f"sleep\0{seconds}")
