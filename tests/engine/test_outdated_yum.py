"""``outdated`` asks repositories of rpm: made by createrepo_c, used by dnf."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.engine.managers import Image, command, make_base, served
from tests.engine.yum_bases import dnf4_base

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.space import Space

# Both states of the repository: the second has a fix, and says of what.
STATES = """set -eu
mkdir -p /states/old /states/new
find /repository -name '*.rpm' -exec cp -t /states/old {} +
find /repository /later -name '*.rpm' -exec cp -t /states/new {} +
rm /states/old/many-2*
createrepo_c -q /states/old
createrepo_c -q --general-compress-type=xz /states/new
cat > /tmp/updateinfo.xml <<'XML'
<updates><update type="security" status="final"><id>T-2026:1</id><title>many</title>
<references><reference type="cve" id="CVE-2026-1"/></references><pkglist><collection>
<package name="many" epoch="0" version="2" release="1" arch="noarch"/>
</collection></pkglist></update></updates>
XML
modifyrepo_c /tmp/updateinfo.xml /states/new/repodata > /dev/null
tar -C /states -c ."""


@pytest.fixture
def repository(
    engine: dict[str, str], debian_base: str, tmp_path: Path
) -> Iterator[tuple[Path, str]]:
    """Give the folder that is served, and the image with dnf that knows it."""
    made = dnf4_base(engine, debian_base)
    words = ("docker", "run", "--rm", "--network=none", made, "sh", "-c", STATES)
    done = subprocess.run(words, env=engine, capture_output=True, check=True)
    subprocess.run(("tar", "-C", tmp_path, "-x"), input=done.stdout, check=True)
    (tmp_path / "served").mkdir()
    now = tmp_path / "served" / "stable"
    shutil.copytree(tmp_path / "old", now)
    with served(tmp_path / "served") as address:
        dockerfile = f"""\
FROM {made}
RUN mkdir -p /etc/dnf/vars && echo stable > /etc/dnf/vars/state
COPY <<REPO /etc/yum.repos.d/test.repo
[test]
name=test
baseurl={address}/gone/
    {address}/\\$state/
gpgcheck=0
REPO
"""
        tag = make_base(engine, dockerfile, f"outdated-yum-{uuid4().hex[:12]}")
        yield now, tag
    for one in (tag, made):
        command("docker", "image", "rm", "--force", one, env=engine)


def told(space: Space) -> dict[str, dict[str, Any]]:
    found = json.loads(space.ok("outdated", "--json").out)["findings"]
    return {one["name"]: one for one in found if one["kind"] == "yum"}


def test_what_dnf_would_upgrade(
    built: Space, engine: dict[str, str], repository: tuple[Path, str]
) -> None:
    """What is newer is what dnf itself lists, and ``lock -P`` brings it."""
    now, base = repository
    image = Image(built, engine, base)
    image.edit('yum_packages = ["app", "many", "plain-1"]')
    states = {name: one["state"] for name, one in told(built).items()}
    assert states == dict.fromkeys(("app", "many", "plain"), "current")

    shutil.rmtree(now)
    shutil.copytree(now.parent.parent / "new", now)
    found = told(built)
    assert {name: one["state"] for name, one in found.items()} == {
        "app": "current",
        "many": "outdated",
        "plain": "current",
    }
    many = found["many"]
    assert (many["have"], many["newest"]) == ("1-1", "3-1")
    assert many["security"]
    assert many["advisories"] == ["CVE-2026-1", "T-2026:1"]
    (line,) = [x for x in built.ok("outdated").out.splitlines() if " many " in x]
    assert line.endswith("a security fix: CVE-2026-1, T-2026:1")
    script = "dnf -q check-update || :"
    words = ("run", "--rm", "--network=host", "--entrypoint=sh", image.tag)
    listed = image.docker(*words, "-c", script).split()
    assert listed[:2] == ["many.noarch", "3-1"]

    built.ok("lock", "-P", "many")
    built.ok("realize")
    assert told(built)["many"]["state"] == "current"

    (now / "repodata" / "repomd.xml").unlink()
    assert {one["state"] for one in told(built).values()} == {"unknown"}
    image.forget()
