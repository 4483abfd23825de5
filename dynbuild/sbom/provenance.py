"""How an image was made, as a statement of in-toto: SLSA's provenance, version 1.

Specifications: https://in-toto.io/Statement/v1 and https://slsa.dev/provenance/v1. It
says no argument's value and no secret, and nothing of the machine but who vouches for
what it has not built itself.
"""

import json
from collections.abc import Iterator, Mapping, Sequence

from dynbuild.digest import Digest
from dynbuild.errors import redact_urls
from dynbuild.link.model import Record
from dynbuild.steps.downloads import address_of, digest_of_download
from dynbuild.steps.model import Download, Pin
from dynbuild.values import dataclass
from dynbuild.version import __version__

_STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD = "urn:uuid:5b1b6f39-3d55-5a3e-8a0c-6f5d0c1b7e42"
"""Names the kind of build: what the parameters below mean. docs/packages.md has it."""
BUILDER = "urn:uuid:0d6f1d0a-1f0a-5c39-9a67-0a6e2b8f4c11"
"""Names dynbuild itself, on whatever machine."""


@dataclass(frozen=True, slots=True)
class Rebased:
    """An image that was put onto another base than its lock's.

    ``stayed`` has the stages whose layers are those that were built on the lock's base,
    by their ids, with their records there.
    """

    base: Pin
    lock: Pin
    stayed: Mapping[str, Record]


@dataclass(frozen=True, slots=True)
class Making:
    """What an image for one platform was made of.

    ``lock`` is the digest of the lock's text; ``steps`` are those that are in it, by
    their ids, lowest first; of ``downloads`` some are what the steps added. ``pins``
    are the lock's, its base first.
    """

    name: str
    platform: str
    lock: Digest
    pins: Sequence[Pin]
    downloads: Sequence[Download]
    steps: Sequence[tuple[str, Record]]
    rebased: Rebased | None = None


def provenance(making: Making, manifest: Digest, *, vouched: bool = True) -> bytes:
    """Return the statement about a manifest, as JSON.

    Unless it says who ``vouched`` for the steps it is the same on every machine.
    """
    steps = [_step(making, *one, vouched=vouched) for one in making.steps]
    inside = {name for name, _ in making.steps}
    stayed = making.rebased.stayed if making.rebased is not None else {}
    others = [
        _step(making, *one, vouched=vouched)
        for one in stayed.items()
        if one[0] not in inside
    ]
    asked = {"image": making.name, "platform": making.platform}
    if making.rebased is not None:
        asked["onto"] = making.rebased.base.reference
    definition = {
        "buildType": BUILD,
        "externalParameters": asked,
        "internalParameters": {
            "steps": steps,
            # Stages that are not in the image, and that others in it may copy from.
            **({"copied": others} if others else {}),
        },
        "resolvedDependencies": [*_dependencies(making)],
    }
    builder = {"id": BUILDER, "version": {"dynbuild": __version__}}
    predicate = {"buildDefinition": definition, "runDetails": {"builder": builder}}
    return statement(PREDICATE, predicate, making.name, manifest)


def statement(
    kind: str, predicate: Mapping[str, object], name: str, manifest: Digest
) -> bytes:
    """Return a statement of in-toto about the manifest of an image, as JSON."""
    said = {
        "_type": _STATEMENT,
        "subject": [{"name": name, "digest": _sha256(manifest)}],
        "predicateType": kind,
        "predicate": predicate,
    }
    return json.dumps(said, indent=2).encode() + b"\n"


def _step(
    making: Making, name: str, record: Record, *, vouched: bool
) -> Mapping[str, object]:
    about: dict[str, object] = {
        "name": name,
        "digest": record.step,
        "layers": [layer.digest for layer in record.layers],
    }
    rebased = making.rebased
    if rebased is not None and name in rebased.stayed:
        # Whoever vouches for it does so for what was built there.
        record = rebased.stayed[name]
        built = {"digest": record.step, "on": _image(rebased.lock, making.platform)}
        about["rebased"] = built
    if not vouched:
        return about
    origins = [{"place": one.place, "keys": [*one.keys]} for one in record.origins]
    return {
        **about,
        "signers": sorted({key for key, _ in record.signatures}),
        # What a machine has built itself, on nothing from elsewhere, has none.
        "takenFrom": origins,
    }


def _dependencies(making: Making) -> Iterator[Mapping[str, object]]:
    yield {"name": "dynbuild.lock", "digest": _sha256(making.lock)}
    own, *others = making.pins
    bases = [own]
    if making.rebased is not None:
        bases = [making.rebased.base, *([own] if making.rebased.stayed else [])]
    for pin in (*bases, *others):
        yield _image(pin, making.platform)
    for one in making.downloads:
        digest = digest_of_download(one, making.platform)
        if digest is not None:
            place = redact_urls(address_of(one.url, making.platform))
            yield {"uri": place, "digest": _sha256(digest)}


def _image(pin: Pin, platform: str) -> Mapping[str, object]:
    if pin.digest is None:
        return {"uri": pin.image}
    own = pin.platforms.get(platform, pin.digest)
    return {"uri": pin.reference, "digest": _sha256(own)}


def _sha256(digest: Digest) -> Mapping[str, str]:
    return {"sha256": digest.removeprefix("sha256:")}
