"""The statement of how an image was made: all that it was made of, and who vouches."""

import json
from dataclasses import replace
from typing import Any

from dynbuild.digest import PlacedDigest, StepDigest, sha256
from dynbuild.link.model import Layer, Origin, Record
from dynbuild.sbom.provenance import Making, Rebased, provenance
from dynbuild.steps.model import Download, Pin

MANIFEST, LOCK, INDEX, OWN = (sha256(text) for text in (b"m", b"l", b"i", b"o"))
ADDRESS = "https://example.org/tool-${TARGETARCH}"
LAYER = Layer(sha256(b"tar"), sha256(b"blob"), 4)


def record(*origins: Origin, signers: tuple[str, ...] = ()) -> Record:
    return Record(
        placed=PlacedDigest(sha256(b"placed")),
        step=StepDigest(sha256(b"step")),
        platform="linux/arm64",
        layers=(LAYER,),
        writes={},
        signatures=tuple((name, "signature") for name in signers),
        origins=origins,
    )


def told(
    platform: str = "linux/arm64",
    *,
    vouched: bool = True,
    rebased: Rebased | None = None,
) -> Any:
    downloads = [
        Download(ADDRESS, "/tool", (("linux/arm64", OWN),)),
        Download("https://example.org/any?token=s", "/any", (("", LOCK),)),
    ]
    making = Making(
        name="registry.example/app",
        platform=platform,
        lock=LOCK,
        pins=[Pin("debian:12", INDEX, {"linux/arm64": OWN}), Pin("local:1", None)],
        downloads=downloads,
        steps=[
            ("apt.1", record()),
            ("app", record(Origin("s3://cache", ("k1",)), signers=("k2", "k1"))),
        ],
        rebased=rebased,
    )
    return json.loads(provenance(making, MANIFEST, vouched=vouched))


def hexadecimal(digest: str) -> dict[str, str]:
    return {"sha256": digest.removeprefix("sha256:")}


def test_all_that_it_was_made_of() -> None:
    needed = told()["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert needed == [
        {"name": "dynbuild.lock", "digest": hexadecimal(LOCK)},
        {"uri": f"debian:12@{INDEX}", "digest": hexadecimal(OWN)},
        {"uri": "local:1"},
        {"uri": "https://example.org/tool-arm64", "digest": hexadecimal(OWN)},
        {"uri": "https://example.org/any", "digest": hexadecimal(LOCK)},
    ]


def test_what_another_platform_has_is_not_in_it() -> None:
    needed = told("linux/amd64")["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert [one.get("uri") for one in needed[1:]] == [
        f"debian:12@{INDEX}",
        "local:1",
        "https://example.org/any",
    ]
    assert needed[1]["digest"] == hexadecimal(INDEX)


def test_who_vouches_for_each_step() -> None:
    statement = told()
    assert statement["subject"] == [
        {"name": "registry.example/app", "digest": hexadecimal(MANIFEST)}
    ]
    parameters = statement["predicate"]["buildDefinition"]["internalParameters"]
    here, taken = parameters["steps"]
    assert here == {
        "name": "apt.1",
        "digest": sha256(b"step"),
        "layers": [LAYER.digest],
        "signers": [],
        "takenFrom": [],
    }
    assert taken["signers"] == ["k1", "k2"]
    assert taken["takenFrom"] == [{"place": "s3://cache", "keys": ["k1"]}]


def test_what_every_machine_would_say_names_nobody() -> None:
    statement, same = told(), told(vouched=False)
    asked = same["predicate"]["buildDefinition"].pop("internalParameters")
    del statement["predicate"]["buildDefinition"]["internalParameters"]
    assert same == statement
    assert [step.keys() for step in asked["steps"]] == [
        {"name", "digest", "layers"}
    ] * 2


def test_what_stayed_on_another_base_is_told_with_the_one_that_it_was_built_on() -> (
    None
):
    own = Pin("debian:12", INDEX, {"linux/arm64": OWN})
    there = replace(
        record(Origin("s3://other"), signers=("k3",)), step=StepDigest(LOCK)
    )
    rebased = Rebased(Pin("debian:13", LOCK), own, {"app": there, "made": there})
    definition = told(rebased=rebased)["predicate"]["buildDefinition"]
    assert definition["externalParameters"]["onto"] == f"debian:13@{LOCK}"
    package, app = definition["internalParameters"]["steps"]
    (made,) = definition["internalParameters"]["copied"]
    assert "rebased" not in package
    on = {"uri": f"debian:12@{INDEX}", "digest": hexadecimal(OWN)}
    assert app["digest"] == sha256(b"step")
    assert app["rebased"] == made["rebased"] == {"digest": LOCK, "on": on}
    assert (app["signers"], app["takenFrom"][0]["place"]) == (["k3"], "s3://other")
    assert made["name"] == "made"
    both = [{"uri": f"debian:13@{LOCK}", "digest": hexadecimal(LOCK)}, on]
    assert definition["resolvedDependencies"][1:3] == both
    nothing = told(rebased=replace(rebased, stayed={}), vouched=False)
    definition = nothing["predicate"]["buildDefinition"]
    assert on not in definition["resolvedDependencies"]
    assert definition["internalParameters"].keys() == {"steps"}
