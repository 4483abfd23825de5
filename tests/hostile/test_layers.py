"""Layers of strangers: what they say is installed is told, and does nothing else."""

from __future__ import annotations

import io
import json
import resource
import tarfile
from typing import TYPE_CHECKING

import pytest

from dynbuild.commands.archives import Archives
from dynbuild.engine.installed import Installed
from dynbuild.engine.tarball import written
from dynbuild.explain.installed import Part, contents
from dynbuild.tiers.http.fetching import content
from tests.unit.tiers.http.test_fetching import serving

if TYPE_CHECKING:
    from pathlib import Path

    from dynbuild.explain.installed import Contents

NPM = "node_modules/{}/package.json"


def found(place: Path, *files: tuple[str, bytes], links: int = 0) -> Contents:
    """What a layer of some files has installed; each link names the first of them."""
    with tarfile.open(place / "layer", "w:gz", compresslevel=1) as archive:
        for path, content in files:
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for number in range(links):
            entry = tarfile.TarInfo(NPM.format(f"n{number}"))
            entry.type, entry.linkname = tarfile.LNKTYPE, files[0][0]
            archive.addfile(entry)
    seen = Installed()
    writes = written([place / "layer"], {}, {}, seen)
    return contents([Part("step", writes, seen.of(writes))])


def test_a_database_of_packages_that_is_broken(tmp_path: Path) -> None:
    """It is a warning that names it; what other files say is listed."""
    got = found(
        tmp_path,
        ("var/lib/rpm/rpmdb.sqlite", b"SQLite format 3\0" + b"\xff" * 5000),
        (NPM.format("a"), b"[" * 200_000),
        (NPM.format("b"), json.dumps({"name": "b", "version": "1"}).encode()),
    )
    assert [one.package.name for one in got.packages] == ["b"]
    assert [one.path for one in got.problems] == [
        NPM.format("a"),
        "var/lib/rpm/rpmdb.sqlite",
    ]


def test_a_package_whose_name_moves_the_cursor(tmp_path: Path) -> None:
    """No control character, nor one that turns text around, comes out of a layer."""
    name = "a\x1b]0;x\x07\u202e"
    data = json.dumps({"name": name, "version": "\n1"}).encode()
    got = found(tmp_path, (NPM.format("x\x1b[2J"), data))
    (one,) = got.packages
    assert one.package.name.isprintable()
    assert one.package.version == "1"


def test_a_small_layer_that_names_a_large_file_many_times(tmp_path: Path) -> None:
    """A file is read once, however many links name it, and the memory has a bound."""
    needs = {f"need-{number}": "*" for number in range(60_000)}
    data = json.dumps({"name": "a", "version": "1", "dependencies": needs}).encode()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    got = found(tmp_path, (NPM.format("a"), data), links=4_000)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert {one.package.name for one in got.packages} == {"a"}
    assert after - before < 500_000


@pytest.mark.parametrize(
    ("path", "data"),
    [
        (
            "var/lib/dpkg/status",
            b"Package: a\nVersion: 1\nDepends: b\n" + b" a\n" * 4**10,
        ),
        (
            "x.dist-info/METADATA",
            b"Name: a\nVersion: 1\n"
            + b"".join(b"h%d: x\n" % n for n in range(300_000)),
        ),
        (
            "x.dist-info/METADATA",
            b"Name: a\nVersion: 1\nRequires-Dist: x " + b";" * (3 << 20),
        ),
    ],
    ids=["continued", "fields", "markers"],
)
def test_a_file_that_would_take_the_square_of_its_size(
    path: str, data: bytes, tmp_path: Path
) -> None:
    """Within its limits, a file is read in the time of its size: these took hours."""
    got = found(tmp_path, (path, data))
    assert [one.package.name for one in got.packages] == ["a"]


def test_links_that_lead_to_links(tmp_path: Path) -> None:
    """Each is followed once, and what is read many times has an end."""
    many = 20_000
    data = b"".join(b"Package: p%d\nVersion: 1\n\n" % n for n in range(5_000))
    with tarfile.open(tmp_path / "layer", "w") as archive:
        entry = tarfile.TarInfo("var/lib/dpkg/status")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
        for number in range(many):
            entry = tarfile.TarInfo(f"var/lib/dpkg/status.d/{number}")
            entry.type = tarfile.LNKTYPE
            last = number + 1 == many
            entry.linkname = (
                "var/lib/dpkg/status" if last else f"var/lib/dpkg/status.d/{number + 1}"
            )
            archive.addfile(entry)
    seen = Installed()
    with tarfile.open(tmp_path / "layer") as archive:
        for one in archive:
            if seen.wants(one):
                seen.see(one, data)
    seen.follow(tmp_path / "layer")
    assert sum(len(one.packages) for one in seen.found.values()) <= 1_005_000
    assert seen.found[""].problem


def test_a_source_of_packages_that_has_two_hosts(tmp_path: Path) -> None:
    """A login of your netrc goes to no host but its own: such an address is refused."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login me password hunter2\n")
    with serving() as server:
        line = (
            f"deb http://127.0.0.1:{server.server_port}\\@localhost/debian stable main"
        )
        got = found(tmp_path, ("etc/apt/sources.list", line.encode()))
        environment = {"NETRC": str(netrc)}
        archives = Archives(lambda url: content(url, environment, 1 << 20))
        _, failed = archives.offers(got.archives, ["amd64"])
        assert [*failed.values()] == ["it is no address of http"]
        assert server.seen == []
