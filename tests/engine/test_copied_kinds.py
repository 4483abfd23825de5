"""Modes, links and kinds of copied files in an image of a real engine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.space import Space

    Docker = Callable[..., str]

DECLARATION = """\
base = "{base}"

[[stages]]
name = "made"
build_only = true
commands = ["mkdir -p /out/in", "echo x > /out/in/file"]

[[stages]]
name = "app"
copy = [
  {{ from = "key", to = "/a/deep/key", mode = "600" }},
  {{ from = "run", to = "/b/run", mode = "0640" }},
  {{ from = "tree", to = "/c/tree", mode = "644" }},
  {{ from = "tree", to = "/d/tree", mode = "u=rwX,go=" }},
  {{ stage = "made", from = "/out", to = "/e/out", mode = "640" }},
  {{ from = "run", to = "/f/run", mode = "4755" }},
  {{ from = "plain", to = "/g/" }},
]
"""

# COPY makes the last directory of ``to`` as those above it.
MODES = {
    "/a": "755",
    "/a/deep": "755",
    "/a/deep/key": "600",
    "/b": "755",
    "/b/run": "640",
    "/c": "755",
    "/c/tree": "755",
    "/c/tree/in": "755",
    "/c/tree/in/file": "644",
    "/d": "755",
    "/d/tree": "755",
    "/d/tree/in": "700",
    "/d/tree/in/file": "600",
    "/e": "755",
    "/e/out": "755",
    "/e/out/in": "750",
    "/e/out/in/file": "640",
    "/f/run": "4755",
    "/g": "755",
    "/g/in": "755",
    "/g/in/one": "644",
    "/g/in/two": "644",
    "/g/private": "600",
    "/g/shared": "1777",
    "/g/suid": "4711",
}


def test_modes_and_links_of_what_is_copied(
    built: Space, busybox_base: str, docker: Docker, tag: str
) -> None:
    built.write("dynbuild.toml", DECLARATION.format(base=busybox_base))
    built.write("key", "k\n")
    built.write("run", "#!/bin/sh\n").chmod(0o755)
    built.write("tree/in/file", "x\n")
    built.write("plain/in/one", "same\n")
    (built.root / "plain/in/two").hardlink_to(built.root / "plain/in/one")
    built.write("plain/private", "p\n").chmod(0o600)
    built.write("plain/suid", "s\n").chmod(0o4711)
    (built.root / "plain/shared").mkdir()
    (built.root / "plain/shared").chmod(0o1777)
    os.mkfifo(built.root / "plain/pipe")
    done = built.ok("build", "-t", tag)
    assert done.err.count("DB0322") == 1
    show = f"stat -c '%n %a' {' '.join(MODES)}; stat -c '%h' /g/in/one; ls -A /g"
    found = docker("run", "--rm", "--network", "none", tag, "sh", "-c", show)
    *modes, links, names = found.split("\n", len(MODES) + 1)
    assert dict(line.split() for line in modes) == MODES
    assert links == "2"
    assert names.split() == ["in", "private", "shared", "suid"]


def test_a_directory_in_the_place_of_a_link_of_the_base(
    built: Space, debian_base: str
) -> None:
    """As with a tree that has bin/, where the base has /bin as a link to usr/bin."""
    built.write("rootfs/bin/foo", "#!/bin/sh\n")
    built.write(
        "dynbuild.toml",
        f'base = "{debian_base}"\n[[stages]]\nname = "a"\n'
        'copy = [{ from = "rootfs", to = "/" }]\n',
    )
    done = built.run("build")
    assert done.status == 1
    assert "a directory /bin, and in the image /bin is no directory" in done.err
    assert "copy what is in that directory by itself, to /bin/" in done.err
    assert "buildkit" not in done.err
