"""Pins from what registries say: a script stands in for docker, no engine answers."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dynbuild.digest import Digest, sha256
from dynbuild.engine import images
from dynbuild.engine.images import DockerImages
from dynbuild.errors import DeclarationError, UnreachableError

NOWHERE = "tcp://127.0.0.1:1"
CONFIG = {"Env": ["PATH=/bin", "A=b=c", "EMPTY="], "User": "me", "WorkingDir": "/w"}


class Registry:
    """A docker whose imagetools know one image."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {"PATH": f"{folder}:/usr/bin:/bin", "DOCKER_HOST": NOWHERE}

    def says(self, script: str) -> DockerImages:
        path = self.folder / "docker"
        path.write_text(f'#!/bin/sh\necho "$*" >> {self.folder}/asked\n{script}\n')
        path.chmod(0o755)
        return DockerImages(self.environment)

    def has(self, manifest: Any, image: Any) -> DockerImages:
        (self.folder / "manifest").write_text(json.dumps(manifest))
        (self.folder / "image").write_text(json.dumps(image))
        return self.says(
            f"case $4 in --raw) cat {self.folder}/manifest;;"
            f" --format) cat {self.folder}/image;; esac"
        )

    @property
    def digest(self) -> Digest:
        return sha256((self.folder / "manifest").read_bytes())

    @property
    def asked(self) -> list[str]:
        return (self.folder / "asked").read_text().splitlines()


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path)


def digest(text: str) -> Digest:
    return sha256(text.encode())


def entry(name: str, os: str, architecture: str, variant: str = "") -> dict[str, Any]:
    platform = {"os": os, "architecture": architecture, "variant": variant}
    return {"digest": digest(name), "platform": platform}


def test_an_index_is_its_platforms_without_attestations(registry: Registry) -> None:
    entries = [
        entry("arm64", "linux", "arm64", "v8"),
        entry("attestation", "unknown", "unknown"),
        {"digest": digest("no platform")},
        entry("amd64", "linux", "amd64"),
        entry("arm", "linux", "arm", "v6"),
        entry("windows one", "windows", "amd64"),
        entry("windows two", "windows", "amd64"),
    ]
    other = {"config": CONFIG | {"User": "other"}}
    known = {
        "linux/arm64/v8": {"config": CONFIG},
        "linux/amd64": {"config": CONFIG},
        "linux/arm/v6": other,
        "windows/amd64": {"config": CONFIG},
    }
    pin = registry.has({"manifests": entries}, known).pin("debian:12")
    assert pin.image == "docker.io/library/debian:12"
    assert pin.digest == registry.digest
    assert pin.platforms == {
        "linux/arm64": digest("arm64"),
        "linux/amd64": digest("amd64"),
        "windows/amd64": digest("windows one"),
    }
    assert pin.env == {"PATH": "/bin", "A": "b=c", "EMPTY": ""}
    assert (pin.user, pin.workdir) == ("me", "/w")
    first, second = registry.asked
    assert first.endswith("--raw -- docker.io/library/debian:12")
    assert second.endswith(f"-- docker.io/library/debian@{registry.digest}")


def test_the_usual_platform_decides_what_is_recorded(registry: Registry) -> None:
    names = ("riscv64", "arm64", "amd64")
    entries = [entry(name, "linux", name) for name in names]
    known = {f"linux/{name}": {"config": {"User": name}} for name in names}
    pin = registry.has({"manifests": entries}, known).pin("x")
    assert (pin.user, list(pin.platforms)) == ("amd64", ["linux/amd64"])
    pin = registry.has({"manifests": entries[:2]}, known).pin("x")
    assert (pin.user, list(pin.platforms)) == ("arm64", ["linux/arm64"])


@pytest.mark.parametrize(
    ("manifest", "image"),
    [
        ({"config": {}}, None),
        ({"config": {}}, {"os": "", "architecture": "", "config": {}}),
        ({"manifests": []}, {}),
        ({"manifests": None}, None),
    ],
)
def test_what_is_no_image(registry: Registry, manifest: Any, image: Any) -> None:
    with pytest.raises(DeclarationError, match="is no image"):
        registry.has(manifest, image).pin("r.io/chart")


def test_a_single_manifest_has_the_platform_of_its_config(registry: Registry) -> None:
    image = {"os": "linux", "architecture": "arm", "variant": "v7"}
    pin = registry.has({"config": {}}, image).pin("r.io/x")
    assert pin.platforms == {"linux/arm/v7": registry.digest}
    assert (pin.env, pin.user, pin.workdir) == ({}, "", "")


def test_a_digest_is_verified(registry: Registry) -> None:
    known = registry.has({"config": {}}, {"os": "linux", "architecture": "amd64"})
    assert known.pin(f"r.io/x:1@{registry.digest}").image == "r.io/x:1"
    with pytest.raises(DeclarationError, match=r"answered with sha256:.* for r.io/x@"):
        known.pin(f"r.io/x@{digest('other')}")


VERSION = "[ $2 = version ] && echo github.com/docker/buildx v0.29.1 && exit\n"


def test_a_refusal_keeps_the_words_and_no_secret(registry: Registry) -> None:
    words = "ERROR: https://me:hunter2@r.io/v2/: denied: ask the owner of r.io/x"
    with pytest.raises(DeclarationError) as refused:
        registry.says(f"{VERSION}echo '{words}' >&2; exit 1").pin("r.io/x")
    (diagnostic,) = refused.value.diagnostics
    assert "denied: ask the owner of r.io/x" in diagnostic.message
    assert "hunter2" not in diagnostic.message
    assert "docker login" in (diagnostic.hint or "")


def test_a_registry_that_says_nothing(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "_SECONDS", 0.1)
    with pytest.raises(UnreachableError, match=r"no answer in 0\.1 seconds"):
        registry.says("exec sleep 60").pin("r.io/x")


def test_the_sdk_is_only_imported_when_it_is_asked() -> None:
    script = (
        "import sys, dynbuild.engine.images, dynbuild.engine.buildx,"
        " dynbuild.cli.progress, dynbuild.cli.progress_summary;"
        "print(sorted({'docker', 'requests', 'rich'} & sys.modules.keys()))"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
