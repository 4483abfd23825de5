"""A base that one machine imported is taken by the others, who pull no layer of it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from dynbuild.digest import sha256
from dynbuild.emit.bases import base_step
from dynbuild.tiers.local.inventory import LocalInventory
from tests.based import DIGEST, FACTS, LAYER, WRITES, Based, documents
from tests.hostile.runs import User
from tests.s3_servers import Server, bucket_name, credentials

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dynbuild.ports import Base
    from tests.hostile.runs import Environment


@pytest.fixture
def tier(rclone_server: Server) -> Iterator[Environment]:
    with credentials(rclone_server):
        yield dict(rclone_server.environment(bucket_name()))


@pytest.fixture
def one(tmp_path: Path) -> User:
    return User(tmp_path / "one", tmp_path / "store-one")


@pytest.fixture
def two(tmp_path: Path) -> User:
    return User(tmp_path / "two", tmp_path / "store-two")


def based(user: User, tier: Environment, **more: object) -> Based:
    folder = user.folder / uuid4().hex
    folder.mkdir(parents=True)
    return Based(user.run(tier), folder, **more)  # type: ignore[arg-type]


def is_base(found: Base) -> bool:
    told = (found.layers, dict(found.writes), found.config)
    return told == ((LAYER,), WRITES, FACTS)


def test_a_second_machine_takes_it_and_no_layer_of_it(
    one: User, two: User, tier: Environment
) -> None:
    first = based(one, tier)
    assert is_base(first.base())
    assert first.imports == 1
    second = based(two, tier)
    assert is_base(second.base())
    assert second.imports == 0
    assert not second.run.near.has(LAYER.digest)
    # Once its layers are here it is known without any tier.
    assert second.run.chain.fetch(LAYER.digest, str(second.folder / "layer"))
    third = based(two, {**tier, "MINIO_MODE": "off"})
    assert is_base(third.base())
    assert third.imports == 0


def test_what_one_machine_has_is_shared_with_a_tier_that_lacks_it(
    one: User, two: User, tier: Environment
) -> None:
    other = {**tier, "MINIO_BUCKET": bucket_name()}
    based(one, tier).base()
    again = based(one, other)
    assert is_base(again.base())
    assert again.imports == 0
    second = based(two, other)
    assert is_base(second.base())
    assert second.imports == 0


@pytest.mark.parametrize("told", [None, (b"{}", b"{}"), (documents()[0], b"{}")])
def test_a_base_whose_documents_cannot_be_had_is_imported_everywhere(
    one: User, two: User, tier: Environment, told: tuple[bytes, bytes] | None
) -> None:
    for user in (one, two):
        run = based(user, tier, told=told)
        assert is_base(run.base())
        assert run.imports == 1


def test_a_base_that_no_registry_pins_is_shared_with_nobody(
    one: User, two: User, tier: Environment
) -> None:
    for user in (one, two):
        run = based(user, tier, pinned=False)
        assert is_base(run.base())
        assert run.imports == 1
        assert run.run.chain.held([base_step(DIGEST)]) == ()


@pytest.mark.parametrize("document", documents())
def test_a_base_whose_documents_the_tier_has_lost_is_imported(
    one: User, two: User, tier: Environment, rclone_server: Server, document: bytes
) -> None:
    based(one, tier).base()
    assert rclone_server.folder is not None
    blobs = rclone_server.folder / tier["MINIO_BUCKET"] / "blobs/sha256"
    (blobs / sha256(document)[7:]).unlink()
    second = based(two, tier)
    assert is_base(second.base())
    assert second.imports == 1


def test_nothing_is_imported_of_what_is_empty(one: User, tier: Environment) -> None:
    run = based(one, tier, pinned=False, image="scratch")
    found = run.base()
    assert (found.layers, dict(found.writes)) == ((), {})
    assert found.config["architecture"] == "amd64"
    assert run.imports == 0


def test_the_store_keeps_the_documents_while_it_keeps_the_record(
    one: User, tier: Environment
) -> None:
    based(one, tier).base()
    inventory = LocalInventory(one.store)
    (root,) = (
        root
        for thing in inventory.things()
        if thing.step == base_step(DIGEST) and (root := inventory.root(thing.key))
    )
    assert root.names >= {LAYER.digest, *map(sha256, documents())}
    assert all(inventory.is_whole(blob) for blob in root.names)
