"""The record of a base says nothing of it that the lock does not say by a digest."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynbuild.digest import sha256
from dynbuild.emit.bases import (
    LARGEST,
    BaseImage,
    base_record,
    base_step,
    documents_in,
    image_in,
    image_of,
    is_base,
)
from dynbuild.link.model import Layer, Record

AMD = "linux/amd64"
OCI = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
FACTS: dict[str, Any] = {
    "created": "2026-01-01T00:00:00Z",
    "architecture": "amd64",
    "os": "linux",
    "variant": "",
    "config": {
        "Hostname": "",
        "Cmd": ["bash"],
        "Env": ["PATH=/bin", "A=1"],
        "Volumes": {"/b": {}, "/a": {}},
        "Healthcheck": {"Interval": 5, "Test": ["CMD", "x"], "Retries": 0},
        "Labels": None,
    },
    "rootfs": {"type": "layers", "diff_ids": [sha256(b"one"), sha256(b"two")]},
}
PASSED = {
    "architecture": "amd64",
    "os": "linux",
    "config": {
        "Env": ["PATH=/bin", "A=1"],
        "Cmd": ["bash"],
        "Volumes": {"/a": {}, "/b": {}},
        "Healthcheck": {"Test": ["CMD", "x"], "Interval": 5},
    },
}
STACK = (
    Layer(sha256(b"one"), sha256(b"1"), 1, OCI),
    Layer(sha256(b"two"), sha256(b"2"), 2, OCI),
)


def documents(
    facts: object = FACTS, kind: str = DOCKER, **changed: object
) -> tuple[bytes, bytes]:
    config = json.dumps(facts).encode()
    layers = [
        {"mediaType": kind, "digest": layer.digest, "size": layer.size, **changed}
        for layer in STACK
    ]
    named = {"digest": sha256(config), "size": len(config)}
    return json.dumps({"config": named, "layers": layers}).encode(), config


def recorded(
    passed: BaseImage, told: tuple[bytes, bytes] | None = None
) -> Record | None:
    told = told or documents()
    return base_record(sha256(told[0]), AMD, told, passed, {}, 7)


def test_a_base_comes_back_as_the_builder_passed_it_on() -> None:
    told = documents()
    record = recorded(BaseImage(STACK, PASSED))
    assert record is not None
    assert is_base(record)
    assert record.step == base_step(sha256(told[0]))
    names = documents_in(record, sha256(told[0]))
    assert names == (sha256(told[0]), sha256(told[1]))
    image = image_in(record, sha256(told[0]), told)
    assert image is not None
    assert image.layers == STACK
    assert json.dumps(image.config) == json.dumps(PASSED)
    assert [layer.digest for layer in record.layers] == [
        *names,
        *(layer.digest for layer in STACK),
    ]


@pytest.mark.parametrize(
    "passed",
    [
        BaseImage(STACK[:1], PASSED),
        BaseImage((*STACK[:1], replace(STACK[1], media_type="x")), PASSED),
        BaseImage(STACK, {**PASSED, "config": {"Cmd": ["bash"]}}),
        BaseImage(STACK, {**PASSED, "variant": "v8"}),
        BaseImage(STACK, {"architecture": "amd64", "os": "linux", "config": None}),
    ],
)
def test_what_a_builder_made_otherwise_is_not_recorded(passed: BaseImage) -> None:
    assert recorded(passed) is None


def test_an_order_of_its_own_is_another_image() -> None:
    config = dict(reversed(PASSED["config"].items()))  # type: ignore[attr-defined]
    assert recorded(BaseImage(STACK, {**PASSED, "config": config})) is None


def test_a_base_without_a_config_of_its_own() -> None:
    told = documents({**FACTS, "config": None})
    image = image_of(sha256(told[0]), told)
    assert image is not None
    assert image.config == {"architecture": "amd64", "os": "linux", "config": {}}


@pytest.mark.parametrize(
    "told",
    [
        documents(kind="application/vnd.oci.image.layer.nondistributable.v1.tar"),
        documents(digest="sha256:../../../etc/passwd"),
        documents(digest="sha512:" + "0" * 128),
        documents(digest=7),
        documents(size=-1),
        documents(size="1"),
        documents({**FACTS, "rootfs": {"diff_ids": [sha256(b"one")]}}),
        documents({**FACTS, "rootfs": {"diff_ids": ["one", "two"]}}),
        documents({**FACTS, "config": [1]}),
        documents([]),
        (documents()[0], b"{}"),
        (b"{", b"{}"),
        (b"[]", b"{}"),
        (b"[" * 100_000, b"{}"),
        documents({**FACTS, "more": "x" * LARGEST}),
    ],
)
def test_documents_of_no_image(told: tuple[bytes, bytes]) -> None:
    assert image_of(sha256(told[0]), told) is None
    assert recorded(BaseImage(STACK, PASSED), told) is None


def test_documents_of_another_digest() -> None:
    assert image_of(sha256(b"other"), documents()) is None


@given(st.data())
def test_a_record_that_names_anything_else_is_of_no_use(data: st.DataObject) -> None:
    told = documents()
    digest = sha256(told[0])
    record = recorded(BaseImage(STACK, PASSED))
    assert record is not None
    at = data.draw(st.integers(0, len(record.layers) - 1))
    changed = data.draw(
        st.sampled_from(
            [
                {"diff_id": sha256(b"evil")},
                {"digest": sha256(b"evil")},
                {"size": 3},
                {"media_type": "application/x"},
            ]
        )
    )
    layers = [*record.layers]
    layers[at] = replace(layers[at], **changed)
    wrong = replace(record, layers=data.draw(st.permutations(layers)))
    assert image_in(wrong, digest, told) is None
    shorter = replace(record, layers=record.layers[:at])
    assert image_in(shorter, digest, told) is None


def test_what_is_no_record_of_a_base_names_no_documents() -> None:
    digest = sha256(documents()[0])
    record = recorded(BaseImage(STACK, PASSED))
    assert record is not None
    assert documents_in(record, sha256(b"other")) == ()
    assert documents_in(replace(record, layers=STACK), digest) == ()
    manifest, *rest = record.layers
    large = replace(record, layers=(replace(manifest, size=LARGEST + 1), *rest))
    assert documents_in(large, digest) == ()
