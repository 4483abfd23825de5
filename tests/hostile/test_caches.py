"""Caches that a stranger's declaration names, on the real engine and registry."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from dynbuild.digest import sha256
from dynbuild.emit.bases import base_step
from dynbuild.link.model import Layer, Record, Written
from dynbuild.lockfile.codec import loads
from dynbuild.signature import SecretKey
from dynbuild.tiers.local.inventory import LocalInventory
from dynbuild.tiers.local.tier import Local
from dynbuild.tiers.oci.address import Repository
from dynbuild.tiers.registry.tier import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.oci_servers import Served
    from tests.space import Done, Space

    Docker = Callable[..., str]

DECLARATION = """\
base = "{base}"

[[stages]]
name = "below"
commands = ["echo {unique} > /below"]

[[stages]]
name = "above"
dependencies = ["below"]
commands = ["cp /below /above"]
"""
TEAM = SecretKey("team-1", bytes(range(32)))
SIGNING = {"DYNBUILD_SIGNING_KEY": TEAM.dump()}
TRUSTING = {"DYNBUILD_TRUSTED_KEYS": str(TEAM.public)}
THROUGH_US = {"CACHE_REGISTRY_ENGINE": "false"}
"""Then layers and records come into the store, where their origins are seen."""


@dataclass(frozen=True)
class Scene:
    """A project, and a registry in which a stranger says what its stage wrote."""

    space: Space
    evil: str
    team: str
    tag: str
    docker: Docker
    origins: list[dict[str, object]] = field(default_factory=list)
    """Where what counts of a machine's store is from, after it realized."""

    def realize(self, machine: str, **variables: str) -> Done:
        """Realize on a machine that has a store, and a user, of its own."""
        root = self.space.root
        places = {
            "CACHE_LOCAL_PATH": f"{root}-store-{machine}",
            "XDG_STATE_HOME": f"{root}-state-{machine}",
        }
        places |= variables
        done = self.space.ok("realize", "-t", self.tag, **places)
        listed = self.space.ok("cache", "ls", "local", "--json", **places).out
        bases = loads(self.space.read("dynbuild.lock")).base.platforms.values()
        apart = {base_step(digest) for digest in bases}
        counting = [
            one
            for one in json.loads(listed)
            if one["counts"] and one["step"] not in apart
        ]
        assert len({one["step"] for one in counting}) == 2
        self.origins[:] = [origin for one in counting for origin in one["from"]]
        return done

    @property
    def is_evil(self) -> bool:
        """Whether the image that was made last holds what the stranger planted."""
        words = ["run", "--rm", "--network", "none", self.tag, "ls", "/"]
        return "evil" in self.docker(*words).split()

    def names(self, cache: str) -> None:
        """Let the declaration name a registry as its cache."""
        text = self.space.read("dynbuild.toml").partition("\n[cache]")[0]
        self.space.write("dynbuild.toml", f'{text}\n[cache]\nregistry = "{cache}"\n')

    def names_nothing(self) -> None:
        text = self.space.read("dynbuild.toml").partition("\n[cache]")[0]
        self.space.write("dynbuild.toml", text)


@pytest.fixture
def scene(
    built: Space, busybox_base: str, plain_registry: Served, docker: Docker
) -> Iterator[Scene]:
    text = DECLARATION.format(base=busybox_base, unique=uuid4())
    built.write("dynbuild.toml", text)
    built.ok("lock")
    name = uuid4().hex
    evil = f"{plain_registry.host}/evil-{name}/cache"
    team = f"{plain_registry.host}/team-{name}/cache"
    scene = Scene(built, evil, team, f"dynbuild-test-{name}:x", docker)
    scene.realize("stranger")
    planted(built.root.with_name(f"{built.root.name}-store-stranger"), evil)
    yield scene
    docker("image", "rm", "--force", scene.tag)


def planted(store: Path, cache: str) -> None:
    """Put a record of the lower stage into a registry that says it wrote more."""
    inventory = LocalInventory(store)
    roots = (inventory.root(thing.key) for thing in inventory.things() if thing.step)
    records = [root.record for root in roots if root and root.record]
    honest = next(one for one in records if not one.on)
    near = Local(store, pytest.fail)
    (whole,) = near.find([honest.step])
    layer, blob = evil_layer()
    writes = {**whole.writes, "evil": Written("file", 0o644, new=True)}
    host, _, path = cache.partition("/")
    tier = Registry(Repository(host, path), {"DOCKER_CONFIG": "/nowhere"}, pytest.fail)
    path_ = store / "evil"
    path_.write_bytes(blob)
    tier.keep(layer.digest, str(path_))
    for one in whole.layers:
        path_.unlink()
        assert near.fetch(one.digest, str(path_))
        tier.keep(one.digest, str(path_))
    forged = replace(whole, layers=(*whole.layers, layer), writes=writes)
    assert isinstance(forged, Record)
    tier.record(forged)


def evil_layer() -> tuple[Layer, bytes]:
    """A layer with one file more, and its blob."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("evil"))
    data = raw.getvalue()
    blob = gzip.compress(data, mtime=0)
    return Layer(sha256(data), sha256(blob), len(blob)), blob


def test_a_pull_request_that_names_its_own_registry(scene: Scene) -> None:
    """Nothing is taken from it, and one warning names the command that accepts it."""
    scene.names(scene.evil)
    done = scene.realize("user")
    assert not scene.is_evil
    assert scene.origins == []
    assert done.err.count("DB0630") == 1


def test_a_registry_that_was_accepted_once_and_a_team_that_signs(scene: Scene) -> None:
    """What it left in the store is in no later image, is not signed, is not shared."""
    scene.names(scene.evil)
    scene.realize("user", DYNBUILD_ACCEPT_CACHE="1")
    assert scene.is_evil
    assert scene.origins == [{"place": f"registry {scene.evil}", "keys": []}] * 2
    scene.names_nothing()
    scene.realize("user", CACHE_REGISTRY=scene.team, **SIGNING)
    assert not scene.is_evil
    assert scene.origins == []
    scene.realize("other", CACHE_REGISTRY=scene.team, **TRUSTING, **THROUGH_US)
    assert not scene.is_evil
    place = f"registry {scene.team}"
    assert scene.origins == [{"place": place, "keys": [str(TEAM.public)]}] * 2


def test_a_registry_that_was_accepted_once_and_a_team_without_keys(
    scene: Scene,
) -> None:
    """What it left in the store, and what stands on that, counts in no other run."""
    scene.names(scene.evil)
    scene.realize("user", DYNBUILD_ACCEPT_CACHE="1")
    scene.names_nothing()
    scene.realize("user")
    assert not scene.is_evil
    assert scene.origins == []
    scene.realize("user", CACHE_REGISTRY=scene.team)
    scene.realize("other", CACHE_REGISTRY=scene.team, **THROUGH_US)
    assert not scene.is_evil
    assert scene.origins == [{"place": f"registry {scene.team}", "keys": []}] * 2


def test_a_store_in_the_checkout(scene: Scene) -> None:
    """A directory that a declaration names is not looked into."""
    planted_ = f"{scene.space.root}/planted"
    scene.names(scene.evil)
    scene.realize("stranger", DYNBUILD_ACCEPT_CACHE="1", CACHE_LOCAL_PATH=planted_)
    assert scene.is_evil
    scene.names_nothing()
    text = scene.space.read("dynbuild.toml")
    scene.space.write("dynbuild.toml", f'{text}\n[cache]\nlocal = "planted"\n')
    home = f"{scene.space.root}-cache"
    scene.realize("user", CACHE_LOCAL_PATH="", XDG_CACHE_HOME=home)
    assert not scene.is_evil
    assert scene.origins == []
