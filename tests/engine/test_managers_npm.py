"""Package logs of npm in real builds: Debian's npm, against a registry we make."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.engine.managers import Image, Quiet, make_base, served

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.space import Space


def _tarball(manifest: Mapping[str, object]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        data = json.dumps(manifest).encode()
        member = tarfile.TarInfo("package/package.json")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def publish(
    registry: Path, address: str, name: str, versions: dict[str, dict[str, object]]
) -> None:
    """Put all versions of a package into a registry that is only files."""
    documents = {}
    for version, more in versions.items():
        manifest = {"name": name, "version": version, **more}
        data = _tarball(manifest)
        file = f"{uuid4().hex}.tgz"
        (registry / file).write_bytes(data)
        digest = base64.b64encode(hashlib.sha512(data).digest()).decode()
        dist = {"tarball": f"{address}/{file}", "integrity": f"sha512-{digest}"}
        documents[version] = {**manifest, "dist": dist}
    newest = list(versions)[-1]
    document = {"name": name, "dist-tags": {"latest": newest}, "versions": documents}
    place = registry / name
    place.parent.mkdir(exist_ok=True)
    place.write_text(json.dumps(document))


@pytest.fixture(scope="module")
def base(
    engine: dict[str, str],
    debian_base: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    registry = tmp_path_factory.mktemp("npm")
    with served(registry) as address:
        three: dict[str, dict[str, object]] = {"1.0.0": {}, "1.1.0": {}, "2.0.0": {}}
        for name in ("tool", "@scope/tool", "own", "plugin"):
            publish(registry, address, name, three)
        host = {"peerDependencies": {"plugin": "^1.0.0"}}
        publish(registry, address, "host", {"1.0.0": host})
        dockerfile = f"""\
FROM {debian_base}
RUN apt-get update && apt-get install -y --no-install-recommends npm && \
    rm -rf /var/lib/apt/lists/*
RUN echo 'registry={address}/' > /root/.npmrc && npm install -g own@1.0.0 && \
    rm -rf /root/.npm
"""
        tag = make_base(engine, dockerfile, f"managers-npm-{uuid4().hex[:12]}")
        yield tag
    Image(None, engine, tag, tag).forget()  # type: ignore[arg-type]  # only removed


def packages(*specs: str) -> str:
    return f"npm_packages = {json.dumps(specs)}"


def versions(image: Image) -> dict[str, str]:
    """Check that all is whole and that nothing was left; give what npm finds."""
    assert image.run("find /root/.npm /tmp -type f 2> /dev/null || :") == ""
    told = json.loads(image.run("npm ls -g --json --depth=0"))
    assert "problems" not in told
    found = {name: row["version"] for name, row in told["dependencies"].items()}
    root = image.run("npm root -g").strip()
    listed = json.loads(image.space.ok("packages", "--json").out)["packages"]
    assert found == {
        one["name"]: one["version"]
        for one in listed
        if one["path"] == f"{root}/{one['name']}/package.json"
    }
    return found


@pytest.mark.slow
def test_a_history_of_edits(built: Space, engine: dict[str, str], base: str) -> None:
    image = Image(built, engine, base)
    own = {"own": "1.0.0"}
    image.edit(packages("tool@1.0.0", "@scope/tool@^1.0"))
    assert versions(image) == own | {"tool": "1.0.0", "@scope/tool": "1.1.0"}
    image.edit(packages("tool", "own@2", "host", "plugin@1"))
    assert versions(image) == {
        "own": "2.0.0",
        "tool": "2.0.0",
        "host": "1.0.0",
        "plugin": "1.1.0",
    }
    image.edit(packages("tool@1", "host"))
    third = versions(image)
    assert third["tool"] == "1.1.0"
    assert third["own"] == "2.0.0"
    assert "@scope/tool" not in third
    image.edit("")
    assert versions(image).keys() <= {"own", "plugin"}
    image.forget()


def test_what_nobody_declares_any_more_blocks_nothing(
    built: Space, engine: dict[str, str], base: str
) -> None:
    """A misspelt package, and a version that the registry dropped."""
    image = Image(built, engine, base)
    image.fails(packages("tool@1.0.0", "not-there", "host@7"))
    image.edit(packages("tool@1.0.0", "host"))
    assert versions(image) == {"own": "1.0.0", "tool": "1.0.0", "host": "1.0.0"}
    assert "not-there" in image.fails(packages("tool@1.0.0", "not-there")).err
    image.forget()


class Private(Quiet):
    """Answers those alone who have the token."""

    def do_GET(self) -> None:  # noqa: N802 - as http.server calls it
        if self.headers["Authorization"] == "Bearer t0ken":
            super().do_GET()
        else:
            self.send_response(401)
            self.end_headers()


def test_a_registry_that_asks_who_asks(
    built: Space, engine: dict[str, str], base: str, tmp_path: Path
) -> None:
    image = Image(built, engine, base)
    registry = tmp_path.with_name(f"{tmp_path.name}-registry")
    registry.mkdir()
    with served(registry, Private) as address:
        publish(registry, address, "@team/greeting", {"1.0.0": {}})
        where = f'{{ url = "{address}", scope = "@team", secret = "npm" }}'
        image.declare(f"{packages('@team/greeting')}\nnpm_registry = {where}")
        built.ok("lock")
        words = ("realize", "-t", image.tag, "--secret", "id=npm,env=NPM")
        wrong = built.run(*words, NPM="//nobody/:_authToken=wrong")
        assert wrong.status == 1
        assert "401" in wrong.err
        done = built.ok(*words, NPM="t0ken")
    assert versions(image) == {"own": "1.0.0", "@team/greeting": "1.0.0"}
    told = done.out + done.err + image.run("cat /root/.npmrc; ls -A /run")
    assert not [one for one in ("t0ken", "logins", "secrets") if one in told]
    image.forget()


def test_no_npm(built: Space, engine: dict[str, str], debian_base: str) -> None:
    done = Image(built, engine, debian_base).fails(packages("tool"))
    said = 'npm_packages need npm, and it is not there: add "npm" to'
    assert said in done.err
