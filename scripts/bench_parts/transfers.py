"""Moves files through a shared tier, and through the tool that others use for it."""

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from dynbuild.digest import Digest, sha256
from dynbuild.link.model import Layer, Record
from dynbuild.ports import Tier
from dynbuild.tiers.kind import TierConfig
from dynbuild.tiers.local.tier import Local, digest_of_file
from dynbuild.tiers.oci.address import Repository
from dynbuild.tiers.registry.tier import Registry
from dynbuild.tiers.s3.client import Settings
from dynbuild.tiers.s3.tier import S3
from dynbuild.tiers.wrap.chain import Chain
from dynbuild.tiers.wrap.guarded import CircuitBreakerTier
from tests.oci_servers import program_in, registry
from tests.s3_servers import (
    ACCESS,
    SECRET,
    Server,
    bucket_name,
    credentials,
    program,
    rclone,
    seaweedfs,
)

AMD = "linux/amd64"
NOBODY = {"DOCKER_CONFIG": "/nowhere"}


@dataclass(frozen=True)
class Place:
    """A server. ``there`` names an empty place of it, at another address if one is.

    ``open`` makes a tier of a place; ``send`` and ``get`` let ``tool`` move files to
    it and from it.
    """

    name: str
    tool: str | None
    address: str
    there: Callable[[], str]
    open: Callable[[str, str], Tier]
    send: Callable[[Path, str], None]
    get: Callable[[str, Path], None]


@contextlib.contextmanager
def s3_places(folder: Path) -> Iterator[Iterator[Place]]:
    """S3 servers, one after the other."""

    def places() -> Iterator[Place]:
        for make in (rclone, seaweedfs):
            below = folder / make.__name__
            below.mkdir()
            with make(below) as server, credentials(server):
                yield _s3(server)
            shutil.rmtree(below)

    yield places()


def _s3(server: Server) -> Place:
    def copy(source: object, target: object) -> None:
        settings = {
            "TYPE": "s3",
            "PROVIDER": "Other",
            "ACCESS_KEY_ID": ACCESS,
            "SECRET_ACCESS_KEY": SECRET,
            "ENDPOINT": f"http://{server.endpoint}",
        }
        more = {f"RCLONE_CONFIG_S3_{name}": text for name, text in settings.items()}
        words = [program("rclone"), "copy", "--config", "", str(source), str(target)]
        subprocess.run(words, env={**os.environ, **more}, check=True)

    return Place(
        f"s3 of {server.name}",
        "rclone",
        server.endpoint,
        bucket_name,
        lambda address, bucket: S3(
            Settings(address, bucket, secure=False, region="us-east-1"), print
        ),
        lambda source, bucket: copy(source / "files", f"s3:{bucket}"),
        lambda bucket, target: copy(f"s3:{bucket}", target),
    )


@contextlib.contextmanager
def registry_place(folder: Path) -> Iterator[Place | None]:
    """Debian's registry, where it is installed or came with the engine."""
    found = program_in(os.environ["PATH"])
    if found is None:
        yield None
        return
    with registry(found, folder) as served:

        def copy(source: str, target: str) -> None:
            words = ["skopeo", "--insecure-policy", "copy", "--quiet"]
            words += ["--preserve-digests", "--src-tls-verify=false"]
            words += ["--dest-tls-verify=false", source, target]
            subprocess.run(words, check=True)

        yield Place(
            "registry",
            "skopeo" if shutil.which("skopeo") else None,
            served.host,
            lambda: f"bench/{uuid4().hex}",
            lambda host, path: Registry(Repository(host, path), NOBODY, print),
            lambda source, path: copy(
                f"dir:{source / 'image'}", f"docker://{served.host}/{path}:x"
            ),
            lambda path, target: copy(
                f"docker://{served.host}/{path}:x", f"dir:{target}"
            ),
        )


@dataclass(frozen=True)
class Files:
    """Files of random content, as they are, as an image, and as records in a store."""

    folder: Path
    store: Path
    records: tuple[Record, ...]

    @property
    def steps(self) -> list[Digest]:
        return [record.step for record in self.records]


def files(work: Path, count: int, size: int) -> Files:
    """Make some; all have the same bytes."""
    source, image = work / "source/files", work / "source/image"
    source.mkdir(parents=True)
    image.mkdir()
    near = Local(work / "store", print)
    records = []
    for number in range(count):
        path = source / str(number)
        path.write_bytes(os.urandom(size))
        blob = digest_of_file(path)
        (image / blob[7:]).hardlink_to(path)
        near.keep(blob, str(path))
        layer = Layer(blob, blob, size)
        records.append(Record(blob, blob, AMD, (), (layer,), {}, 1.0))
    blobs = [record.layers[0].digest for record in records]
    _describe(image, blobs, size)
    return Files(work / "source", work / "store", tuple(records))


def _describe(image: Path, blobs: list[Digest], size: int) -> None:
    """What skopeo wants beside the layers."""
    kinds = "application/vnd.oci.image"
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": blobs},
        }
    ).encode()
    (image / sha256(config)[7:]).write_bytes(config)
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{kinds}.manifest.v1+json",
        "config": {
            "mediaType": f"{kinds}.config.v1+json",
            "digest": sha256(config),
            "size": len(config),
        },
        "layers": [
            {"mediaType": f"{kinds}.layer.v1.tar", "digest": blob, "size": size}
            for blob in blobs
        ],
    }
    (image / "manifest.json").write_text(json.dumps(manifest))
    (image / "version").write_text("Directory Transport Version: 1.1\n")


def push(place: Place, there: str, what: Files, work: Path) -> None:
    chain = _chain(place, there, what.store, work)
    chain.held(what.steps)
    chain.share(what.records)
    chain.finish()


def pull(place: Place, there: str, what: Files, work: Path) -> None:
    """Into a store that is empty, as many at once as a build takes."""
    into = work / "pulled"
    chain = _chain(place, there, into / "store", work)
    layers = [held.record.layers[0].digest for held in chain.held(what.steps)]
    with ThreadPoolExecutor(4) as threads:
        fetched = threads.map(lambda it: chain.fetch(it, str(into / it[7:])), layers)
        assert sum(fetched) == len(what.records)


def _chain(place: Place, there: str, store: Path, folder: Path) -> Chain:
    def inventory() -> None:  # type: ignore[return]
        raise AssertionError

    far = TierConfig(
        "s3", place.name, lambda *_: place.open(place.address, there), inventory
    )
    guarded = CircuitBreakerTier(far, lambda told: print(told.message), lambda _: None)
    return Chain(Local(store, print), [guarded], folder, lambda: None)
