"""Several platforms, and several images, on another base."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.engine.both import PLATFORMS, push_both

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.space import Space

STAGES = """\
platforms = {platforms}

[[stages]]
name = "stays"
commands = ["echo {unique} > /stays"]

[[stages]]
name = "foreign"
commands = ["mkdir -p /etc; echo own > /etc/foreign"]
"""
AMD64, ARM64 = PLATFORMS


def test_each_platform_is_judged_by_itself(  # noqa: PLR0913, PLR0917
    built: Space,
    engine: dict[str, str],
    busybox_base: str,
    registry: str,
    push: Callable[..., str],
    tmp_path: Path,
) -> None:
    """What is called arm64 has a file that differs between both bases."""
    base = push_both(engine, busybox_base, registry, tmp_path / "one")
    text = STAGES.format(platforms=[*PLATFORMS], unique=uuid4())
    built.write("dynbuild.toml", f"base = {base!r}\n{text}")
    built.ok("lock")
    name = f"{registry}/dynbuild-test/both:{uuid4().hex}"
    words = ("realize", "--push", "-t", name, "--metadata-file", "out.json")
    built.ok(*words)
    other = push(f"FROM {busybox_base}\nRUN echo {uuid4()} > /moved\n")
    moved = push_both(engine, other, registry, tmp_path / "two")
    built.ok(*words, "--onto", moved, "--provenance", "--sbom")
    out = json.loads(built.read("out.json"))
    told = out["dynbuild.onto"]["platforms"]
    assert told[AMD64] == {"rebased": ["stays", "foreign"], "built": {}}
    assert told[ARM64]["rebased"] == ["stays"]
    assert "/etc/foreign" in told[ARM64]["built"]["foreign"]
    assert out["dynbuild.manifests"].keys() == {*PLATFORMS}
    assert len(out["dynbuild.referrers"]) == 2 * 2
    status = json.loads(built.ok("status", "--json").out)["platforms"]
    for platform, stages in ((AMD64, ["stays", "foreign"]), (ARM64, ["stays"])):
        rebased = status[platform]["onto"]["rebased"]
        assert [one["stage"] for one in rebased] == stages

    # One of them again on its own base: of the other it is still told.
    built.ok("realize", "--platform", AMD64)
    again = json.loads(built.ok("status", "--json").out)["platforms"]
    assert again[AMD64]["onto"] is None
    assert again[ARM64] == {**status[ARM64], "history": again[ARM64]["history"]}

    alone = built.run("realize", "--onto", other)
    assert alone.status == 2
    assert f"is not for {ARM64}" in alone.err
    assert "pass one of these as --platform" in alone.err


IMAGES = """\
[images.api]
base = "{base}"
stages = [{{ name = "app", commands = ["echo {unique} > /app"] }}]

[images.web]
base = "{base}"
stages = [{{ name = "page", commands = ["echo {unique} > /page"] }}]

[images.more]
extends = "web"
stages = [{{ name = "more", commands = ["echo {unique} > /more"] }}]

[images.other]
base = "{moved}"
stages = [{{ name = "else", commands = ["echo {unique} > /else"] }}]
"""


def test_several_images(
    built: Space, busybox_base: str, push: Callable[..., str]
) -> None:
    moved = push(f"FROM {busybox_base}\nRUN echo {uuid4()} > /moved\n")
    text = IMAGES.format(base=busybox_base, moved=moved, unique=uuid4())
    built.write("dynbuild.toml", text)
    built.ok("lock")
    built.ok("realize")

    def onto(*words: str) -> tuple[int, str]:
        done = built.run("realize", "--onto", moved, *words)
        return done.status, done.err

    status, told = onto()
    assert (status, "image 'more' extends 'web'" in told) == (2, True), told
    status, told = onto("api", "web", "other")
    assert (status, "is the base of other already" in told) == (2, True), told
    assert "name the images that are to go there: api web" in told
    status, told = onto("api", "web", "-o", "oci:out")
    assert (status, "DB0352" in told) == (2, True), told

    words = ("--metadata-file", "out.json", "-o", "oci:{image}", "--provenance")
    status, told = onto("api", "web", *words)
    assert status == 0, told
    out: dict[str, Any] = json.loads(built.read("out.json"))
    rebased = {name: one["dynbuild.onto"]["rebased"] for name, one in out.items()}
    assert rebased == {"api": ["app"], "web": ["page"]}
    found = json.loads(built.ok("status", "api", "web", "other", "--json").out)
    assert {name for name, one in found.items() if one["onto"]} == {"api", "web"}
    assert built.ok("realize", "other", "--onto", moved).status == 0
