"""What is read of the layers that an engine exports."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from dynbuild.engine.archives import opened
from dynbuild.engine.tarball import reproducible, written

if TYPE_CHECKING:
    from pathlib import Path


def layer(place: Path, *names: str) -> Path:
    """A layer of directories, whose names end in a slash, and of files."""
    with tarfile.open(place, "w") as archive:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            archive.addfile(entry, io.BytesIO())
    return place


@pytest.mark.parametrize("start", ["", "./", "/"])
def test_directories_that_are_only_mounted_on(start: str, tmp_path: Path) -> None:
    mounts = (f"{start}proc/", f"{start}sys/")
    assert written([layer(tmp_path / "layer", *mounts)], {}) == {}


@pytest.mark.parametrize("start", ["", "./", "/"])
@pytest.mark.parametrize(
    "name", [".sys", ".proc", "..sys", "sys.d", "proc2", ".sys/sys", "etc/sys"]
)
def test_names_that_look_like_them(start: str, name: str, tmp_path: Path) -> None:
    for end in ("", "/"):
        found = written([layer(tmp_path / "layer", f"{start}{name}{end}")], {})
        assert name in found, end


def test_what_was_copied_below_them(tmp_path: Path) -> None:
    found = written([layer(tmp_path / "layer", "proc/", "proc/own")], {})
    assert set(found) == {"proc", "proc/own"}


LATEST = 1_000_000_000


def made(place: Path, *, order: int = 1, time: int = LATEST + 5) -> Path:
    """A layer of what was made at a time: files with an attribute, a log, a link."""
    files = {"srv/a": b"a", "var/log/dpkg.log": b"%d" % time, "etc/machine-id": b"1\n"}
    files["srv/__pycache__/a.pyc"] = (
        b"ab\r\n" + b"\0" * 4 + time.to_bytes(4, "little") * 3
    )
    files["srv/__pycache__/b.pyc"] = b"ab\r\n\3" + b"\0" * 11
    with tarfile.open(place, "w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.uname = len(data), time, f"user{order}"
            entry.pax_headers = {"SCHILY.xattr.user.a": "1", "atime": f"{time}.5"}
            archive.addfile(entry, io.BytesIO(data))
        link = tarfile.TarInfo("srv/early")
        link.type, link.linkname, link.mtime = tarfile.SYMTYPE, "a", LATEST - order
        archive.addfile(link)
    return place


def test_layers_of_two_times_are_one(tmp_path: Path) -> None:
    layers = []
    for number, moment in enumerate((LATEST + 5, LATEST + 50)):
        place = tmp_path / f"{number}"
        place.mkdir()
        source = made(place / "source", time=moment)
        layers.append(reproducible(source, place, LATEST, of_project=False))
    (one, path), (other, _) = layers
    assert one == other
    with opened(path) as archive:
        found = {entry.name: entry for entry in archive}
    assert sorted(found) == [
        "etc/machine-id",
        "srv/__pycache__/b.pyc",
        "srv/a",
        "srv/early",
    ]
    assert found["etc/machine-id"].size == 0
    assert found["srv/a"].pax_headers["SCHILY.xattr.user.a"] == "1"
    assert [found[name].mtime for name in ("srv/a", "srv/early")] == [
        LATEST,
        LATEST - 1,
    ]


def test_a_checkout_has_one_time(tmp_path: Path) -> None:
    source = made(tmp_path / "source", time=LATEST - 100)
    _, path = reproducible(source, tmp_path, LATEST, of_project=True)
    with opened(path) as archive:
        found = {entry.name: entry for entry in archive}
    assert {entry.mtime for entry in found.values()} == {LATEST}
    # What was asked for is there, whatever it is called.
    assert found["var/log/dpkg.log"].size == len(str(LATEST - 100))
    assert found["etc/machine-id"].size == 2
    assert "srv/__pycache__/a.pyc" in found


def test_a_log_that_something_else_is_linked_to_stays(tmp_path: Path) -> None:
    source = made(tmp_path / "source")
    with tarfile.open(source, "a") as archive:
        entry = tarfile.TarInfo("srv/log")
        entry.type, entry.linkname = tarfile.LNKTYPE, "./var/log/dpkg.log"
        archive.addfile(entry)
    _, path = reproducible(source, tmp_path, LATEST, of_project=False)
    with opened(path) as archive:
        assert "var/log/dpkg.log" in archive.getnames()
