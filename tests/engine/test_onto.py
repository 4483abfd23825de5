"""A new base below stages that are there, against a repository that moved on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.engine.managers import AptRepository, Image, served
from tests.engine.progress import steps_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.space import Space

BASE = """\
FROM {base}
COPY <<KEY /etc/apt/trusted.gpg.d/test.asc
{key}
KEY
RUN rm -f /etc/apt/sources.list.d/* && \\
    echo 'deb {address} stable main' > /etc/apt/sources.list && \\
    mkdir /owned && cp /bin/sh /usr/bin/interpret && cp /bin/sh /usr/bin/remains && \\
    at=$(ls /usr/lib/*/libgmp.so.10) && cp $at ${{at%gmp*}}gmq.so.10 && \\
    echo {unique} > /etc/unique
"""
MOVED = """\
FROM {base}
RUN chown 7 /owned && rm /usr/bin/interpret /usr/lib/*/libgmq.so.10 && \\
    echo moved > /etc/moved && echo more > /usr/share/changed
"""
STAGES = """\
apt_packages = ["lib"]

[[stages]]
name = "stays"
commands = [
    "mkdir /opt/stays && date +%N > /opt/stays/file # {unique}",
    "printf '#!/usr/bin/remains\\n' > /opt/stays/run && chmod +x /opt/stays/run",
    "cp /usr/bin/expr /opt/stays/expr",
]

[[stages]]
name = "on-it"
dependencies = ["stays"]
commands = ["cat /opt/stays/file > /opt/copied"]

[[stages]]
name = "interpreted"
commands = ["printf '#!/usr/bin/interpret\\n' > /opt/run && chmod +x /opt/run"]

[[stages]]
name = "linked"
commands = ["sed s/libgmp/libgmq/ /usr/bin/expr > /opt/expr && chmod +x /opt/expr"]

[[stages]]
name = "owned"
commands = ["echo owned > /owned/file"]

[[stages]]
name = "database"
commands = ["ldconfig && echo >> /etc/ld.so.cache"]

[[stages]]
name = "covers"
commands = ["echo covered > /usr/share/lib/version"]
"""
BUILT = ["interpreted", "linked", "owned", "database", "covers"]


@pytest.fixture
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AptRepository]:
    made = AptRepository(tmp_path_factory.mktemp("apt") / "repository")
    made.add("lib", "1.0", files={"/usr/share/lib/version": "1.0\n"})
    made.publish()
    with served(made.folder) as address:
        made.address = address
        yield made
    made.stop()


@pytest.fixture
def base(debian_base: str, repository: AptRepository, push: Callable[..., str]) -> str:
    key = repository.key(armoured=True).decode()
    unique, address = uuid4(), repository.address
    return push(BASE.format(base=debian_base, key=key, address=address, unique=unique))


@pytest.fixture
def image(built: Space, engine: dict[str, str], base: str) -> Iterator[Image]:
    made = Image(built, engine, base)
    yield made
    made.forget()


def onto(image: Image, base: str, *flags: str) -> tuple[set[str], dict[str, Any]]:
    """Realize on a base; return the stages that ran, and what is told of it."""
    words = ("realize", "--onto", base, "-t", image.tag, "--progress", "rawjson")
    done = image.space.ok(*words, "--metadata-file", "made.json", *flags)
    told = json.loads(image.space.read("made.json"))
    found: dict[str, Any] = told["dynbuild.onto"]
    return {*steps_run(done.err)}, found


def test_stages_stay_where_nothing_speaks_against_it(
    image: Image, repository: AptRepository, push: Callable[..., str], registry: str
) -> None:
    image.edit(STAGES.format(unique=uuid4()))
    lock = image.space.read("dynbuild.lock")
    file = image.run("cat /opt/stays/file")
    repository.add("lib", "1.1", files={"/usr/share/lib/version": "1.1\n"})
    repository.publish()
    moved = push(MOVED.format(base=image.base))

    ran, told = onto(image, moved)
    assert told["rebased"] == ["stays", "on-it"]
    assert {*BUILT} <= ran
    assert not {"stays", "on-it"} & ran
    assert image.space.read("dynbuild.lock") == lock
    there = "cat /opt/stays/file /opt/copied /etc/moved; dpkg-query -W lib"
    assert image.run(there) == f"{file}{file}moved\nlib\t1.1\n"
    assert image.run("stat -c %u /owned; cat /usr/share/lib/version") == "7\ncovered\n"

    name = f"{registry}/dynbuild-test/onto:{uuid4().hex}"
    words = ("realize", "--onto", moved, "-t", name, "--push", "-o", "oci:layout")
    image.space.ok(*words)
    assert image.docker("run", "--rm", name, "cat", "/opt/copied", "/etc/moved") == (
        f"{file}moved\n"
    )

    assert "stages that stayed: stays, on-it" in image.space.ok("status").err
    labels = json.loads(image.docker("inspect", image.tag))[0]["Config"]["Labels"]
    assert labels["dev.dynbuild.rebased"] == "stays on-it"
    assert labels["dev.dynbuild.onto"] == told["base"]

    # The lock's own base has what it had; the next build on the new one builds them.
    again = image.space.ok("realize", "-t", image.tag, "--progress", "rawjson")
    assert not steps_run(again.err)
    assert "--onto" not in image.space.ok("status").err
    Image(image.space, image.engine, moved, image.tag).declare(
        image.space.read("dynbuild.toml").partition("\n")[2]
    )
    image.space.ok("lock")
    ordinary = image.space.ok("realize", "-t", image.tag, "--progress", "rawjson")
    assert {*steps_run(ordinary.err)} == {"stays", "on-it"}
    assert image.run("cat /opt/stays/file") != file


def test_what_it_is_not_for(image: Image, push: Callable[..., str]) -> None:
    image.declare(STAGES.format(unique=uuid4()))
    image.space.ok("lock")
    for flag in ("--print", "--linear", "--no-cache", "--sbom=spdx"):
        words = ("--push", "-t", image.tag) if flag == "--sbom=spdx" else ()
        done = image.space.run("realize", "--onto", "any", flag, *words)
        assert done.status == 2, done.err
        assert "DB0317" in done.err
    two = ("--platform", "linux/amd64,linux/arm64")
    done = image.space.run(
        "realize", "--onto", push(MOVED.format(base=image.base)), *two
    )
    assert "DB0450" in done.err, done.err
    assert image.space.ok("realize", "--onto", image.base).status == 0
