"""Who is offered an image, what docker is lent for it, and how long its tag stays."""

from __future__ import annotations

import base64
import json
import stat
from typing import TYPE_CHECKING

import pytest

from dynbuild.digest import sha256
from dynbuild.tiers.local.tier import Local
from dynbuild.tiers.oci.address import Repository
from dynbuild.tiers.registry.linked import LinkedTag, latest, linked_in, today
from dynbuild.tiers.registry.offers import Reach, RegistryOffers, lent
from tests.hostile.runs import layer_of

if TYPE_CHECKING:
    from pathlib import Path

    from dynbuild.errors import Diagnostic

STACK = (layer_of(b"one"), layer_of(b"two"))
ELSEWHERE, LOCAL, BESIDE = (False, False), (True, False), (True, True)
SECRET = {"DOCKER_CONFIG": "/nowhere", "GHCR_TOKEN": "secret"}
NOBODY = {"DOCKER_CONFIG": "/nowhere"}
GHCR = Repository("ghcr.io", "org/cache")
HERE = Repository("127.0.0.1:5000", "cache")


def offers(  # noqa: PLR0913 - what may decide
    folder: Path,
    place: tuple[bool, bool],
    *,
    repository: Repository = GHCR,
    environment: dict[str, str] = NOBODY,
    asked: bool | None = None,
    reads: bool = True,
    here: int = 0,
    told: list[Diagnostic] | None = None,
) -> RegistryOffers:
    blobs = {layer.digest for layer in STACK[:here]}
    return RegistryOffers(
        repository,
        lambda: (reads, False),
        Local(folder, lambda _: None),
        blobs.__contains__,
        (),
        environment,
        folder,
        Reach(asked, lambda _: place),
        lambda: None,
        (told if told is not None else []).append,
    )


@pytest.mark.parametrize(
    ("place", "told", "offered"),
    [
        (ELSEWHERE, {}, True),
        (LOCAL, {}, True),
        # Credentials go to no other machine, unless its user says so.
        (ELSEWHERE, {"environment": SECRET}, False),
        (ELSEWHERE, {"environment": SECRET, "asked": True}, True),
        (LOCAL, {"environment": SECRET}, True),
        (LOCAL, {"asked": False}, False),
        # What this machine calls itself is another one elsewhere, and in a container.
        (BESIDE, {"repository": HERE}, True),
        (LOCAL, {"repository": HERE}, False),
        (ELSEWHERE, {"repository": HERE, "asked": True}, False),
        (BESIDE, {"reads": False}, False),
        # What is here need not come from there.
        (BESIDE, {"here": 1}, False),
        (BESIDE, {"here": 2}, False),
    ],
)
def test_who_is_offered_an_image(
    tmp_path: Path, place: tuple[bool, bool], told: dict[str, object], *, offered: bool
) -> None:
    made = offers(tmp_path, place, **told)  # type: ignore[arg-type]
    assert made.is_of_use(STACK, None) is offered


def test_one_failure_is_told_and_ends_it(tmp_path: Path) -> None:
    told: list[Diagnostic] = []
    made = offers(tmp_path, BESIDE, told=told)
    assert made.is_of_use(STACK, None)
    made.failed("it is away")
    made.failed("it is away")
    assert [one.code for one in told] == ["DB0633"]
    assert "it is away" in told[0].message
    assert not made.is_of_use(STACK, None)


def test_docker_is_lent_the_token_and_keeps_what_it_knew(tmp_path: Path) -> None:
    own, folder = tmp_path / "own", tmp_path / "lent"
    (own / "contexts").mkdir(parents=True)
    (own / "contexts" / "x").write_text("x")
    before = {
        "auths": {"example.org": {"auth": "x"}},
        "credsStore": "desktop",
        "credHelpers": {"other.org": "other"},
        "currentContext": "there",
    }
    (own / "config.json").write_text(json.dumps(before))
    folder.mkdir()
    environment = {"DOCKER_CONFIG": str(own), "GHCR_TOKEN": "secret"}
    assert lent(environment, folder) == {"DOCKER_CONFIG": str(folder)}
    path = folder / "config.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    config = json.loads(path.read_text())
    auth = config["auths"].pop("ghcr.io")["auth"]
    assert base64.b64decode(auth).decode().partition(":")[2] == "secret"
    assert config["credHelpers"].pop("ghcr.io") == ""
    assert config == before
    assert (folder / "contexts" / "x").read_text() == "x"
    assert "secret" not in (own / "config.json").read_text()


@pytest.mark.parametrize("text", ["", "{", "[1]", "7"])
def test_docker_had_no_configuration_that_makes_sense(
    tmp_path: Path, text: str
) -> None:
    folder = tmp_path / "lent"
    folder.mkdir()
    if text:
        (tmp_path / "config.json").write_text(text)
    own = tmp_path if text else tmp_path / "nothing"
    lent({"DOCKER_CONFIG": str(own), "GHCR_TOKEN": "secret"}, folder)
    assert list(json.loads((folder / "config.json").read_text())["auths"]) == [
        "ghcr.io"
    ]


def test_tags_of_linked_images() -> None:
    digest, other = sha256(b"one"), sha256(b"other")
    tag = today(digest)
    assert linked_in(tag.tag) == linked_in(tag.key) == tag
    assert tag.age(0) == 0
    assert LinkedTag(10, digest).age(11 * 86400.0) == 0
    assert LinkedTag(10, digest).age(12 * 86400.0) == 86400
    tags = [LinkedTag(day, digest).tag for day in (3, 12, 5)]
    found = latest([*tags, "r-x", "i-x", LinkedTag(1, other).tag])
    assert [one.day for one in found[digest]] == [12, 5, 3]
    assert [one.day for one in found[other]] == [1]
