"""``dynbuild status`` tells what each tier holds, and of one that is away only that."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.faults import faulty
from tests.s3_servers import SECRET, Server, bucket_name, free_port

if TYPE_CHECKING:
    from tests.oci_servers import Served
    from tests.space import Space


def tiers(space: Space) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(space.ok("status", "--json").out)["tiers"]
    return found


def held(space: Space) -> dict[str, int]:
    return {tier["tier"]: tier["steps"] for tier in tiers(space)}


def test_each_tier_tells_what_it_holds(
    project: Space, rclone_server: Server, plain_registry: Served
) -> None:
    shared = {
        **rclone_server.environment(bucket_name()),
        "CACHE_REGISTRY": f"{plain_registry.host}/status/{uuid4().hex}",
    }
    one = replace(project, environment={**project.environment, **shared})
    assert held(one) == {"local": 0, "s3": 0, "registry": 0}
    assert [tier["reachable"] for tier in tiers(one)] == [True, True, True]
    one.ok("realize", CACHE_REGISTRY_MODE="off")
    assert held(one) == {"local": 4, "s3": 4, "registry": 0}
    one.ok("realize")
    local, s3, registry = tiers(one)
    assert local["bytes"] == s3["bytes"] == registry["bytes"] > 0
    assert s3["place"] == f"http://{rclone_server.endpoint}/{shared['MINIO_BUCKET']}"
    assert registry["place"] == shared["CACHE_REGISTRY"]
    # What is new is nowhere; where nothing ever was, shared tiers tell what they have.
    one.write("src/file", "changed\n")
    assert held(one) == {"local": 3, "s3": 3, "registry": 3}
    one.write("src/file", "content\n")
    other = {**one.environment, "CACHE_LOCAL_PATH": str(one.root / "other")}
    assert held(replace(one, environment=other)) == {
        "local": 0,
        "s3": 4,
        "registry": 4,
    }
    _, table, *_ = one.ok("status").out.split("\n\n")
    rows = [line.split()[:4] for line in table.splitlines()]
    assert rows == [
        ["tier", "holds", "bytes", "place"],
        ["local", "4", "of", "4"],
        ["s3", "4", "of", "4"],
        ["registry", "4", "of", "4"],
    ]
    page = one.ok("status", "--html").out
    assert page.startswith("<!doctype html>")
    for name in ("local", "s3", "registry"):
        assert f"held by {name}" in page


def test_a_tier_that_is_away_is_told_and_nothing_fails(project: Space) -> None:
    away = {
        **Server("nobody", f"127.0.0.1:{free_port()}").environment("bucket"),
        "CACHE_REGISTRY": f"127.0.0.1:{free_port()}/x/y",
        "MINIO_REQUIRED": "true",
        "CACHE_REGISTRY_REQUIRED": "true",
    }
    one = replace(project, environment={**project.environment, **away})
    local, s3, registry = tiers(one)
    assert local["error"] is None
    for tier in (s3, registry):
        assert not tier["reachable"]
        assert "refuses connections" in tier["error"]
    done = one.ok("status")
    assert "warning" not in done.err
    assert [line.split()[:2] for line in done.out.splitlines()[-2:]] == [
        ["s3", "away"],
        ["registry", "away"],
    ]
    assert SECRET not in done.out + done.err
    assert "away: " in one.ok("status", "--html").out


def test_tiers_that_hang_are_waited_for_side_by_side(
    project: Space, rclone_server: Server, plain_registry: Served
) -> None:
    with (
        faulty(rclone_server.endpoint, kind="hang") as s3,
        faulty(plain_registry.host, kind="hang") as registry,
    ):
        environment = {
            **project.environment,
            **Server("hangs", s3.endpoint).environment("bucket"),
            "CACHE_REGISTRY": f"{registry.endpoint}/x/y",
        }
        found = tiers(replace(project, environment=environment))
    assert [tier["reachable"] for tier in found] == [True, False, False]


def test_a_damaged_record_is_told(project: Space, rclone_server: Server) -> None:
    bucket = bucket_name()
    shared = rclone_server.environment(bucket)
    one = replace(project, environment={**project.environment, **shared})
    one.ok("realize")
    assert rclone_server.folder is not None
    (record, *_) = sorted((rclone_server.folder / bucket).glob("realizations/*/*"))
    record.write_bytes(b"nothing")
    done = one.ok("status", "--json")
    assert done.err.count("warning[DB0606]") == 1
    assert json.loads(done.out)["tiers"][1]["steps"] < 4
