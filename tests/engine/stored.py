"""A project of four stages, and what has to be true of its image and its store."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.space import TELLING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.space import Space

    Docker = Callable[..., str]

DECLARATION = """\
base = "{base}"

[[stages]]
name = "below"
commands = ["mkdir -p /own; cat /proc/sys/kernel/random/uuid > /own/below # {unique}"]

[[stages]]
name = "above"
dependencies = ["below"]
commands = ["cp /own/below /own/above"]

[[stages]]
name = "beside"
commands = ["mkdir -p /own; sleep 0.3; echo {unique} > /own/beside"]

[[stages]]
name = "last"
dependencies = ["above", "beside"]
copy = [{{ from = "src", to = "/own/src" }}]
commands = ["cat /own/above /own/beside /own/src/file > /own/last"]
"""
CHECK = (
    "set -e; cmp /own/below /own/above;"
    " cat /own/above /own/beside /own/src/file | cmp - /own/last; cat /own/below"
)


def whole(space: Space, docker: Docker, tag: str, store: str = "store") -> str:
    """Realize; the image is one whose layers were built on one another."""
    space.ok("realize", "-t", tag, CACHE_LOCAL_PATH=str(space.root / store))
    return docker("run", "--rm", "--network", "none", tag, "sh", "-c", CHECK)


def sound(space: Space) -> None:
    """Every blob of the store is what its name says, every record has its blobs."""
    found = json.loads(space.ok("status", "--verify", "--json").out)
    assert found["verified"]["damaged"] == []


def start(space: Space, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "dynbuild", *arguments],
        cwd=space.root,
        env={**space.environment, **TELLING},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
