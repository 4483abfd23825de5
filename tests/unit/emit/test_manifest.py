"""The documents of an image are a function of its layers and its config."""

import json

from dynbuild.digest import sha256
from dynbuild.emit.manifest import (
    IN_TOTO,
    INDEX,
    MANIFEST,
    attestation,
    attested,
    documents,
    index,
    manifests_of,
    referrer,
    subject_in,
)
from dynbuild.link.model import Layer


def test_the_documents_of_an_image() -> None:
    stack = (
        Layer(sha256(b"one"), sha256(b"1"), 1),
        Layer(sha256(b"two"), sha256(b"2"), 2, "application/x"),
    )
    config = {"os": "linux", "config": {"Cmd": ["x"]}}
    image, manifest = documents(stack, config)
    assert documents(stack, config) == (image, manifest)
    told = json.loads(image)
    assert told["rootfs"] == {
        "type": "layers",
        "diff_ids": [sha256(b"one"), sha256(b"two")],
    }
    assert len(told["history"]) == 2
    assert told["config"] == {"Cmd": ["x"]}
    listed = json.loads(manifest)
    assert listed["config"]["digest"] == sha256(image)
    assert listed["config"]["size"] == len(image)
    assert [one["digest"] for one in listed["layers"]] == [sha256(b"1"), sha256(b"2")]
    assert listed["layers"][1]["mediaType"] == "application/x"
    assert "annotations" not in listed
    same, noted = documents(stack, config, {"b": "2", "a": "="})
    assert same == image
    assert json.loads(noted) == {**listed, "annotations": {"a": "=", "b": "2"}}


def test_an_index_names_the_platform_of_each_manifest() -> None:
    found = json.loads(
        index({"linux/amd64": b"one", "linux/arm/v7": b"other"}, {"b": "2", "a": "1"})
    )
    assert found["mediaType"] == INDEX
    assert [one["platform"] for one in found["manifests"]] == [
        {"os": "linux", "architecture": "amd64"},
        {"os": "linux", "architecture": "arm", "variant": "v7"},
    ]
    assert [one["digest"] for one in found["manifests"]] == [
        sha256(b"one"),
        sha256(b"other"),
    ]
    assert [*found["annotations"]] == ["a", "b"]
    assert "annotations" not in json.loads(index({"linux/amd64": b"one"}))


def test_an_attestation_names_the_manifest_that_it_is_about() -> None:
    image = sha256(b"image")
    said = {"https://spdx.dev/Document": b"bill", "https://slsa.dev/x": b"made"}
    config, manifest, about = attestation(image, said)
    assert json.loads(config)["os"] == "unknown"
    layers = json.loads(manifest)["layers"]
    assert [one["digest"] for one in layers] == [sha256(b"bill"), sha256(b"made")]
    assert {one["mediaType"] for one in layers} == {IN_TOTO}
    kinds = [one["annotations"]["in-toto.io/predicate-type"] for one in layers]
    assert kinds == list(said)
    assert about["digest"] == sha256(manifest)
    found = json.loads(attested([{"digest": image}], [about], {"a": "1"}))
    assert found["manifests"] == [{"digest": image}, about]
    assert found["annotations"] == {"a": "1"}
    of = about["annotations"]
    assert isinstance(of, dict)
    assert of["vnd.docker.reference.digest"] == image


def test_what_refers_to_the_manifest_for_a_platform() -> None:
    _, manifest = documents((), {"os": "linux"})
    top = index({"linux/amd64": manifest, "linux/arm/v7": b"other"})
    subject = subject_in(top, "linux/amd64")
    assert subject == subject_in(manifest, "linux/any")
    assert subject == {
        "mediaType": MANIFEST,
        "digest": sha256(manifest),
        "size": len(manifest),
    }
    assert subject_in(top, "linux/s390x") is None
    made = json.loads(referrer(subject, "application/x", b"said"))
    assert made["subject"] == subject
    assert made["artifactType"] == "application/x"
    assert [one["digest"] for one in made["layers"]] == [sha256(b"said")]


def test_manifests_are_told_where_there_are_several() -> None:
    one = {"linux/amd64": "sha256:a"}
    both = {**one, "linux/arm64": "sha256:b"}
    assert manifests_of(one) == {}
    assert manifests_of(both) == {"dynbuild.manifests": both}
