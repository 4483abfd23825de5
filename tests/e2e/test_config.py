"""``-c``: one declaration, and what is advised is advised for it."""

import pytest

from tests.e2e.locks import START, lock
from tests.space import Space


@pytest.mark.parametrize("command", ["check", "lock", "why", "realize"])
def test_two_declarations(command: str, space: Space) -> None:
    space.write("a.toml", "bose = 1\n")
    space.write("b.toml", START)
    done = space.run(command, "-c", "a.toml", "--file", "b.toml")
    assert done.status == 2
    assert "error[DB0317]: -c is given 2 times: a.toml and b.toml" in done.err


def test_advice_names_the_declaration(space: Space) -> None:
    lock(space, START)
    space.write("my file.toml", START.replace("make tools", "make all"))
    space.write("my file.lock", space.read("dynbuild.lock"))
    done = space.run("realize", "-c", "my file.toml", "--print")
    assert "run `dynbuild lock -c 'my file.toml'`" in done.err
    done = space.run("lock", "--check", "-c", "my file.toml")
    assert "run `dynbuild lock -c 'my file.toml'`" in done.err
    done = space.run("realize", "--print", DYNBUILD_CONFIG="my file.toml")
    assert "run `dynbuild lock`" in done.err
    space.write("dynbuild.toml", START.replace("make tools", "make all"))
    assert "run `dynbuild lock`" in space.run("realize", "--print").err
