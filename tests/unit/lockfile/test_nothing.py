"""What starts from nothing: an image, or stages, in a lock and what follows from it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dynbuild.commands.lock_warnings import unpinned
from dynbuild.emit.bases import config_of_nothing
from dynbuild.emit.dockerfile import emit, render
from dynbuild.errors import LockError
from dynbuild.explain.outdated import images
from dynbuild.explain.view import stand_ins
from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.images import as_images
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.resolved import resolve
from dynbuild.lockfile.update import update
from dynbuild.realization.contents import local_digests
from dynbuild.steps.model import Copy, InlineFile, Pin, Stage
from dynbuild.steps.nothing import NOTHING
from tests.pins import pinned

GO = pinned("docker.io/library/golang:1")
BUILD = Stage("build", commands=("make",), build_only=True, base=GO.image)
FILES = Stage("files", files=(InlineFile("/a", "a"),), build_only=True, base="scratch")
APP = Stage("app", copies=(Copy("/app", "/app", stage="build"),))
IMAGES = {GO.image: GO, "scratch": NOTHING}


def locked(base: Pin = NOTHING) -> Lock:
    return update(None, Target(base, stages=(BUILD, FILES, APP), images=IMAGES))


def test_it_is_read_as_it_was_written() -> None:
    text = dumps(locked())
    assert "version = 5" in text
    assert '[base]\nimage = "scratch"\n\n' in text
    assert "[images.scratch]\n\n" in text
    assert loads(text) == locked()
    own = update(None, Target(GO, stages=(FILES,), images={"scratch": NOTHING}))
    assert "version = 5" in dumps(own)
    assert loads(dumps(own)) == own


def test_nothing_else_can_be_said_of_it() -> None:
    text = dumps(locked()).replace(
        'image = "scratch"', f'image = "scratch"\ndigest = "{GO.digest}"'
    )
    with pytest.raises(LockError):
        loads(text)


@pytest.mark.parametrize("platform", ["linux/amd64", "linux/arm/v7"])
def test_it_is_the_same_everywhere(platform: str) -> None:
    lock = locked()
    pin = replace(GO, platforms={platform: next(iter(GO.platforms.values()))})
    lock = replace(lock, images={**IMAGES, GO.image: pin})
    resolved = resolve(lock, platform, {}, {})
    assert {"app", "files"} <= resolved.digests.keys()
    other = resolve(replace(lock, base=pin), platform, {}, {})
    assert resolved.digests["app"] != other.digests["app"]
    assert resolved.digests["files"] == other.digests["files"]


def test_nobody_is_asked_for_it() -> None:
    lock = locked()
    assert not local_digests(lock, None)  # type: ignore[arg-type]
    assert not unpinned(as_images(lock))
    _, unknown = stand_ins(lock, install_order(lock))
    assert not unknown
    assert [one.name for one in images(lock, {GO.image: GO}, {})] == [GO.image]


def test_a_dockerfile_starts_from_nothing_too() -> None:
    lock = locked()
    text = render(emit(lock, install_order(lock), "linux/amd64", {}))
    assert "FROM scratch AS base.0\nUSER 0\n" in text
    assert "FROM scratch AS base.2\nUSER 0\n" in text


def test_its_config_is_that_of_a_platform() -> None:
    assert config_of_nothing("linux/arm/v7") == {
        "architecture": "arm",
        "variant": "v7",
        "os": "linux",
        "config": {"Env": [f"PATH={NOTHING.env['PATH']}"]},
    }
    assert "variant" not in config_of_nothing("linux/amd64")
