"""`--compare-linear` looks at the project, not at what was gathered of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.space import Space

DECLARATION = """\
base = "{base}"

[[stages]]
name = "app"
copy = [{{ from = ".", to = "/app/", exclude = ["**/*.o"] }}]
"""


def test_a_project_is_compared_as_it_is(built: Space, busybox_base: str) -> None:
    built.write("dynbuild.toml", DECLARATION.format(base=busybox_base))
    built.write("src/main.c", "x\n").chmod(0o664)
    built.write("src/main.o", "o\n")
    built.write("src/key", "k\n").chmod(0o600)
    built.write("run", "r\n").chmod(0o775)
    built.write("logs/a.log", "l\n")
    built.write(".dockerignore", "**/*.log\n!logs/keep.log\n")
    built.write("logs/keep.log", "k\n")
    built.commit()
    built.ok("lock")
    done = built.ok("realize", "--compare-linear")
    assert "no paths differ from a plain build" in done.err
