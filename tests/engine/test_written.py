"""Patterns, optional files, files written in the declaration, and copies at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.space import Space

DECLARATION = """\
base = "{base}"

[[stages]]
name = "app"
copy = [
    {{ from = "dist/*.whl", to = "/dist/" }},
    {{ from = ["one.txt", "tw?.txt", "src"], to = "/several/" }},
    {{ from = "gone*.txt", to = "/gone/", optional = true }},
    {{ from = "none.txt", to = "/gone/", optional = true }},
]
files = {{ "/etc/app.conf" = "a = $HOME\\n\\\\n", "/usr/bin/hi" = {{ text = "#!/bin/sh\\necho hi\\n", mode = "0755" }}, "/etc/empty" = "" }}
commands = ["hi > /greeted", "mkdir -p /srv/app"]
then = [{{ from = "one.txt", to = "/srv/app/late.txt" }}]

[[stages]]
name = "bare"
copy = [{{ from = "none.txt", to = "/gone/", optional = true }}]
"""  # noqa: E501 - an inline table of TOML is one line
SEEN = """\
/dist/a.whl a
/dist/b.whl b
/etc/app.conf a = $HOME
\\n
/etc/empty
/greeted hi
/several/in.txt in
/several/one.txt one
/several/two.txt two
/srv/app/late.txt one
"""
LOOK = (
    "for f in /dist/* /etc/app.conf /etc/empty /greeted /several/* /srv/app/*; do"
    ' echo $f "$(cat $f)" | sed "s/ $//"; done; ls -d /gone 2>/dev/null;'
    " stat -c %a /usr/bin/hi /etc/app.conf /usr /etc"
)


@pytest.fixture
def project(built: Space, busybox_base: str) -> Space:
    built.write("dynbuild.toml", DECLARATION.format(base=busybox_base))
    for name in ("dist/a.whl", "dist/b.whl", "src/in.txt", "one.txt", "two.txt"):
        built.write(name, name.rpartition("/")[2].split(".")[0] + "\n")
    return built


@pytest.mark.parametrize("linear", [False, True])
def test_the_image_has_what_is_declared(
    project: Space, docker: Callable[..., str], *, linear: bool
) -> None:
    tag = f"dynbuild-test-written:{linear}".lower()
    project.ok("build", "-t", tag, *(["--linear"] if linear else []))
    try:
        found = docker("run", "--rm", "--network", "none", tag, "sh", "-c", LOOK)
    finally:
        docker("image", "rm", tag)
    assert found == f"{SEEN}755\n644\n755\n755\n"


def test_what_a_pattern_matches_is_in_the_lock(project: Space) -> None:
    project.ok("lock")
    assert 'files = ["dist/a.whl", "dist/b.whl"]' in project.read("dynbuild.lock")
    project.write("dist/c.whl", "c\n")
    assert "DB0411" in project.run("realize", "--print").err
    assert "changed: copy" in project.ok("lock").out
    project.write("dist/c.whl", "d\n")
    assert "content of dist/*.whl" in project.ok("lock").out

    project.write("dist/d.whl/inside", "")
    assert "it matches dist/d.whl, a directory" in project.run("lock").err
    (project.root / "dist/d.whl/inside").unlink()
    (project.root / "dist/d.whl").rmdir()
    project.write(".dockerignore", "dist\n")
    done = project.run("lock")
    assert "cannot copy 'dist/*.whl': it matches no file" in done.err
    assert "optional = true" in done.err
