"""Stages with a base of their own in a lock: pins, platforms, merges, what moves."""

from dataclasses import replace

import pytest

from dynbuild.digest import Digest, sha256
from dynbuild.emit.dockerfile import emit, render
from dynbuild.errors import DeclarationError, LockError
from dynbuild.explain.view import platforms
from dynbuild.lockfile.changes import compare
from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.merge import merge
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.resolved import bases_of, for_platform, resolve
from dynbuild.lockfile.update import update
from dynbuild.steps.model import Copy, Pin, Stage
from tests.pins import pinned

AMD, ARM = "linux/amd64", "linux/arm64"
NODE = "docker.io/library/node:22"


def both(image: str, text: str = "") -> Pin:
    """A pin of an image that is there for two platforms."""
    known = {name: sha256(f"{image}{text} {name}".encode()) for name in (AMD, ARM)}
    return replace(
        pinned(image), digest=sha256(f"{image}{text}".encode()), platforms=known
    )


BASE = both("docker.io/library/debian:12")
TOOL = Stage("tool", commands=("make",), build_only=True, base=NODE)
MORE = Stage("more", ("tool",), commands=("x",), build_only=True, base=NODE)
APP = Stage("app", copies=(Copy("/out", "/srv", stage="more"),))
ASIDE = Stage("aside", commands=("aside",))


def target(*stages: Stage, node: Pin | None = None, **more: object) -> Target:
    made = Target(BASE, stages=stages, images={NODE: node or both(NODE)})
    return replace(made, **more)  # type: ignore[arg-type]


def digests(lock: Lock, platform: str = AMD) -> dict[str, Digest]:
    return {**resolve(lock, platform, {}, {}).digests}


def changed(before: Lock, after: Lock) -> set[str]:
    was, now = digests(before), digests(after)
    return {name for name in was if was[name] != now[name]}


ALL = (TOOL, MORE, APP, ASIDE)
LOCK = update(None, target(*ALL))


def test_what_decides_it() -> None:
    repushed = update(LOCK, target(*ALL, node=both(NODE, "again")))
    told = {one.name: one.details for one in compare(LOCK, repushed) if one.details}
    assert (told["tool"], told["more"]) == (("base",), ("base",))
    assert changed(LOCK, repushed) == {"tool", "more", "app"}
    assert repushed.stages["tool"].seq > LOCK.last_seq
    assert repushed.stages["aside"] == LOCK.stages["aside"]
    other = update(LOCK, target(*ALL, base=both("docker.io/library/debian:13")))
    assert changed(LOCK, other) == {"app", "aside"}
    grown = update(
        LOCK, target(*ALL, packages={"apt": {"jq": "jq"}}, shell=("/b", "-c"))
    )
    assert not changed(LOCK, grown) & {"tool", "more"}
    renamed = "docker.io/library/node:lts"
    again = replace(TOOL, base=renamed), replace(MORE, base=renamed), APP, ASIDE
    same = replace(both(NODE), image=renamed)
    assert not changed(LOCK, update(LOCK, target(*again, images={renamed: same})))


def test_a_script_that_leaves_moves_only_what_stood_on_it() -> None:
    before = update(None, target(*ALL, scripts=("locale-gen",)))
    after = update(before, target(*ALL))
    assert after.stages["tool"] == before.stages["tool"]


@pytest.mark.parametrize("image_for", [AMD, ARM])
def test_a_platform_of_its_own(image_for: str) -> None:
    stage = replace(TOOL, platform=AMD)
    lock = update(None, target(stage))
    node = both(NODE)
    assert digests(lock, image_for) == digests(lock, AMD)
    text = render(
        emit(for_platform(lock, image_for), install_order(lock), image_for, {})
    )
    assert f"FROM --platform=linux/amd64 {NODE}@{node.platforms[AMD]} AS base.1" in text
    assert bases_of(lock, image_for) == (BASE.platforms[image_for], node.platforms[AMD])
    named = replace(stage, commands=("echo $TARGETARCH",))
    lock = update(None, target(named))
    assert (digests(lock, image_for) == digests(lock, AMD)) == (image_for == AMD)


def test_the_image_may_be_for_what_such_a_base_is_not() -> None:
    only = pinned(NODE)
    lock = update(None, target(replace(TOOL, platform=AMD), node=only))
    assert platforms(lock) == {AMD, ARM}
    assert digests(lock, ARM)
    pin = for_platform(lock, ARM).on(lock.own_bases[0]).base
    assert pin.digest == only.digest
    lock = update(None, target(TOOL, node=only))
    assert platforms(lock) == {AMD}
    with pytest.raises(DeclarationError, match=f"no {NODE} for linux/arm64"):
        resolve(lock, ARM, {}, {})


def test_its_pin_survives_a_merge() -> None:
    start = update(None, target(ASIDE, images={}))
    branch = update(start, target(ASIDE, TOOL))
    main = update(start, target(ASIDE, replace(ASIDE, name="b"), images={}))
    merged = merge(start, main, branch)
    assert not merged.both
    assert merged.lock.images == {NODE: both(NODE)}
    assert install_order(loads(dumps(merged.lock)))


SMUGGLED = {
    "linked": (replace(TOOL, build_only=False), "would be part of the image"),
    "a platform alone": (
        replace(TOOL, base=None, platform=ARM),
        "is for a platform and has no base",
    ),
}


@pytest.mark.parametrize("what", SMUGGLED)
def test_a_lock_that_nobody_wrote_is_refused(what: str) -> None:
    stage, message = SMUGGLED[what]
    entry = replace(LOCK.stages["tool"], stage=stage)
    lock = replace(LOCK, stages={"tool": entry})
    with pytest.raises(LockError, match=message):
        install_order(loads(dumps(lock)))


def test_a_lock_without_its_pin_is_refused() -> None:
    lock = replace(LOCK, images={})
    with pytest.raises(LockError, match="'tool' starts or copies from the image"):
        install_order(loads(dumps(lock)))
