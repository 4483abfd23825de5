"""Packages from archives as they were, in real builds, while repositories move on."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from dynbuild.steps.managers import apt_snapshot
from tests.engine.managers import AptRepository, Image, served
from tests.engine.test_resolve import another, move_on, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.space import Space

FIRST, SECOND = "20261101T000000Z", "20261115T120000Z"
EXPIRED = "Valid-Until: Wed, 08 Jan 2025 00:00:00 UTC\n"


@dataclass
class Service:
    """A repository, and what has it as it was at times, on loopback."""

    repository: AptRepository
    folder: Path
    address: str

    def take(self, at: str) -> None:
        live = self.repository.folder
        shutil.copytree(live, self.folder / "snapshots" / at, dirs_exist_ok=True)

    def declared(self, at: str, packages: str, more: str = "") -> str:
        mirrors = f'{{ "{self.address}/live" = "{self.address}/snapshots/" }}'
        snapshot = f'apt_snapshot = {{ at = "{at}", mirrors = {mirrors} }}'
        return f"{snapshot}\napt_packages = [{packages}]\n{more}"


@pytest.fixture
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("apt")
    made = AptRepository(folder / "live", release=EXPIRED)
    made.add("app", Depends="lib1, lib2")
    made.add("lib1", "1.0")
    made.add("lib2", "1.0")
    made.add("tool", Depends="lib2")
    made.publish()
    with served(folder) as address:
        made.address = f"{address}/live"
        found = Service(made, folder, address)
        found.take(FIRST)
        yield found
    made.stop()


MOVED = {"lib1": "1.1", "app": "2"}


def moves_on(service: Service) -> None:
    """Let the repository serve newer versions, and no longer be out of date."""
    service.repository.release = ""
    for name, version in MOVED.items():
        depends = {"Depends": "lib1, lib2"} if name == "app" else {}
        move_on(service.repository, name, version, **depends)
    service.take(SECOND)


def knowing(base: str, service: Service, more: str = "") -> str:
    return f"""\
FROM {base}
COPY <<KEY /etc/apt/trusted.gpg.d/test.asc
{service.repository.key(armoured=True).decode()}
KEY
RUN rm -f /etc/apt/sources.list.d/* && \\
    echo 'deb {service.repository.address} stable main' > /etc/apt/sources.list && \\
    echo {uuid4()} > /etc/unique
{more}"""


@pytest.fixture
def make(
    built: Space,
    engine: dict[str, str],
    debian_base: str,
    service: Service,
    push: Callable[..., str],
) -> Iterator[Callable[[str], Image]]:
    """What makes a project on a Debian that knows our repository, and more."""
    made: list[Image] = []

    def make(more: str = "") -> Image:
        made.append(Image(built, engine, push(knowing(debian_base, service, more))))
        return made[-1]

    yield make
    for one in made:
        one.forget()


@pytest.fixture
def image(make: Callable[[], Image]) -> Image:
    return make()


@pytest.mark.parametrize("flags", [("--resolve",), ()])
def test_an_old_lock_is_built_from_what_was_there(
    image: Image,
    service: Service,
    flags: tuple[str, ...],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    image.declare(service.declared(FIRST, '"app"'))
    image.space.ok("lock", *flags)
    assert f'app = ["1@{FIRST} app"]' in text(image)
    assert text(image).count("version = 10\n") == 1
    image.space.ok("realize", "-t", image.tag)
    first = image.look()
    moves_on(service)
    other = another(image, tmp_path_factory.mktemp("other"))
    assert "up to date" in other.space.ok("lock", "--check").err
    # The builder knows the very script, where no versions are in it.
    done = other.space.ok("realize", "--no-cache", "-t", other.tag)
    assert "1 ran" in done.err
    second = other.look()
    assert second == first
    assert second.installed["lib1"] == "1.0"
    assert second.complaints == ""
    assert second.leftovers == []
    # The image keeps its own sources.
    source = other.run("cat /etc/apt/sources.list; ls /etc/apt/sources.list.d")
    assert source == f"deb {service.repository.address} stable main\n"
    other.forget()


def test_a_new_time_is_for_what_is_new(image: Image, service: Service) -> None:
    space = image.space
    image.declare(service.declared(FIRST, '"app"'))
    space.ok("lock")
    space.commit()
    moves_on(service)
    first = text(image)
    image.declare(service.declared(SECOND, '"app"'))
    assert "up to date" in space.ok("lock").err
    assert text(image) == first
    space.ok("lock", "--upgrade-packages")
    assert f'app = ["1@{FIRST} app", "2@{SECOND} ^"]' in text(image)
    space.commit()
    image.declare(service.declared(SECOND, '"app", "tool"'))
    space.ok("lock", "--resolve")
    assert f'tool = ["3@{SECOND} tool"]' in text(image)
    space.ok("realize", "-t", image.tag)
    inside = image.look()
    assert (inside.installed["app"], inside.installed["tool"]) == ("2", "1")
    assert inside.complaints == ""
    # An older time is a mistake, with a way out.
    space.commit()
    image.declare(service.declared(FIRST, '"app", "tool", "lib2"'))
    done = space.run("lock")
    assert done.status == 2
    assert f"apt_snapshot is {FIRST}, and apt.3 came from {SECOND}" in done.err
    space.ok("lock", "--repack")
    assert f'app = ["1^1@{FIRST} app"]' in text(image)
    space.ok("realize", "-t", image.tag)
    assert image.look().installed["app"] == "1"


def test_what_a_stage_installs_on_a_base_of_its_own(
    image: Image, service: Service
) -> None:
    moves_on(service)
    stages = f"""
[[stages]]
name = "apart"
base = "{image.base}"
build_only = true
apt_packages = ["lib1"]
commands = ["cat /usr/share/lib1/version > /found"]

[[stages]]
name = "app"
copy = [{{ stage = "apart", from = "/found", to = "/found" }}]
"""
    image.edit(service.declared(FIRST, "", stages))
    assert f'lib1 = ["1@{FIRST} lib1"]' in text(image)
    assert image.run("cat /found") == "1.0\n"


def test_a_snapshot_older_than_the_base(
    make: Callable[[str], Image], service: Service
) -> None:
    repository, time = service.repository, "20261020T000000Z"
    repository.add("strict", Depends="lib1 (= 1.0)")
    repository.publish()
    service.take(time)
    moves_on(service)
    install = "apt-get update && apt-get install -y lib1"
    image = make(f"RUN {install} && rm -rf /var/lib/apt/lists/*")
    image.declare(service.declared(time, '"strict"'))
    done = image.space.ok("lock")
    assert "DB0448" in done.err
    assert f"what is new on it is of {time}" in done.err
    assert "DB0448" not in image.space.ok("lock").err
    done = image.fails(service.declared(time, '"strict"'))
    assert "newer than the snapshot has it: lib1 1.1 (it has 1.0)" in done.err
    assert "the snapshot is older than the base" in done.err


def test_what_has_no_snapshots_is_named(image: Image, service: Service) -> None:
    done = image.fails(f'apt_snapshot = "{FIRST}"\napt_packages = ["app"]')
    assert f"no snapshots are known of: {service.repository.address}" in done.err
    assert "`mirrors` of `apt_snapshot`" in done.err


@pytest.mark.parametrize("origin", ["Debian", "Debian Backports", "team"])
def test_an_archive_of_the_distribution_is_not_taken_as_it_is_now(
    make: Callable[[str], Image], service: Service, origin: str
) -> None:
    """Beside one that has snapshots stands one that nobody said has any."""
    more = f"""\
RUN echo 'deb [trusted=yes] {service.address}/mirror stable main' \\
    > /etc/apt/sources.list.d/mirror.list
"""
    image = make(more)
    mirror = service.folder / "mirror"
    shutil.copytree(service.folder / "live", mirror)
    signed = mirror / "dists/stable/InRelease"
    body = signed.read_text().split("\n\n", 1)[1].split("-----BEGIN PGP")[0]
    signed.unlink()
    own = body.replace("Origin: test", f"Origin: {origin}").replace(EXPIRED, "")
    (mirror / "dists/stable/Release").write_text(own)
    declared = service.declared(FIRST, '"app"')
    if origin == "team":
        image.edit(declared)
    else:
        done = image.fails(declared)
        assert "no snapshots are known of: 127.0.0.1:" in done.err
        assert "_mirror_dists_stable_Release" in done.err


def test_signatures_count_there_too(image: Image, service: Service) -> None:
    release = service.folder / "snapshots" / FIRST / "dists/stable/InRelease"
    release.write_text(release.read_text().replace("Suite: stable", "Suite: unstable"))
    done = image.fails(service.declared(FIRST, '"app"'))
    assert "BADSIG" in done.err or "invalid signature" in done.err.lower(), done.err


SOURCES = """\
# a comment
deb http://deb.debian.org/debian bookworm main
deb [ arch=amd64 signed-by=/x.gpg ] https://ftp.de.debian.org/debian/ trixie contrib
deb-src\thttp://security.debian.org/ bookworm-security main # behind
deb http://security.debian.org/debian-security bookworm-security main
deb http://snapshot.debian.org/archive/debian/20250101T000000Z/ bookworm main
deb http://archive.ubuntu.com/ubuntu noble main
deb http://ports.ubuntu.com/ubuntu-ports noble main
deb https://esm.ubuntu.com/apps/ubuntu noble-apps-security main
deb https://download.docker.com/linux/debian bookworm stable
deb https://debian.org.example.com/debian bookworm main
deb http://mirror.lan:8080/debian bookworm main
deb cdrom:[Debian 12]/ bookworm main
"""
MOVED_SOURCES = """\
# a comment
deb [ check-valid-until=no] http://snapshot.debian.org/archive/debian/AT bookworm main
deb [ arch=amd64 signed-by=/x.gpg  check-valid-until=no] \
http://snapshot.debian.org/archive/debian/AT trixie contrib
deb-src\t[ check-valid-until=no] \
http://snapshot.debian.org/archive/debian-security/AT bookworm-security main # behind
deb [ check-valid-until=no] \
http://snapshot.debian.org/archive/debian-security/AT bookworm-security main
deb [ check-valid-until=no] http://snapshot.debian.org/archive/debian/AT bookworm main
deb [ check-valid-until=no] https://snapshot.ubuntu.com/ubuntu/AT noble main
deb [ check-valid-until=no] https://snapshot.ubuntu.com/ubuntu/AT noble main
deb https://esm.ubuntu.com/apps/ubuntu noble-apps-security main
deb https://download.docker.com/linux/debian bookworm stable
deb https://debian.org.example.com/debian bookworm main
deb [ check-valid-until=no] http://snap.lan/archive/debian/AT bookworm main
deb cdrom:[Debian 12]/ bookworm main
"""
PARAGRAPHS = """\
Types: deb
# of the team
URIs: http://deb.debian.org/debian https://team.example.com/debian
Suites: sid experimental
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
uris:
 http://security.debian.org/debian-security
# between
\thttp://mirror.lan:8080/debian
Suites: bookworm-security
Components: main

Types: deb
URIs: https://team.example.com/apt
Suites: ./"""
MOVED_PARAGRAPHS = """\
Types: deb
URIs: http://snapshot.debian.org/archive/debian/AT https://team.example.com/debian
Check-Valid-Until: no
Suites: sid experimental
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
uris:
 http://snapshot.debian.org/archive/debian-security/AT
 http://snap.lan/archive/debian/AT
Check-Valid-Until: no
Suites: bookworm-security
Components: main

Types: deb
URIs: https://team.example.com/apt
Suites: ./
"""


def test_sources_as_images_have_them(engine: dict[str, str], debian_base: str) -> None:
    mirrors = {"https://mirror.lan:8080/debian/": "http://snap.lan/archive/debian/"}
    script = "\n".join(
        [
            "set -eu; cache=/var/cache/apt; export APT_CONFIG=/tmp/apt.conf",
            "rm /etc/apt/sources.list.d/*",
            f"cat > /etc/apt/sources.list <<'X'\n{SOURCES}X",
            f"cat > /etc/apt/sources.list.d/a.sources <<'X'\n{PARAGRAPHS}\nX",
            "echo broken > /etc/apt/sources.list.d/a.list.save",
            ": > /tmp/apt.conf",
            apt_snapshot.sources(FIRST, mirrors),
            "apt-get indextargets > /dev/null",
            "cat /tmp/sources.list; echo ==; cat /tmp/sources.d/a.sources",
            "echo ==; ls /tmp/sources.d",
        ]
    )
    image = Image(None, engine, debian_base, debian_base)  # type: ignore[arg-type]
    lines, paragraphs, files = image.run(script).split("==\n")
    assert lines == MOVED_SOURCES.replace("AT", FIRST)
    assert paragraphs == MOVED_PARAGRAPHS.replace("AT", FIRST)
    assert files == "a.sources\n"
