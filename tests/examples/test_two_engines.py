"""Examples that are made reproducible: two engines make one image."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.engine.moved import make_base
from tests.s3_servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.space import Space

ROOT = Path(__file__).parents[2]
SCRIPT = [sys.executable, str(ROOT / "scripts" / "engine")]
SAID = {
    "compile": ("base: ", "reproducible: true\nbase: "),
    "matrix": ("base = ", "reproducible = true; base = "),
    "pyproject": ("base = ", "reproducible = true; base = "),
    "seed": ("{", '{"base": "@BASE@", "reproducible": true,'),
    "shared": ("base = ", "reproducible = true; base = "),
    "webapp": ("base = ", "reproducible = true\nbase = "),
}


@pytest.fixture(scope="module")
def other_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Return the environment of a second engine, which has nothing."""
    kept = {
        name: value for name, value in os.environ.items() if "DOCKER" not in name
    } | {
        "DYNBUILD_ENGINE_DIR": str(tmp_path_factory.mktemp("engine")),
        "DYNBUILD_REGISTRY_PORT": str(free_port()),
    }
    subprocess.run([*SCRIPT, "up"], env=kept, check=True, capture_output=True)
    try:
        shell = 'set -e; settings=$("$@" env); eval "$settings"; exec env -0'
        words = ["sh", "-c", shell, "sh", *SCRIPT]
        done = subprocess.run(
            words, env=kept, check=True, capture_output=True, text=True
        )
        pairs = (line.partition("=") for line in done.stdout.split("\0") if line)
        yield {name: value for name, _, value in pairs}
    finally:
        subprocess.run([*SCRIPT, "down", "--purge"], env=kept, check=True)


def digests(space: Space, several: bool) -> dict[str, str]:  # noqa: FBT001
    """Return the digest of each image of a project, made from nothing."""
    out = space.root.with_name(f"{space.root.name}-out")
    space.ok("build", "-o", f"oci:{out}{'/{image}' if several else ''}")
    found = {
        str(path.parent.relative_to(out)): json.loads(path.read_text())
        for path in out.rglob("index.json")
    }
    return {name: index["manifests"][0]["digest"] for name, index in found.items()}


@pytest.fixture(scope="module")
def python_base(engine: dict[str, str], debian_base: str, registry: str) -> str:
    """Return an image with Python and pip, as the official one has them."""
    return make_base(engine, registry, {"debian": debian_base}, "python")["python"]


@pytest.mark.slow
@pytest.mark.parametrize("name", SAID)
def test_two_engines_make_one_image(
    name: str,
    built: Space,
    debian_base: str,
    python_base: str,
    other_engine: dict[str, str],
) -> None:
    """The second one works in another checkout, with another store, at another time."""
    here = built
    shutil.copytree(ROOT / "examples" / name, here.root, dirs_exist_ok=True)
    (path,) = here.root.glob("dynbuild.*")
    text = path.read_text().replace(*SAID[name], 1).replace("@BASE@", "debian:x-slim")
    text = re.sub(r"python:\$\{\w+\}-slim-bookworm", python_base, text)
    path.write_text(re.sub(r"debian:\w+-slim", debian_base, text))
    there = replace(
        here,
        root=here.root.with_name(f"{here.root.name}-there"),
        environment=here.environment
        | {k: v for k, v in other_engine.items() if "DOCKER" in k or k == "PATH"}
        | {
            "CACHE_LOCAL_PATH": f"{here.root}-there-store",
            "XDG_STATE_HOME": f"{here.root}-there-state",
        },
    )
    shutil.copytree(here.root, there.root)
    for one in there.root.rglob("*"):
        os.utime(one, (1_500_000_000, 1_500_000_000))
    found = digests(here, name == "shared")
    assert found
    assert digests(there, name == "shared") == found
