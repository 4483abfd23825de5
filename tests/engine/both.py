"""Bases for two platforms whose programs are all of this machine.

What is called arm64 has the programs of the other: BuildKit looks for an emulator of
its own, finds none, and starts them as they are. So all that dynbuild does of platforms
is done of two, with every command that there is; what an emulator does is no matter of
dynbuild.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PLATFORMS = ("linux/amd64", "linux/arm64")

_DOCKERFILE = """\
ARG TARGETARCH
FROM --platform=linux/amd64 {base} AS native
FROM native AS amd64
FROM scratch AS arm64
COPY --from=native / /
COPY mark /etc/foreign
{env}
FROM ${{TARGETARCH}}
WORKDIR /
"""


def push_both(engine: Mapping[str, str], base: str, registry: str, folder: Path) -> str:
    """Push a base for both platforms to a registry on loopback; gives its name."""
    folder.mkdir(exist_ok=True)
    (folder / "mark").write_text(f"{uuid4()}\n")
    words = ["docker", "buildx", "imagetools", "inspect", base]
    config = json.loads(_run(engine, *words, "--format={{json .Image}}"))
    pairs = (one.partition("=") for one in config.get("config", {}).get("Env") or ())
    env = "\n".join(f"ENV {name}={json.dumps(value)}" for name, _, value in pairs)
    (folder / "Dockerfile").write_text(_DOCKERFILE.format(base=base, env=env))
    tag = f"{registry}/dynbuild-test/two:{uuid4().hex}"
    words = ["docker", "buildx", "build", "--push", "--provenance=false", "-t", tag]
    _run(engine, *words, f"--platform={','.join(PLATFORMS)}", str(folder))
    return tag


def _run(engine: Mapping[str, str], *words: str) -> str:
    done = subprocess.run(
        words, env=dict(engine), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
