"""A lock whose pin says that an index has an image which it does not have."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from dynbuild.lockfile.codec import loads

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.space import Space

    Docker = Callable[..., str]

COPYING = """\
base = "{busybox}"

[[stages]]
name = "copied"
copy = [{{ image = "{named}", from = "/who", to = "/who" }}]

[[stages]]
name = "made"
dependencies = ["copied"]
commands = ["cp /who /made"]
"""

STANDING = """\
base = "{named}"

[[stages]]
name = "made"
commands = ["cp /who /made"]
"""


@pytest.fixture
def push(
    busybox_base: str, registry: str, engine: dict[str, str]
) -> Callable[[str], str]:
    """Return what pushes an image that says who it is, and returns its reference."""

    def push(who: str) -> str:
        tag = f"{registry}/dynbuild-test/pins:{who}-{uuid4().hex}"
        words = ["docker", "buildx", "build", "--provenance=false", "--push"]
        if engine.get("DYNBUILD_NETWORK") == "host":
            words += ["--network=host", "--allow=network.host"]
        subprocess.run(
            [*words, "-t", tag, "-"],
            env=engine,
            input=f"FROM {busybox_base}\nRUN echo {tag} {who} > /who\n",
            capture_output=True,
            text=True,
            check=True,
        )
        return tag

    return push


@pytest.mark.engine
@pytest.mark.parametrize("declaration", [STANDING, COPYING], ids=["base", "copied"])
def test_a_platform_that_the_index_does_not_have(
    declaration: str,
    built: Space,
    push: Callable[[str], str],
    busybox_base: str,
    docker: Docker,
) -> None:
    """Images are taken by the platform's manifest, which digests of steps hold."""
    honest, evil = push("honest"), push("evil")
    tag = f"dynbuild-test-pins:{uuid4().hex}"

    def lock(named: str) -> str:
        built.write(
            "dynbuild.toml", declaration.format(named=named, busybox=busybox_base)
        )
        built.ok("lock")
        return built.read("dynbuild.lock")

    def digest(text: str) -> str:
        read = loads(text)
        (pin,) = read.images.values() if read.images else (read.base,)
        assert pin.digest is not None
        return f'digest = "{pin.digest}"'

    other, wanted = lock(evil), lock(honest)
    swapped = wanted.replace(digest(wanted), digest(other))
    assert swapped != wanted
    seen = []
    for text in (swapped, wanted):
        built.write("dynbuild.lock", text)
        built.ok("realize", "--frozen", "-t", tag)
        try:
            seen.append(docker("run", "--rm", "--network", "none", tag, "cat", "/made"))
        finally:
            docker("image", "rm", tag)
    assert [line.split()[1] for line in seen] == ["honest", "honest"]
