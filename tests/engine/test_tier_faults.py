"""A tier that fails beside a build: its exit status, its warning, and no credential.

All that goes wrong with each operation of a tier is in ``tests/contracts``.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.engine.test_oci_access import HTPASSWD, PASSWORD, USER
from tests.faults import KINDS, Faulty, Kind, faulty
from tests.s3_servers import ACCESS, SECRET, Server, bucket_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.oci_servers import Served
    from tests.space import Space

DECLARATION = """\
base = "{base}"

[[stages]]
name = "one"
commands = ["echo {unique} > /one"]
"""
PAIR = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
SECRETS = (ACCESS, SECRET, PASSWORD, PAIR)
UNSEEN = ("reset", "corrupt", "truncated", "wrong digest", "slow")
"""What is mended, or found no earlier than somebody reads it."""


@dataclass(frozen=True)
class Tier:
    """A server behind a proxy, and the variables that make it a tier."""

    proxy: Faulty
    variables: dict[str, str]
    required: str


@pytest.fixture(scope="module")
def closed(
    serve: Callable[..., Served], tmp_path_factory: pytest.TempPathFactory
) -> Served:
    users = tmp_path_factory.mktemp("users") / "htpasswd"
    users.write_text(HTPASSWD)
    return serve(f"auth:\n  htpasswd:\n    realm: here\n    path: {users}\n")


@pytest.fixture(params=["s3", "registry"])
def tier(
    request: pytest.FixtureRequest,
    engine: dict[str, str],
    rclone_server: Server,
    closed: Served,
    tmp_path: Path,
) -> Iterator[Tier]:
    if request.param == "s3":
        with faulty(rclone_server.endpoint) as proxy:
            there = Server("faulty", proxy.endpoint)
            yield Tier(proxy, there.environment(bucket_name()), "MINIO_REQUIRED")
        return
    with faulty(closed.host) as proxy:
        folder = tmp_path / "docker"
        folder.mkdir()
        own = Path(engine["DOCKER_CONFIG"])
        for path in own.glob("*"):
            if path.name != "config.json":
                (folder / path.name).symlink_to(path)
        known = own / "config.json"
        config = json.loads(known.read_text()) if known.exists() else {}
        config["auths"] = {proxy.endpoint: {"auth": PAIR}}
        (folder / "config.json").write_text(json.dumps(config))
        place = f"{proxy.endpoint}/faults/{uuid4().hex}"
        variables = {"CACHE_REGISTRY": place, "DOCKER_CONFIG": str(folder)}
        yield Tier(proxy, variables, "CACHE_REGISTRY_REQUIRED")


@pytest.fixture
def project(built: Space, busybox_base: str, tier: Tier) -> Space:
    one = replace(built, environment={**built.environment, **tier.variables})
    one.write("dynbuild.toml", DECLARATION.format(base=busybox_base, unique=uuid4()))
    one.ok("lock")
    return one


def kept(space: Space) -> bytes:
    """All that the build left in its store and its history."""
    places = [
        space.environment[name] for name in ("CACHE_LOCAL_PATH", "XDG_STATE_HOME")
    ]
    paths = [path for place in places for path in Path(place).rglob("*")]
    return b"\n".join(path.read_bytes() for path in paths if path.is_file())


@pytest.mark.parametrize("kind", ["none", *KINDS])
def test_a_build_goes_on(project: Space, tier: Tier, kind: Kind) -> None:
    tier.proxy.kind = kind
    done = project.ok("realize", "--progress", "plain")
    count = done.err.count("warning")
    assert count <= 1 if kind in UNSEEN else count == (kind != "none")
    assert "one ran" in done.err
    shown = (done.out + done.err).encode() + kept(project)
    for secret in SECRETS:
        assert secret.encode() not in shown


@pytest.mark.parametrize("kind", ["hang", "403", "429 later", "disk full"])
def test_a_required_tier_ends_it(project: Space, tier: Tier, kind: Kind) -> None:
    tier.proxy.kind = kind
    done = project.run("realize", **{tier.required: "true"})
    assert done.status == 4
    assert done.err.count("error[DB0605]") == 1
    for secret in SECRETS:
        assert secret not in done.out + done.err
