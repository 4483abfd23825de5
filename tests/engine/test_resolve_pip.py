"""Versions of pip's packages in the lock, in real builds, as an index moves on."""

from __future__ import annotations

import hashlib
import html
import io
import json
import shutil
import tarfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.engine.managers import Image, command, served
from tests.engine.test_managers_pip import wheel
from tests.engine.test_resolve import another, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.space import Space


@dataclass
class Index:
    """A simple index (PEP 503): names of files with digests, some of them yanked."""

    folder: Path
    address: str
    yanked: set[str] = field(default_factory=set)

    def add(self, name: str, version: str, *requires: str) -> None:
        wheel(self.folder, name, version, *requires)
        self.publish()

    def drop(self, name: str, version: str) -> None:
        (self.folder / name / f"{name}-{version}-py3-none-any.whl").unlink()
        self.publish()

    def publish(self) -> None:
        for project in self.folder.iterdir():
            links = []
            for place in sorted(project.glob("*-*")):
                sum_ = hashlib.sha256(place.read_bytes()).hexdigest()
                more = ' data-yanked="broken"' if place.name in self.yanked else ""
                where = html.escape(f"{place.name}#sha256={sum_}")
                links.append(f'<a href="{where}"{more}>{place.name}</a><br>\n')
            page = f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>"
            (project / "index.html").write_text(page)

    @property
    def declared(self) -> str:
        return f'pip_index = "{self.address}"\n'


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    folder = tmp_path_factory.mktemp("index")
    stack = ExitStack()
    address = stack.enter_context(served(folder))
    with stack:
        yield folder, address


@pytest.fixture
def index(server: tuple[Path, str]) -> Index:
    return made(server)


def made(server: tuple[Path, str]) -> Index:
    # No cache of an earlier test knows its address.
    name = uuid4().hex
    (server[0] / name).mkdir()
    found = Index(server[0] / name, f"{server[1]}/{name}")
    found.add("App", "1.0", "dep>=1")
    found.add("dep", "1.0")
    found.add("lone", "1.0")
    found.add("wants-old-dep", "1.0", "dep<1.1")
    return found


@pytest.fixture(scope="module")
def pip_base(engine: dict[str, str], debian_base: str) -> str:
    """A Debian with its own pip, in a registry."""
    name = f"{engine['DYNBUILD_TEST_REGISTRY']}/dynbuild-test/pip:{uuid4().hex}"
    network = f"--network={engine.get('DYNBUILD_NETWORK', 'default')}"
    words = ["build", "--push", "--provenance=false", network, "-t", name, "-"]
    if engine.get("DYNBUILD_NETWORK") == "host":
        words.insert(1, "--allow=network.host")
    dockerfile = f"""\
FROM {debian_base}
RUN apt-get update && \\
    apt-get install -y --no-install-recommends python3-pip && \\
    rm -rf /var/lib/apt/lists/* /var/log/apt/* /var/log/*.log /var/lib/dpkg/*-old \\
      /var/cache/debconf/*-old
"""
    command("docker", "buildx", *words, env=engine, input=dockerfile)
    return name


@pytest.fixture
def image(built: Space, engine: dict[str, str], pip_base: str) -> Iterator[Image]:
    made = Image(built, engine, pip_base)
    yield made
    made.forget()


def packages(index: Index, *specs: str) -> str:
    return f"{index.declared}pip_packages = {json.dumps(specs)}"


def found(image: Image) -> tuple[dict[str, str], str]:
    """What pip finds, by name, and which packages are marked as asked for."""
    inside = image.look()
    assert inside.complaints == ""
    assert inside.leftovers == []
    assert "versions" not in image.run("ls -A /run")
    listed = json.loads(image.run("pip list --format=json"))
    assert image.run("pip check").startswith("No broken")
    marked = "cd /usr/local/lib/python3*/dist-packages; ls -d */REQUESTED; "
    asked = image.run(f"{marked} grep -h REQUESTED, */RECORD")
    own = ("pip", "setuptools", "wheel")
    return {
        row["name"].lower(): row["version"] for row in listed if row["name"] not in own
    }, asked


def test_what_came_is_written_down_and_nothing_runs_again(
    image: Image, index: Index
) -> None:
    image.declare(packages(index, "App", "lone; python_version < '3'", "wheel"))
    image.space.ok("lock", "--resolve")
    assert "version = 10\n" in text(image)
    assert """
[resolved.pip."linux/amd64"]
app = ["1 1.0"]
dep = ["1 1.0"]
lone = ["1 -"]
wheel = ["1 0.38.4"]
""" in text(image)
    sums = [line.split() for line in text(image, "dynbuild.sum").splitlines()[1:]]
    archive = index.folder / "dep/dep-1.0-py3-none-any.whl"
    own = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert [line[:4] for line in sums] == [
        ["pip", "linux/amd64", "app", "1.0"],
        ["pip", "linux/amd64", "dep", "1.0"],
    ]
    assert sums[1][4] == own
    done = image.space.ok("realize", "-t", image.tag)
    assert "0 ran, 1 cached" in done.err
    first = text(image)
    for words in (("lock",), ("lock", "--resolve"), ("lock", "--check")):
        assert "up to date" in image.space.ok(*words).err
    assert text(image) == first
    assert "--hash=sha256:" in image.space.ok("realize", "--print").out


def test_another_machine_gets_the_same_versions(
    image: Image, index: Index, tmp_path_factory: pytest.TempPathFactory
) -> None:
    image.declare(packages(index, "App", "lone"))
    image.space.ok("lock", "--resolve")
    image.space.ok("realize", "-t", image.tag)
    first = found(image)
    # Weeks later: newer versions of all, one of the old ones yanked.
    index.yanked.add("dep-1.0-py3-none-any.whl")
    for name in ("App", "dep", "lone"):
        index.add(name, "2.0", *(("dep>=2", "more") if name == "App" else ()))
    index.add("more", "1.0")
    other = another(image, tmp_path_factory.mktemp("other"))
    done = other.space.ok("realize", "-t", other.tag)
    assert "1 ran" in done.err
    second = found(other)
    came = [one.run("cat /var/lib/dynbuild/came/pip") for one in (image, other)]
    other.forget()
    assert second == first
    assert first[0] == {"app": "1.0", "dep": "1.0", "lone": "1.0"}
    assert "dep" not in first[1]
    assert came[0] == came[1]


def test_what_is_no_longer_served_is_named(
    image: Image, index: Index, tmp_path_factory: pytest.TempPathFactory
) -> None:
    image.declare(packages(index, "App"))
    image.space.ok("lock", "--resolve")
    index.add("dep", "1.1")
    index.drop("dep", "1.0")
    other = another(image, tmp_path_factory.mktemp("other"))
    done = other.space.run("realize", "-t", other.tag)
    assert done.status == 1
    assert "no longer served: dep==1.0" in done.err
    assert "lock --repack --resolve" in done.err
    # Who holds the layer misses nothing.
    image.space.ok("realize", "-t", image.tag)
    # The way out.
    other.space.ok("lock", "--repack", "--resolve")
    assert 'dep = ["1 1.1"]' in text(other)
    other.space.ok("realize", "-t", other.tag)
    assert found(other)[0]["dep"] == "1.1"
    other.forget()


def test_an_archive_of_another_digest_is_refused(
    image: Image, index: Index, tmp_path_factory: pytest.TempPathFactory
) -> None:
    image.declare(packages(index, "App"))
    image.space.ok("lock", "--resolve")
    archive = index.folder / "dep/dep-1.0-py3-none-any.whl"
    before = archive.read_bytes()
    index.add("dep", "1.0", "lone")
    other = another(image, tmp_path_factory.mktemp("other"))
    for _ in range(2):
        done = other.space.run("realize", "-t", other.tag)
        assert done.status == 1
        assert "DO NOT MATCH THE HASHES" in done.err
        assert "nobody may replace what the lock names" in done.err
    # The archive is there again: what a cache has in its place is no matter.
    archive.write_bytes(before)
    index.publish()
    other.space.ok("realize", "-t", other.tag)
    other.forget()
    # A digest that is missing is no digest.
    shutil.rmtree(f"{other.space.root}-store")
    (other.space.root / "dynbuild.sum").unlink()
    done = other.space.run("realize", "-t", other.tag)
    assert done.status == 1
    assert "dynbuild.sum has no digest of dep==1.0" in done.err
    assert "restore" in done.err


def test_an_index_that_does_not_answer_is_not_one_without_a_version(
    image: Image,
    index: Index,
    server: tuple[Path, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with served(server[0]) as address:
        gone = Index(index.folder, address + "/" + index.folder.name)
        image.declare(packages(gone, "lone"))
        image.space.ok("lock", "--resolve")
    other = another(image, tmp_path_factory.mktemp("other"))
    done = other.space.run("realize", "-t", other.tag)
    assert done.status == 1
    assert "no longer served" not in done.err
    assert "Retrying" in done.err


def test_an_upgrade_and_a_removal_on_resolved_groups(
    image: Image, index: Index, tmp_path_factory: pytest.TempPathFactory
) -> None:
    space = image.space
    image.declare(packages(index, "App", "dep", "lone"))
    space.ok("lock", "--resolve")
    space.commit()
    index.add("dep", "2.0")
    index.add("lone", "2.0")
    image.declare(packages(index, "App", "dep", "lone<2"))
    space.ok("lock", "--resolve", "--upgrade-package", "dep")
    assert 'dep = ["1 1.0", "2 2.0"]' in text(image)
    assert 'lone = ["1 1.0", "2 1.0"]' in text(image)
    space.commit()
    # What is removed comes back with what needs it.
    index.add("dep", "3.0")
    image.declare(packages(index, "App", "lone<2"))
    space.ok("lock", "--resolve")
    assert '"*" = ["3 -"]' in text(image)
    assert 'dep = ["1 1.0", "2 2.0", "3 3.0"]' in text(image)
    done = space.ok("realize", "-t", image.tag)
    assert "0 ran" in done.err
    index.add("dep", "4.0")
    other = another(image, tmp_path_factory.mktemp("other"))
    done = other.space.ok("realize", "-t", other.tag)
    assert "3 ran" in done.err
    assert found(other) == found(image)
    assert found(other)[0] == {"app": "1.0", "dep": "3.0", "lone": "1.0"}
    other.forget()


def test_what_would_make_a_package_older_is_told(image: Image, index: Index) -> None:
    space = image.space
    index.add("dep", "2.0")
    image.declare(packages(index, "App"))
    space.ok("lock", "--resolve")
    space.commit()
    image.declare(packages(index, "App", "wants-old-dep"))
    done = space.ok("lock", "--resolve")
    assert "DB0440" in done.err
    assert "pip.2 (it would undo dep 2.0 (it has 1.0))" in done.err
    # Who says so may have it.
    image.declare(packages(index, "App", "wants-old-dep", "dep<2"))
    done = space.ok("lock", "--resolve")
    assert "DB0440" not in done.err
    assert 'dep = ["1 2.0", "2 1.0"]' in text(image)


def test_versions_that_do_not_fit_together(
    image: Image, index: Index, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """As a merge of two changes may have them, whatever the image says to pip."""
    index.add("dep", "0.9")
    said = f'env = {{ PIP_FIND_LINKS = "{index.address}/dep/" }}\n'
    image.declare(f"{said}{packages(index, 'App')}")
    image.space.ok("lock", "--resolve")
    archive = index.folder / "dep/dep-0.9-py3-none-any.whl"
    sum_ = hashlib.sha256(archive.read_bytes()).hexdigest()
    other = another(image, tmp_path_factory.mktemp("other"))
    locked = text(other).replace('dep = ["1 1.0"]', 'dep = ["1 0.9"]')
    (other.space.root / "dynbuild.lock").write_text(locked)
    with (other.space.root / "dynbuild.sum").open("a") as file:
        file.write(f"pip linux/amd64 dep 0.9 {sum_}\n")
    done = other.space.run("realize", "-t", other.tag)
    assert done.status == 1
    assert "the versions that the lock has do not fit together" in done.err
    assert "lock --repack --resolve" in done.err


def sdist(index: Index, name: str, version: str) -> None:
    """A source archive that builds itself, without anything else."""
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    kind = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    backend = f"""\
import zipfile
def build_wheel(folder, settings=None, metadata=None):
    name = "{name}-{version}-py3-none-any.whl"
    info = "{name}-{version}.dist-info"
    content = {{
        "{name}.py": "",
        f"{{info}}/METADATA": {about!r},
        f"{{info}}/WHEEL": {kind!r},
    }}
    record = "".join(f"{{path}},,\\n" for path in [*content, f"{{info}}/RECORD"])
    with zipfile.ZipFile(f"{{folder}}/{{name}}", "w") as archive:
        for path, text in {{**content, f"{{info}}/RECORD": record}}.items():
            archive.writestr(path, text)
    return name
"""
    project = (
        '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n'
    )
    content = {"own.py": backend, "pyproject.toml": project, "PKG-INFO": about}
    place = index.folder / name / f"{name}-{version}.tar.gz"
    place.parent.mkdir(exist_ok=True)
    with tarfile.open(place, "w:gz") as archive:
        for path, said in content.items():
            member = tarfile.TarInfo(f"{name}-{version}/{path}")
            member.size = len(said)
            archive.addfile(member, io.BytesIO(said.encode()))
    index.publish()


def test_sources_addresses_and_more_than_one_index(
    image: Image,
    index: Index,
    server: tuple[Path, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    space = image.space
    more = made(server)
    sdist(index, "built", "1.0")
    both = f'pip_index = ["{index.address}", "{more.address}"]\n'
    image.declare(f'{both}pip_packages = ["App", "built"]')
    space.ok("lock", "--resolve")
    assert 'built = ["1 1.0"]' in text(image)
    space.commit()
    # What a cache has built is not what the index has of it.
    space.ok("lock", "--repack", "--resolve")
    first = text(image, "dynbuild.sum")
    archive = (index.folder / "built/built-1.0.tar.gz").read_bytes()
    sum_ = hashlib.sha256(archive).hexdigest()
    assert f"pip linux/amd64 built 1.0 {sum_}\n" in first
    # A wheel of what was built, and another archive of what the first index had.
    wheel(index.folder, "built", "1.0")
    more.add("App", "9.0")
    more.add("dep", "1.0", "lone")
    index.publish()
    other = another(image, tmp_path_factory.mktemp("other"))
    other.space.ok("realize", "-t", other.tag)
    assert found(other)[0] == {"app": "1.0", "built": "1.0", "dep": "1.0"}
    other.forget()
    # What an address names is not written down, nor asked for.
    where = f"{index.address}/lone/lone-1.0-py3-none-any.whl"
    image.declare(
        f'{both}pip_packages = ["App", "built", "lone @ {where}"]\n'
        "[lock]\nresolve = true"
    )
    done = space.ok("lock")
    assert "DB0440" not in done.err
    assert "lone = [" not in text(image).partition("[resolved")[2]
    done = space.ok("realize", "-t", image.tag)
    assert found(image)[0]["lone"] == "1.0"
