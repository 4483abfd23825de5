"""What refers to an image in a registry: its bills of materials."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from google.protobuf.json_format import Parse, ParseDict
from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementPb

from dynbuild.building import PlatformImage
from dynbuild.digest import BlobDigest, Digest, sha256
from dynbuild.link.model import Layer
from dynbuild.tiers.memory import MemoryTier
from dynbuild.tiers.oci.address import Repository, repository
from dynbuild.tiers.oci.client import Client
from dynbuild.tiers.oci.errors import RegistryError
from dynbuild.tiers.registry.publish import Registries
from dynbuild.tiers.registry.referrers import attach, subject_of
from tests.oci_proxy import Harm, Proxy, proxied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.oci_servers import Served
    from tests.space import Space

SPDX, CYCLONEDX = "application/spdx+json", "application/vnd.cyclonedx+json"
IN_TOTO = "application/vnd.in-toto+json"
NOBODY = {"DOCKER_CONFIG": "/nowhere"}
BOTH = ("linux/amd64", "linux/arm64/v8")
DECLARATION = """\
base = "{base}"

[stages.app]
commands = [
  "echo {unique}",
  "mkdir -p /lib/apk/db",
  'printf "P:musl\\nV:1.0\\nA:x86_64\\nL:MIT\\n" > /lib/apk/db/installed',
]
"""


def listed(client: Client, place: Repository, image: str) -> list[tuple[str, bytes]]:
    """The kind and the content of all that a registry lists as about an image."""
    found = client.manifest(place, image.replace(":", "-"))
    documents = []
    for about in json.loads(found or '{"manifests": []}')["manifests"]:
        manifest = json.loads(client.manifest(place, about["digest"]) or "")
        assert manifest["subject"]["digest"] == image
        assert manifest["artifactType"] == about["artifactType"]
        (layer,) = manifest["layers"]
        data = client.blob(place, BlobDigest(Digest(layer["digest"])), layer["size"])
        assert data is not None
        documents.append((about["artifactType"], data))
    return documents


def test_a_bill_beside_the_image(
    built: Space, busybox_base: str, cache: Repository
) -> None:
    unique = uuid4().hex
    built.write("dynbuild.toml", DECLARATION.format(base=busybox_base, unique=unique))
    built.ok("lock")
    place = Repository(cache.host, f"dynbuild-test/bill-{unique}")
    tag = f"{place}:1"

    def push(*words: str) -> str:
        built.ok("realize", "--push", "-t", tag, "--metadata-file", "out.json", *words)
        return str(json.loads(built.read("out.json"))["containerimage.digest"])

    digest = push()
    for words in ("spdx", "cyclonedx", "spdx"):
        assert push("--sbom", words) == digest
    client = Client(place.host, dict(built.environment))
    (spdx, bill), (cyclonedx, _) = listed(client, place, digest)
    assert (spdx, cyclonedx) == (SPDX, CYCLONEDX)
    assert bill.decode() == built.ok("packages", "--sbom", "spdx").out
    assert {one["name"] for one in json.loads(bill)["packages"]} >= {"musl"}


def test_how_it_was_made(built: Space, busybox_base: str, cache: Repository) -> None:
    unique = uuid4().hex
    built.write("dynbuild.toml", DECLARATION.format(base=busybox_base, unique=unique))
    built.ok("lock")
    place = Repository(cache.host, f"dynbuild-test/made-{unique}")
    words = ("--push", "-t", f"{place}:1", "--metadata-file", "out.json")
    built.ok("realize", *words, "--provenance")
    found = json.loads(built.read("out.json"))
    digest = found["containerimage.digest"]
    client = Client(place.host, dict(built.environment))
    ((kind, data),) = listed(client, place, digest)
    (about,) = found["dynbuild.referrers"]
    assert (kind, about["artifactType"]) == (IN_TOTO, IN_TOTO)
    statement = json.loads(data)
    # The specification's own types and checks.
    Statement.copy_from_pb(Parse(data, StatementPb())).validate()
    ParseDict(statement["predicate"], Provenance())
    assert statement["subject"][0]["digest"]["sha256"] == digest[7:]
    definition = statement["predicate"]["buildDefinition"]
    (step,) = definition["internalParameters"]["steps"]
    lock = sha256(built.read("dynbuild.lock").encode())
    needed = definition["resolvedDependencies"]
    assert (step["name"], step["takenFrom"]) == ("app", [])
    assert {"name": "dynbuild.lock", "digest": {"sha256": lock[7:]}} in needed
    assert any(one.get("uri", "").startswith(f"{busybox_base}@") for one in needed)
    assert unique not in data.decode().replace(str(place), "")


def test_a_bill_that_nobody_would_get(built: Space, busybox_base: str) -> None:
    built.write("dynbuild.toml", DECLARATION.format(base=busybox_base, unique="x"))
    built.ok("lock")
    done = built.run("realize", "-t", "app", "--sbom", "spdx")
    assert done.status == 2
    assert (
        "error[DB0317]: --sbom goes beside an image that is pushed, or in" in done.err
    )
    assert "add --push or -o oci:DIR" in done.err


def test_a_bill_in_a_layout(built: Space, busybox_base: str, cache: Repository) -> None:
    unique = uuid4().hex
    built.write("dynbuild.toml", DECLARATION.format(base=busybox_base, unique=unique))
    built.ok("lock")
    out = built.root / "out"
    words = ("-o", f"oci:{out}", "--sbom", "--provenance=mode=min")
    for more in ((), ("--push", "-t", f"{cache.host}/dynbuild-test/laid-{unique}:1")):
        built.ok("realize", *words, *more, "--metadata-file", "out.json")
        entries = json.loads((out / "index.json").read_text())["manifests"]
        images = [one for one in entries if "artifactType" not in one]
        told = [one for one in entries if "artifactType" in one]
        about = {one["artifactType"]: _laid(out, one["digest"]) for one in told}
        assert {subject for subject, _ in about.values()} <= {
            one["digest"] for one in images
        }
        assert about[SPDX][1].decode() == built.ok("packages", "--sbom", "spdx").out
        definition = json.loads(about[IN_TOTO][1])["predicate"]["buildDefinition"]
        (step,) = definition["internalParameters"]["steps"]
        assert "takenFrom" not in step
        listed = json.loads(built.read("out.json"))["dynbuild.referrers"]
        newest = {one["digest"] for one in told[-2:]}
        assert {one["digest"] for one in listed} >= newest


def _laid(out: Path, digest: str) -> tuple[str, bytes]:
    """The subject of what refers to an image in a layout, and what it says."""
    blobs = out / "blobs" / "sha256"
    manifest = json.loads((blobs / digest[7:]).read_bytes())
    data = (blobs / manifest["layers"][0]["digest"][7:]).read_bytes()
    return manifest["subject"]["digest"], data


def inspected(engine: dict[str, str], image: str, what: str) -> Any:
    """What BuildKit's own tool shows of an image in a registry."""
    words = ["docker", "buildx", "imagetools", "inspect", image, "--format"]
    done = subprocess.run(
        [*words, f"{{{{json .{what}}}}}"],
        env=engine,
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("form", ["spdx", "cyclonedx"])
def test_what_the_index_says(  # noqa: PLR0913, PLR0917
    built: Space,
    busybox_base: str,
    cache: Repository,
    engine: dict[str, str],
    docker: Callable[..., str],
    form: str,
) -> None:
    unique = uuid4().hex
    built.write("dynbuild.toml", DECLARATION.format(base=busybox_base, unique=unique))
    built.ok("lock")
    place = Repository(cache.host, f"dynbuild-test/attested-{unique}")
    words = ("--push", "-t", f"{place}:1", "--metadata-file", "out.json")
    built.ok("realize", *words)
    plain = json.loads(built.read("out.json"))["containerimage.digest"]
    asked = (*words, "--attest-in-index", "--provenance", "--sbom", form)
    built.ok("realize", *asked)
    found = json.loads(built.read("out.json"))
    client = Client(place.host, dict(built.environment))
    index = client.manifest_digest(place, "1")
    assert found["containerimage.digest"] == index != plain
    assert found["dynbuild.unattested.digest"] == plain
    about = inspected(engine, f"{place}:1", "Manifest")["manifests"]
    assert [one["digest"] for one in about if "annotations" not in one] == [plain]
    provenance = inspected(engine, f"{place}:1", "Provenance")
    (step,) = provenance["SLSA"]["buildDefinition"]["internalParameters"]["steps"]
    assert step.keys() == {"name", "digest", "layers"}, "the same on any machine"
    if form == "spdx":
        bill = inspected(engine, f"{place}:1", "SBOM")["SPDX"]
        assert {one["name"] for one in bill["packages"]} >= {"musl"}
    docker("pull", "--quiet", f"{place}:1")
    docker("rmi", f"{place}:1")
    # Another checkout, on a machine that took the steps from a tier, says the same.
    (built.root / "dynbuild.lock").rename(built.root / "kept.lock")
    there = replace(built, root=built.root.with_name(f"{built.root.name}-elsewhere"))
    there.root.mkdir()
    for name in ("dynbuild.toml", "kept.lock"):
        there.write(name.replace("kept", "dynbuild"), built.read(name))
    there.ok("realize", *asked)
    assert json.loads(there.read("out.json"))["containerimage.digest"] == index
    assert client.manifest_digest(place, "1") == index


def test_an_index_that_would_say_nothing(built: Space, busybox_base: str) -> None:
    built.write("dynbuild.toml", DECLARATION.format(base=busybox_base, unique="x"))
    done = built.run("realize", "--push", "-t", "a.example/b", "--attest-in-index")
    assert done.status == 2
    assert "say what: --sbom spdx, --provenance, or both" in done.err


@pytest.fixture
def proxy(plain_registry: Served) -> Iterator[Proxy]:
    with proxied(plain_registry.host) as running:
        yield running


@pytest.fixture
def client(proxy: Proxy) -> Client:
    return Client(proxy.host, NOBODY)


def pushed(proxy: Proxy, folder: Path, *platforms: str) -> tuple[Repository, Digest]:
    """Push an image of one layer for platforms; return where, and its digest."""
    data = uuid4().bytes
    layer = Layer(sha256(b"tar"), sha256(data), len(data))
    images = {
        platform: PlatformImage((layer,), {"architecture": platform.split("/")[1]})
        for platform in platforms
    }
    tag = f"{proxy.host}/referred/{uuid4().hex}:1"
    tier = MemoryTier({layer.digest: data})
    publisher = Registries(tier, [], NOBODY, folder, lambda: None)
    built = publisher.push(images, {}, (tag,), lambda _: None)
    assert built.digest is not None
    return repository(tag), built.digest


def told_of(
    client: Client, place: Repository, image: Digest, platform: str, data: bytes
) -> None:
    subject = subject_of(client, place, image, platform)
    attach(client, place, subject, SPDX, data)


def test_each_platform_has_its_own(
    proxy: Proxy, client: Client, tmp_path: Path
) -> None:
    place, index = pushed(proxy, tmp_path, *BOTH)
    for name in (*BOTH, *BOTH):
        told_of(client, place, index, name, name.encode())
    manifests = json.loads(client.manifest(place, index) or "")["manifests"]
    found = [listed(client, place, one["digest"]) for one in manifests]
    assert found == [[(SPDX, name.encode())] for name in BOTH]
    assert listed(client, place, index) == []


def test_a_registry_that_lists_by_itself(
    proxy: Proxy, client: Client, tmp_path: Path
) -> None:
    place, image = pushed(proxy, tmp_path, BOTH[0])
    proxy.once("PUT", "/manifests/", Harm(201, headers={"OCI-Subject": image}))
    before = proxy.count("PUT", "/manifests/")
    told_of(client, place, image, BOTH[0], b"x")
    assert proxy.count("PUT", "/manifests/") == before + 1
    assert listed(client, place, image) == []


def test_a_list_that_is_none(proxy: Proxy, client: Client, tmp_path: Path) -> None:
    place, image = pushed(proxy, tmp_path, BOTH[0])
    tag = image.replace(":", "-")
    proxy.once("GET", tag, Harm(200, b'{"manifests": 5}'))
    with pytest.raises(RegistryError, match="it is no list of referrers"):
        told_of(client, place, image, BOTH[0], b"x")


def test_an_image_that_is_another_one_now(
    proxy: Proxy, client: Client, tmp_path: Path
) -> None:
    place, image = pushed(proxy, tmp_path, BOTH[0])
    proxy.once("GET", image, Harm(200, b"{}"))
    with pytest.raises(RegistryError, match="it is not what was pushed"):
        told_of(client, place, image, BOTH[0], b"x")
