"""A new base below stages that are there, against a repository that moved on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from google.protobuf.json_format import Parse, ParseDict
from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementPb

from dynbuild.tiers.oci.address import Repository
from dynbuild.tiers.oci.client import Client
from tests.engine.managers import AptRepository, Image, served
from tests.engine.onto import onto
from tests.engine.progress import steps_run
from tests.engine.test_referrers import IN_TOTO, SPDX, inspected, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.space import Space

BASE = """\
FROM {base}
COPY <<KEY /etc/apt/trusted.gpg.d/test.asc
{key}
KEY
RUN rm -f /etc/apt/sources.list.d/* && \\
    echo 'deb {address} stable main' > /etc/apt/sources.list && \\
    mkdir /owned && cp /bin/sh /usr/bin/interpret && cp /bin/sh /usr/bin/remains && \\
    at=$(ls /usr/lib/*/libgmp.so.10) && cp $at ${{at%gmp*}}gmq.so.10 && \\
    echo {unique} > /etc/unique
"""
MOVED = """\
FROM {base}
RUN apt-get update -qq && apt-get install -qq more > /dev/null && \\
    rm -r /var/lib/apt/lists/* && chown 7 /owned && \\
    rm /usr/bin/interpret /usr/lib/*/libgmq.so.10 && \\
    echo moved > /etc/moved && echo more > /usr/share/changed
"""
STAGES = r"""
apt_packages = ["lib"]

[[stages]]
name = "stays"
commands = [
    "mkdir /opt/stays && date +%N > /opt/stays/file # {unique}",
    "printf '#!/usr/bin/remains\\n' > /opt/stays/run && chmod +x /opt/stays/run",
    "cp /usr/bin/expr /opt/stays/expr",
    "mkdir -p /opt/stays/node_modules/left",
    "cd /opt/stays/node_modules/left && echo '{{\"name\":\"left\",' > package.json",
    "echo '\"version\":\"1.3\"}}' >> /opt/stays/node_modules/left/package.json",
]

[[stages]]
name = "on-it"
dependencies = ["stays"]
commands = ["cat /opt/stays/file > /opt/copied"]

[[stages]]
name = "interpreted"
commands = ["printf '#!/usr/bin/interpret\\n' > /opt/run && chmod +x /opt/run"]

[[stages]]
name = "linked"
commands = ["sed s/libgmp/libgmq/ /usr/bin/expr > /opt/expr && chmod +x /opt/expr"]

[[stages]]
name = "owned"
commands = ["echo owned > /owned/file"]

[[stages]]
name = "database"
commands = ["ldconfig && echo >> /etc/ld.so.cache"]

[[stages]]
name = "covers"
commands = ["echo covered > /usr/share/lib/version"]
"""
BUILT = ["interpreted", "linked", "owned", "database", "covers"]


@pytest.fixture
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AptRepository]:
    made = AptRepository(tmp_path_factory.mktemp("apt") / "repository")
    made.add("lib", "1.0", files={"/usr/share/lib/version": "1.0\n"})
    made.add("more")
    made.publish()
    with served(made.folder) as address:
        made.address = address
        yield made
    made.stop()


@pytest.fixture
def base(debian_base: str, repository: AptRepository, push: Callable[..., str]) -> str:
    key = repository.key(armoured=True).decode()
    unique, address = uuid4(), repository.address
    return push(BASE.format(base=debian_base, key=key, address=address, unique=unique))


@pytest.fixture
def image(built: Space, engine: dict[str, str], base: str) -> Iterator[Image]:
    made = Image(built, engine, base)
    yield made
    made.forget()


def test_stages_stay_where_nothing_speaks_against_it(
    image: Image, repository: AptRepository, push: Callable[..., str], registry: str
) -> None:
    image.edit(STAGES.format(unique=uuid4()))
    lock = image.space.read("dynbuild.lock")
    file = image.run("cat /opt/stays/file")
    repository.add("lib", "1.1", files={"/usr/share/lib/version": "1.1\n"})
    repository.publish()
    moved = push(MOVED.format(base=image.base))

    ran, told = onto(image, moved)
    assert told["rebased"] == ["stays", "on-it"]
    assert {*BUILT} <= ran
    assert not {"stays", "on-it"} & ran
    assert image.space.read("dynbuild.lock") == lock
    there = "cat /opt/stays/file /opt/copied /etc/moved; dpkg-query -W lib"
    assert image.run(there) == f"{file}{file}moved\nlib\t1.1\n"
    assert image.run("stat -c %u /owned; cat /usr/share/lib/version") == "7\ncovered\n"

    name = f"{registry}/dynbuild-test/onto:{uuid4().hex}"
    words = ("realize", "--onto", moved, "-t", name, "--push", "-o", "oci:layout")
    image.space.ok(*words)
    assert image.docker("run", "--rm", name, "cat", "/opt/copied", "/etc/moved") == (
        f"{file}moved\n"
    )

    found = json.loads(image.space.ok("status", "--json").out)["onto"]
    assert (found["base"], found["lock"]) == (told["base"], told["lock"])
    assert [one["stage"] for one in found["rebased"]] == ["stays", "on-it"]
    (layer,) = found["rebased"][0]["layers"]
    manifest = json.loads(
        image.docker("buildx", "imagetools", "inspect", "--raw", name)
    )
    assert layer in {one["digest"] for one in manifest["layers"]}

    assert "stages that stayed: stays, on-it" in image.space.ok("status").err
    labels = json.loads(image.docker("inspect", image.tag))[0]["Config"]["Labels"]
    assert labels["dev.dynbuild.rebased"] == "stays on-it"
    assert labels["dev.dynbuild.onto"] == told["base"]

    # The lock's own base has what it had; the next build on the new one builds them.
    again = image.space.ok("realize", "-t", image.tag, "--progress", "rawjson")
    assert not steps_run(again.err)
    assert "--onto" not in image.space.ok("status").err
    assert json.loads(image.space.ok("status", "--json").out)["onto"] is None
    Image(image.space, image.engine, moved, image.tag).declare(
        image.space.read("dynbuild.toml").partition("\n")[2]
    )
    image.space.ok("lock")
    ordinary = image.space.ok("realize", "-t", image.tag, "--progress", "rawjson")
    assert {*steps_run(ordinary.err)} == {"stays", "on-it"}
    assert image.run("cat /opt/stays/file") != file


def pushed(space: Space, place: Repository, *words: str) -> dict[str, Any]:
    """Push the image, and return what the file of metadata has of it."""
    words = ("--push", "-t", f"{place}:1", "--metadata-file", "out.json", *words)
    space.ok("realize", *words)
    found: dict[str, Any] = json.loads(space.read("out.json"))
    return found


def beside(space: Space, place: Repository, found: dict[str, Any]) -> dict[str, Any]:
    """What a registry has beside an image, by its kinds."""
    client = Client(place.host, dict(space.environment))
    of = listed(client, place, found["containerimage.digest"])
    return {kind: json.loads(data) for kind, data in of}


def steps(statement: dict[str, Any]) -> dict[str, Any]:
    asked = statement["predicate"]["buildDefinition"]["internalParameters"]
    return {one["name"]: one for one in asked["steps"]}


def test_what_is_told_beside_it(
    image: Image, repository: AptRepository, push: Callable[..., str], registry: str
) -> None:
    image.edit(STAGES.format(unique=uuid4()))
    space, place = image.space, Repository(registry, f"dynbuild-test/{uuid4().hex}")
    own = steps(beside(space, place, pushed(space, place, "--provenance"))[IN_TOTO])
    assert not any("rebased" in one for one in own.values())
    repository.add("lib", "1.1", files={"/usr/share/lib/version": "1.1\n"})
    repository.publish()
    moved = push(MOVED.format(base=image.base))
    onto_it = ("--onto", moved)
    plain = pushed(space, place, *onto_it)["containerimage.digest"]
    words = (*onto_it, "-o", "oci:layout", "--sbom", "--provenance")
    found = pushed(space, place, *words)
    assert found["containerimage.digest"] == plain
    told = beside(space, place, found)

    statement = told[IN_TOTO]
    Statement.copy_from_pb(Parse(json.dumps(statement), StatementPb())).validate()
    ParseDict(statement["predicate"], Provenance())
    definition = statement["predicate"]["buildDefinition"]
    assert definition["externalParameters"]["onto"] == found["dynbuild.onto"]["base"]
    now, lock = steps(statement), found["dynbuild.onto"]["lock"]
    for name, one in now.items():
        if name not in {"stays", "on-it"}:
            assert "rebased" not in one, name
            continue
        assert one["layers"] == own[name]["layers"]
        assert one["digest"] != own[name]["digest"] == one["rebased"]["digest"]
        assert one["rebased"]["on"]["uri"] == lock
    assert now["apt.1"]["layers"] != own["apt.1"]["layers"]
    needed = [one.get("uri") for one in definition["resolvedDependencies"]]
    assert needed[1:3] == [found["dynbuild.onto"]["base"], lock]

    packages = {one["name"]: one["versionInfo"] for one in told[SPDX]["packages"][1:]}
    assert packages["lib"] == "1.1"
    assert packages["more"] == "1"
    assert packages["left"] == "1.3"
    of_lock = json.loads(space.ok("packages", "--sbom", "spdx").out)["packages"][1:]
    assert {one["name"]: one["versionInfo"] for one in of_lock}["lib"] == "1.0"

    index = json.loads(space.read("layout/index.json"))["manifests"]
    laid = {one.get("artifactType") for one in index}
    assert laid >= {SPDX, IN_TOTO}
    attested = pushed(space, place, *words, "--attest-in-index")
    assert attested["dynbuild.unattested.digest"] == plain
    said = inspected(dict(image.engine), f"{place}:1", "Provenance")["SLSA"]
    assert steps({"predicate": said})["stays"]["rebased"] == now["stays"]["rebased"]


def test_what_it_is_not_for(image: Image, push: Callable[..., str]) -> None:
    image.declare(STAGES.format(unique=uuid4()))
    image.space.ok("lock")
    for flag in ("--print", "--linear", "--no-cache", "--compare-linear"):
        done = image.space.run("realize", "--onto", "any", flag)
        assert done.status == 2, done.err
        assert "DB0317" in done.err
    two = ("--platform", "linux/amd64,linux/arm64")
    done = image.space.run(
        "realize", "--onto", push(MOVED.format(base=image.base)), *two
    )
    assert "is not for linux/arm64" in done.err, done.err
    assert "DB0450" in done.err
    assert image.space.ok("realize", "--onto", image.base).status == 0
