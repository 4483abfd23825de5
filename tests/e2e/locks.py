"""Projects with locks that need no engine and no registry: the base has a pin here."""

from pathlib import Path

from dynbuild.commands.target import targets_of
from dynbuild.declaration.load import load
from dynbuild.lockfile.codec import dumps, read
from dynbuild.lockfile.images import as_recipe
from dynbuild.lockfile.images_continued import as_several
from dynbuild.lockfile.images_update import update_images
from dynbuild.project.content import Tree
from dynbuild.spans import Source
from tests.pins import pinned
from tests.space import Space

START = """\
base = "debian:bookworm-slim"
apt_packages = ["curl"]

[[stages]]
name = "tools"
commands = ["make tools"]

[[stages]]
name = "assets"
commands = ["make assets"]

[[stages]]
name = "application"
dependencies = ["assets"]
commands = ["make application"]
"""


def lock(space: Space, text: str) -> None:
    """Write a declaration and bring the lock to it, as ``dynbuild lock`` does."""
    space.write("dynbuild.toml", text)
    before = space.root / "dynbuild.lock"
    start = read(before.read_text()) if before.exists() else None
    loaded = load(Source("dynbuild.toml", text), "toml")
    targets = targets_of(loaded, Tree(Path(space.root)), pinned)
    several = update_images(as_several(start, targets), targets)
    space.write("dynbuild.lock", dumps(as_recipe(several)))


def committed(space: Space, text: str, message: str = "x") -> None:
    lock(space, text)
    if not (space.root / ".git").exists():
        space.git("init", "-q", "-b", "main")
    space.git("add", "-A")
    space.git("commit", "-q", "--allow-empty", "-m", message)
