"""``outdated`` asks real registries; what pip installed is read from the store."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.engine.managers import AptRepository, Image, make_base, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.space import Space


def test_a_base_that_moved(built: Space, busybox_base: str) -> None:
    text = f'base = "{busybox_base}"\napt_packages = ["curl"]\n'
    built.write("dynbuild.toml", text)
    built.ok("lock")
    (base, package) = json.loads(built.ok("outdated", "--json").out)["findings"]
    assert (base["kind"], base["state"]) == ("base", "current")
    assert (package["kind"], package["state"]) == ("apt", "unknown")
    assert package["note"] == "no tier holds what was installed"
    now = base["newest"]
    old = now[:-8] + "00000000"
    built.write("dynbuild.lock", built.read("dynbuild.lock").replace(now, old))
    done = built.ok("outdated")
    assert done.out.splitlines()[1].split()[:2] == ["outdated", "base"]
    assert "--upgrade-base" in done.err


def test_what_pip_installed(built: Space, debian_base: str) -> None:
    packages = 'apt_packages = ["python3-pip"]\npip_packages = ["idna==3.4"]\n'
    built.write("dynbuild.toml", f'base = "{debian_base}"\n{packages}')
    built.ok("lock")
    silent = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple"}
    told = built.ok("outdated", **silent).out.splitlines()[-1]
    assert told.split(maxsplit=3)[:3] == ["unknown", "pip", "idna"]
    assert told.endswith("127.0.0.1:9 does not answer")
    built.ok("realize")
    found = json.loads(built.ok("outdated", "--json", **silent).out)["findings"]
    assert (found[-1]["name"], found[-1]["have"]) == ("idna", "3.4")


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[AptRepository]:
    suites = ("stable", "stable-security")
    made = AptRepository(tmp_path / "apt" / "repository", suites)
    made.add("app", Depends="lib")
    for name in ("lib", "old", "alone"):
        made.add(name, "1.0-1")
    made.publish()
    yield made
    made.stop()


@pytest.fixture
def base(
    engine: dict[str, str], debian_base: str, repository: AptRepository
) -> Iterator[str]:
    """A Debian that knows our repository alone, one suite by each kind of file."""
    with served(repository.folder) as address:
        repository.address = address
        dockerfile = f"""\
FROM {debian_base}
COPY <<KEY /etc/apt/trusted.gpg.d/test.asc
{repository.key(armoured=True).decode()}
KEY
COPY <<SOURCES /etc/apt/sources.list.d/security.sources
Types: deb
URIs: {address}
Suites: stable-security
Components: main
SOURCES
RUN rm -f /etc/apt/sources.list.d/debian.sources && \
    echo 'deb {address} stable main' > /etc/apt/sources.list && \
    apt-get update && apt-get install -y old && rm -rf /var/lib/apt/lists/*
"""
        tag = make_base(engine, dockerfile, f"outdated-base-{uuid4().hex[:12]}")
        yield tag
    Image(None, engine, tag, tag).forget()  # type: ignore[arg-type]  # only removed


def told(space: Space, *flags: str) -> dict[str, tuple[str, str | None, bool]]:
    found = json.loads(space.ok("outdated", "--json", *flags).out)["findings"]
    return {
        one["name"]: (one["state"], one["newest"], one["security"])
        for one in found
        if one["kind"] == "apt"
    }


def test_what_apt_would_upgrade(
    built: Space, base: str, repository: AptRepository
) -> None:
    """A fix in a library that nobody declares, and one in what the base has."""
    text = f'base = "{base}"\napt_packages = ["app", "alone"]\n'
    built.write("dynbuild.toml", text)
    built.ok("lock")
    built.ok("realize")
    current = {"app": ("current", "1", False), "alone": ("current", "1.0-1", False)}
    assert told(built) == current
    assert built.ok("outdated", "--exit-code").status == 0

    repository.add("lib", "1.0-1+deb1u1", suite="stable-security")
    repository.add("old", "1.0-2")
    repository.add("alone", "1:0.9-1")
    repository.add("alone", "1.0-1+deb1u1", suite="stable-security")
    repository.publish()
    assert told(built) == {
        "alone": ("outdated", "1:0.9-1", True),
        "app": ("current", "1", False),
        "lib": ("outdated", "1.0-1+deb1u1", True),
        "old": ("outdated", "1.0-2", False),
    }
    done = built.run("outdated", "--exit-code")
    assert done.status == 1
    (line,) = [one for one in done.out.splitlines() if " lib " in one]
    assert line.endswith("a security fix")
    assert "`-P NAME` one of them, `--security`" in done.err
    assert "upgraded where it is installed" in done.err

    built.git("init", "-q")
    built.git("add", "-A")
    built.git("commit", "-qm", "x")
    done = built.ok("lock", "--security")
    fixed = built.read("dynbuild.lock")
    undeclared = '[apt.undeclared]\nlib = ["2 ^"]\n'
    assert f'alone = ["1 alone", "2 ^"]\napp = ["1 app"]\n{undeclared}' in fixed
    assert "nobody declares lib: upgraded where installed" in done.err
    built.git("commit", "-qam", "x")
    built.ok("lock", "--security")
    assert built.read("dynbuild.lock") == fixed
    built.ok("realize")
    assert told(built)["alone"] == ("current", "1:0.9-1", False)
    assert "lib" not in told(built)
    assert "has a newer fix" in built.ok("lock", "--security").err
    assert built.read("dynbuild.lock") == fixed
    repository.add("lib", "2.0", suite="stable-security")
    repository.publish()

    index = repository.folder / "dists/stable/main/binary-amd64/Packages"
    index.write_text(index.read_text() + "\n")
    found = told(built)
    assert found[f"{repository.address} stable"][0] == "unknown"
    assert (found["app"][0], found["lib"][0]) == ("unknown", "outdated")


def test_sources_that_do_not_answer(built: Space, debian_base: str) -> None:
    text = f'base = "{debian_base}"\napt_packages = ["jq"]\n'
    built.write("dynbuild.toml", text)
    built.ok("lock")
    built.ok("realize")
    silent = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    done = built.ok("outdated", "--json", **silent)
    found = [one for one in json.loads(done.out)["findings"] if one["kind"] == "apt"]
    assert {one["state"] for one in found} == {"unknown"}
    assert {one["name"] for one in found} > {"jq"}
    assert all(one["note"] for one in found)
