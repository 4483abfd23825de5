import pytest

from dynbuild.dockerfiles.known import (
    SYSTEM,
    both,
    independent,
    overlap,
    owned,
    paths_of,
)
from dynbuild.dockerfiles.model import Paths
from dynbuild.dockerfiles.shell import read_script


def paths(text: str, user: str | None = None) -> Paths | None:
    return paths_of(read_script(text), "/app", user)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("mkdir -p /a/b x", {"/a/b", "/app/x"}),
        ("echo 'a b' > /etc/x", {"/etc/x"}),
        ('echo "a b" >> /etc/x && touch /y', {"/etc/x", "/y"}),
        ("echo hello", set()),
        ("ln -sf /a /b", {"/b"}),
        ("mv /a /b", {"/a", "/b"}),
        ("chmod -R 755 /a", {"/a"}),
        ("chown 1:1 /a", {"/a"}),
        ("rm -rf /a/../b", {"/b"}),
        ("true", set()),
    ],
)
def test_what_is_written(text: str, written: set[str]) -> None:
    assert paths(text) == Paths(SYSTEM, frozenset(written))


def test_what_is_read() -> None:
    assert paths("cp -r /a /b") == Paths(SYSTEM | {"/a"}, frozenset({"/b"}))


def test_accounts() -> None:
    found = paths("groupadd g && useradd -m -g g -d /srv/g g")
    assert found is not None
    assert {"/etc/passwd", "/home", "/srv/g"} <= found.writes


@pytest.mark.parametrize(
    "text",
    [
        "mkdir $HOME",
        "mkdir /a/*",
        "mkdir -m 700 /a",
        "mkdir",
        "chmod +x",
        "echo $(x) > /a",
        'echo "$x" > /a',
        "echo a | tee /b",
        "echo a >> /b 2> /c",
        "mkdir /a || true",
        "mkdir /a &",
        "make install",
        "cat <<E\nE",
        "cp /a",
        "cp --parents /a /b",
        "mv /a",
        "mv -v /a /b",
        "ln /a /b",
        "ln -s /a",
        "touch -d x /a",
        "useradd --home-dir=/x y",
        "echo 'a",
        'echo "\\" "',
        "> /a",
        "cd /x && touch y",
    ],
)
def test_what_is_not_in_the_table_is_not_understood(text: str) -> None:
    assert paths(text) is None


def test_a_user_may_make_directories_above() -> None:
    found = paths("touch /opt/a/b/c", "app")
    assert found is not None
    assert found.writes == {"/opt/a", "/opt/a/b/c"}


@pytest.mark.parametrize(
    ("path", "top"),
    [("/a/b/c", "/a"), ("/opt/a/b", "/opt/a"), ("/usr/local/x/y", "/usr/local/x")],
)
def test_what_an_owner_may_get(path: str, top: str) -> None:
    assert owned(path) == top


def test_overlapping() -> None:
    assert overlap({"/a"}, {"/a/b"})
    assert overlap({"/a/b"}, {"/a"})
    assert overlap({"/"}, {"/x"})
    assert not overlap({"/a"}, {"/ab"})


def test_independence_needs_all_to_be_known() -> None:
    one = Paths(frozenset({"/r"}), frozenset({"/a"}))
    assert independent(one, Paths(frozenset({"/r"}), frozenset({"/b"})))
    assert not independent(one, Paths(frozenset(), frozenset({"/a/x"})))
    assert not independent(one, Paths(frozenset({"/a"}), frozenset()))
    assert not independent(one, Paths(frozenset(), frozenset({"/r/x"})))
    assert not independent(None, one)
    assert not independent(one, None)
    assert both(one, None) is None
