"""Machines that share a registry: what one built the others take, if they trust it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from dynbuild.digest import sha256
from dynbuild.tiers.oci.address import Repository
from dynbuild.tiers.oci.client import Client
from dynbuild.tiers.registry.artifact import RECORD
from tests.engine.sharing import DECLARATION, forget, machine, ran, realize
from tests.s3_servers import bucket_name, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.oci_proxy import Proxy
    from tests.s3_servers import Server
    from tests.space import Space

    Docker = Callable[..., str]

LOOK = "set -e; head -n 1 /above | cmp - /below; cat /above"


@pytest.fixture
def project(built: Space, busybox_base: str, registry: str, proxy: Proxy) -> Space:
    base = busybox_base.replace(registry, proxy.host)
    built.write("dynbuild.toml", DECLARATION.format(base=base, unique=uuid4()))
    built.ok("lock")
    return built


@pytest.fixture
def tag(proxy: Proxy, docker: Docker) -> Iterator[str]:
    name = f"{proxy.host}/dynbuild-test/app-{os.getpid()}:{uuid4().hex}"
    yield name
    docker("image", "rm", "--force", name)


def look(docker: Docker, tag: str) -> str:
    docker("pull", "--quiet", tag)
    return docker("run", "--rm", "--network", "none", tag, "sh", "-c", LOOK)


@pytest.mark.alone
def test_a_second_machine_runs_nothing_and_a_push_moves_no_layer(
    project: Space, docker: Docker, tag: str, proxy: Proxy, cache: Repository
) -> None:
    assert ran(realize(machine(project, "one", cache))) == 2
    forget(docker)
    two = machine(project, "two", cache)
    proxy.seen.clear()
    proxy.moved = 0
    done = realize(two, "-t", tag, "--push", "--metadata-file", "facts.json")
    assert ran(done) == 0
    assert "warning" not in done.err
    # All layers are in the cache.
    assert proxy.count("POST", "mount=") == 3
    assert proxy.count("PUT", "/blobs/uploads/") == 1
    assert proxy.moved < 5000
    facts = json.loads(project.read("facts.json"))
    client = Client(proxy.host, {"DOCKER_CONFIG": "/nowhere"})
    place = Repository(proxy.host, tag.partition("/")[2].partition(":")[0])
    name = tag.rpartition(":")[2]
    assert client.manifest_digest(place, name) == facts["containerimage.digest"]
    # No layer moved, not one of the base: its manifest, config and write set did.
    image = json.loads(client.manifest(place, name) or b"")
    for layer in image["layers"]:
        assert proxy.count("GET", f"/blobs/{layer['digest']}") == 0
    assert proxy.count("PATCH", "/blobs/") == 0
    assert proxy.count("GET", "/blobs/") <= 3
    assert look(docker, tag).count("\n") == 2
    # Nothing but its name is looked at where it is there.
    proxy.seen.clear()
    realize(two, "-t", tag, "--push")
    assert not [path for method, path, _ in proxy.seen if method in ("POST", "PUT")]


@pytest.mark.alone
def test_what_is_declared_is_used_and_one_that_is_away_is_told(
    project: Space, docker: Docker, tag: str, cache: Repository
) -> None:
    text = project.read("dynbuild.toml")
    declared = f'\n[cache]\nregistry = "{cache}"\n'
    project.write("dynbuild.toml", text + declared)
    one = machine(project, "one", cache, CACHE_REGISTRY="", DYNBUILD_ACCEPT_CACHE="1")
    assert ran(realize(one)) == 2
    forget(docker)
    away = Repository(f"127.0.0.1:{free_port()}", "x/y")
    gone = realize(machine(project, "two", away), "-t", tag, "--push")
    assert gone.err.count("warning[DB0604]") == 1
    assert "refuses connections" in gone.err
    assert ran(gone) == 2
    no_engine = {"CACHE_REGISTRY": "", "CACHE_REGISTRY_ENGINE": "false"}
    three = machine(project, "three", cache, **no_engine)
    three.ok("trust")
    assert ran(realize(three, "-t", tag)) == 0
    # What came from a tier that was agreed to counts where no declaration is read.
    told = json.loads(three.ok("why", "below", "above", "--frozen", "--json").out)
    assert [step["from"] for step in told["steps"]] == ["local", "local"]
    three.ok("trust", "--revoke")
    told = json.loads(three.ok("why", "below", "above", "--frozen", "--json").out)
    assert [step["from"] for step in told["steps"]] == ["built", "built"]


@pytest.mark.alone
def test_a_third_machine_takes_from_the_registry_what_s3_gave_the_second(  # noqa: PLR0913, PLR0917 - a fixture each
    project: Space,
    docker: Docker,
    tag: str,
    proxy: Proxy,
    cache: Repository,
    rclone_server: Server,
) -> None:
    s3 = rclone_server.environment(bucket_name())
    assert ran(realize(machine(project, "one", cache, **s3))) == 2
    forget(docker)
    proxy.seen.clear()
    done = realize(machine(project, "two", cache, **s3), "-t", tag)
    assert ran(done) == 0
    assert "warning" not in done.err
    # The nearer tier gave all.
    assert not [path for _, path, _ in proxy.seen if f"{cache.path}/blobs/" in path]
    forget(docker)
    gone = s3 | {"MINIO_ENDPOINT": f"127.0.0.1:{free_port()}"}
    done = realize(machine(project, "three", cache, **gone), "-t", tag)
    assert ran(done) == 0
    assert done.err.count("warning[DB0604]") == 1
    assert [path for _, path, _ in proxy.seen if f"{cache.path}/blobs/" in path]
    shown = docker("run", "--rm", "--network", "none", tag, "sh", "-c", LOOK)
    assert shown.count("\n") == 2


def keys(space: Space, name: str) -> tuple[str, str]:
    path = space.root / f"{name}-{uuid4().hex}"
    public = space.ok("key", "new", name, "-o", str(path)).out.strip()
    return public, path.read_text()


def poison(proxy: Proxy, cache: Repository) -> None:
    """Give each record the layers of another step: blobs that are there, and whole."""
    client = Client(proxy.host, {"DOCKER_CONFIG": "/nowhere"})
    tags = {
        path.rpartition("/")[2]
        for method, path, _ in proxy.seen
        if method == "PUT" and f"{cache.path}/manifests/r-" in path
    }
    found = {tag: json.loads(client.manifest(cache, tag) or b"") for tag in tags}
    layers = {tag: _record(one)[1]["layers"] for tag, one in found.items()}
    # Those of two steps, and that of the base.
    first, *others = sorted(tags)
    assert len(others) == 2
    for tag, other in zip((first, *others), (*others, first), strict=True):
        text, told = _record(found[tag])
        told["layers"] = layers[other]
        body = json.dumps(told)
        changed = f"{sha256(body.encode())}\n{body}"
        whole = json.dumps(found[tag]).replace(json.dumps(text), json.dumps(changed))
        client.put_manifest(cache, tag, whole.encode())


def _record(manifest: dict[str, object]) -> tuple[str, dict[str, object]]:
    texts = [
        layer["annotations"][RECORD]
        for layer in manifest["layers"]  # type: ignore[attr-defined]
        if "annotations" in layer
    ]
    return texts[0], json.loads(texts[0].partition("\n")[2])


@pytest.mark.alone
def test_only_what_a_trusted_key_signed_comes_into_an_image(
    project: Space, docker: Docker, tag: str, proxy: Proxy, cache: Repository
) -> None:
    public, secret = keys(project, "main-1")
    stranger, _ = keys(project, "main-1")
    main = machine(project, "main", cache, DYNBUILD_SIGNING_KEY=secret)
    done = realize(main, "-t", tag, "--push")
    assert secret.strip() not in done.err + done.out
    first = look(docker, tag)
    forget(docker)
    fork = machine(
        project,
        "fork",
        cache,
        DYNBUILD_TRUSTED_KEYS=f"{stranger} {public}",
        CACHE_REGISTRY_MODE="read",
    )
    done = realize(fork)
    assert ran(done) == 0
    assert "warning" not in done.err
    other = machine(project, "other", cache, DYNBUILD_TRUSTED_KEYS=stranger)
    done = realize(other)
    assert ran(done) == 2
    assert done.err.count("no trusted key has signed") == 1
    poison(proxy, cache)
    forget(docker)
    careful = machine(
        project,
        "careful",
        cache,
        DYNBUILD_TRUSTED_KEYS=public,
        CACHE_REGISTRY_MODE="read",
    )
    done = realize(careful, "-t", f"{tag}-2", "--push")
    assert ran(done) == 2
    assert done.err.count("no trusted key has signed") == 1
    second = look(docker, f"{tag}-2")
    assert second != first
    assert second.count("\n") == 2
    docker("image", "rm", "--force", f"{tag}-2")


@pytest.mark.parametrize(
    ("variable", "value", "code"),
    [
        ("CACHE_REGISTRY", "https://x/y", "DB0607"),
        ("GHCR_NAMESPACE", "a b", "DB0607"),
        ("CACHE_REGISTRY_MODE", "sometimes", "DB0607"),
        ("DYNBUILD_TRUSTED_KEYS", "nonsense", "DB0620"),
        ("DYNBUILD_SIGNING_KEY_FILE", "/nowhere", "DB0620"),
    ],
)
def test_settings_that_make_no_sense(
    project: Space, cache: Repository, variable: str, value: str, code: str
) -> None:
    one = machine(project, "one", cache)
    named = {"CACHE_REGISTRY": ""} if variable == "GHCR_NAMESPACE" else {}
    done = one.run("realize", **named, **{variable: value})
    assert (done.status, f"error[{code}]" in done.err) == (2, True), done.err
