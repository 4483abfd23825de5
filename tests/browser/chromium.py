"""Debian's Chromium, driven by Playwright; as root it is installed where it lacks."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

_APT = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "-q", "-y"]


def _found() -> str:
    """Where Chromium is. Without it: a failure in CI, else a skip that says why."""
    path = shutil.which("chromium")
    if path is None and os.geteuid() == 0 and shutil.which("apt-get"):
        # One of the processes of a test run installs it, the others wait.
        with Path(tempfile.gettempdir(), "dynbuild-chromium.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            path = shutil.which("chromium") or _installed()
    if path is None:
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up("no chromium: `apt-get install chromium` brings it")
    return path


def _installed() -> str | None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = [*_APT, "install", "--no-install-recommends", "chromium"]
    for command in (install, [*_APT, "update"], install):
        subprocess.run(command, env=environment, check=False, capture_output=True)
        if path := shutil.which("chromium"):
            return path
    return None


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = _found()
    with sync_playwright() as play:
        # As root, on a machine for tests, its own sandbox does not run.
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
