"""What ``why`` says, as people read it: a page for each kind of question.

Nothing is built: the plan is the real one, and its builds are taken as done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dynbuild.cli.render.why_text import order_text, overview_text, step_text
from dynbuild.commands.target import target_of
from dynbuild.commands.why import Edges, Explanation, why
from dynbuild.declaration.load import load
from dynbuild.digest import digest_of
from dynbuild.errors import DeclarationError
from dynbuild.explain.past import Past, PastLock, PreviousSteps
from dynbuild.explain.since import before_of
from dynbuild.history.sqlite import Sqlite
from dynbuild.link.model import WriteSet, Written
from dynbuild.lockfile.codec import dumps
from dynbuild.lockfile.update import update
from dynbuild.project.content import Tree
from dynbuild.project.locks import LockFile
from dynbuild.spans import Source
from tests.edits.test_edits import EDITS, START
from tests.pins import pinned
from tests.realized import Machine
from tests.snapshot_files import files
from tests.space import Space

if TYPE_CHECKING:
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion

    from dynbuild.digest import Digest
    from dynbuild.lockfile.model import Lock
    from dynbuild.lockfile.order import Placed

SECONDS = {
    "apt.1": 21.3,
    "pip.2": 4.25,
    "script.3": 1.1,
    "user.4": 0.4,
    "dependencies": 9.5,
    "assets": 0.2,
    "application": 3.0,
}
MORE = """
[[stages]]
name = "inventory"
dependencies = ["application"]
copy = [{ from = "live", to = "/srv/live" }]
commands = ["find /srv > /inventory"]

[[stages]]
name = "compiler"
build_only = true
commands = ["make tool"]

[[stages]]
name = "tool"
copy = [{ stage = "compiler", from = "/tool", to = "/usr/bin/tool" }]
"""


def writes(placed: Placed) -> WriteSet:
    """Two stages, of which neither depends on the other, write one file."""
    own = {f"opt/{placed.id}": Written("file", 0o644, content=placed.id, new=True)}
    if placed.id in ("assets", "tool"):
        return {**own, "srv/index": Written("file", 0o644, content=placed.id)}
    return own


class World:
    """A project, and a machine on which its start was realized."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.machine = Machine(writes, seconds=SECONDS)
        self.history = Sqlite(
            root / "history.sqlite", "project", lambda: 1.0, 0.0, pytest.fail
        )
        (root / "requirements.txt").write_text("requests\n")
        (root / "app.py").write_text("print('hello')\n")
        (root / "live").mkdir()
        (root / "live" / "a").write_text("a\n")
        self.text = START + MORE
        self.lock: Lock = self.locked(None)
        self.realize()

    def locked(self, previous: Lock | None) -> Lock:
        loaded = load(Source("dynbuild.toml", self.text), "toml")
        return update(previous, target_of(loaded, Tree(self.root), pinned))

    @property
    def live(self) -> Digest:
        return Tree(self.root).content("live", ())

    def realize(self) -> None:
        self.machine.realize(self.lock, self.live)
        self.history.keep(self.machine.builds[-1])

    def edit(self, old: str, new: str) -> None:
        assert old in self.text
        self.text = self.text.replace(old, new)
        self.lock = self.locked(self.lock)

    def ask(self, *names: str, since: str | None = None) -> Explanation:
        edges = Edges(
            files=Tree(self.root),
            locks=LockFile(self.root / "dynbuild.lock", "dynbuild.lock"),
            tiers={"local": self.machine.tier},
            history=self.history,
            images=lambda: pytest.fail("no registry is asked"),
            platform=lambda: pytest.fail("no engine is asked"),
        )
        return why(self.lock, names, edges, since=since)

    def overview(self) -> str:
        return overview_text(self.ask(), None) + "\n"

    def step(self, *names: str) -> str:
        answer = self.ask(*names)
        return "\n\n".join(step_text(answer, one, None) for one in answer.steps) + "\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.mark.parametrize(
    "name", EDITS, ids=[name.replace(" ", "-").replace("'", "") for name in EDITS]
)
def test_edit(name: str, world: World, snapshot: SnapshotAssertion) -> None:
    world.text = EDITS[name](world.text)
    if name == "edit a tracked file":
        (world.root / "requirements.txt").write_text("requests\nrich\n")
    world.lock = world.locked(world.lock)
    assert world.overview() == snapshot(extension_class=files("txt"))
    foreseen = set(world.ask().runs)
    assert foreseen == world.machine.realize(world.lock, world.live)


def test_steps(world: World, snapshot: SnapshotAssertion) -> None:
    """A step of each kind, where nothing has changed."""
    names = ("apt", "pip", "script", "user", "assets", "application", "inventory")
    told = world.step(*names, "compiler", "tool")
    assert told == snapshot(extension_class=files("txt"))


def test_steps_that_run(world: World, snapshot: SnapshotAssertion) -> None:
    world.edit('"echo body >', '"echo h1 {} body >')
    (world.root / "live" / "a").write_text("b\n")
    told = world.step("assets", "application", "inventory", "tool")
    assert told == snapshot(extension_class=files("txt"))


def test_order(world: World, snapshot: SnapshotAssertion) -> None:
    world.edit('"echo body >', '"echo h1 {} body >')
    told = order_text(world.ask()) + "\n"
    assert told == snapshot(extension_class=files("txt"))


def test_since_a_revision(world: World, snapshot: SnapshotAssertion) -> None:
    """Nothing runs, and what was changed is told nevertheless."""
    space = Space(world.root, {})
    (world.root / "dynbuild.lock").write_text(dumps(world.lock))
    space.commit()
    world.edit('"echo body >', '"echo h1 {} body >')
    world.edit('"curl", "git"]', '"curl", "git", "jq"]')
    world.edit('"tool"', '"instrument"')
    world.realize()
    answer = world.ask("assets", "application", "apt", "instrument", since="HEAD")
    told = [step_text(answer, one, "HEAD") for one in answer.steps]
    assert "\n\n".join(told) + "\n" == snapshot(extension_class=files("txt"))
    assert answer.runs == ()
    with pytest.raises(DeclarationError, match="does not know the revision"):
        world.ask(since="nowhere")
    space.git("rm", "-q", "-f", "dynbuild.lock")
    space.commit()
    with pytest.raises(DeclarationError, match="no lock at 'HEAD'"):
        world.ask(since="HEAD")


def test_another_base(world: World, snapshot: SnapshotAssertion) -> None:
    world.edit("bookworm-slim", "trixie-slim")
    assert world.overview() == snapshot(extension_class=files("txt"))


def test_what_was_lost(world: World, snapshot: SnapshotAssertion) -> None:
    world.machine.lose("assets")
    assert world.overview() == snapshot(extension_class=files("txt"))


def test_a_script_that_left(world: World, snapshot: SnapshotAssertion) -> None:
    world.edit('env_scripts = ["echo en_US.UTF-8 UTF-8 > /etc/locale.gen"]', "")
    assert world.overview() == snapshot(extension_class=files("txt"))


def test_never_realized(world: World, snapshot: SnapshotAssertion) -> None:
    world.machine = Machine()
    (world.root / "history.sqlite").unlink()
    assert world.overview() == snapshot(extension_class=files("txt"))


def test_a_copy_from_another_stage(world: World) -> None:
    """No field is forgotten that the digest covers only through another digest."""
    world.text = world.text.replace("make tool", "make another tool")
    world.edit('"compiler"', '"linker"')
    (tool,) = world.ask("tool").steps
    (change,) = tool.reasons[0].fields
    assert (change.field, change.before, change.after) == (
        "copies.0.stage",
        "compiler",
        "linker",
    )
    assert [root.step for root in tool.roots] == ["tool"]


def test_what_would_be_next_of_a_source_and_of_a_strange_package(
    world: World,
) -> None:
    source = 'apt_sources = [{ uri = "https://x.example/apt", suites = ["x/"] }]'
    world.text = world.text.replace("user =", f"{source}\nuser =", 1)
    world.edit('"curl", "git"]', '"another", "curl", "git"]')
    world.realize()
    source_, *_, group = world.ask("source", "apt").steps
    assert source_.next.runs == ("apt.12", "source.13")
    assert group.next.runs == ("apt.13",)


def test_a_lock_that_cannot_be_read_is_where_memory_ends(world: World) -> None:
    past = Past((PastLock("version = 99", {"assets": digest_of({})}),))
    assert before_of(world.lock, past) == PreviousSteps()


def test_a_lock_of_which_no_place_is_known(world: World) -> None:
    digest = digest_of({})
    past = Past((PastLock(dumps(world.lock), {"assets": digest}),))
    before = before_of(world.lock, past)
    assert (before.digests, before.placed) == ({"assets": digest}, {})


def test_a_name_that_nothing_has(world: World) -> None:
    with pytest.raises(DeclarationError, match="did you mean 'assets'"):
        world.ask("asets")
    assert [one.placed.id for one in world.ask("curl").steps] == ["apt.1"]


def test_the_file_is_the_lock(world: World) -> None:
    assert dumps(world.lock) == world.machine.builds[-1].lock
