"""When the same copies leave the same layer on two stacks."""

from __future__ import annotations

import pytest

from dynbuild.link.model import WriteSet, Written
from dynbuild.link.shared import lands_alike

DIRECTORY = Written("directory", 0o755)
FILE = Written("file", 0o644, content="x")
GONE = Written("whiteout")


def alike(one: list[WriteSet], other: list[WriteSet], to: str = "/srv/app/") -> bool:
    return lands_alike([to], one, other)


def test_what_lies_elsewhere_does_not_matter() -> None:
    assert alike([{"bin/sh": FILE}], [{"bin/sh": Written("file", 0o755)}])
    assert alike([{"srv": DIRECTORY, "srv/else": FILE}], [{"srv": DIRECTORY}])
    assert alike([{"srv": DIRECTORY}], [{"srv": DIRECTORY}], "/srv/./app//x")


@pytest.mark.parametrize(
    "other",
    [
        {"srv": Written("directory", 0o700)},
        {"srv": Written("directory", 0o755, uid=7)},
        {"srv": Written("symlink", content="/var")},
        {"srv": DIRECTORY, "srv/app": FILE},
        {"srv": DIRECTORY, "srv/app": DIRECTORY, "srv/app/in": FILE},
        {},
    ],
)
def test_what_is_above_at_or_below_does(other: WriteSet) -> None:
    base: WriteSet = {"srv": DIRECTORY}
    assert not alike([base], [other])
    assert not alike([base, {}], [base, other]) or other == {}


def test_links_tell_nothing_even_where_both_have_them() -> None:
    link: WriteSet = {"srv": Written("symlink", content="/var")}
    assert not alike([link], [link])


def test_what_was_removed_is_not_there() -> None:
    base: WriteSet = {"srv": DIRECTORY, "srv/app": FILE}
    assert alike([base, {"srv/app": GONE}], [{"srv": DIRECTORY}])
    assert not alike([base], [{"srv": DIRECTORY}])


def test_nothing_is_said_of_the_root() -> None:
    assert not alike([{}], [{}], "/")
    assert not alike([{}], [{}], "/srv/..")
