"""The user's own configuration: read strictly, and last."""

import pytest

from dynbuild.environment.preferences import usual_builder
from tests.e2e.locks import START, lock
from tests.space import Space

CONFIG = ".config/dynbuild/config.toml"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("[build\n", "1:6", "DB0101]"),
        ("[biuld]\n", "1:2", "DB0348]: 'biuld' is unknown in the user's config"),
        ('[build]\nbuilder = "a"\n', "2:1", "DB0348]: 'builder' is unknown"),
        ("build = 1\n", "1:9", "DB0348]: expected a table with builders"),
        ('build.builders = "a"\n', "1:18", "DB0348]: expected a list of builders"),
        ("build.builders = []\n", "1:18", "DB0348]: expected a list of builders"),
        ('build.builders = ["a", 1]\n', "1:24", "DB0348]: expected the name of a b"),
        ('build.builders = ["a,b"]\n', "1:19", "DB0348]: expected the name of a b"),
        ('build.builders = [" "]\n', "1:19", "DB0348]: expected the name of a build"),
        ('build.builders = ["a", "a"]\n', "1:24", "DB0348]: a is named twice"),
    ],
)
def test_what_it_may_not_hold(
    space: Space, text: str, place: str, message: str
) -> None:
    lock(space, START)
    space.write(CONFIG, text)
    done = space.run("realize")
    assert done.status == 2
    assert f"{space.root}/{CONFIG}:{place}: error[{message}" in done.err
    # Who names builders otherwise, or builds nothing, need not correct it first.
    assert "DB0348" not in space.run("realize", "--builder", "a").err
    assert "DB0348" not in space.run("realize", DYNBUILD_BUILDER="a").err
    assert "DB0348" not in space.run("realize", BUILDX_BUILDER="a").err
    space.ok("lock", "--check")


def test_a_name_that_is_nearly_right(space: Space) -> None:
    lock(space, START)
    space.write(CONFIG, '[build]\nbuildres = ["a"]\n')
    assert "hint: did you mean 'builders'?" in space.run("realize").err
    space.write(CONFIG, "[cache]\n")
    assert "hint: known here: build" in space.run("realize").err


def test_where_it_is(space: Space) -> None:
    lock(space, START)
    space.write("here/dynbuild/config.toml", "[nothing]\n")
    home = f"{space.root}/here"
    assert "'nothing' is unknown" in space.run("realize", XDG_CONFIG_HOME=home).err
    # As the standard says: a relative path is to be ignored.
    assert "DB0348" not in space.run("realize", XDG_CONFIG_HOME="here").err
    assert "DB0348" not in space.run("realize", HOME="").err


def test_the_first_that_is_named_is_the_usual_one(space: Space) -> None:
    space.write(CONFIG, 'build.builders = ["lan", "attic"]\n')
    home = {"HOME": str(space.root)}
    assert usual_builder(home) == "lan"
    assert usual_builder({**home, "DYNBUILD_BUILDER": "a,b"}) == "a"
    assert usual_builder({**home, "BUILDX_BUILDER": "x"}) is None
    assert (
        usual_builder({**home, "BUILDX_BUILDER": "x", "DYNBUILD_BUILDER": "a"}) == "a"
    )
    assert usual_builder({}) is None


def test_a_file_that_cannot_be_read(space: Space) -> None:
    lock(space, START)
    (space.root / CONFIG).mkdir(parents=True)
    done = space.run("realize")
    assert done.status == 2
    assert f"DB0348]: the configuration {space.root}/{CONFIG} cannot be rea" in done.err
    (space.root / CONFIG).rmdir()
    (space.root / CONFIG).write_bytes(b"\xff")
    assert "cannot be read: it is no utf-8" in space.run("realize").err.lower()


def test_a_node_belongs_to_a_builder(space: Space) -> None:
    space.write(CONFIG, 'build.builders = ["lan/one"]\n')
    assert usual_builder({"HOME": str(space.root)}) == "lan"
