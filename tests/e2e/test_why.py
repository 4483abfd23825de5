"""``dynbuild why`` on the command line: no engine, no registry."""

import json

import pytest

from dynbuild.commands.target import target_of
from dynbuild.declaration.load import load
from dynbuild.lockfile.codec import dumps
from dynbuild.lockfile.update import update
from dynbuild.project.content import Tree
from dynbuild.spans import Source
from tests.pins import pinned
from tests.space import Space

DECLARATION = """\
base = "debian:bookworm-slim"
apt_packages = ["curl"]

[[stages]]
name = "first"
commands = ["make first"]

[[stages]]
name = "second"
dependencies = ["first"]
commands = ["make second"]
"""


@pytest.fixture
def project(space: Space) -> Space:
    space.write("dynbuild.toml", DECLARATION)
    loaded = load(Source("dynbuild.toml", DECLARATION), "toml")
    target = target_of(loaded, Tree(space.root), pinned)
    space.write("dynbuild.lock", dumps(update(None, target)))
    return space


def test_without_anything_realized(project: Space) -> None:
    done = project.ok("why")
    assert done.out == (
        "3 of 3 steps run: never measured\nnone of them was realized here before\n"
    )
    assert done.err == ""


def test_the_data(project: Space) -> None:
    answer = json.loads(project.ok("why", "second", "--json").out)
    assert [step["step"] for step in answer["runs"]] == ["apt.1", "first", "second"]
    (step,) = answer["steps"]
    assert step["place"]["code"] == "kept"
    assert step["closure"] == ["apt.1", "first"]
    assert step["from"] == "built"
    assert step["reasons"] == [{"code": "new", "fields": [], "steps": []}]
    assert step["next"]["unmeasured"] == ["second"]


def test_the_order(project: Space) -> None:
    assert project.ok("why", "--order").out.splitlines()[1:] == [
        "1    apt.1   the seq at which it came",
        "2    first   it never changed since it came",
        "3    second  it never changed since it came",
    ]


def test_the_lock_alone(project: Space) -> None:
    (project.root / "dynbuild.toml").unlink()
    assert "none of them" in project.ok("why", "--frozen").out
    assert project.run("why").status == 2


def test_a_stale_lock_is_told(project: Space) -> None:
    project.write("dynbuild.toml", DECLARATION.replace("make second", "make it"))
    done = project.ok("why", "second")
    assert "warning[DB0411]" in done.err
    assert "of the lock as it is" in done.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("frist",), "DB0330"),
        (("first", "--order"), "DB0317"),
        (("--since", "HEAD"), "DB0314"),
        (("--platform", "linux/s390x"), "DB0304"),
    ],
)
def test_mistakes(arguments: tuple[str, ...], code: str, project: Space) -> None:
    done = project.run("why", *arguments)
    assert (done.status, done.out) == (2, "")
    assert f"error[{code}]" in done.err


def test_history_that_cannot_be_used_is_no_mistake(project: Space) -> None:
    path = project.write("state/dynbuild/history.sqlite", b"no database" * 1000)
    state = str(path.parent.parent)
    done = project.ok("why", XDG_STATE_HOME=state)
    assert "warning[DB0702]" in done.err
    assert path.with_name("history.sqlite.damaged").exists()
    assert project.ok("why", XDG_STATE_HOME=state).err == ""
