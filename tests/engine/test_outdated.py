"""``outdated`` asks real registries; what pip installed is read from the store."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.space import Space


def test_a_base_that_moved(built: Space, busybox_base: str) -> None:
    text = f'base = "{busybox_base}"\napt_packages = ["curl"]\n'
    built.write("dynbuild.toml", text)
    built.ok("lock")
    (base, package) = json.loads(built.ok("outdated", "--json").out)["findings"]
    assert (base["kind"], base["state"]) == ("base", "current")
    assert (package["kind"], package["state"]) == ("apt", "unknown")
    assert "inside of an image" in package["note"]
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
