"""A base image without an engine: what a builder passes on of it, and its documents."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dynbuild.digest import Digest, sha256
from dynbuild.link.model import WriteSet, Written
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.update import update
from dynbuild.ports import Base, Job
from dynbuild.realization.bases import base_of
from dynbuild.realization.inputs import RealizeInputs
from dynbuild.realization.model import Backends
from dynbuild.realization.request import RealizeOptions
from dynbuild.steps.model import Pin
from tests.hostile.runs import AMD, Run, layer_of, packed

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = b"what the layer of a base holds"
LAYER = layer_of(CONTENT)
WRITES: WriteSet = {"etc/os": Written("file", 0o644, content=sha256(b"x"), new=True)}
FACTS = {"architecture": "amd64", "os": "linux", "config": {"Cmd": ["sh"]}}


def documents() -> tuple[bytes, bytes]:
    config = json.dumps({**FACTS, "rootfs": {"diff_ids": [LAYER.diff_id]}}).encode()
    layer = {"mediaType": LAYER.media_type, "digest": LAYER.digest, "size": LAYER.size}
    manifest = {"config": {"digest": sha256(config)}, "layers": [layer]}
    return json.dumps(manifest).encode(), config


DIGEST = sha256(documents()[0])


@dataclass
class Based:
    """A run that needs its base; ``imports`` counts how often a builder gave it."""

    run: Run
    folder: Path
    told: tuple[bytes, bytes] | None = field(default_factory=documents)
    pinned: bool = True
    image: str = "example.org/base:1"
    imports: int = 0

    def base(self) -> Base:
        lock = _lock(self.image, pinned=self.pinned)
        backends: Any = Backends(
            files=None,  # type: ignore[arg-type]
            images=self,  # type: ignore[arg-type]
            builder=None,  # type: ignore[arg-type]
            history=None,  # type: ignore[arg-type]
            copy_project=None,  # type: ignore[arg-type]
            tier=self.run.chain,
            machine=self.run.machine,
            layer_builder=_Importer(self),  # type: ignore[arg-type]
            layer_writer=None,  # type: ignore[arg-type]
            image_loader=None,  # type: ignore[arg-type]
            publisher=None,  # type: ignore[arg-type]
            jobs=_AtOnce(),  # type: ignore[arg-type]
            report=lambda _: None,
            documents=lambda *_: self.told,
            sources=("local", "registry"),
        )
        options = RealizeOptions(platforms=(AMD,))
        folder = str(self.folder)
        # As where images are realized: what one has read is known to the others.
        inputs = RealizeInputs(lock, AMD, backends, options, folder, bases={})
        found = base_of(inputs)
        self.run.end()
        return found

    def local_digest(self, reference: str) -> Digest:
        del reference
        return DIGEST


@dataclass
class _Importer:
    based: Based

    def base(self, image: str, request: object) -> Base:
        del image, request
        self.based.imports += 1
        path = self.based.folder / "layer"
        path.unlink(missing_ok=True)
        path.write_bytes(packed(CONTENT))
        self.based.run.chain.keep(LAYER.digest, str(path))
        return Base((LAYER,), WRITES, FACTS)


class _AtOnce:
    """Runs jobs as they are started."""

    def start(self, key: str, job: Job) -> None:
        del key
        assert [*job()] == []

    def keys(self) -> tuple[str, ...]:
        return ()


def _lock(image: str, *, pinned: bool) -> Lock:
    digest = DIGEST if pinned else None
    platforms = {AMD: DIGEST} if pinned else {}
    return update(None, Target(Pin(image, digest, platforms)))
