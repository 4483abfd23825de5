"""Commands that tests run in a fork end as new processes do, and say the same."""

from pathlib import Path

import pytest

from tests import forks
from tests.space import Space

DECLARATION = '[[stages]]\nname = "a"\ncommands = ["x"]\n'


@pytest.mark.parametrize(
    "words",
    [
        ("--version",),
        ("lock", "--help"),
        ("check",),
        ("lock", "--dry-run"),
        ("realize", "--print"),
        ("why", "nothing"),
        ("locks",),
        ("eval", "-E", '"ä" + 1'),
    ],
    ids=" ".join,
)
def test_they_say_what_a_new_process_says(space: Space, words: tuple[str, ...]) -> None:
    space.write("dynbuild.toml", DECLARATION)
    assert forks.fits(space.environment)
    one = space.run(*words)
    # Hash seeds are of Python's start: a process of its own is started.
    other = space.run(*words, PYTHONHASHSEED="0")
    assert one == other


def test_they_are_where_they_are_told(space: Space, tmp_path: Path) -> None:
    """Neither the directory nor the variables of one are those of the next."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "dynbuild.toml").write_text(DECLARATION)
        there = Space(tmp_path / name, space.environment)
        assert there.run("check", DYNBUILD_CONFIG=f"{name}.toml").status == 2
        assert there.run("check").status == 0


@pytest.mark.parametrize("variable", ["PYTHONHASHSEED", "PYTHONUTF8", "LC_ALL"])
def test_what_decides_how_python_starts_is_no_fork(space: Space, variable: str) -> None:
    assert not forks.fits({**space.environment, variable: "0"})


def test_one_that_hangs_tells_where_it_was(space: Space) -> None:
    long = "builtins.foldl' (a: b: a + b * 2) 0 (builtins.genList (x: x) 3000000)"
    with pytest.raises(forks.Hangs, match="Current thread"):
        forks.run(["eval", "-E", long], space.root, space.environment, 1)
    assert space.run("eval", "-E", "1").out == "1\n"
