"""Small locks with snapshots, for the tests of them."""

from __future__ import annotations

from dynbuild.lockfile.codec import dumps
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.resolved import resolve
from dynbuild.lockfile.update import Requests
from dynbuild.steps.model import Stage
from dynbuild.steps.snapshots import Snapshot
from tests.pins import pinned

BASE, OTHER = pinned("docker.io/library/debian:12"), pinned("docker.io/library/node:22")
(PLATFORM, *_) = BASE.platforms
A, B, C, D = (f"2026110{day}T000000Z" for day in range(1, 5))
MIRRORS = {"http://deb.debian.org/debian": "http://snap.example.com/debian"}


def target(
    apt: str = "",
    at: str | None = None,
    *stages: Stage,
    mirrors: dict[str, str] | None = None,
    pip: str = "",
) -> Target:
    packages = {
        name: {spec: spec for spec in of.split()}
        for name, of in (("apt", apt), ("pip", pip))
        if of
    }
    return Target(
        BASE,
        packages,
        stages=stages,
        images={OTHER.image: OTHER} if stages else {},
        snapshot=None if at is None else Snapshot(at, mirrors or {}),
    )


def digests(lock: Lock) -> dict[str, str]:
    return dict(resolve(lock, PLATFORM, {}, {}).digests)


def upgraded(*keys: str) -> Requests:
    return Requests(upgrade=frozenset(("apt", key) for key in keys))


def apt_of(lock: Lock) -> str:
    text = dumps(lock).split("[apt]\n")[1]
    return text.split("\n\n")[0].rstrip("\n")


def apart(*names: str, name: str = "apart") -> Stage:
    """A stage with a base and packages of its own."""
    return Stage(
        name,
        commands=("make",),
        build_only=True,
        base=OTHER.image,
        packages={f"apt {one}": one for one in names},
    )
