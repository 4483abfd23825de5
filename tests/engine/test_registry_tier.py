"""The registry tier on Debian's docker-registry: the contract, and what goes wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from dynbuild.digest import sha256
from dynbuild.link.model import Layer, Record, Written
from dynbuild.ports import TierError
from dynbuild.tiers.oci.address import Repository
from dynbuild.tiers.registry.artifact import LARGEST, tag_of
from dynbuild.tiers.registry.inventory import RegistryInventory
from dynbuild.tiers.registry.tier import Registry
from tests.contracts.tiers import AMD, SCENARIOS, STEP, Bench
from tests.oci_proxy import Harm, Proxy, proxied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dynbuild.digest import Digest
    from tests.oci_servers import Served


@pytest.fixture
def proxy(plain_registry: Served) -> Iterator[Proxy]:
    with proxied(plain_registry.host) as running:
        yield running


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def repository(proxy: Proxy, tmp_path: Path) -> Repository:
    return Repository(proxy.host, f"cache/{sha256(str(tmp_path).encode())[7:30]}")


@pytest.fixture
def tier(repository: Repository, told: list[str]) -> Registry:
    return opened(repository, told)


@pytest.fixture
def bench(
    tier: Registry, tmp_path: Path, plain_registry: Served, proxy: Proxy
) -> Bench:
    damaged: set[str] = set()

    def rule(method: str, path: str) -> Harm | None:
        if method == "PUT" and "uploads" in path:
            damaged.difference_update(d for d in [*damaged] if quote(d, "") in path)
        flipped = method == "GET" and any(digest in path for digest in damaged)
        return Harm(flip=True) if flipped else None

    def damage(blob: Digest, data: bytes | None) -> None:
        if data is not None:
            # A registry never takes other content in the place of what it has.
            damaged.add(blob)
            proxy.harm = rule
            return
        plain_registry.content(blob).unlink()
        # What a registry says it has is believed until it does not give it.
        assert not tier.fetch(blob, str(tmp_path / "gone"))

    return Bench(tier, tmp_path, damage)


def opened(repository: Repository, told: list[str] | None = None) -> Registry:
    tell = (lambda _: None) if told is None else told.append
    return Registry(repository, {"DOCKER_CONFIG": "/nowhere"}, tell)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda case: case.__name__)
def test_contract(bench: Bench, scenario: Callable[[Bench], None]) -> None:
    scenario(bench)


def test_another_machine_finds_it(bench: Bench, repository: Repository) -> None:
    record = bench.kept()
    other = replace(bench, tier=opened(repository))
    assert other.found() == [record]
    assert other.fetch(record.layers[0].digest) == b"layer one"


def test_one_request_finds_a_step(
    bench: Bench, repository: Repository, proxy: Proxy
) -> None:
    bench.kept()
    other = opened(repository)
    proxy.seen.clear()
    assert len(other.find([STEP])) == 1
    assert [method for method, _, _ in proxy.seen] == ["GET"]
    assert other.find([sha256(b"unknown")]) == ()
    assert len(proxy.seen) == 2


def test_a_large_write_set_lies_beside(
    bench: Bench, repository: Repository, proxy: Proxy
) -> None:
    writes = {sha256(bytes([n]))[7:]: Written("file", n) for n in range(200)}
    record = bench.kept(writes=writes)
    other = replace(bench, tier=opened(repository))
    proxy.seen.clear()
    assert other.found() == [record]
    assert other.found() == [record]
    assert proxy.count("GET", "blobs") == 1


def test_what_is_there_is_not_moved_again(
    bench: Bench, repository: Repository, proxy: Proxy
) -> None:
    record = bench.kept()
    other = opened(repository)
    proxy.seen.clear()
    other.keep(record.layers[0].digest, bench.file(b"layer one"))
    assert [method for method, _, _ in proxy.seen] == ["HEAD"]


def test_a_writer_that_another_undid_writes_again(
    bench: Bench, repository: Repository, proxy: Proxy
) -> None:
    """Two machines read the tag, both write: the first one to look again mends it."""
    first = bench.kept()
    before = bench.tier.client.manifest(repository, tag_of(STEP))  # type: ignore[attr-defined]
    undone = []

    def rule(method: str, path: str) -> Harm | None:
        if method == "GET" and "manifests" in path and not undone:
            writes = [
                one for one, where, _ in proxy.seen if one == "PUT" and "man" in where
            ]
            if writes:
                undone.append(path)
                opened(repository).client.put_manifest(repository, tag_of(STEP), before)
        return None

    proxy.seen.clear()
    proxy.harm = rule
    second = bench.kept(b"two", on=(sha256(b"other"),))
    assert undone
    assert {record.id for record in bench.found()} == {first.id, second.id}


def test_a_record_whose_blobs_left_makes_room_for_another(
    bench: Bench, plain_registry: Served, repository: Repository
) -> None:
    gone = bench.kept()
    plain_registry.content(gone.layers[0].digest).unlink()
    second = bench.kept(b"two", on=(sha256(b"other"),))
    assert bench.found() == [second]
    other = replace(bench, tier=opened(repository))
    assert other.found() == [second]


def test_the_oldest_records_make_room(bench: Bench, repository: Repository) -> None:
    on = tuple(sha256(str(number).encode()) for number in range(2000))
    records = [bench.kept(on=(*on, sha256(bytes([n])))) for n in range(9)]
    found = bench.found()
    assert 1 < len(found) < 9
    assert found == records[-len(found) :]
    data = opened(repository).client.manifest(repository, tag_of(STEP))
    assert data is not None
    assert len(data) <= LARGEST


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"[" * 100_000,
        b'{"layers": 1}',
        b'{"artifactType": "x", "layers": []}',
        b'{"artifactType": "application/vnd.dynbuild.step.v1+json", "layers": [1]}',
        b'{"artifactType": "application/vnd.dynbuild.step.v1+json", "layers": null}',
    ],
)
def test_what_is_no_manifest_of_records_is_a_miss(
    tier: Registry, proxy: Proxy, told: list[str], data: bytes
) -> None:
    proxy.harm = lambda *_: Harm(200, data)
    assert tier.find([STEP]) == ()
    assert tier.find([STEP]) == ()
    assert told == [f"what is under the tag {tag_of(STEP)} is no manifest of records"]


def test_a_manifest_that_is_too_large_is_refused(tier: Registry, proxy: Proxy) -> None:
    proxy.harm = lambda *_: Harm(200, b" " * ((4 << 20) + 1))
    with pytest.raises(TierError, match="more than 4194304 bytes"):
        tier.find([STEP])


def forged(*edits: tuple[str, str]) -> Callable[[bytes], bytes]:
    """Change the text of a record in a manifest, its check sum included."""

    def change(data: bytes) -> bytes:
        manifest = json.loads(data)
        for layer in manifest["layers"]:
            if annotations := layer.get("annotations"):
                _, text = annotations["dynbuild.record"].split("\n", 1)
                for old, new in edits:
                    assert old in text
                    text = text.replace(old, new)
                whole = f"{sha256(text.encode())}\n{text}"
                annotations["dynbuild.record"] = whole
        return json.dumps(manifest).encode()

    return change


OTHER = sha256(b"other")


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        ([(f'"step": "{STEP}"', f'"step": "{OTHER}"')], "is damaged"),
        ([('"version": 2', '"version": 99')], None),
        ([('"joins"', '"jains"')], "is damaged"),
        ([('"writes": "sha256:', '"writes": "sha256:0')], "is damaged"),
    ],
    ids=["step", "version", "field", "writes"],
)
def test_a_record_that_is_none_is_a_miss(
    bench: Bench,
    repository: Repository,
    told: list[str],
    edits: list[tuple[str, str]],
    words: str | None,
) -> None:
    tier = bench.tier
    assert isinstance(tier, Registry)
    bench.kept()
    data = tier.client.manifest(repository, tag_of(STEP))
    assert data is not None
    changed = forged(*edits)(data)
    tier.client.put_manifest(repository, tag_of(STEP), changed)
    assert bench.found() == []
    assert words is None or any(words in one for one in told)


def test_a_layer_that_is_larger_than_its_record_says(
    bench: Bench, repository: Repository
) -> None:
    layer = bench.keep(b"layer one" * 100)
    bench.kept(layers=(replace(layer, size=5),))
    other = replace(bench, tier=opened(repository))
    other.found()
    assert other.fetch(layer.digest) is None
    assert other.found() == []


def test_a_write_set_that_is_gone_is_a_miss(
    bench: Bench, plain_registry: Served, repository: Repository, told: list[str]
) -> None:
    content = str(repository)
    writes = {
        sha256(bytes([n]))[7:]: Written("file", n, content=content) for n in range(200)
    }
    bench.kept(writes=writes)
    manifest = json.loads(
        opened(repository).client.manifest(repository, tag_of(STEP)) or b""
    )
    plain_registry.content(manifest["layers"][-1]["digest"]).unlink()
    other = replace(bench, tier=opened(repository, told))
    assert other.found() == []
    assert "missing or damaged" in told[-1]


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
@pytest.mark.parametrize("operation", ["find", "fetch", "keep", "record"])
def test_refusals_are_told_as_the_server_says_them(
    bench: Bench, proxy: Proxy, operation: str, status: int
) -> None:
    record = bench.kept()
    said = json.dumps({"errors": [{"code": "X", "message": "the server's words"}]})
    proxy.harm = lambda *_: Harm(status, said.encode(), {"Retry-After": "100"})
    tier = opened(Repository(proxy.host, "other"))
    operations: dict[str, Callable[[], object]] = {
        "find": lambda: tier.find([STEP]),
        "fetch": lambda: tier.fetch(STEP, str(bench.folder / "fetched")),
        "keep": lambda: tier.keep(record.layers[0].digest, bench.file(b"layer one")),
        "record": lambda: tier.record(record),
    }
    with pytest.raises(TierError) as caught:
        operations[operation]()
    assert caught.value.refused == (status in (401, 403))
    # The answer to a HEAD has no words in it.
    assert "the server's words" in caught.value.why or "looking for" in caught.value.why
    assert not (bench.folder / "fetched").exists()


def test_a_hundred_steps_are_looked_up_at_once(
    bench: Bench, repository: Repository, proxy: Proxy
) -> None:
    steps = [sha256(str(number).encode()) for number in range(100)]
    for step in steps[:10]:
        bench.kept(step=step, placed=step)
    other = opened(repository)
    proxy.seen.clear()
    assert len(other.find(steps)) == 10
    assert proxy.count("GET", "manifests") == 100


def shelf_of(repository: Repository) -> RegistryInventory:
    return RegistryInventory(repository, {"DOCKER_CONFIG": "/nowhere"}, lambda _: None)


def test_all_that_it_holds_is_listed(bench: Bench, repository: Repository) -> None:
    assert [*shelf_of(repository).things()] == []
    records = [bench.kept(bytes([n]), step=sha256(bytes([n]))) for n in range(3)]
    records.append(bench.kept(b"x", step=sha256(b"\0"), platform="linux/arm64"))
    inventory = shelf_of(repository)
    things = [*inventory.things()]
    steps = {thing.step: thing for thing in things if thing.step}
    assert set(steps) == {record.step for record in records}
    blobs = {thing.blob for thing in things if thing.blob}
    layers = {record.layers[0].digest for record in records}
    # All wrote the same.
    assert len(blobs - layers) == 1
    assert layers < blobs
    assert all(0 <= thing.age < 600 for thing in things)
    for thing in things:
        if thing.step:
            root = inventory.root(thing.key)
            assert root is not None
            assert root.names <= blobs
            assert root.record is not None
            assert root.record.step == thing.step
    assert all(map(inventory.is_whole, blobs))
    assert inventory.root("realizations/nonsense") is None
    assert inventory.root(f"realizations/{'0' * 64}/x") is None


def test_many_tags_come_in_pages(repository: Repository, proxy: Proxy) -> None:
    """docker-registry of 2.8 gives all at once; others page (distribution spec)."""
    pages = [["s-1", "s-2"], ["s-3"], ["s-3"]]

    def rule(_: str, path: str) -> Harm:
        at = int(path.rpartition("last=")[2]) if "last=" in path else 0
        link = f'</v2/{repository.path}/tags/list?last={at + 1}>; rel="next"'
        return Harm(200, json.dumps({"tags": pages[at]}).encode(), {"Link": link})

    proxy.harm = rule
    # The last page says again what the one before did: such a list never ends.
    assert shelf_of(repository).client.tags(repository) == ["s-1", "s-2", "s-3"]
    assert proxy.count("GET", "tags/list") == 3


@pytest.mark.parametrize("body", [b"", b"[]", b'{"tags": 1}', b"[" * 100_000])
def test_a_list_of_tags_that_is_none(
    repository: Repository, proxy: Proxy, body: bytes
) -> None:
    proxy.harm = lambda *_: Harm(200, body)
    with pytest.raises(TierError, match="no list of tags"):
        [*shelf_of(repository).things()]


@pytest.mark.parametrize("refuses", [False, True], ids=["deletes", "refuses"])
def test_records_are_removed_one_by_one(
    bench: Bench, repository: Repository, proxy: Proxy, *, refuses: bool
) -> None:
    if refuses:
        # As ghcr.io does.
        proxy.harm = lambda method, _: Harm(405, b"{}") if method == "DELETE" else None
    one, two = bench.kept(), bench.kept(b"two", platform="linux/arm64")
    inventory = shelf_of(repository)
    keys = {
        root.record.platform: thing.key
        for thing in inventory.things()
        if (root := inventory.root(thing.key)) and root.record
    }
    inventory.remove([keys[one.platform], f"blobs/sha256/{one.layers[0].digest[7:]}"])
    assert bench.found() == [two]
    inventory.remove([*keys.values()])
    assert bench.found() == []
    assert [*inventory.things()] == []
    bench.kept()
    assert bench.found() == [one]


def test_layers_without_a_record_are_none(bench: Bench) -> None:
    layer = Layer(sha256(b"tar"), sha256(b"x"), 1)
    with pytest.raises(TierError, match="MANIFEST_BLOB_UNKNOWN"):
        bench.tier.record(Record(STEP, STEP, AMD, (layer,), {}))
