"""Fixes in libraries that nobody declares, against a repository that moves on."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.engine.managers import AptRepository, Image, served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.space import Space

APPS = [f"app{number:02}" for number in range(1, 51)]
LARGE = 2_000_000


@pytest.fixture
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AptRepository]:
    folder = tmp_path_factory.mktemp("apt") / "repository"
    made = AptRepository(folder, ("stable", "stable-security"))
    for name in APPS[:-1]:
        made.add(name)
    made.add(APPS[-1], Depends="lib, other")
    add_library(made, "1.0", "stable")
    made.add("other", "1.0")
    made.add("old", "1.0")
    made.add("tool", Depends="onig")
    made.add("onig", "1.0")
    made.add("web", "1.0", Depends="part (= 1.0)")
    made.add("part", "1.0")
    made.publish()
    with served(made.folder) as address:
        made.address = address
        yield made
    made.stop()


def add_library(repository: AptRepository, version: str, suite: str) -> None:
    """A library of which most is content that no compression makes smaller."""
    files = {"/usr/share/lib/content": secrets.token_hex(LARGE)}
    repository.add("lib", version, suite=suite, files=files)


@pytest.fixture
def base(debian_base: str, repository: AptRepository, push: Callable[..., str]) -> str:
    """A Debian that knows our repository alone, with a package of it."""
    return push(f"""\
FROM {debian_base}
COPY <<KEY /etc/apt/trusted.gpg.d/test.asc
{repository.key(armoured=True).decode()}
KEY
RUN rm -f /etc/apt/sources.list.d/* && \\
    echo 'deb {repository.address} stable main' > /etc/apt/sources.list && \\
    echo 'deb {repository.address} stable-security main' >> /etc/apt/sources.list && \\
    apt-get update && apt-get install -y old && rm -rf /var/lib/apt/lists/* && \\
    echo {uuid4()} > /etc/unique
""")


@pytest.fixture
def image(built: Space, engine: dict[str, str], base: str) -> Iterator[Image]:
    made = Image(built, engine, base)
    yield made
    made.forget()


def declared(names: list[str], more: str = "") -> str:
    return f"apt_packages = {json.dumps(names)}\n{more}"


STAGE = """
[[stages]]
name = "work"
commands = ["cat /usr/share/lib/version > /work"]
"""


def lines(space: Space, name: str = "dynbuild.lock") -> list[str]:
    return space.read(name).splitlines()


def outdated(space: Space) -> dict[str, dict[str, Any]]:
    found = json.loads(space.ok("outdated", "--json").out)["findings"]
    return {one["name"]: one for one in found if one["state"] == "outdated"}


def differ(space: Space) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(space.ok("diff", "--json").out)
    return found


@pytest.mark.parametrize("resolve", [(), ("--resolve",)])
def test_a_fix_in_a_library_of_a_group_of_fifty(
    image: Image, repository: AptRepository, resolve: tuple[str, ...]
) -> None:
    space = image.space
    image.edit(declared(APPS, STAGE), *resolve)
    space.commit()
    before = lines(space)
    add_library(repository, "1.0+deb1u1", "stable-security")
    repository.publish()
    assert outdated(space)["lib"]["security"]

    flags = ("--upgrade-packages", "--security")
    done = space.ok("lock", *flags, "--dry-run")
    assert "+  apt" not in done.out
    done = space.ok("lock", *flags)
    assert "nobody declares lib: upgraded where installed" in done.err
    now = lines(space)
    header = ["[apt.undeclared]", 'lib = ["3 ^"]']
    version = ["version = 10"]
    assert [one for one in now if one not in before] == version + header
    assert len(now) == len(before) + len(header)

    # What is told in advance is what happens.
    told = differ(space)
    assert [one["step"] for one in told["runs"]] == ["apt.3"]
    assert [(one["change"], one["name"]) for one in told["changes"]] == [
        ("upgraded", "lib")
    ]
    assert "1 of 3 steps run" in space.ok("diff").out
    if resolve:
        space.ok("lock", *resolve)
        assert 'lib = ["1 1.0", "3 1.0+deb1u1"]' in space.read("dynbuild.lock")
        assert sum(" lib " in one for one in lines(space, "dynbuild.sum")) == 2
    done = space.ok("realize", "-t", image.tag)
    if not resolve:
        assert "3 steps: 1 ran, 2 cached" in done.err
    (step,) = [one for one in differ(space)["steps"] if one["step"] == "apt.3"]
    size = repository.packages[-1][2].stat().st_size
    assert 0.5 * size < step["bytes"] <= 1.2 * size

    inside = image.look()
    assert inside.installed["lib"] == "1.0+deb1u1"
    assert "lib" not in inside.manual
    assert (inside.complaints, inside.leftovers) == ("", [])
    assert "lib" not in outdated(space)
    space.commit()
    held = space.read("dynbuild.lock")
    for words in (
        ("--security",),
        ("--check",),
        (),
        ("--upgrade-packages", "--security"),
    ):
        space.ok("lock", *words)
        assert space.read("dynbuild.lock") == held
    assert "lib 1.0+deb1u1" in space.ok("why", "--package", "lib").out
    assert "~  deb  lib" in space.ok("packages", "apt.3").out

    # What nothing needs any more goes, fixed or not.
    image.edit(declared(APPS[:-1]), *resolve)
    inside = image.look()
    assert not {"lib", "other"} & inside.installed.keys()
    assert inside.complaints == ""
    space.ok("lock", "--repack", *resolve)
    assert "undeclared" not in space.read("dynbuild.lock")


def test_what_the_base_has_and_what_is_not_there(
    image: Image, repository: AptRepository
) -> None:
    space = image.space
    image.edit(declared(["app01"]))
    space.commit()
    repository.add("old", "1.1", suite="stable-security")
    repository.add("other", "1.1")
    repository.publish()
    # Of what is not there nobody can ask.
    done = space.run("lock", "-P", "other")
    assert (done.status, "no package 'other' is declared" in done.err) == (2, True)
    assert "dash: nothing newer is known" in space.ok("lock", "-P", "dash").err
    space.ok("lock", "-P", "old")
    assert 'old = ["2 ^"]' in space.read("dynbuild.lock")
    lock = space.read("dynbuild.lock")
    assert "old: nothing newer is known" in space.ok("lock", "-P", "old").err
    assert space.read("dynbuild.lock") == lock
    absent = lock.replace('old = ["2 ^"]', 'absent = ["2 ^"]\nold = ["2 ^"]')
    space.write("dynbuild.lock", absent)
    space.ok("realize", "--frozen", "-t", image.tag)
    space.write("dynbuild.lock", lock)
    assert "old: nothing newer is known" in space.ok("lock", "-P", "old").err
    inside = image.look()
    assert inside.installed["old"] == "1.1"
    assert "old" in inside.manual
    assert not {"other", "absent"} & inside.installed.keys()
    assert inside.complaints == ""


def test_of_several_images_the_first_that_has_it(
    image: Image, repository: AptRepository
) -> None:
    space = image.space
    text = f"""\
[images.common]
base = "{image.base}"
apt_packages = ["app01"]
publish = false

[images.api]
extends = "common"
apt_packages = ["app50"]

[images.task]
extends = "api"
apt_packages = ["app02"]

[images.other]
extends = "common"
apt_packages = ["app03"]
"""
    space.write("dynbuild.toml", text)
    space.ok("lock")
    space.ok("realize")
    space.commit()
    add_library(repository, "1.1", "stable-security")
    repository.add("old", "1.1", suite="stable-security")
    repository.publish()
    space.ok("lock", "--security")
    locked = space.read("dynbuild.lock")
    assert locked.count(" ^") == 2
    assert '[images.common.apt.undeclared]\nold = ["' in locked
    assert '[images.api.apt.undeclared]\nlib = ["' in locked
    space.ok("realize")
    for name, brought in (("api", "1.1"), ("task", "1.1"), ("other", None)):
        told = json.loads(space.ok("packages", name, "--json").out)[name]
        there = {one["name"]: one["version"] for one in told["packages"]}
        assert (there["old"], there.get("lib")) == ("1.1", brought)


def fixed(repository: AptRepository, *names: str) -> None:
    for name in names:
        repository.add(name, "1.1", suite="stable-security")
    repository.publish()


def test_an_upgrade_that_found_nothing_is_not_the_next_one(
    image: Image, repository: AptRepository
) -> None:
    """As where a mirror lags: both run the same on the same."""
    space = image.space
    image.edit(declared(["app01", "tool"]))
    space.commit()
    fixed(repository, "onig")
    space.ok("lock", "--security")
    late = [one for one in repository.packages if one[0] == "stable-security"]
    assert late
    for one in late:
        repository.packages.remove(one)
    repository.publish()
    assert "apt.2" in space.ok("realize", "-t", image.tag).err
    assert image.look().installed["onig"] == "1.0"
    space.commit()
    repository.packages += late
    repository.publish()
    told = space.ok("lock", "--security").err
    assert "the last upgrade left onig as it was: a source may have lagged" in told
    assert 'onig = ["2 ^", "3 ^"]' in lines(space)
    space.ok("realize", "-t", image.tag)
    assert image.look().installed["onig"] == "1.1"
    space.commit()
    repository.add("onig", "1.2", suite="stable-security")
    repository.publish()
    assert "left" not in space.ok("lock", "--security").err


def test_a_declared_version_is_not_left_for_a_fix(
    image: Image, repository: AptRepository
) -> None:
    space = image.space
    image.edit(declared(["app01", "web=1.0"]))
    space.commit()
    repository.add("web", "1.1", suite="stable-security", Depends="part (= 1.1)")
    fixed(repository, "part")
    space.ok("lock", "-P", "part")
    done = space.run("realize", "-t", image.tag)
    assert done.status == 1
    assert "web : Depends: part (= 1.0)" in done.err


def test_what_is_held_stays_and_the_rest_is_fixed(
    image: Image, repository: AptRepository
) -> None:
    space = image.space
    held = 'env_scripts = ["apt-mark hold onig"]\n'
    image.edit(declared([APPS[-1], "tool"], held))
    space.commit()
    fixed(repository, "onig", "other")
    space.ok("lock", "--security")
    told = space.ok("lock", "--security").err
    assert "the lock has what fixes onig, other: `dynbuild realize` builds" in told
    space.ok("realize", "-t", image.tag)
    installed = image.look().installed
    assert (installed["onig"], installed["other"]) == ("1.0", "1.1")


def test_a_version_brings_back_nothing_that_is_gone(
    image: Image, repository: AptRepository
) -> None:
    """A textual merge may freshen what main removed with what needed it."""
    space = image.space
    image.edit(declared(["app01", "tool"]), "--resolve")
    space.commit()
    fixed(repository, "onig")
    space.ok("lock", "--security", "--resolve")
    text = space.read("dynbuild.lock")
    assert 'onig = ["2 ^"]' in text
    merged = text.replace('onig = ["2 ^"]', 'onig = ["3 ^"]')
    merged = merged.replace('"2 1.1"', '"3 1.1"')
    merged = merged.replace('tool = ["1 tool"]', 'tool = ["1 tool", "2 -"]')
    assert merged.count('"3 1.1"') == 1
    space.write("dynbuild.lock", merged)
    declaration = space.read("dynbuild.toml")
    space.write("dynbuild.toml", declaration.replace(', "tool"', ""))
    space.ok("realize", "-t", image.tag)
    assert not {"tool", "onig"} & image.look().installed.keys()


def test_what_is_not_built_has_fixes_that_nobody_knows(image: Image) -> None:
    space = image.space
    text = f'base = "{image.base}"\n{declared(["app01", "tool"])}'
    space.write("dynbuild.toml", text)
    space.ok("lock")
    done = space.ok("lock", "--security")
    assert "DB0437" in done.err
    assert "what is installed by the base, apt.1" in done.err
    assert "nothing that is installed" not in done.err
