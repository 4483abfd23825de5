"""Versions in the lock, in real builds, against repositories that move on."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.engine.managers import AptRepository, Image, command, served
from tests.engine.test_platforms import program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.space import Space


@pytest.fixture
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AptRepository]:
    made = AptRepository(tmp_path_factory.mktemp("apt") / "repository")
    made.add("app", Depends="lib1, lib2")
    made.add("lib1", "1.0")
    made.add("lib2", "1.0")
    made.add("tool", Depends="lib2")
    made.add("postman", Provides="post-agent")
    made.add("mailer", Depends="lib1")
    made.publish()
    with served(made.folder) as address:
        made.address = address
        yield made
    made.stop()


@pytest.fixture
def base(debian_base: str, repository: AptRepository, push: Callable[..., str]) -> str:
    """A Debian that knows our repository alone, in a registry."""
    return push(f"""\
FROM {debian_base}
COPY <<KEY /etc/apt/trusted.gpg.d/test.asc
{repository.key(armoured=True).decode()}
KEY
RUN rm -f /etc/apt/sources.list.d/* && \\
    echo 'deb {repository.address} stable main' > /etc/apt/sources.list && \\
    echo {uuid4()} > /etc/unique
""")


@pytest.fixture
def image(built: Space, engine: dict[str, str], base: str) -> Iterator[Image]:
    made = Image(built, engine, base)
    yield made
    made.forget()


def another(image: Image, folder: Path) -> Image:
    """The same project on another machine: nothing but what is committed."""
    space = image.space
    for name in ("dynbuild.toml", "dynbuild.lock", "dynbuild.sum"):
        if (there := space.root / name).exists():
            (folder / name).write_bytes(there.read_bytes())
    alone = {
        "CACHE_LOCAL_PATH": f"{folder}-store",
        "XDG_STATE_HOME": f"{folder}-state",
    }
    other = replace(space, root=folder, environment={**space.environment, **alone})
    return Image(other, image.engine, image.base)


def text(image: Image, name: str = "dynbuild.lock") -> str:
    return (image.space.root / name).read_text()


def move_on(repository: AptRepository, name: str, version: str, **fields: str) -> None:
    """Let the repository serve a newer version, and the old one no more."""
    repository.packages = [
        one
        for one in repository.packages
        if f"Package: {name}\n" not in _control(one[2])
    ]
    repository.add(name, version, **fields)
    repository.publish()


def _control(place: Path) -> str:
    return command("dpkg-deb", "-f", place)


DECLARED = 'apt_packages = ["app", "post-agent"]\nenv_scripts = ["true"]'


def test_what_came_is_written_down_and_nothing_runs_again(image: Image) -> None:
    image.declare(DECLARED)
    image.space.ok("lock", "--resolve")
    assert """
[resolved.apt."linux/amd64"]
app = ["1 1"]
lib1 = ["1 1.0"]
lib2 = ["1 1.0"]
post-agent = ["1 =postman"]
postman = ["1 1"]
""" in text(image)
    sums = [line.split()[:4] for line in text(image, "dynbuild.sum").splitlines()[1:]]
    assert sums == [
        ["apt", "linux/amd64", "app", "1"],
        ["apt", "linux/amd64", "lib1", "1.0"],
        ["apt", "linux/amd64", "lib2", "1.0"],
        ["apt", "linux/amd64", "postman", "1"],
    ]
    done = image.space.ok("realize", "-t", image.tag)
    assert "2 steps: 0 ran, 2 cached" in done.err
    first = text(image)
    for words in (("lock",), ("lock", "--resolve"), ("lock", "--check")):
        done = image.space.ok(*words)
        assert "up to date" in done.err
    assert text(image) == first


def test_another_machine_gets_the_same_versions(
    image: Image, repository: AptRepository, tmp_path_factory: pytest.TempPathFactory
) -> None:
    image.declare(DECLARED)
    image.space.ok("lock", "--resolve")
    image.space.ok("realize", "-t", image.tag)
    first = image.look()
    # Weeks later: newer versions of all, and another provider; the old are still there.
    for name in ("lib1", "lib2", "postman"):
        repository.add(name, "9", Provides="post-agent" if name == "postman" else "x")
    repository.add("app", "9", Depends="lib1, lib2, lib3")
    repository.add("lib3")
    repository.add("rival", Provides="post-agent")
    repository.publish()
    other = another(image, tmp_path_factory.mktemp("other"))
    done = other.space.ok("realize", "-t", other.tag)
    assert "2 ran" in done.err
    second = other.look()
    other.forget()
    assert second == first
    assert second.complaints == ""
    assert second.leftovers == []
    assert {"app", "postman"} <= second.manual
    assert not {"lib1", "lib2"} & second.manual


def test_what_is_no_longer_served_is_named(
    image: Image, repository: AptRepository, tmp_path_factory: pytest.TempPathFactory
) -> None:
    image.declare(DECLARED)
    image.space.ok("lock", "--resolve")
    move_on(repository, "lib1", "1.1")
    other = another(image, tmp_path_factory.mktemp("other"))
    done = other.space.run("realize", "-t", other.tag)
    assert done.status == 1
    assert "no longer served: lib1=1.0" in done.err
    assert "lock --repack --resolve" in done.err
    # Who holds the layer misses nothing.
    image.space.ok("realize", "-t", image.tag)
    # The way out.
    other.space.ok("lock", "--repack", "--resolve")
    assert 'lib1 = ["1 1.1"]' in text(other)
    other.space.ok("realize", "-t", other.tag)
    assert other.look().installed["lib1"] == "1.1"
    other.forget()


def test_an_archive_of_another_digest_is_refused(
    image: Image, repository: AptRepository, tmp_path_factory: pytest.TempPathFactory
) -> None:
    image.declare(DECLARED)
    image.space.ok("lock", "--resolve")
    move_on(repository, "lib1", "1.0", files={"/usr/share/planted": ""})
    other = another(image, tmp_path_factory.mktemp("other"))
    done = other.space.run("realize", "-t", other.tag)
    assert done.status == 1
    assert "what came is not what the lock has" in done.err
    assert "lib1 1.0: its digest is " in done.err
    again = other.space.run("realize", "-t", other.tag)
    assert again.status == 1
    # A digest that is missing is no digest.
    (other.space.root / "dynbuild.sum").unlink()
    done = other.space.run("realize", "-t", other.tag)
    assert "lib1 1.0: dynbuild.sum has no digest of it" in done.err


def test_an_upgrade_and_a_removal_on_resolved_groups(
    image: Image, repository: AptRepository
) -> None:
    image.declare('apt_packages = ["app", "mailer"]')
    image.space.ok("lock", "--resolve")
    space = image.space
    space.commit()
    move_on(repository, "lib1", "1.1")
    image.declare('apt_packages = ["app", "mailer", "lib1"]')
    space.ok("lock", "--resolve")
    assert 'lib1 = ["1 1.0", "2 1.1"]' in text(image)
    assert text(image).count("app = ") == 2
    space.commit()
    # What only removes brings nothing.
    image.declare('apt_packages = ["mailer", "lib1"]')
    space.ok("lock", "--resolve")
    done = space.ok("lock", "--check")
    assert "DB0440" not in done.err
    done = space.ok("realize", "-t", image.tag)
    inside = image.look()
    assert inside.installed["lib1"] == "1.1"
    assert "app" not in inside.installed
    assert "lib2" not in inside.installed
    assert inside.complaints == ""


def test_what_has_no_versions_is_told_and_refused(image: Image) -> None:
    space = image.space
    image.declare('apt_packages = ["app"]')
    space.ok("lock")
    space.commit()
    asks = "[lock]\nresolve = true"
    image.declare(f'apt_packages = ["app", "tool"]\n{asks}')
    offline = replace(
        space, environment={**space.environment, "DOCKER_HOST": "unix:///nowhere"}
    )
    done = offline.run("lock")
    assert done.status == 0, done.err
    assert (
        "no versions are written down: apt.2; nor have 1 that came before" in done.err
    )
    assert "since = 2" in text(image)
    assert "DB0440" in space.ok("lock", "--check").err
    assert "DB0440" in space.ok("status").err
    done = space.run("realize", "-t", image.tag)
    assert done.status == 1
    assert "the lock has no versions for linux/amd64 of apt.2" in done.err
    space.ok("realize", "--frozen", "-t", image.tag)
    # What was there before stays as it is, and only what is new is resolved.
    space.ok("lock")
    assert 'tool = ["2 1"]' in text(image)
    assert "app = " in text(image)
    assert 'lib1 = ["' not in text(image)
    done = space.ok("realize", "-t", image.tag)
    assert "2 steps: 0 ran, 2 cached" in done.err
    done = offline.run("lock", "--resolve", "--repack")
    assert done.status == 4


def test_packages_of_debian(
    built: Space,
    engine: dict[str, str],
    debian_base: str,
    push: Callable[..., str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Epochs, architectures, virtual names and needs, as the archive has them."""
    # Its own base, so that no builder's cache knows the step.
    unique = push(f"FROM {debian_base}\nRUN echo {uuid4()} > /etc/unique\n")
    image = Image(built, engine, unique)
    image.declare('apt_packages = ["git", "jq", "ssh-client"]')
    built.ok("lock", "--resolve")
    assert 'git = ["1 1:' in text(image)
    built.ok("realize", "-t", image.tag)
    first = image.look()
    other = another(image, tmp_path_factory.mktemp("other"))
    done = other.space.ok("realize", "-t", other.tag)
    assert "1 ran" in done.err
    second = other.look()
    assert second == first
    assert second.leftovers == []
    assert "jq" in second.manual
    assert "libjq1" in second.installed
    assert "libjq1" not in second.manual
    for one in (image, other):
        one.forget()


BOTH = """\
ARG TARGETARCH
FROM --platform=linux/amd64 {base} AS amd64
FROM scratch AS arm64
COPY --chmod=755 sh /bin/sh
COPY passwd group /etc/
FROM ${{TARGETARCH}}
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
WORKDIR /
"""
"""A base on whose other platform nothing of it can run here."""


def test_a_platform_that_no_builder_runs_keeps_what_it_has(
    image: Image, base: str, tmp_path: Path
) -> None:
    folder = tmp_path.with_name(f"{tmp_path.name}-base")
    folder.mkdir()
    (folder / "Dockerfile").write_text(BOTH.format(base=base))
    (folder / "sh").write_bytes(program(183))
    (folder / "passwd").write_text("root:x:0:0:root:/:/bin/sh\n")
    (folder / "group").write_text("root:x:0:\n")
    words = ["--platform=linux/amd64,linux/arm64", "--push", "--provenance=false"]
    words += [f"--tag={base}-both", str(folder)]
    subprocess.run(["docker", "buildx", "build", *words], env=image.engine, check=True)
    image.base = f"{base}-both"
    platforms = 'platforms = ["linux/amd64", "linux/arm64"]'
    image.declare(f'apt_packages = ["app"]\n{platforms}\n[lock]\nresolve = true')
    done = image.space.ok("lock")
    assert "DB0443" in done.err
    assert "no builder runs steps for linux/arm64" in done.err
    assert '[resolved.apt."linux/amd64"]' in text(image)
    assert '[resolved.apt."linux/arm64"]' not in text(image)
    image.space.ok("realize", "--platform", "linux/amd64")
    done = image.space.run("realize", "--platform", "linux/arm64")
    assert done.status == 1
    assert "no versions for linux/arm64 of apt.1" in done.err
    # What another machine wrote down for it stays.
    other = '[resolved.apt."linux/arm64"]\napp = ["1 1"]\nlib1 = ["1 1.0+b1"]\n\n'
    place = image.space.root / "dynbuild.lock"
    whole = place.read_text() + "\n" + other.rstrip("\n") + "\n"
    place.write_text(whole)
    declared = f'apt_packages = ["app", "tool"]\n{platforms}\n[lock]\nresolve = true'
    image.declare(declared)
    image.space.ok("lock")
    assert 'lib1 = ["1 1.0+b1"]' in text(image)
    assert 'tool = ["2 1"]' in text(image)


def test_an_archive_that_a_cache_has_is_compared(
    image: Image, repository: AptRepository
) -> None:
    """The same name, version and size, of another repository that was here before."""
    repository.packages = []
    repository.add("twin", files={"/usr/share/one": uuid4().hex})
    repository.publish()
    image.declare('apt_packages = ["twin"]')
    image.space.ok("lock", "--resolve")
    repository.packages = []
    repository.add("twin", files={"/usr/share/one": uuid4().hex})
    repository.publish()
    done = image.space.run("lock", "--repack", "--resolve")
    if done.status == 1:
        # Where both archives have one size; else apt itself sees it.
        assert "the cache had another archive of this" in done.err
        image.space.ok("lock", "--repack", "--resolve")
    image.space.ok("realize", "-t", image.tag)


def test_several_images_and_upgrades_of_all(
    image: Image, repository: AptRepository, tmp_path_factory: pytest.TempPathFactory
) -> None:
    space = image.space
    declared = f"""\
[images.common]
base = "{image.base}"
apt_packages = ["tool"]
apt_upgrade = true
publish = false

[images.api]
extends = "common"
apt_packages = ["app"]
"""
    space.write("dynbuild.toml", declared)
    space.ok("lock", "--resolve")
    locked = text(image)
    assert (
        """
[images.common.resolved.apt."linux/amd64"]
"*" = ["1 -"]
lib2 = ["1 1.0"]
tool = ["1 1"]
"""
        in locked
    )
    assert (
        """
[images.api.resolved.apt."linux/amd64"]
app = ["2 1"]
lib1 = ["2 1.0"]
"""
        in locked
    )
    done = space.ok("realize")
    assert "0 ran" in done.err
    move_on(repository, "lib1", "1.0", Depends="tool")
    other = another(image, tmp_path_factory.mktemp("other"))
    done = other.space.run("realize")
    assert done.status == 1
    assert "lib1 1.0: its digest is " in done.err
