"""Machines that share a registry: one project, and stores of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from dynbuild.tiers.oci.address import Repository
    from tests.space import Done, Space

    Docker = Callable[..., str]

DECLARATION = """\
base = "{base}"

[[stages]]
name = "below"
commands = ["cat /proc/sys/kernel/random/uuid > /below # {unique}"]

[[stages]]
name = "above"
dependencies = ["below"]
commands = ["cat /below /proc/sys/kernel/random/uuid > /above"]
"""


def machine(space: Space, name: str, cache: Repository, **variables: str) -> Space:
    """The same project where nothing was ever built."""
    told = {
        "CACHE_LOCAL_PATH": f"{space.root}-store-{name}",
        "CACHE_REGISTRY": str(cache),
    }
    return replace(space, environment={**space.environment, **told, **variables})


def realize(space: Space, *more: str) -> Done:
    return space.ok("realize", "--progress", "plain", *more)


def ran(done: Done) -> int:
    return done.err.count(" ran in ")


def forget(docker: Docker) -> None:
    """Let the engine have nothing of what was built."""
    docker("builder", "prune", "--all", "--force")
