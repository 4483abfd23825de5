"""What is read of the layers that an engine exports."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from dynbuild.engine.tarball import written

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
