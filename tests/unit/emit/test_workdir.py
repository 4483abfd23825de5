"""Which directories are missing, as the kernel sees a stack of layers."""

import pytest

from dynbuild.emit.workdir import look_up, missing_directories
from dynbuild.link.model import WriteSet, Written

DIRECTORY = Written("directory", 0o755)
FILE = Written("file", 0o644)


def link(target: str) -> Written:
    return Written("symlink", content=target)


STACK: list[WriteSet] = [
    {
        "usr": DIRECTORY,
        "usr/lib": DIRECTORY,
        "lib": link("usr/lib"),
        "abs": link("/usr"),
        "usr/up": link("../usr/lib"),
        "round": link("round"),
        "dangling": link("nowhere/x"),
        "gone": DIRECTORY,
        "gone/in": DIRECTORY,
        "hidden": DIRECTORY,
        "hidden/in": DIRECTORY,
    },
    {
        "gone": Written("whiteout"),
        "hidden": Written("opaque", 0o755),
        "usr": DIRECTORY,
        "usr/new": DIRECTORY,
    },
]


@pytest.mark.parametrize(
    ("path", "missing"),
    [
        ("/", ()),
        ("/usr/lib", ()),
        ("/usr/lib/x/y", ("usr/lib/x", "usr/lib/x/y")),
        ("/lib/x", ("usr/lib/x",)),
        ("/abs/new/", ()),
        ("/abs/x", ("usr/x",)),
        ("/usr/up/x", ("usr/lib/x",)),
        ("/gone", ("gone",)),
        ("/gone/in", ("gone", "gone/in")),
        ("/hidden/in", ("hidden/in",)),
        ("/lib/../a", ("a",)),
        ("/dangling", ("nowhere", "nowhere/x")),
    ],
)
def test_missing_directories(path: str, missing: tuple[str, ...]) -> None:
    assert missing_directories(path, STACK) == missing


def test_a_circle_of_links_ends() -> None:
    assert missing_directories("/round/x", STACK) == ("round/x",)


def test_look_up() -> None:
    assert look_up("usr/new", STACK) == DIRECTORY
    assert look_up("gone", STACK) is None
    assert look_up("hidden/in", STACK) is None
    assert look_up("a/b", [{"a": DIRECTORY, "a/b": FILE}, {"a": DIRECTORY}]) == FILE
