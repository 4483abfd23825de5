"""The engine takes what it needs from the registry tier, and nothing through us.

Where it cannot, the layers come through this machine, and the image is the same.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from dynbuild.digest import sha256
from dynbuild.engine.places import BuilderPlace, builder_place
from dynbuild.tiers.oci.client import Client
from dynbuild.tiers.registry.artifact import RECORD
from dynbuild.tiers.registry.linked import linked_in
from tests.engine.sharing import DECLARATION, forget, machine, ran, realize
from tests.oci_proxy import Harm

if TYPE_CHECKING:
    from collections.abc import Callable

    from dynbuild.tiers.oci.address import Repository
    from tests.oci_proxy import Proxy
    from tests.space import Space

    Docker = Callable[..., str]

NOBODY = {"DOCKER_CONFIG": "/nowhere"}
pytestmark = pytest.mark.alone


@dataclass(frozen=True)
class Scene:
    """A project whose image a first machine made and shared: what it is.

    The engine has nothing of it by now.
    """

    project: Space
    docker: Docker
    tag: str
    proxy: Proxy
    cache: Repository
    image: str

    def machine(self, name: str, **variables: str) -> Space:
        return machine(self.project, name, self.cache, **variables)

    def change(self, more: str) -> None:
        """Declare more stages."""
        text = self.project.read("dynbuild.toml")
        self.project.write("dynbuild.toml", text + more)
        self.project.ok("lock")
        self.proxy.seen.clear()

    def now(self) -> str:
        """What the image of the tag holds, and what it runs; not when it was made."""
        return _now(self.docker, self.tag)

    def images(self) -> set[str]:
        """The ids of all that the engine has; those of one age come in any order."""
        return {*self.docker("image", "ls", "--all", "--quiet").split()}

    def empty(self) -> None:
        """Let the engine have nothing of what was built, and nothing be seen yet."""
        self.docker("image", "rm", "--force", self.tag)
        self.forget()

    def forget(self) -> None:
        forget(self.docker)
        self.proxy.seen.clear()


@pytest.fixture
def scene(  # noqa: PLR0913, PLR0917 - a fixture each
    built: Space,
    busybox_base: str,
    registry: str,
    docker: Docker,
    tag: str,
    proxy: Proxy,
    cache: Repository,
) -> Scene:
    base = busybox_base.replace(registry, proxy.host)
    built.write("dynbuild.toml", DECLARATION.format(base=base, unique=uuid4()))
    built.ok("lock")
    realize(machine(built, "first", cache), "-t", tag)
    made = Scene(built, docker, tag, proxy, cache, _now(docker, tag))
    made.empty()
    return made


def _now(docker: Docker, tag: str) -> str:
    form = "{{json .RootFS.Layers}} {{json .Config}}"
    return docker("image", "inspect", "--format", form, tag)


def ours(proxy: Proxy, method: str, part: str) -> list[str]:
    """What this machine, and no engine, asked for."""
    return [
        path
        for one, path, headers in proxy.seen
        if one == method
        and part in path
        and "buildkit" not in headers.get("User-Agent", "")
        and "containerd" not in headers.get("User-Agent", "")
    ]


def layers_of(proxy: Proxy, cache: Repository) -> list[str]:
    """The layers of the image that was linked last."""
    paths = [path for method, path, _ in proxy.seen if method == "PUT"]
    (put, *_) = [path for path in paths if "/manifests/i-" in path][-1:]
    data = Client(proxy.host, NOBODY).manifest(cache, put.rpartition("/")[2])
    return [layer["digest"] for layer in json.loads(data or b"")["layers"]]


def wrote(proxy: Proxy) -> list[str]:
    return [path for method, path, _ in proxy.seen if method in ("POST", "PUT")]


def kept(space: Space) -> set[str]:
    blobs = Path(space.environment["CACHE_LOCAL_PATH"]) / "blobs/sha256"
    return {f"sha256:{path.name}" for path in blobs.iterdir()}


def test_a_new_machine_moves_no_layer(scene: Scene) -> None:
    images = scene.images()
    two = scene.machine("two")
    done = realize(two, "-t", scene.tag)
    assert ran(done) == 0
    assert "warning" not in done.err
    layers = layers_of(scene.proxy, scene.cache)
    assert len(layers) == 3
    base, *own = layers
    for layer in layers:
        assert ours(scene.proxy, "GET", layer) == []
    for layer in own:
        assert scene.proxy.count("GET", layer) == 1
    # An image of another test may stand on the same base: then the engine has that.
    assert scene.proxy.count("GET", base) <= 1
    assert kept(two).isdisjoint(layers)
    assert scene.now() == scene.image
    # Nothing but its name is left behind.
    scene.docker("image", "rm", scene.tag)
    assert scene.images() == images
    # Another one finds the manifest, and may not even write.
    scene.empty()
    three = scene.machine("three", CACHE_REGISTRY_MODE="read")
    realize(three, "-t", scene.tag)
    assert scene.now() == scene.image
    assert not wrote(scene.proxy)
    assert ours(scene.proxy, "GET", layers[0]) == []
    # What is there is only looked at.
    scene.proxy.seen.clear()
    realize(three, "-t", scene.tag)
    assert scene.proxy.count("GET", "/manifests/sha256:") == 0


def test_who_may_not_write_takes_what_nobody_put_there_itself(scene: Scene) -> None:
    reader = scene.machine("reader", CACHE_REGISTRY_MODE="read")
    done = realize(reader, "-t", scene.tag)
    assert "warning" not in done.err
    assert scene.now() == scene.image
    assert not wrote(scene.proxy)


def test_the_user_says_that_no_engine_pulls(scene: Scene) -> None:
    realize(scene.machine("two", CACHE_REGISTRY_ENGINE="false"), "-t", scene.tag)
    assert scene.now() == scene.image
    assert scene.proxy.count("PUT", "/manifests/i-") == 0
    wrong = scene.machine("two", CACHE_REGISTRY_ENGINE="perhaps")
    done = wrong.run("realize", "-t", scene.tag)
    assert done.status == 2
    assert "DB0607" in done.err


@pytest.mark.parametrize(
    "harm",
    [
        Harm(status=403, body=b'{"errors": [{"code": "DENIED", "message": "no"}]}'),
        Harm(status=404),
        Harm(hang=25.0, status=500),
    ],
    ids=["refuses", "has not", "does not answer"],
)
def test_a_registry_that_gives_the_engine_nothing(scene: Scene, harm: Harm) -> None:
    # Only a builder asks for a manifest by its digest: we put it under a tag.
    scene.proxy.harm = lambda _, path: harm if "/manifests/sha256:" in path else None
    done = realize(scene.machine("two"), "-t", scene.tag)
    assert ran(done) == 0
    assert done.err.count("warning[DB0633]") == 1
    assert scene.now() == scene.image


@pytest.mark.parametrize("harm", [Harm(flip=True), Harm(after=100), Harm(status=404)])
@pytest.mark.parametrize(("first", "times"), [(1, 1), (2, 1), (1, 4)])
def test_blobs_that_come_wrong(
    scene: Scene, harm: Harm, first: int, times: int
) -> None:
    """The first that an engine takes is the config of the image, then layers."""
    left = [times]
    asked = [0]

    def harmed(method: str, path: str) -> Harm | None:
        # What comes before the image has its manifest is not meant.
        if not scene.proxy.count("PUT", "/manifests/i-"):
            return None
        if method != "GET" or "/blobs/" not in path:
            return None
        asked[0] += 1
        if asked[0] < first or not left[0]:
            return None
        left[0] -= 1
        return harm

    scene.proxy.harm = harmed
    done = realize(scene.machine("two"), "-t", scene.tag)
    assert left[0] < times
    # What does not come at all, whoever asks for it, is built again.
    assert scene.now() == scene.image or ran(done)
    look = "cat /below; head -n 1 /above | cmp - /below"
    told = ["run", "--rm", "--network", "none", scene.tag, "sh", "-c", look]
    assert len(scene.docker(*told)) > 30


CHANGED = """

[[stages]]
name = "new"
dependencies = ["below"]
commands = ["cat /below > /new"]
"""


def test_what_has_to_be_built_is_built_on_what_the_registry_gives(
    scene: Scene,
) -> None:
    """One step of a new machine: its ground does not come through us, nor the image."""
    scene.change(CHANGED)
    two = scene.machine("two")
    done = realize(two, "-t", scene.tag)
    assert ran(done) == 1
    assert "warning" not in done.err
    layers = layers_of(scene.proxy, scene.cache)
    (new,) = kept(two) & {*layers}
    for layer in {*layers} - {new}:
        assert ours(scene.proxy, "GET", layer) == []
    look = "cmp /below /new && cat /above"
    told = ["run", "--rm", "--network", "none", scene.tag, "sh", "-c", look]
    assert scene.docker(*told).count("\n") == 2
    # Another machine has nothing to build.
    first = scene.now()
    scene.empty()
    assert ran(realize(scene.machine("three"), "-t", scene.tag)) == 0
    assert scene.now() == first


@pytest.mark.parametrize(
    "harm",
    [
        Harm(status=403, body=b'{"errors": [{"code": "DENIED", "message": "no"}]}'),
        Harm(hang=25.0, status=500),
    ],
    ids=["refuses", "does not answer"],
)
def test_a_ground_that_the_builder_cannot_take(scene: Scene, harm: Harm) -> None:
    scene.change(CHANGED)
    scene.proxy.harm = lambda _, path: harm if "/manifests/sha256:" in path else None
    done = realize(scene.machine("two"), "-t", scene.tag)
    assert ran(done) == 1
    assert done.err.count("warning[DB0633]") == 1
    look = "cmp /below /new"
    scene.docker("run", "--rm", "--network", "none", scene.tag, "sh", "-c", look)


def test_a_step_that_fails_on_its_ground_fails_once(scene: Scene) -> None:
    scene.change(CHANGED.replace("cat /below > /new", "cat /below; false"))
    done = scene.machine("two").run("realize", "-t", scene.tag, "--progress", "plain")
    assert done.status == 1
    assert "DB0633" not in done.err
    assert "exit code 1" in done.err


def test_a_manifest_that_cannot_be_put(scene: Scene) -> None:
    refused = Harm(status=403, body=b'{"errors": [{"code": "DENIED"}]}')
    scene.proxy.harm = lambda _, path: refused if "/manifests/i-" in path else None
    done = realize(scene.machine("two"), "-t", scene.tag)
    assert ran(done) == 0
    assert "warning" not in done.err
    assert scene.now() == scene.image


def test_a_layer_that_is_not_what_a_record_says(scene: Scene) -> None:
    """An engine compares diff ids as we do: it refuses the image, and so do we."""
    client = Client(scene.proxy.host, NOBODY)
    realize(scene.machine("two"), "-t", scene.tag)
    base, below, above = layers_of(scene.proxy, scene.cache)
    assert base
    scene.empty()
    tags = client.tags(scene.cache)
    for tag in tags:
        data = (client.manifest(scene.cache, tag) or b"").decode()
        if tag.startswith("r-") and above in data:
            client.put_manifest(scene.cache, tag, forged(data, above, below))
    done = realize(scene.machine("careful"), "-t", scene.tag)
    # The blob is of another step, which is built again as well.
    assert ran(done) == 2
    assert scene.now() != scene.image


def forged(manifest: str, blob: str, other: str) -> bytes:
    """Let a record have another blob for its layer, and the same diff id."""
    told = json.loads(manifest)
    size = next(one["size"] for one in told["layers"] if one["digest"] == blob)
    for one in told["layers"]:
        if RECORD in one.get("annotations", {}):
            text = one["annotations"][RECORD].partition("\n")[2].replace(blob, other)
            facts = json.loads(text)
            facts["layers"] = [
                [diff_id, digest, size, *kind]
                for diff_id, digest, _, *kind in facts["layers"]
            ]
            text = json.dumps(facts)
            one["annotations"][RECORD] = f"{sha256(text.encode())}\n{text}"
        elif one["digest"] == blob:
            one["digest"] = other
    return json.dumps(told).encode()


def test_a_manifest_is_cleaned_away_once_nobody_needs_it(scene: Scene) -> None:
    two = scene.machine("two")
    realize(two, "-t", scene.tag)
    client = Client(scene.proxy.host, NOBODY)
    (tag,) = (tag for tag in client.tags(scene.cache) if tag.startswith("i-"))
    linked = linked_in(tag)
    assert linked is not None
    clean = ("clean", "--shared", "--yes")
    two.ok(*clean, "--max-age", "0")
    assert client.manifest_digest(scene.cache, tag) == linked.digest
    # What was needed long ago, and lately again, is of lately.
    manifest = client.manifest(scene.cache, tag) or b""
    old = replace(linked, day=1).tag
    client.put_manifest(scene.cache, old, manifest)
    two.ok(*clean)
    assert client.manifest_digest(scene.cache, old) == linked.digest
    client.delete_manifest(scene.cache, tag)
    client.put_manifest(scene.cache, old, manifest)
    shown = two.ok("clean", "--shared", "--dry-run").out
    assert shown.splitlines()[2].split()[:2] == ["registry", "1"]
    two.ok(*clean)
    assert client.manifest_digest(scene.cache, old) is None
    # The steps of the image are there as before.
    scene.empty()
    assert ran(realize(scene.machine("three"), "-t", scene.tag)) == 0


def test_where_a_builder_is(engine: dict[str, str]) -> None:
    assert builder_place(engine) == BuilderPlace(local=True, beside=True)
    assert builder_place(engine, "nothing") == BuilderPlace(local=False, beside=False)
    away = {**engine, "DOCKER_HOST": "tcp://127.0.0.1:1"}
    assert not builder_place(away).local
    assert not builder_place({"PATH": "/nowhere"}).local
