"""Pins from a real registry and a real engine."""

from __future__ import annotations

import gc
import subprocess
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from dynbuild.building import BuildRequest, Load, Output, Push
from dynbuild.digest import sha256
from dynbuild.engine.buildx import Buildx
from dynbuild.engine.images import DockerImages
from dynbuild.errors import DeclarationError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The SDK leaves a socket open when it cannot connect.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*socket:pytest.PytestUnraisableExceptionWarning"
)

DOCKERFILE = """\
FROM {base} AS base.0
FROM base.0 AS app
COPY file /
ENV GREETING="a=b c" EMPTY=
USER 1000:1000
WORKDIR /srv
"""


@pytest.fixture(autouse=True)
def sockets_close() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture
def tag(engine: dict[str, str], registry: str) -> Iterator[str]:
    """The name of an image that is gone from the engine afterwards."""
    name = f"{registry}/dynbuild-test/pins:{uuid4().hex}"
    yield name
    remove(engine, name)


def remove(engine: dict[str, str], name: str) -> None:
    subprocess.run(
        ["docker", "image", "rm", name], env=engine, capture_output=True, check=False
    )


def make(
    engine: dict[str, str],
    base: str,
    context: Path,
    output: Output,
    tag: str,
    *platforms: str,
) -> str:
    (context / "file").write_text(tag)
    request = BuildRequest(
        DOCKERFILE.format(base=base), str(context), (output,), (tag,), platforms
    )
    built = Buildx(engine).build(request, lambda _: None)
    assert built.digest
    return built.digest


def test_one_platform(
    engine: dict[str, str], busybox_base: str, tag: str, tmp_path: Path
) -> None:
    digest = make(engine, busybox_base, tmp_path, Push(), tag)
    remove(engine, tag)
    pin = DockerImages(engine).pin(tag)
    platform = Buildx(engine).platform(None)
    assert (pin.image, pin.digest) == (tag, digest)
    assert pin.platforms == {platform: digest}
    assert pin.env["GREETING"] == "a=b c"
    assert pin.env["EMPTY"] == ""
    assert "PATH" in pin.env
    assert (pin.user, pin.workdir) == ("1000:1000", "/srv")


def test_an_index(
    engine: dict[str, str], busybox_base: str, tag: str, tmp_path: Path
) -> None:
    platforms = ("linux/arm/v7", "linux/amd64", "linux/arm64")
    digest = make(engine, busybox_base, tmp_path, Push(), tag, *platforms)
    remove(engine, tag)
    pin = DockerImages(engine).pin(tag)
    assert pin.digest == digest
    assert set(pin.platforms) == set(platforms)
    assert len({digest, *pin.platforms.values()}) == 4
    assert pin.workdir == "/srv"
    by_digest = DockerImages(engine).pin(f"{tag}@{digest}")
    assert by_digest == pin
    nobody = engine | {"DOCKER_HOST": "unix:///nowhere.sock"}
    assert DockerImages(nobody).pin(tag) == pin


def test_an_image_of_the_engine_only(
    engine: dict[str, str], busybox_base: str, tag: str, tmp_path: Path
) -> None:
    digest = make(engine, busybox_base, tmp_path, Load(), tag)
    pin = DockerImages(engine).pin(tag)
    assert (pin.image, pin.digest, pin.platforms) == (tag, None, {})
    assert (pin.user, pin.workdir) == ("1000:1000", "/srv")
    assert pin.env["GREETING"] == "a=b c"
    assert DockerImages(engine).local_digest(tag) == digest


def test_neither_has_it(engine: dict[str, str], tag: str) -> None:
    with pytest.raises(
        DeclarationError, match="not found; the engine does not have it"
    ):
        DockerImages(engine).pin(tag)
    with pytest.raises(DeclarationError, match="the engine has no image") as refused:
        DockerImages(engine).local_digest(tag)
    assert f"docker pull {tag}" in str(refused.value)


def test_a_digest_that_nobody_has(engine: dict[str, str], tag: str) -> None:
    with pytest.raises(DeclarationError, match="not found"):
        DockerImages(engine).pin(f"{tag}@{sha256(b'nothing')}")


def test_nobody_answers(engine: dict[str, str]) -> None:
    nobody = engine | {"DOCKER_HOST": "unix:///nowhere.sock"}
    with pytest.raises(UnreachableError, match="refused; the engine does not answer"):
        DockerImages(nobody).pin("127.0.0.1:1/x")
    with pytest.raises(UnreachableError, match="DOCKER_HOST"):
        DockerImages(nobody).local_digest("127.0.0.1:1/x")


def test_a_registry_that_is_down_and_an_engine_without_it(
    engine: dict[str, str],
) -> None:
    with pytest.raises(UnreachableError, match="refused; the engine does not have it"):
        DockerImages(engine).pin("127.0.0.1:1/x")


def test_a_local_image_whose_registry_is_down(
    engine: dict[str, str], busybox_base: str, tmp_path: Path
) -> None:
    tag = f"127.0.0.1:1/dynbuild-test/down:{uuid4().hex}"
    make(engine, busybox_base, tmp_path, Load(), tag)
    try:
        assert DockerImages(engine).pin(tag).digest is None
    finally:
        remove(engine, tag)
