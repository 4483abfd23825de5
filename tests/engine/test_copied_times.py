"""Times of copied files: what tools conclude from them in scripts and containers."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.space import Space

    Docker = Callable[..., str]

MAKE = """\
base = "{base}"
apt_packages = ["make"]

[[stages]]
name = "app"
copy = [{{ from = "src", to = "/src" }}]
cache_mounts = ["/build"]
commands = ["make -C /src", "cp /build/out /app.txt # {unique}"]
"""

# What compares the time of an input with that of an output, as make, ninja and cargo
# do: cargo's output is a stamp of when it began.
SCRIPTS = {
    "ninja": "[ ! /build/out -ot /src/in.txt ] && [ -e /build/out ]"
    " || cp /src/in.txt /build/out",
    "cargo": "if [ -e /build/stamp ] && [ ! /src/in.txt -nt /build/stamp ]; then :;"
    " else touch /build/stamp; cp /src/in.txt /build/out; fi",
}

SCRIPT = """\
base = "{base}"

[[stages]]
name = "app"
copy = [{{ from = "src", to = "/src" }}]
cache_mounts = ["/build"]
commands = ["{script}", "cp /build/out /app.txt # {unique}"]
"""


def later(space: Space, name: str, text: str) -> Path:
    """Write a file in a later second than all before: busybox compares no less."""
    begun = int(time.time())
    while int(time.time()) == begun:
        time.sleep(0.01)
    return space.write(name, text)


def app(space: Space, docker: Docker, tag: str, *flags: str, **variables: str) -> str:
    space.ok("build", "-t", tag, *flags, **variables)
    return docker("run", "--rm", "--network", "none", tag, "cat", "/app.txt")


def test_make_sees_that_a_source_changed(
    built: Space, debian_base: str, docker: Docker, tag: str
) -> None:
    built.write("dynbuild.toml", MAKE.format(base=debian_base, unique=uuid4()))
    built.write("src/Makefile", "/build/out: in.txt\n\tcp in.txt /build/out\n")
    for text in ("one\n", "two\n"):
        built.write("src/in.txt", text)
        assert app(built, docker, tag) == text


@pytest.mark.parametrize(
    ("tool", "flags"), [("ninja", ()), ("cargo", ()), ("ninja", ("--linear",))]
)
def test_what_came_back_is_newer_than_what_was_made_meanwhile(
    request: pytest.FixtureRequest, built: Space, tag: str, tool: str, flags: list[str]
) -> None:
    """BuildKit's own cache has the copy of then, with the times of then."""
    docker = request.getfixturevalue("docker")
    base = request.getfixturevalue("busybox_base")
    for text in ("one\n", "two\n", "one\n", "two\n"):
        declared = SCRIPT.format(
            base=base, script=SCRIPTS[tool].replace('"', '\\"'), unique=uuid4()
        )
        built.write("dynbuild.toml", declared)
        later(built, "src/in.txt", text)
        assert app(built, docker, tag, *flags) == text


def test_what_a_store_lost_is_made_from_what_is_there(
    built: Space, busybox_base: str, docker: Docker, tag: str
) -> None:
    declared = SCRIPT.format(base=busybox_base, script=SCRIPTS["ninja"], unique=uuid4())
    built.write("dynbuild.toml", declared)
    for text in ("one\n", "two\n", "one\n"):
        later(built, "src/in.txt", text)
        assert app(built, docker, tag) == text
        shutil.rmtree(built.environment["CACHE_LOCAL_PATH"])


def test_the_latest_time_is_of_layers_and_of_no_script(
    built: Space, busybox_base: str, docker: Docker, tag: str
) -> None:
    """The commit is older than what a build of an older commit left in the mount."""
    # What the builder's own cache has would be of then.
    built.write("src/unique", f"{uuid4()}")
    stages = """
[[stages]]
name = "times"
copy = [{ from = "src", to = "/src" }, { from = "old", to = "/old/" }]
commands = ["stat -c %Y /src/in.txt > /seen"]
"""
    declared = SCRIPT.format(base=busybox_base, script=SCRIPTS["ninja"], unique=uuid4())
    built.write("dynbuild.toml", declared + stages)
    built.write("old", "old\n")
    os.utime(built.root / "old", (1_000_000_000, 1_000_000_000))
    for text, moment in (("one\n", 1_100_000_000), ("two\n", 1_100_000_001)):
        path = later(built, "src/in.txt", text)
        at = int(path.stat().st_mtime)
        assert app(built, docker, tag, SOURCE_DATE_EPOCH=f"{moment}") == text
        show = "stat -c %Y /src/in.txt /old/old; cat /seen"
        found = docker("run", "--rm", "--network", "none", tag, "sh", "-c", show)
        assert found.split() == [f"{moment}", "1000000000", f"{at}"]
    built.write("dynbuild.toml", f"source_date_epoch = 1200000000\n{declared}")
    later(built, "src/in.txt", "three\n")
    assert app(built, docker, tag) == "three\n"
    show = docker(
        "run", "--rm", "--network", "none", tag, "stat", "-c%Y", "/src/in.txt"
    )
    assert show == "1200000000\n"


def test_a_copied_file_has_its_own_time(
    built: Space, busybox_base: str, docker: Docker, tag: str
) -> None:
    """Two checkouts of other times have one lock, and what is held is taken."""
    declared = f"""\
base = "{busybox_base}"

[[stages]]
name = "pages"
copy = [{{ from = "site", to = "/site-{uuid4()}" }}, {{ from = "page", to = "/one/" }}]
"""
    built.write("dynbuild.toml", declared)
    built.write("site/index.html", "one\n")
    built.write("page", "page\n")
    os.utime(built.root / "page", (1_000_000_000, 1_000_000_000))
    os.utime(built.root / "site/index.html", (1_100_000_000, 1_100_000_000))

    def times() -> list[str]:
        built.ok("realize", "-t", tag)
        where = "stat -c %Y /site-*/index.html /one/page /one"
        run = docker("run", "--rm", "--network", "none", tag, "sh", "-c", where)
        return run.split()

    built.ok("lock")
    locked = built.read("dynbuild.lock")
    assert times() == ["1100000000", "1000000000", "315619200"]
    os.utime(built.root / "page", (1_200_000_000, 1_200_000_000))
    built.ok("lock")
    assert built.read("dynbuild.lock") == locked
    assert times() == ["1100000000", "1000000000", "315619200"]
    shutil.rmtree(built.environment["CACHE_LOCAL_PATH"])
    # Without a store the builder's own cache may answer, with the times of then.
    assert times()[1] in ("1000000000", "1200000000")


PAGE = """\
base = "{base}"
user = "app"
apt_packages = ["ca-certificates", "python3"]
workdir = "/app"
cmd = ["python3", "-m", "http.server", "8000"]

[[stages]]
name = "content"
copy = [{{ from = "index.html", to = "/app/" }}]
"""

ASK = """\
import sys, time, urllib.error, urllib.request
for _ in range(100):
    try:
        since = {"If-Modified-Since": sys.argv[1]} if sys.argv[1:] else {}
        asked = urllib.request.Request("http://127.0.0.1:8000/", headers=since)
        with urllib.request.urlopen(asked) as answer:
            print(answer.status, answer.headers["Last-Modified"], sep="\\n")
        break
    except urllib.error.HTTPError as error:
        print(error.code, "", sep="\\n")
        break
    except OSError:
        time.sleep(0.1)
"""


def test_a_server_gives_browsers_the_page_that_changed(
    built: Space, debian_base: str, docker: Docker, tag: str
) -> None:
    """The first example of the README, with its page in a file."""
    built.write("dynbuild.toml", PAGE.format(base=debian_base))

    def ask(*since: str) -> list[str]:
        built.ok("build", "-t", tag)
        name = docker("run", "-d", "--rm", "--network", "none", tag).strip()
        try:
            return docker("exec", name, "python3", "-c", ASK, *since).split("\n")
        finally:
            docker("rm", "--force", name)

    built.write("index.html", "one\n")
    os.utime(built.root / "index.html", (1_000_000_000, 1_000_000_000))
    status, last = ask()[:2]
    assert status == "200"
    assert ask(last)[0] == "304"
    built.write("index.html", "two\n")
    assert ask(last)[0] == "200"
