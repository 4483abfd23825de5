"""Gives a real engine and real bases to the tests that ask for them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "engine"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # First, so that `-m "not engine"` sees the mark.
    for item in items:
        if "engine" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.engine)


@pytest.fixture(scope="session")
def engine() -> dict[str, str]:
    """Return the environment in which `docker` reaches an engine and finds buildx."""
    up = subprocess.run(
        [sys.executable, SCRIPT, "up"], capture_output=True, text=True, check=False
    )
    if up.returncode != 0:
        _give_up(f"no Docker engine: {up.stderr.strip()}")
    script = 'set -e; settings=$("$@" env); eval "$settings"; exec env -0'
    shell = subprocess.run(
        ["sh", "-c", script, "sh", sys.executable, str(SCRIPT)],
        env={name: os.environ[name] for name in os.environ if not _decides(name)},
        capture_output=True,
        text=True,
        check=True,
    )
    pairs = (line.partition("=") for line in shell.stdout.split("\0") if line)
    return {name: value for name, _, value in pairs}


@pytest.fixture(scope="session")
def debian_base(engine: dict[str, str]) -> str:
    """Return the reference of a Debian base with working apt and HTTPS."""
    return _named(engine, "DYNBUILD_TEST_BASE")


@pytest.fixture(scope="session")
def busybox_base(engine: dict[str, str]) -> str:
    """Return the reference of a base of a few megabytes: a shell, no packages."""
    return _named(engine, "DYNBUILD_TEST_BUSYBOX")


XATTR = """\
FROM {debian} AS tools
RUN apt-get update -qq && apt-get install -yqq --no-install-recommends attr libcap2-bin
RUN set -e; for name in setfattr getfattr setcap getcap; do \\
      program=$(command -v $name); install -D "$program" "/out/usr/bin/$name"; \\
      ldd "$program" | grep -o '/[^ ]*' | while read -r file; do \\
        install -D "$file" "/out$file"; done; \\
    done
FROM {busybox}
COPY --from=tools /out /
"""


@pytest.fixture(scope="session")
def xattr_base(
    engine: dict[str, str], debian_base: str, busybox_base: str, registry: str
) -> str:
    """Return the reference of the small base with tools for attributes beside."""
    tag = f"{registry}/dynbuild-test/xattr:latest"
    words = ["docker", "buildx", "build", "--provenance=false", "--push", "-t", tag]
    if engine.get("DYNBUILD_NETWORK") == "host":
        words += ["--network=host", "--allow=network.host"]
    done = subprocess.run(
        [*words, "-"],
        env=engine,
        input=XATTR.format(debian=debian_base, busybox=busybox_base),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return tag


@pytest.fixture(scope="session")
def registry(engine: dict[str, str]) -> str:
    """Return host:port of a registry on loopback that takes pushes over HTTP."""
    return _named(engine, "DYNBUILD_TEST_REGISTRY")


def _decides(name: str) -> bool:
    """Whether a developer's variable would decide what the tests see.

    Flags of dynbuild, but not where scripts/engine lies; what git and docker obey.
    """
    if name in ("DYNBUILD_ENGINE_DIR", "DYNBUILD_REGISTRY_PORT"):
        return False
    return name.startswith(("DYNBUILD_", "GIT_")) or name in (
        "BUILDKIT_PROGRESS",
        "DOCKER_DEFAULT_PLATFORM",
    )


def _named(engine: dict[str, str], variable: str) -> str:
    if variable not in engine:
        _give_up(f"`scripts/engine env` names no {variable} for this engine")
    return engine[variable]


def _give_up(reason: str) -> None:
    # A skip in CI would let a submission land with nothing built for real.
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
