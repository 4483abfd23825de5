"""Pushing images to registries: layers that are there already do not move.

Every blob is looked for at the destination, else mounted from a repository of the same
registry that may have it (the cache, the base), else uploaded from the tiers.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import wait
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from dynbuild.building import (
    BuildFailed,
    Built,
    PlatformImage,
    Report,
    Working,
    metadata_of,
)
from dynbuild.digest import BlobDigest, sha256
from dynbuild.emit.manifest import (
    CONFIG,
    INDEX,
    MANIFEST,
    descriptor,
    documents,
    index,
    manifests_of,
)
from dynbuild.errors import Diagnostic, UnreachableError
from dynbuild.link.model import Layer
from dynbuild.ports import LostError, Stack, Tier
from dynbuild.reference import parse
from dynbuild.tiers.daemon_threads import parallel_map, submit
from dynbuild.tiers.oci.address import Repository, repository
from dynbuild.tiers.oci.errors import RegistryError
from dynbuild.values import dataclass

if TYPE_CHECKING:
    from dynbuild.tiers.oci.client import Client

_AT_ONCE = 6
"""Layers that are looked for, mounted or uploaded concurrently."""

_POLL = 0.1
"""Seconds between two checks of whether to stop."""

_WHAT = "pushing the image"
LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Registries:
    """Implements ``ports.Publisher``.

    ``sources`` may have blobs; ``folder`` is a place for files; ``check`` raises when
    the run is being stopped.
    """

    tier: Tier
    sources: Sequence[Repository]
    environment: Mapping[str, str]
    folder: Path
    check: Callable[[], None]

    def push(
        self,
        images: Mapping[str, PlatformImage],
        annotations: Mapping[str, str],
        tags: tuple[str, ...],
        report: Report,
        *,
        named: bool = True,
    ) -> Built:
        pushed = _pushed(images, annotations)
        self._everywhere(pushed, tags, report, named=named)
        about = descriptor(pushed.kind, pushed.top)
        told: dict[str, object] = {
            "containerimage.descriptor": about,
            "containerimage.digest": about["digest"],
            "image.name": ",".join(tags),
            **metadata_of(annotations),
            **manifests_of(
                dict(zip(images, map(sha256, pushed.manifests), strict=False))
            ),
        }
        if len(images) == 1:
            config = descriptor(CONFIG, *pushed.configs)
            told["containerimage.config.digest"] = config["digest"]
        return Built(sha256(pushed.top), told, ())

    def _everywhere(
        self, pushed: "_Pushed", tags: tuple[str, ...], report: Report, *, named: bool
    ) -> None:
        places: dict[Repository, list[str]] = {}
        for tag in tags:
            names = places.setdefault(repository(tag), [])
            names.append((parse(tag).tag or LATEST) if named else sha256(pushed.top))
        report(Working(_WHAT))
        try:
            for place, names in places.items():
                job = submit(partial(self._push, place, names, pushed, report))
                while not wait([job], _POLL).done:
                    self.check()
                job.result()
        except RegistryError as error:
            message = f"{_WHAT} failed: {error}"
            if error.retryable:
                hint = "try again when the registry answers"
                diagnostic = Diagnostic("DB0504", message, hint=hint)
                raise UnreachableError(diagnostic) from None
            raise BuildFailed(None, None, message, (), None, ()) from None
        report(Working(_WHAT, done=True))

    def _push(
        self, place: Repository, names: Sequence[str], pushed: "_Pushed", report: Report
    ) -> None:
        # Most runs push nothing, and need not wait for an HTTP library.
        from dynbuild.tiers.oci.client import Client  # noqa: PLC0415
        from dynbuild.tiers.oci.upload import of_bytes  # noqa: PLC0415

        progress = _UploadProgress(report, pushed.stack)
        client = Client(place.host, self.environment, went=progress.went)
        digest = sha256(pushed.top)
        stale = [n for n in names if client.manifest_digest(place, n) != digest]
        if not stale:
            return
        layers = {layer.digest: layer for layer in pushed.stack}
        parallel_map(partial(self._bring, client, place), [*layers.values()], _AT_ONCE)
        for image in pushed.configs:
            config = BlobDigest(sha256(image))
            if not client.has(place, config):
                client.upload(place, config, of_bytes(image))
        for manifest in pushed.manifests:
            client.put_manifest(place, sha256(manifest), manifest)
        for name in stale:
            client.put_manifest(place, name, pushed.top, pushed.kind)

    def _bring(self, client: "Client", place: Repository, layer: Layer) -> None:
        """Bring a layer to a repository. Raises LostError, RegistryError."""
        if client.has(place, layer.digest):
            return
        begun = None
        for source in self.sources:
            if source.host == place.host and source != place:
                begun = client.mount(place, layer.digest, source)
                if begun is None:
                    return
        from dynbuild.tiers.oci.upload import of_file  # noqa: PLC0415

        with TemporaryDirectory(dir=self.folder) as folder:
            path = f"{folder}/layer"
            if not self.tier.fetch(layer.digest, path):
                raise LostError(layer.digest)
            client.upload(place, layer.digest, of_file(path), begun)


@dataclass(frozen=True, slots=True)
class _Pushed:
    """What a push brings: layers, configs, the manifests below an index, and the top.

    ``kind`` is the media type of the top: a manifest, or an index.
    """

    stack: Stack
    configs: tuple[bytes, ...]
    manifests: tuple[bytes, ...]
    top: bytes
    kind: str


def _pushed(
    images: Mapping[str, PlatformImage], annotations: Mapping[str, str]
) -> _Pushed:
    parts = {
        platform: documents(one.stack, one.config, annotations)
        for platform, one in images.items()
    }
    stack = tuple(dict.fromkeys(x for one in images.values() for x in one.stack))
    configs = tuple(config for config, _ in parts.values())
    manifests = {platform: manifest for platform, (_, manifest) in parts.items()}
    if len(manifests) == 1:
        (only,) = manifests.values()
        return _Pushed(stack, configs, (), only, MANIFEST)
    top = index(manifests, annotations)
    return _Pushed(stack, configs, (*manifests.values(),), top, INDEX)


class _UploadProgress:
    """A reporter of how many bytes were sent, of how many there are."""

    def __init__(self, report: Report, stack: Stack) -> None:
        self._report = report
        self._total = sum({layer.digest: layer.size for layer in stack}.values())
        self._lock = threading.Lock()
        self._went = 0

    def went(self, size: int) -> None:
        with self._lock:
            self._went += size
            current = self._went
        self._report(Working(_WHAT, current, max(current, self._total)))
