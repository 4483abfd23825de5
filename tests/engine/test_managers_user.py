"""The user step on a base of a few megabytes, whose tools are busybox's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.managers import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.space import Space


@pytest.fixture
def image(built: Space, engine: dict[str, str], busybox_base: str) -> Iterator[Image]:
    made = Image(built, engine, busybox_base)
    yield made
    made.forget()


def test_a_new_user(image: Image) -> None:
    image.edit('user = "app"')
    told = image.run("id; stat -c %u:%g ~ && touch ~/own")
    assert told == "uid=1000(app) gid=1000(app) groups=1000(app)\n1000:1000\n"


def test_a_group_of_that_name_is_there(image: Image) -> None:
    image.edit('user = "nogroup"')
    told = image.run("id")
    assert told.startswith("uid=1000(nogroup) gid=65534(nogroup)")


def test_the_user_is_there(image: Image) -> None:
    image.edit('user = { name = "nobody", uid = 65534 }')
    assert image.run("id -un") == "nobody\n"
    done = image.fails('user = "nobody"')
    said = 'declare user = { name = "nobody", uid = N }: in the base N is 65534'
    assert said in done.err


def test_the_uid_is_taken(image: Image) -> None:
    done = image.fails('user = { name = "app", uid = 65534 }')
    said = 'declare user = { name = "app", uid = N }: in the base nobody has uid 65534'
    assert said in done.err


def test_no_sudo_to_be_had(image: Image) -> None:
    done = image.fails('user = "app"\nsudo = true')
    assert "sudo = true needs sudo, and the base has no apt, dnf or apk" in done.err


ACCOUNTS = """
users = [
    { name = "data", uid = 1001, gid = 2000, group = "shared", home = "/srv/d/home" },
    { name = "daemon2", system = true, groups = ["shared"] },
]

[user]
name = "app"
home = false
groups = ["shared", "made-up"]
"""
LOOK = (
    "id; id data; id daemon2; stat -c '%u:%g %a' /srv/d/home;"
    " ls -d /home/* 2>/dev/null; grep -E '^(app|data|daemon2):' /etc/passwd"
)


def told_of(image: Image) -> list[str]:
    return image.run(LOOK).splitlines()


def check(lines: list[str]) -> None:
    app, data, system, home, *passwd = lines
    assert app.startswith("uid=1000(app) gid=1000(app) groups=1000(app),")
    assert "(made-up)" in app
    assert data == "uid=1001(data) gid=2000(shared) groups=2000(shared)"
    assert system.startswith("uid=999(daemon2) gid=999(daemon2)")
    assert system.endswith(",2000(shared)")
    assert home.startswith("1001:2000 7")
    assert [line.split(":")[5] for line in passwd] == [
        "/nonexistent",
        "/srv/d/home",
        "/nonexistent",
    ]


def test_homes_groups_and_further_users(image: Image) -> None:
    image.edit(ACCOUNTS)
    check(told_of(image))


def test_homes_groups_and_further_users_on_debian(
    built: Space, engine: dict[str, str], debian_base: str
) -> None:
    image = Image(built, engine, debian_base)
    try:
        image.edit(ACCOUNTS)
        check(told_of(image))
    finally:
        image.forget()


def test_a_group_that_is_there_with_another_number(image: Image) -> None:
    done = image.fails('user = { name = "app", group = "nogroup", gid = 1234 }')
    assert "the group nogroup of app is there: gid = N, where N is 65534" in done.err
