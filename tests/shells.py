"""The shells that commands run in, as this machine has them."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

NAMES = ("dash", "busybox", "bash")


@cache
def shell(name: str) -> tuple[str, ...]:
    """How a shell takes a script; without it, the test is skipped, or fails in CI."""
    found = shutil.which(name) or (_of_the_engine() if name == "busybox" else None)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{name} is not there")
        pytest.skip(f"{name} is not there")
    return (found, "sh", "-c") if name == "busybox" else (found, "-c")


def _of_the_engine() -> str | None:
    """The busybox that ``scripts/engine up`` unpacked for its bases."""
    cache_home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    default = Path(cache_home) / "dynbuild-engine"
    tools = Path(os.environ.get("DYNBUILD_ENGINE_DIR") or default) / "tools"
    return next((str(path) for path in sorted(tools.glob("**/bin/busybox"))), None)


def run(name: str, script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a script in a folder, with nothing to read and no environment of ours."""
    return subprocess.run(
        [*shell(name), script],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def parses(name: str, script: str) -> bool:
    """Whether a shell can read a script to its end; it runs nothing of it."""
    *words, flag = shell(name)
    done = subprocess.run(
        [*words, "-n", flag, script],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    # bash -n succeeds where what stands in [[ ]] is wrong, though it says so.
    return done.returncode == 0 and b"conditional" not in done.stderr
