"""Stages for which layers of another base stand: they have digests of their own."""

from __future__ import annotations

from dynbuild.digest import RealizationId, sha256
from dynbuild.lockfile.model import Entry, Lock
from dynbuild.lockfile.resolved import resolve
from dynbuild.steps.model import Pin, Stage

PLATFORM = "linux/amd64"
BASE = Pin("docker.io/library/debian:1", sha256(b"index"), {PLATFORM: sha256(b"base")})


def test_a_stage_and_all_on_it_are_none_that_an_ordinary_lock_has() -> None:
    stages = (
        Stage("stays", commands=("a",)),
        Stage("on-it", dependencies=("stays",), commands=("b",)),
        Stage("beside", commands=("c",)),
    )
    entries = {one.name: Entry(one, at) for at, one in enumerate(stages, 1)}
    lock = Lock(base=BASE, stages=entries)
    there = RealizationId(sha256(b"realization"))
    plain = resolve(lock, PLATFORM, {}, {}).digests
    moved = resolve(lock, PLATFORM, {}, {}, {"stays": there}).digests
    differ = {name for name in entries if plain[name] != moved[name]}
    assert differ == {"stays", "on-it"}
