"""The language means and says the same on another Python, if one is named."""

import os
import subprocess
from pathlib import Path

import pytest

PYTHON = os.environ.get("DYNBUILD_TEST_PYTHON", "")
FOLDERS = ("tests/language", "tests/unit/lang")
ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON, reason="DYNBUILD_TEST_PYTHON names no other Python")
def test_the_language_is_the_same_on_another_python() -> None:
    options = ["-q", "-x", "-p", "no:xdist", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [PYTHON, "-m", "pytest", *options, "-m", "not slow", *FOLDERS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5_000:] + done.stderr[-5_000:]
