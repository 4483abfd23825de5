"""Images that are signed by a real cosign, as those who only have the key see them."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from dynbuild.inventory import RECORDS
from dynbuild.tiers.oci.address import Repository
from dynbuild.tiers.oci.client import Client
from dynbuild.tiers.registry.inventory import RegistryInventory
from tests.engine.both import PLATFORMS, push_both

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.space import Space

PASSWORD = "a password that nobody sees"
DECLARATION = """\
base = "{base}"
{more}
[stages.app]
commands = ["echo {unique} > /app"]
"""


@dataclass(frozen=True)
class Signer:
    """A cosign with two pairs of keys, that asks no service."""

    program: str
    folder: Path

    @property
    def key(self) -> str:
        return str(self.folder / "own.key")

    @property
    def variables(self) -> dict[str, str]:
        config = str(self.folder / "config.json")
        return {"COSIGN_SIGNING_CONFIG": config, "COSIGN_PASSWORD": PASSWORD}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *words],
            cwd=self.folder,
            env={"HOME": str(self.folder), **self.variables},
            capture_output=True,
            text=True,
            check=False,
        )

    def vouches(self, subject: str, key: str = "own") -> bool:
        words = ("--key", f"{key}.pub", "--insecure-ignore-tlog", subject)
        done = self.run("verify", *words)
        refused = ("no matching", "no signatures found")
        assert not done.returncode or any(one in done.stderr for one in refused)
        return done.returncode == 0


@pytest.fixture(scope="session")
def signer(engine: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Signer:
    first = engine["PATH"].split(os.pathsep)[0]
    beside = "signer/usr/bin".join(first.rsplit("engine/usr/bin", 1))
    program = shutil.which("cosign", path=os.pathsep.join([engine["PATH"], beside]))
    if program is None:
        pytest.fail("cosign is not there; see `scripts/engine up`")
    signer = Signer(program, tmp_path_factory.mktemp("cosign"))
    for name in ("own", "other"):
        done = signer.run("generate-key-pair", "--output-key-prefix", name)
        assert done.returncode == 0, done.stderr
    services = signer.run("signing-config", "create").stdout
    (signer.folder / "config.json").write_text(services)
    return signer


@pytest.fixture
def place(cache: Repository) -> Repository:
    return Repository(cache.host, f"dynbuild-test/signed-{uuid4().hex}")


@pytest.fixture
def project(built: Space, signer: Signer, busybox_base: str) -> Space:
    text = DECLARATION.format(base=busybox_base, unique=uuid4(), more="")
    built.write("dynbuild.toml", text)
    built.ok("lock")
    path = f"{Path(signer.program).parent}:{built.environment['PATH']}"
    own = {**built.environment, "PATH": path, **signer.variables}
    return replace(built, environment=own)


def pushed(space: Space, tag: str, *words: str, **variables: str) -> dict[str, object]:
    more = ("--push", "-t", tag, "--metadata-file", "out.json", *words)
    done = space.ok("realize", *more, **variables)
    assert PASSWORD not in done.out + done.err + space.read("out.json")
    return dict(json.loads(space.read("out.json")))


def test_what_was_pushed_is_signed(
    project: Space, signer: Signer, place: Repository
) -> None:
    tag = f"{place}:1"
    plain = pushed(project, tag)["containerimage.digest"]
    assert not signer.vouches(tag)
    found = pushed(project, tag, f"--sign={signer.key}", "--provenance", "--sbom")
    assert found["containerimage.digest"] == plain
    told = [one["digest"] for one in found["dynbuild.referrers"]]  # type: ignore[attr-defined]
    assert found["dynbuild.signed"] == [f"{place}@{one}" for one in (plain, *told)]
    assert len(told) == 2
    for subject in (tag, *found["dynbuild.signed"]):
        assert signer.vouches(subject)
        assert not signer.vouches(subject, "other")
    # What was listed beside the image still is.
    client = Client(place.host, dict(project.environment))
    beside = json.loads(client.manifest(place, str(plain).replace(":", "-")) or "")
    assert {one["digest"] for one in beside["manifests"]} > {*told}


def test_the_variables_of_cosign_say_which_key(
    project: Space, signer: Signer, place: Repository
) -> None:
    variables = {"COSIGN_KEY": signer.key, "DYNBUILD_SIGN": "true"}
    pushed(project, f"{place}:1", **variables)
    assert signer.vouches(f"{place}:1")
    found = pushed(project, f"{place}/b:1", "--sign=false", **variables)
    assert "dynbuild.signed" not in found
    assert not signer.vouches(f"{place}/b:1")


def test_every_platform_in_every_repository(  # noqa: PLR0913, PLR0917
    project: Space,
    signer: Signer,
    place: Repository,
    busybox_base: str,
    registry: str,
    engine: Mapping[str, str],
    tmp_path: Path,
) -> None:
    base = push_both(engine, busybox_base, registry, tmp_path / "both")
    more = f"platforms = {[*PLATFORMS]}"
    text = DECLARATION.format(base=base, unique=uuid4(), more=more)
    project.write("dynbuild.toml", text)
    project.ok("lock")
    words = ("-t", f"{place}/b:1", f"--sign={signer.key}")
    found = pushed(project, f"{place}:1", *words)
    for one in (place, f"{place}/b"):
        assert signer.vouches(f"{one}:1")
        for digest in found["dynbuild.manifests"].values():  # type: ignore[attr-defined]
            assert signer.vouches(f"{one}@{digest}")
    asked = ("--sbom", "--provenance", "--attest-in-index")
    attested = pushed(project, f"{place}:1", *words, *asked)
    assert attested["dynbuild.unattested.digest"] == found["containerimage.digest"]
    signed = list(attested["dynbuild.signed"])  # type: ignore[call-overload]
    assert len(signed) == len(set(signed)) == 2 * (1 + 2 * 2)
    assert all(signer.vouches(one) for one in (f"{place}:1", f"{place}/b:1", *signed))


def test_what_stayed_on_another_base_is_signed_for_what_it_is(
    project: Space,
    signer: Signer,
    place: Repository,
    busybox_base: str,
    push: Callable[..., str],
) -> None:
    pushed(project, f"{place}:1")
    store = Path(project.environment["CACHE_LOCAL_PATH"])
    steps = sorted(path.name for path in (store / RECORDS).iterdir())
    moved = push(f"FROM {busybox_base}\nRUN echo {uuid4()} > /moved\n")
    asked = ("--sbom", "--provenance", f"--sign={signer.key}")
    found = pushed(project, f"{place}:1", "--onto", moved, *asked)
    assert found["dynbuild.onto"]["rebased"] == ["app"]  # type: ignore[index]
    signed = list(found["dynbuild.signed"])  # type: ignore[call-overload]
    assert len(signed) == 3
    assert all(signer.vouches(one) for one in (f"{place}:1", *signed))
    # Its labels are part of what is signed, and no record is there to sign.
    inspect = ("docker", "buildx", "imagetools", "inspect")
    config = subprocess.run(
        [*inspect, signed[0], "--format={{json .Image.Config.Labels}}"],
        env=dict(project.environment),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert json.loads(config)["dev.dynbuild.rebased"] == "app"
    assert sorted(path.name for path in (store / RECORDS).iterdir()) == steps


def test_a_push_that_could_not_be_signed(
    project: Space, signer: Signer, place: Repository
) -> None:
    words = ["--push", "-t", f"{place}:1", f"--sign={signer.key}"]
    words += ["--metadata-file", "out.json"]
    for password, hint in (("", "COSIGN_PASSWORD"), ("wrong", "COSIGN_PASSWORD")):
        done = project.run("realize", *words, COSIGN_PASSWORD=password)
        found = json.loads(project.read("out.json"))
        subject = f"{place}@{found['containerimage.digest']}"
        assert done.status == 1
        assert f"DB0518]: {subject} is pushed, and not signed: cosign ende" in done.err
        assert hint in done.err
        assert "run the same command again" in done.err
        assert found["dynbuild.signed"] == []
    done = project.ok("realize", *words)
    assert "app cached" in done.err
    assert f"signed {subject}" in done.err
    assert signer.vouches(f"{place}:1")


def test_several_images(
    project: Space, signer: Signer, place: Repository, busybox_base: str
) -> None:
    image = "[images.{}.stages.app]\ncommands = ['echo {}']\n"
    images = "".join(image.format(name, uuid4()) for name in ("api", "web"))
    heads = [f"[images.{name}]\nbase = {busybox_base!r}\n" for name in ("api", "web")]
    project.write("dynbuild.toml", "".join(heads) + images)
    project.ok("lock")
    words = ["--push", "-t", f"{place}/{{image}}:1", f"--sign={signer.key}"]
    done = project.run("realize", *words, COSIGN_PASSWORD="wrong")
    assert done.status == 1
    assert done.err.count("DB0518") == 1
    assert f"DB0518]: {place}/api@sha256:" in done.err
    assert "likewise, and not tried: web" in done.err
    project.ok("realize", *words)
    assert all(signer.vouches(f"{place}/{name}:1") for name in ("api", "web"))


def test_services_that_do_not_answer(
    project: Space, signer: Signer, place: Repository
) -> None:
    at = "url=http://127.0.0.1:1,api-version=1,start-time=2024-01-01T00:00:00Z"
    words = ("signing-config", "create", "--oidc-provider", f"{at},operator=x")
    services = signer.run(*words, "--fulcio", f"{at},operator=x").stdout
    config = project.write("config.json", services)
    done = project.run(
        *("realize", "--push", "-t", f"{place}:1", "--sign"),
        COSIGN_SIGNING_CONFIG=str(config),
    )
    assert done.status == 1
    assert "is pushed, and not signed: cosign ended with status 1: " in done.err
    assert "connection refused" in done.err


def test_a_terminal_is_asked_for_the_password(
    project: Space, signer: Signer, place: Repository
) -> None:
    words = ["realize", "--push", "-t", f"{place}:1", f"--sign={signer.key}"]
    own = {k: v for k, v in project.environment.items() if k != "COSIGN_PASSWORD"}
    command = [sys.executable, "-m", "dynbuild", *words, "--progress=plain"]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command,
        cwd=project.root,
        env=own,
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    said = b""
    while b"Enter password" not in said:
        said += os.read(ours, 1 << 12)
    # Its echo is off a moment after it asked.
    time.sleep(0.3)
    os.write(ours, f"{PASSWORD}\n".encode())
    try:
        while more := os.read(ours, 1 << 12):
            said += more
    except OSError:
        pass  # as a terminal ends whose other end is closed
    os.close(ours)
    assert process.wait(60) == 0, said
    assert PASSWORD.encode() not in said
    assert signer.vouches(f"{place}:1")


def test_clean_leaves_signatures(
    project: Space, signer: Signer, place: Repository
) -> None:
    """Also in a repository that is a tier's, and where nothing of that stays."""
    tier = {"CACHE_REGISTRY": str(place)}
    tag = f"{place}:1"
    found = pushed(project, tag, f"--sign={signer.key}", "--provenance", **tier)
    client = Client(place.host, dict(project.environment))
    shelf = RegistryInventory(place, project.environment, lambda _: None)
    before = {*client.tags(place)}
    shelf.remove([one.key for one in shelf.things()])
    gone = before - {*client.tags(place)}
    assert "r-" in {one[:2] for one in gone} <= {"r-", "i-"}
    for subject in (tag, *found["dynbuild.signed"]):  # type: ignore[misc]
        assert signer.vouches(subject)
