"""The parts of scripts that put a time into sources, as awk here runs them."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from dynbuild.steps.managers import apt_snapshot

if TYPE_CHECKING:
    from pathlib import Path

AT = "20261101T000000Z"


def moved(folder: Path, source: str, mirrors: dict[str, str]) -> tuple[str, str]:
    """What a line of sources becomes, and what is told of it."""
    script = apt_snapshot.sources(AT, mirrors).replace("/tmp/", f"{folder}/")
    begin, end = script.index("printf"), script.index("\neval ")
    told, file = folder / "unmoved", folder / "a.list"
    told.write_text("")
    file.write_text(f"deb {source} x main\n")
    words = f"{script[begin:end]}\nawk -v at={AT} -f {folder}/snapshot.awk {file}"
    done = subprocess.run(["/bin/sh", "-euc", words], capture_output=True, check=True)
    return done.stdout.decode().split(" x main")[0].split()[-1], told.read_text()


@pytest.mark.parametrize(
    ("source", "becomes"),
    [
        (
            "http://deb.debian.org/debian",
            "http://snapshot.debian.org/archive/debian/AT",
        ),
        ("http://archive.ubuntu.com/ubuntu", "https://snapshot.ubuntu.com/ubuntu/AT"),
        # Nobody has snapshots of it.
        ("https://esm.ubuntu.com/apps/ubuntu", "https://esm.ubuntu.com/apps/ubuntu"),
        ("http://team.example.com/debian", "http://team.example.com/debian"),
        ("http://m.example.com/x", "http://snap.example.com/@at@/AT"),
    ],
)
def test_where_a_source_goes(source: str, becomes: str, tmp_path: Path) -> None:
    mirrors = {"http://m.example.com/x": "http://snap.example.com/@at@"}
    found, told = moved(tmp_path, source, mirrors)
    assert found == becomes.replace("AT", AT)
    assert told == (f"{source}\n" if found == source else "")


def test_nobodys_login_is_told(tmp_path: Path) -> None:
    source = "https://me:s3cret@team.example.com/debian"
    assert moved(tmp_path, source, {}) == (
        source,
        "https://***@team.example.com/debian\n",
    )


@pytest.mark.parametrize(
    ("origin", "is_theirs"),
    [
        ("Debian", True),
        ("Ubuntu", True),
        ("Debian Backports", True),
        ("Debianish", False),
        ("My Debian", False),
    ],
)
def test_whose_an_archive_is(origin: str, is_theirs: bool, tmp_path: Path) -> None:  # noqa: FBT001
    folder = tmp_path / "snapshots"
    folder.mkdir()
    for name in ("now_debian_dists_x_Release", f"s_debian_{AT}_dists_x_Release"):
        (folder / name).write_text(f"Label: x\nOrigin: {origin}\nSuite: x\n")
    script = apt_snapshot.check(AT).replace("/tmp/", f"{tmp_path}/")
    script = script.replace("trap explain EXIT", "")
    words = f"cache={tmp_path}\n{script}"
    done = subprocess.run(["/bin/sh", "-euc", words], capture_output=True, check=False)
    assert (done.returncode != 0) == is_theirs
    named = re.findall("are known of: (.*)", done.stderr.decode())
    assert named == ["now_debian_dists_x_Release"] * is_theirs
