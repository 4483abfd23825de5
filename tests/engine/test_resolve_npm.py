"""Versions of npm's packages in the lock, in real builds, as a registry moves on."""

from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.engine.managers import Image, command, served
from tests.engine.npm_registry import (
    PROGRAMS,
    Registry,
    archive_of,
    bundled,
    packed,
    tag,
)
from tests.engine.test_managers_npm import Private
from tests.engine.test_resolve import another, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.space import Space


@pytest.fixture
def registry_(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    folder = tmp_path_factory.mktemp("npm")
    with served(folder) as address:
        # No cache of an earlier test knows its address.
        name = uuid4().hex
        (folder / name).mkdir()
        found = Registry(folder / name, f"{address}/{name}")
        found.add("dep", "1.0.0")
        found.add("dep", "2.0.0")
        found.add("other", "1.0.0", dependencies={"dep": "^1.0.0"})
        found.add("@scope/lib", "1.0.0")
        found.add("foreign", "1.0.0", os=["win32"])
        needs = {"dep": "^2.0.0", "other": "latest", "alias": "npm:@scope/lib@^1.0.0"}
        found.add(
            "tool",
            "1.0.0",
            dependencies=needs,
            optionalDependencies={"foreign": "1.0.0", "nowhere": "1.0.0"},
            bin={"tool": "package.json"},
        )
        found.add("@scope/tool", "1.0.0", dependencies={"dep": "1.x"})
        yield found


@pytest.fixture(scope="module")
def npm_base(engine: dict[str, str], debian_base: str) -> str:
    """A Debian with its own npm, in a registry."""
    name = f"{engine['DYNBUILD_TEST_REGISTRY']}/dynbuild-test/npm:{uuid4().hex}"
    network = f"--network={engine.get('DYNBUILD_NETWORK', 'default')}"
    words = ["build", "--push", "--provenance=false", network, "-t", name, "-"]
    if engine.get("DYNBUILD_NETWORK") == "host":
        words.insert(1, "--allow=network.host")
    dockerfile = f"""\
FROM {debian_base}
RUN apt-get update && apt-get install -y --no-install-recommends npm && \\
    rm -rf /var/lib/apt/lists/*
RUN echo '{{}}' > /package.json && echo registry=http://127.0.0.1:9/ > /.npmrc
"""
    command("docker", "buildx", *words, env=engine, input=dockerfile)
    return name


@pytest.fixture
def image(built: Space, engine: dict[str, str], npm_base: str) -> Iterator[Image]:
    made = Image(built, engine, npm_base)
    yield made
    made.forget()


def found(image: Image) -> list[str]:
    """What is in each package of the global ones, and what programs they have."""
    assert image.run("find /root/.npm /tmp -type f 2> /dev/null || :") == ""
    assert "versions" not in image.run("ls -A /run")
    look = "cd $(npm root -g) && find . ! -type d | LC_ALL=C sort | xargs ls -l"
    look += " --time-style=+ && find . -name package.json | LC_ALL=C sort | xargs cat"
    return image.run(f"{look}; ls -l --time-style=+ /usr/local/bin").splitlines()


LINES = """
[resolved.npm."linux/amd64"]
"@scope/tool" = ["1 1.0.0"]
"@scope/tool/node_modules/dep" = ["1 1.0.0"]
tool = ["1 1.0.0"]
"tool/node_modules/alias" = ["1 @scope/lib@1.0.0"]
"tool/node_modules/dep" = ["1 2.0.0"]
"tool/node_modules/other" = ["1 1.0.0"]
"tool/node_modules/other/node_modules/dep" = ["1 1.0.0"]
"""


def test_another_machine_gets_the_same_versions(
    image: Image, registry_: Registry, tmp_path_factory: pytest.TempPathFactory
) -> None:
    image.declare(registry_.lists("tool", "@scope/tool"))
    image.space.ok("lock", "--resolve")
    assert "version = 10\n" in text(image)
    assert LINES in text(image)
    sums = [line.split() for line in text(image, "dynbuild.sum").splitlines()[1:]]
    archives = {
        hashlib.sha256(place.read_bytes()).hexdigest()
        for place in registry_.folder.glob("*.tgz")
    }
    assert len(sums) == 7
    assert {line[4] for line in sums} <= archives
    done = image.space.ok("realize", "-t", image.tag)
    assert "0 ran, 1 cached" in done.err
    assert "up to date" in image.space.ok("lock", "--resolve").err
    first = found(image)
    # Weeks later: newer versions of all; the old ones are still there.
    for name in ("tool", "@scope/tool", "dep", "other", "@scope/lib"):
        for version in ("1.9.0", "9.0.0"):
            place = registry_.folder / name
            document = json.loads(place.read_text())
            newer = dict(next(iter(document["versions"].values())), version=version)
            document["versions"].setdefault(version, newer)
            document["dist-tags"]["latest"] = "9.0.0"
            place.write_text(json.dumps(document))
    other = another(image, tmp_path_factory.mktemp("other"))
    done = other.space.ok("realize", "-t", other.tag)
    assert "1 ran" in done.err
    second = found(other)
    came = [one.run("cat /var/lib/dynbuild/came/npm") for one in (image, other)]
    other.forget()
    assert second == first
    assert came[0] == came[1]


def test_what_is_lost_and_what_is_another(
    image: Image, registry_: Registry, tmp_path_factory: pytest.TempPathFactory
) -> None:
    image.declare(registry_.lists("other"))
    image.space.ok("lock", "--resolve")
    image.space.commit()
    place = registry_.folder / "dep"
    before = place.read_text()
    other = another(image, tmp_path_factory.mktemp("other"))
    # Another archive of the same version.
    registry_.add("dep", "1.0.0", planted=uuid4().hex)
    for _ in range(2):
        done = other.space.run("realize", "-t", other.tag)
        assert done.status == 1
        assert "dep@1.0.0 is not the archive of dynbuild.sum" in done.err
        assert "nobody may replace what the lock names" in done.err
    # One that is no longer there, though a cache has what was in its place.
    registry_.add("dep", "1.1.0")
    registry_.drop("dep", "1.0.0")
    done = other.space.run("realize", "-t", other.tag)
    assert done.status == 1
    assert "no longer served: dep@1.0.0" in done.err
    # Who holds the layer misses nothing; the others have a way out.
    image.space.ok("realize", "-t", image.tag)
    other.space.ok("lock", "--repack", "--resolve")
    assert '"other/node_modules/dep" = ["1 1.1.0"]' in text(other)
    other.space.ok("realize", "-t", other.tag)
    # The archive is there again: what a cache has in its place is no matter.
    place.write_text(before)
    shutil.rmtree(f"{other.space.root}-store")
    first = text(image)
    (other.space.root / "dynbuild.lock").write_text(first)
    known = text(image, "dynbuild.sum")
    (other.space.root / "dynbuild.sum").write_text(known)
    other.space.ok("realize", "-t", other.tag)
    other.forget()
    # A digest that is missing is no digest.
    third = another(image, tmp_path_factory.mktemp("third"))
    (third.space.root / "dynbuild.sum").unlink()
    done = third.space.run("realize", "-t", third.tag)
    assert done.status == 1
    assert "dynbuild.sum has no digest of dep@1.0.0" in done.err


def test_upgrades_removals_and_addresses(
    image: Image, registry_: Registry, tmp_path_factory: pytest.TempPathFactory
) -> None:
    space = image.space
    image.declare(registry_.lists("tool", "other"))
    space.ok("lock", "--resolve")
    space.commit()
    # A newer tool may hold an older dependency: that is its own affair.
    registry_.add("tool", "1.1.0", dependencies={"dep": "^1.0.0"})
    image.declare(registry_.lists("tool"))
    space.ok("lock", "--resolve", "--upgrade-package", "tool")
    assert 'tool = ["1 1.0.0", "2 1.1.0"]' in text(image)
    assert '"tool/node_modules/dep" = ["1 2.0.0", "2 1.0.0"]' in text(image)
    assert "DB0440" not in space.ok("lock", "--check").err
    done = space.ok("realize", "-t", image.tag)
    assert "0 ran" in done.err
    other = another(image, tmp_path_factory.mktemp("other"))
    other.space.ok("realize", "-t", other.tag)
    assert found(other) == found(image)
    other.forget()
    space.commit()
    where = {"dep": f"{registry_.address}/{archive_of(registry_, 'dep')}"}
    registry_.add("direct", "1.0.0", dependencies=where)
    image.declare(registry_.lists("tool", "direct"))
    done = space.ok("lock", "--resolve")
    assert "DB0442" in done.err
    assert "npm has no digest of direct/node_modules/dep" in done.err
    space.ok("realize", "-t", image.tag)


def test_a_registry_that_asks_who_asks(
    image: Image, registry_: Registry, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """One of a scope, with a token, beside one that anybody may ask; and bundles."""
    folder = tmp_path_factory.mktemp("private")
    with served(folder, Private) as address:
        own = Registry(folder / uuid4().hex, "")
        own.folder.mkdir()
        own.address = f"{address}/{own.folder.name}"
        own.add("@team/greeting", "1.0.0", dependencies={"dep": "^1.0.0"})
        bundles = {"dependencies": {"in-it": "^1.0.0", "dep": "^2.0.0"}}
        bundled(own, "@team/whole", "in-it", **bundles)
        where = f'{{ url = "{own.address}", scope = "@team", secret = "npm" }}'
        image.declare(
            'npm_packages = ["@team/greeting", "@team/whole"]\n'
            f'npm_registry = ["{registry_.address}", {where}]'
        )
        image.space.ok("lock", "--resolve", "--secret", "id=npm,env=NPM", NPM="t0ken")
        assert '"@team/greeting/node_modules/dep" = ["1 1.0.0"]' in text(image)
        assert '"@team/whole/node_modules/dep" = ["1 2.0.0"]' in text(image)
        assert "in-it" not in text(image)
        secret = ("--secret", "id=npm,env=NPM")
        image.space.ok("realize", "-t", image.tag, *secret, NPM="t0ken")
        wrong = another(image, tmp_path_factory.mktemp("wrong"))
        done = wrong.space.run("realize", "-t", wrong.tag, *secret, NPM="wrong")
        assert done.status == 1
        assert "no longer served" not in done.err
        other = another(image, tmp_path_factory.mktemp("other"))
        done = other.space.ok("realize", "-t", other.tag, *secret, NPM="t0ken")
        assert "1 ran" in done.err
    assert found(other) == found(image)
    assert "in-it/package.json" in "".join(found(other))
    told = image.run(
        "cat /root/.npmrc 2> /dev/null; ls -A /run; cat /var/lib/dynbuild/*/*"
    )
    assert not [one for one in ("t0ken", "logins", "secrets") if one in told]
    other.forget()


def test_what_is_odd_and_sound(
    image: Image, registry_: Registry, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Archives of one file name, tags that look like none, versions with a v, loops."""
    for name in ("a-b", "@a/b"):
        registry_.add(name, "1.0.0")
    tag(registry_, "dep", "rc_2.x", "1.0.0")
    registry_.add("vee", "1.0.0")
    packed(registry_, "vee", "1.0.0", {"": {"name": "vee", "version": "v1.0.0"}})
    loop = "mkdir -p node_modules && ln -s .. node_modules/a && ln -s .. node_modules/b"
    needs = {"a-b": "1.0.0", "@a/b": "1.0.0", "vee": "1.x"}
    needs |= {"dep": "rc_2.x", "alias": "npm:dep@rc_2.x"}
    scripts = {"postinstall": loop}
    registry_.add("odd", "1.0.0", dependencies=needs, scripts=scripts)
    image.declare(registry_.lists("odd"))
    assert "DB0442" not in image.space.ok("lock", "--resolve").err
    assert '"odd/node_modules/alias" = ["1 dep@1.0.0"]' in text(image)
    assert '"odd/node_modules/vee" = ["1 1.0.0"]' in text(image)
    image.space.ok("realize", "-t", image.tag)
    other = another(image, tmp_path_factory.mktemp("other"))
    assert "1 ran" in other.space.ok("realize", "-t", other.tag).err
    assert found(other) == found(image)
    other.forget()
    said = image.run(PROGRAMS).splitlines()
    assert said == ["an archive has a file of no size", "400", "constructor 200"]


def test_what_is_not_what_it_says(image: Image, registry_: Registry) -> None:
    """A digest is only that of what is installed, whoever says it is another."""
    edit = {"postinstall": "sed -i s/1.0.0/9.9.9/ package.json"}
    registry_.add("edits", "1.0.0", scripts=edit)
    registry_.add("fork", "1.0.0")
    packed(registry_, "fork", "1.0.0", {"": {"name": "dep", "version": "1.0.0"}})
    registry_.add("user", "1.0.0", dependencies={"fork": "1.0.0"})
    registry_.add("evil", "1.0.0")
    registry_.add("evil", "1.0.1")
    same: dict[str, object] = {"name": "evil", "version": "1.0.0"}
    packed(registry_, "evil", "1.0.1", {"": same, "planted/": same})
    for spec, named, why in (
        ("edits", "edits", "a script changed or brought it"),
        ("user", "user/node_modules/fork", "its archive is another package's"),
        ("evil@1.0.1", "evil", "cannot be installed without others"),
    ):
        image.declare(registry_.lists(spec))
        (image.space.root / "dynbuild.lock").unlink(missing_ok=True)
        done = image.space.ok("lock", "--resolve")
        assert "DB0442" in done.err
        assert f"npm has no digest of {named}\n" in done.err
        assert why in done.err
        assert "resolved" not in text(image)
    # What is asked for without that version is the one that is what it says.
    image.declare(registry_.lists("evil"))
    (image.space.root / "dynbuild.lock").unlink()
    image.space.ok("lock", "--resolve")
    assert 'evil = ["1 1.0.0"]' in text(image)
    image.space.ok("realize", "-t", image.tag)
    assert "planted" not in "".join(found(image))
