"""Images in the repository of the registry tier, for builders that take them there.

The client computes the manifest of an image from records, sees to it that the registry
has it beside the layers, and tells the builder its digest. So what the builder gets is
what the client asks for, or an error; then the layers go through the client.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from dynbuild.digest import BlobDigest, Digest, sha256
from dynbuild.emit.manifest import documents
from dynbuild.errors import Diagnostic
from dynbuild.link.model import Layer
from dynbuild.offers import Offer
from dynbuild.ports import Config, Stack, Tier
from dynbuild.tiers.daemon_threads import parallel_map
from dynbuild.tiers.http.address import is_loopback
from dynbuild.tiers.oci.address import GHCR, Repository
from dynbuild.tiers.oci.credentials import credentials_of
from dynbuild.tiers.oci.errors import RegistryError
from dynbuild.tiers.registry.linked import today
from dynbuild.values import dataclass

if TYPE_CHECKING:
    from dynbuild.tiers.oci.client import Client

ENGINE = "CACHE_REGISTRY_ENGINE"
_AT_ONCE = 6
_MOST = 0.75
"""The part of an image's bytes that is elsewhere, above which it need not come here."""

_OFFERED = "dynbuild.offered"
"""A field that no engine passes on. An engine that got a wrong config keeps it for a
while, and takes none of that digest: the one that goes through us has to be another.
"""


@dataclass(frozen=True, slots=True)
class Reach:
    """Which builders are offered images.

    ``asked`` is what the user says: to all, whoever learns our credentials; to none; or
    None, where only a builder of this machine may learn them. ``place`` tells whether
    one is ``local``, and whether it is ``beside`` us in one network.
    """

    asked: bool | None
    place: Callable[[str | None], tuple[bool, bool]]


@dataclass(slots=True)
class RegistryOffers:
    """Implements ``offers.Offers``.

    ``uses`` tells whether the tier is read and written now. ``near`` has the layers of
    this machine; ``sources`` may have layers, of the base. ``settled`` returns once
    what was built is shared; ``tell`` gets the one warning.
    """

    repository: Repository
    uses: Callable[[], tuple[bool, bool]]
    near: Tier
    has: Callable[[BlobDigest], bool]
    sources: Sequence[Repository]
    environment: Mapping[str, str]
    folder: Path
    reach: Reach
    settled: Callable[[], None]
    tell: Callable[[Diagnostic], None]
    _failed: bool = False
    _offered: dict[Digest, bool] = field(default_factory=dict)
    _client: "Client | None" = None

    @contextmanager
    def offered(
        self, stack: Stack, config: Config, builder: str | None
    ) -> Iterator[Offer | None]:
        described = documents(stack, {**config, _OFFERED: True})
        if not self.is_of_use(stack, builder) or not self._is_there(stack, described):
            yield None
            return
        reference = f"{self.repository}@{sha256(described[1])}"
        with self._lent() as environment:
            yield Offer(reference, environment)

    def failed(self, why: str) -> None:
        if not self._failed:
            self._failed = True
            message = f"the builder cannot take an image from {self.repository}: {why}"
            hint = (
                f"its layers go through this machine; {ENGINE}=false does not try, "
                "docs/tiers-registry.md#who-moves-layers"
            )
            self.tell(Diagnostic("DB0633", message, hint=hint, severity="warning"))

    def is_of_use(self, stack: Stack, builder: str | None) -> bool:
        """Whether a builder may and can take what, for the most part, is not here."""
        layers = {layer.digest: layer.size for layer in stack}
        there = sum(size for blob, size in layers.items() if not self.has(blob))
        if self._failed or self.reach.asked is False or not self.uses()[0]:
            return False
        # What was built here has to be uploaded first, often on a narrower way.
        return there > _MOST * sum(layers.values()) and self._is_in_reach(builder)

    def _is_in_reach(self, builder: str | None) -> bool:
        try:
            secret = credentials_of(self.repository.host, self.environment) is not None
        except RegistryError:
            return False
        here = is_loopback(self.repository.host)
        if not here and (not secret or self.reach.asked):
            return True
        local, beside = self.reach.place(builder)
        return beside if here else local

    def _is_there(self, stack: Stack, described: tuple[bytes, bytes]) -> bool:
        """Whether the registry has the manifest of an image, put there if need be."""
        digest = sha256(described[1])
        if digest not in self._offered:
            try:
                self._offered[digest] = self._put(stack, described)
            except (RegistryError, OSError):
                # It is no failure of the tier: the layers may well be there.
                self._offered[digest] = False
        return self._offered[digest]

    def _put(self, stack: Stack, described: tuple[bytes, bytes]) -> bool:
        image, manifest = described
        client, place, digest = self._connected(), self.repository, sha256(manifest)
        tag = today(digest).tag
        _, writes = self.uses()
        if not writes:
            return client.manifest_digest(place, digest) == digest
        if client.manifest_digest(place, tag) == digest:
            return True
        if any(self.has(layer.digest) for layer in stack):
            self.settled()
        layers = [*{layer.digest: layer for layer in stack}.values()]
        bring = partial(self._bring, client)
        if not all(parallel_map(bring, layers, _AT_ONCE)):
            return False
        from dynbuild.tiers.oci.upload import of_bytes  # noqa: PLC0415 - see below

        client.upload(place, BlobDigest(sha256(image)), of_bytes(image))
        return client.put_manifest(place, tag, manifest) == digest

    def _bring(self, client: "Client", layer: Layer) -> bool:
        """Bring a layer to the repository, unless it would have to come here first."""
        from dynbuild.tiers.oci.upload import of_file  # noqa: PLC0415 - see below

        place, blob = self.repository, layer.digest
        if client.has(place, blob):
            return True
        for source in self.sources:
            beside = source.host == place.host and source != place
            if beside and client.mount(place, blob, source) is None:
                return True
        with TemporaryDirectory(dir=self.folder) as folder:
            path = f"{folder}/layer"
            if not self.has(blob) or not self.near.fetch(blob, path):
                return False
            client.upload(place, blob, of_file(path))
        return True

    def _connected(self) -> "Client":
        # Most runs offer nothing, and need not wait for an HTTP library.
        from dynbuild.tiers.oci.client import Client  # noqa: PLC0415

        if self._client is None:
            self._client = Client(self.repository.host, self.environment)
        return self._client

    @contextmanager
    def _lent(self) -> Iterator[Mapping[str, str]]:
        """Provide what docker needs to know GHCR_TOKEN, which is ours alone."""
        token = self.environment.get("GHCR_TOKEN")
        if not token or self.repository.host != GHCR:
            yield {}
            return
        with TemporaryDirectory(dir=self.folder) as folder:
            yield lent(self.environment, Path(folder))


def lent(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return the variables of a docker that knows GHCR_TOKEN, and all that it knew.

    Its configuration is put into a folder, which only its owner can read.
    """
    credentials = credentials_of(GHCR, environment)
    assert credentials is not None
    own = environment.get("DOCKER_CONFIG") or Path("~/.docker").expanduser()
    config: dict[str, Any] = {}
    if Path(own).is_dir():
        for path in Path(own).iterdir():
            if path.name != "config.json":
                (folder / path.name).symlink_to(path.absolute())
        try:
            config = dict(json.loads((Path(own) / "config.json").read_bytes()))
        except (OSError, ValueError, TypeError, RecursionError):
            config = {}
    auth = credentials.basic.partition(" ")[2]
    # An empty helper is none: the token is in this file, whatever keeps the others.
    config |= {
        "auths": {**dict(config.get("auths") or {}), GHCR: {"auth": auth}},
        "credHelpers": {**dict(config.get("credHelpers") or {}), GHCR: ""},
    }
    handle = os.open(folder / "config.json", os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(config, file)
    return {"DOCKER_CONFIG": str(folder)}


class NoOffers:
    """Implements ``offers.Offers`` where there is no registry tier."""

    @contextmanager
    def offered(
        self, stack: Stack, config: Config, builder: str | None
    ) -> Iterator[Offer | None]:
        del stack, config, builder
        yield None

    def failed(self, why: str) -> None:
        del why
