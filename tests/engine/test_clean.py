"""``dynbuild clean`` on real tiers, beside builds that run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.s3_servers import Server, bucket_name

if TYPE_CHECKING:
    from tests.space import Space

DECLARATION = """\
base = "{base}"

[[stages]]
name = "one"
commands = ["head -c 300000 /dev/urandom > /one # {unique}"]

[[stages]]
name = "two"
dependencies = ["one"]
copy = [{{ from = "src", to = "/src" }}]
commands = ["cp /one /two"]
"""


@pytest.fixture
def project(built: Space, busybox_base: str) -> Space:
    built.write("dynbuild.toml", DECLARATION.format(base=busybox_base, unique=uuid4()))
    built.write("src/file", "content\n")
    built.ok("lock")
    built.commit()
    return built


def store(space: Space) -> Path:
    return Path(space.environment["CACHE_LOCAL_PATH"])


def make_old(folder: Path, days: int = 40) -> None:
    """Let all that lies in a store, or in a server's folder, be some days old."""
    then = time.time() - days * 86400
    for path in folder.glob("**/*"):
        os.utime(path, (then, then), follow_symlinks=False)


def bytes_in(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.glob("blobs/**/*") if p.is_file())


def test_what_was_not_used_goes(project: Space) -> None:
    project.ok("realize")
    done = project.ok("clean")
    assert done.out.splitlines()[1].split()[:3] == ["local", "0", "0"]
    nothing = "nothing to remove: there is nothing that was not used for 30 days\n"
    assert done.err == nothing
    make_old(store(project))
    before = bytes_in(store(project))
    shown = project.ok("clean", "--dry-run")
    assert "WOULD GO" in shown.out
    assert re.fullmatch(
        r"would remove [\d.]+ MB that was not used for 30 days\n", shown.err
    )
    assert bytes_in(store(project)) == before
    # What is used is young again, and what it does not use is not.
    project.write("src/file", "changed\n")
    project.ok("realize")
    project.ok("clean")
    done = project.ok("realize", "--progress", "plain")
    assert " ran in " not in done.err
    make_old(store(project))
    project.ok("clean")
    assert bytes_in(store(project)) == 0
    # Then all is built again, if only from the cache of the engine.
    project.ok("realize")
    assert bytes_in(store(project)) > 0


def test_what_a_lock_needs_stays(project: Space) -> None:
    project.ok("realize")
    make_old(store(project), 400)
    project.ok("clean", "--keep-locks", "HEAD")
    done = project.ok("realize", "--progress", "plain")
    assert " ran in " not in done.err
    make_old(store(project), 400)
    done = project.ok("clean", "--keep-locks", "*.lock", "--max-size", "0")
    assert "that the locks of *.lock do not need, or beyond 0\n" in done.err
    done = project.ok("realize", "--progress", "plain")
    assert " ran in " not in done.err
    assert project.run("clean", "--keep-locks", "nothing").status == 2


def test_shared_tiers_are_cleaned_when_asked(
    project: Space, rclone_server: Server
) -> None:
    bucket = bucket_name()
    shared = rclone_server.environment(bucket)
    project.ok("realize", **shared)
    make_old(rclone_server.folder / bucket)
    done = project.run("clean", "--shared", **shared)
    assert done.status == 2
    assert "error[DB0611]" in done.err
    kept = project.ok("clean", "--shared", "--yes", "--keep-locks", "HEAD", **shared)
    assert kept.out.splitlines()[2].split()[:3] == ["s3", "0", "0"]
    shown = project.ok("clean", "--shared", "--dry-run", **shared).out
    assert shown.splitlines()[2].split()[:3] == ["s3", "3", "6"]
    gone = project.ok("clean", "--shared", "--yes", **shared).out
    assert gone.splitlines()[2].split()[:3] == ["s3", "3", "6"]
    again = project.ok("clean", "--shared", "--yes", **shared).out
    assert again.splitlines()[2].split()[:3] == ["s3", "0", "0"]


def test_a_running_build_does_not_mind(project: Space) -> None:
    project.ok("realize")
    for turn in range(3):
        make_old(store(project))
        project.write("src/file", f"{turn}\n")
        build = subprocess.Popen(
            [sys.executable, "-m", "dynbuild", "realize", "-o", "oci:image"],
            cwd=project.root,
            env=dict(project.environment),
            stderr=subprocess.PIPE,
            text=True,
        )
        while build.poll() is None:
            project.ok("clean")
        assert build.stderr is not None
        assert build.returncode == 0, build.stderr.read()
        build.stderr.close()
