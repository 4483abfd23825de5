"""Cleaning a tier on ghcr.io: versions of a package go, by GitHub's packages API."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from dynbuild.commands.clean import DAY, Policy, sweep, sweep_of
from dynbuild.digest import Digest, sha256
from dynbuild.emit.manifest import IN_TOTO, MANIFEST, descriptor
from dynbuild.link.model import Layer, Record
from dynbuild.ports import TierError
from dynbuild.tiers.declared import Cache
from dynbuild.tiers.oci.address import Repository
from dynbuild.tiers.oci.packages import Packages
from dynbuild.tiers.registry.artifact import dump_step, load_step, tag_of
from dynbuild.tiers.registry.ghcr import GhcrInventory
from dynbuild.tiers.registry.referrers import attach
from dynbuild.tiers.registry.tier import Registry
from dynbuild.tiers.settings import shared
from tests.contracts.tiers import AMD
from tests.github_packages import TOKEN, GitHub, Says, packages_api
from tests.oci_proxy import Harm, proxied

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.oci_servers import Served

OLD, YOUNG, SHARED = sha256(b"old"), sha256(b"young"), sha256(b"in a lock")
NOBODY = {"DOCKER_CONFIG": "/nowhere"}


@dataclass
class Package:
    """A repository that nobody may delete from, and the API that may."""

    github: GitHub
    tier: Registry
    folder: Path
    environment: dict[str, str]
    paused: list[float] = field(default_factory=list)

    def inventory(self) -> GhcrInventory:
        place = Repository("ghcr.io", f"{self.github.owner}/{self.github.name}")
        packages = Packages(
            place, self.environment, self.paused.append, self.github.url
        )
        return GhcrInventory(self.tier.repository, NOBODY, print, packages)

    def put(self, step: Digest, content: bytes = b"", days: float = 90) -> Record:
        content = content or step.encode()
        blob = sha256(content)
        path = self.folder / blob[7:]
        path.write_bytes(content)
        self.tier.keep(blob, str(path))
        below = (sha256(b"below" + content),)
        layer = Layer(sha256(b"tar" + content), blob, len(content))
        record = Record(step, step, AMD, (layer,), {}, on=below)
        self.tier.record(record)
        self.age(step, days)
        return record

    def age(self, step: Digest, days: float) -> None:
        """Let what is under a tag have come some days ago; nothing supersedes that."""
        name = tag_of(step)
        data = self.tier.client.manifest(self.tier.repository, name)
        manifest = json.loads(data or b"")
        for layer in manifest["layers"]:
            if made := layer.get("annotations", {}).get("dynbuild.made"):
                told = str(int(made) - int(days * DAY))
                layer["annotations"]["dynbuild.made"] = told
        before = self.tier.client.manifest_digest(self.tier.repository, name)
        changed = json.dumps(manifest).encode()
        self.tier.client.put_manifest(self.tier.repository, name, changed)
        for number, one in self.github.versions().items():
            if one["name"] == before and days:
                self.github._one("DELETE", number, self.github.versions())  # noqa: SLF001

    def deleted(self) -> int:
        return sum(one.startswith("DELETE") for one in self.github.seen)

    def steps(self) -> set[Digest]:
        return {thing.step for thing in self.inventory().things() if thing.step}


@pytest.fixture
def package(plain_registry: Served, tmp_path: Path) -> Iterator[Package]:
    path = f"ghcr/{uuid4().hex}"
    with (
        proxied(plain_registry.host) as proxy,
        packages_api(plain_registry, path) as github,
    ):
        proxy.harm = lambda method, _: Harm(405, b"{}") if method == "DELETE" else None
        tier = Registry(Repository(proxy.host, path), NOBODY, print)
        yield Package(github, tier, tmp_path, {**NOBODY, "GHCR_TOKEN": TOKEN})


def filled(package: Package) -> None:
    """One step that is to go, one that is young, one that a lock needs."""
    package.put(OLD)
    package.put(SHARED)
    package.put(YOUNG, days=0)


def clean(package: Package) -> int:
    """The bytes that go."""
    inventory = package.inventory()
    found = sweep_of(inventory, Policy(30 * DAY, steps=frozenset({SHARED})), DAY)
    sweep(inventory, found)
    return found.bytes


@pytest.mark.parametrize("kind", ["orgs", "users"])
def test_versions_of_steps_that_nobody_uses_go(package: Package, kind: str) -> None:
    package.github.kind = kind
    filled(package)
    inventory = package.inventory()
    found = sweep_of(inventory, Policy(30 * DAY, steps=frozenset({SHARED})), DAY)
    assert [thing.step for thing in found.roots] == [OLD]
    assert found.bytes > len(OLD)
    # Whoever only looks needs no token and deletes nothing.
    assert package.github.seen == []
    sweep(inventory, found)
    assert package.steps() == {SHARED, YOUNG}
    tags = [tag for tags in package.github.digests().values() for tag in tags]
    assert sorted(tags) == sorted(map(tag_of, (SHARED, YOUNG)))
    assert clean(package) == 0
    package.put(OLD, days=0)
    assert package.steps() == {OLD, SHARED, YOUNG}


def test_all_pages_are_read(package: Package) -> None:
    for number in range(7):
        package.put(sha256(b"%d" % number))
    package.put(YOUNG, days=0)
    clean(package)
    assert package.steps() == {YOUNG}
    assert sum("page=" in one for one in package.github.seen) >= 4
    # Those, and what stood under the tag of the young one before.
    assert package.deleted() == 8


def test_of_a_step_that_is_used_only_what_is_old_goes(package: Package) -> None:
    package.put(YOUNG, b"older")
    kept = package.put(YOUNG, b"newer", days=0)
    assert len(package.github.digests()) > 1
    clean(package)
    assert [*package.tier.find([YOUNG])] == [kept]
    # What stood under the tag before is gone, and with it what it held on to.
    assert [*package.github.digests().values()] == [[tag_of(YOUNG)]]


def test_what_is_of_others_is_left_alone(package: Package) -> None:
    filled(package)
    client, place = package.tier.client, package.tier.repository
    config = {"mediaType": "application/vnd.oci.empty.v1+json", "size": 2}
    image = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {**config, "digest": sha256(b"{}")},
        "layers": [],
    }
    platform = client.put_manifest(
        place, sha256(json.dumps(image).encode()), json.dumps(image).encode()
    )
    data = client.manifest(place, tag_of(OLD)) or b""
    client.put_manifest(place, "mine", data)
    subject = descriptor(MANIFEST, json.dumps(image).encode())
    beside = attach(client, place, subject, IN_TOTO, b"a signature, say")
    clean(package)
    left = package.github.digests()
    assert left[platform] == left[beside] == []
    assert ["mine"] in left.values()
    assert load_step(client.manifest(place, tag_of(OLD)) or b"") == ([], 0)
    assert client.manifest(place, "mine") == data


def test_the_last_version_with_a_tag_goes_when_its_tag_has_moved(
    package: Package,
) -> None:
    package.put(OLD)
    clean(package)
    assert package.steps() == set()
    empty = sha256(dump_step([]))
    assert package.github.digests() == {empty: [tag_of(OLD)]}


def test_a_version_that_github_keeps_is_told(package: Package) -> None:
    filled(package)
    (digest,) = (
        digest
        for digest, tags in package.github.digests().items()
        if tags == [tag_of(OLD)]
    )
    package.github.popular.add(digest)
    with pytest.raises(TierError, match="does not delete 1 version") as caught:
        clean(package)
    assert caught.value.refused
    assert package.steps() == {SHARED, YOUNG}


@pytest.mark.parametrize(
    ("scopes", "words"),
    [
        ("", "read:packages, it has none"),
        ("read:packages", "delete:packages, it has read:packages"),
    ],
)
def test_a_scope_that_is_missing_is_named(
    package: Package, scopes: str, words: str
) -> None:
    filled(package)
    package.github.scopes = scopes
    with pytest.raises(TierError, match=words) as caught:
        clean(package)
    assert "You need at least" in caught.value.why
    assert caught.value.refused
    assert package.steps() == {OLD, SHARED, YOUNG}


@pytest.mark.parametrize("token", ["", "ghp_expired_secret"])
def test_without_a_token_that_github_knows_nothing_goes(
    package: Package, token: str
) -> None:
    filled(package)
    package.environment["GHCR_TOKEN"] = token
    with pytest.raises(TierError, match="GHCR_TOKEN") as caught:
        clean(package)
    assert "secret" not in caught.value.why
    assert package.deleted() == 0


def test_a_package_that_nobody_knows_is_told(package: Package) -> None:
    filled(package)
    package.github.kind = "nobodies"
    with pytest.raises(TierError, match="no such package, or the token lacks"):
        clean(package)
    assert [one.split("/")[1] for one in package.github.seen] == ["orgs", "users"]


def test_a_deletion_that_is_hidden_is_no_success(package: Package) -> None:
    """GitHub says 404 to whoever may read a package and not administrate it."""
    filled(package)
    package.github.says.append(Says(404, "Not Found", method="DELETE"))
    with pytest.raises(TierError, match="role Admin"):
        clean(package)
    clean(package)
    assert package.steps() == {SHARED, YOUNG}


LIMITS = {
    "secondary": Says(403, "secondary rate limit", {"Retry-After": "7"}),
    "too many": Says(429, "slow down", {"Retry-After": "7"}),
    "unsaid": Says(429, "slow down"),
    "used up": Says(
        403, "limit", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}
    ),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_is_waited_for(package: Package, limit: str) -> None:
    filled(package)
    for method in ("GET", "DELETE"):
        says = LIMITS[limit]
        package.github.says.append(
            Says(says.status, says.message, says.headers, method)
        )
    clean(package)
    wait = {"unsaid": 60.0, "used up": 0.0}.get(limit, 7.0)
    assert package.paused == [wait, wait]
    assert package.steps() == {SHARED, YOUNG}


def test_a_limit_that_lasts_is_a_failure(package: Package) -> None:
    filled(package)
    says = Says(403, "limit", {"Retry-After": "1800"})
    package.github.says.append(says)
    with pytest.raises(TierError, match="rate limit is reached; try again in 30 min"):
        clean(package)
    assert package.paused == []
    # One that never ends is not waited for without end.
    package.github.says += [Says(429, "", {"Retry-After": "0"})] * 1000
    with pytest.raises(TierError, match="rate limit"):
        clean(package)
    assert len(package.paused) < 200


def test_an_answer_that_is_no_list(package: Package) -> None:
    filled(package)
    package.github.says.append(Says(200, "a message is no list"))
    with pytest.raises(TierError, match="no list of versions"):
        clean(package)


def test_the_token_goes_to_no_other_place(package: Package) -> None:
    filled(package)
    inventory = package.inventory()
    package.github.url = "http://127.0.0.1:1"
    found = sweep_of(inventory, Policy(30 * DAY), DAY)
    with pytest.raises(TierError, match="somewhere else"):
        sweep(inventory, found)


def test_ghcr_is_cleaned_so_and_no_other() -> None:
    for place, expected in (("ghcr.io/x/y", True), ("r.example/x/y", False)):
        (far,) = shared(Cache(), {"CACHE_REGISTRY": place})
        assert isinstance(far.inventory(), GhcrInventory) is expected
