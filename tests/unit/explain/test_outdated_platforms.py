"""What is outdated on some platforms alone, as the layers of each say."""

from dataclasses import replace
from pathlib import Path

from dynbuild.commands.archives import Archives
from dynbuild.commands.outdated import outdated
from dynbuild.digest import Digest, sha256
from dynbuild.explain.installed import Contents
from dynbuild.explain.predict import predict
from dynbuild.inheritance import steps_of
from dynbuild.link.model import Layer, Record, Written
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.resolved import resolve
from dynbuild.lockfile.update import update
from dynbuild.project.content import Tree
from dynbuild.steps.model import Pin
from dynbuild.tiers.memory import MemoryTier
from tests.pins import pinned

AMD, ARM = "linux/amd64", "linux/arm64"
BASE = replace(pinned("debian"), platforms={AMD: sha256(b"a"), ARM: sha256(b"b")})


class Registries:
    """Registries that have what they had."""

    def pin(self, reference: str) -> Pin:
        return replace(BASE, image=reference)

    def local_digest(self, reference: str) -> Digest:
        raise AssertionError(reference)


def built(
    lock: Lock, tier: MemoryTier, platform: str, version: str, path: Path
) -> None:
    resolved = resolve(lock, platform, {}, {})
    places = predict(steps_of(resolved), platform, (), {}).plan.places
    path.write_bytes(platform.encode())
    layer = Layer(sha256(platform.encode()), sha256(platform.encode()), 1)
    tier.keep(layer.digest, str(path))
    name = f"usr/lib/python3/site-packages/idna-{version}.dist-info/METADATA"
    writes = {name: Written("file", 0o644, content=sha256(b"x"))}
    at, step = places.final["pip.1"], resolved.digests["pip.1"]
    tier.record(Record(at, step, platform, (layer,), writes))


def test_each_is_told_with_the_platforms_that_it_holds_for(tmp_path: Path) -> None:
    lock = update(None, Target(BASE, {"pip": {"idna": "idna"}}))
    tier, files = MemoryTier(), Tree(tmp_path)
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for version in ("3.9", "3.10"):
        for platform in (AMD, ARM):
            have = version if platform == ARM else "3.10"
            built(lock, tier, platform, have, tmp_path / "layer")
        told = outdated(
            lock,
            files,
            [tier],
            Registries(),
            (AMD, ARM),
            lambda _: ["3.10"],
            lambda _: Contents(),
            Archives(lambda _: None),
        )
        tier.records.clear()
        found[version] = {
            one.have or "": of for one, of in told.items() if one.kind == "pip"
        }
        assert [of for one, of in told.items() if one.kind == "base"] == [()]
    assert found["3.9"] == {"3.10": (AMD,), "3.9": (ARM,)}
    assert found["3.10"] == {"3.10": ()}
