"""Projects with locks that need no engine and no registry: the base has a pin here."""

from pathlib import Path

from dynbuild.commands.target import target_of
from dynbuild.declaration.load import load
from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.update import update
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
    start = loads(before.read_text()) if before.exists() else None
    root = Path(space.root)
    target = target_of(load(Source("dynbuild.toml", text), "toml"), Tree(root), pinned)
    space.write("dynbuild.lock", dumps(update(start, target)))


def committed(space: Space, text: str, message: str = "x") -> None:
    lock(space, text)
    if not (space.root / ".git").exists():
        space.git("init", "-q", "-b", "main")
    space.git("add", "-A")
    space.git("commit", "-q", "--allow-empty", "-m", message)
