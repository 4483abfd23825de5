"""The base of a realization: remembered, taken from a tier, or imported.

A tier has the record of a base (``emit.bases``) once a machine that imported it shares
what it builds. Then another needs no layer of it to know what it holds.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from dynbuild.building import Working
from dynbuild.digest import Digest
from dynbuild.emit.bases import (
    BaseImage,
    base_record,
    base_step,
    config_of_nothing,
    documents_in,
    image_in,
)
from dynbuild.emit.instructions import pinned
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.link.model import Record
from dynbuild.lockfile.resolved import for_platform
from dynbuild.ports import Base
from dynbuild.realization.inputs import RealizeInputs
from dynbuild.steps.model import OwnBase, Pin
from dynbuild.values import dataclass


def base_of(inputs: RealizeInputs, own: OwnBase | None = None) -> Base:
    """Return the base image, or one that stages start from instead.

    Known to the store or to a tier; what follows runs beside the first builds: reading
    a base takes a while. Raises DeclarationError.
    """
    start = _Start.of(inputs, own)
    if inputs.bases is None or start.image.empty:
        return _base_of(start)  # what is empty has no digest
    digest = _digest(start)
    if digest not in inputs.bases:
        inputs.bases[digest] = _base_of(start)
    return inputs.bases[digest]


@dataclass(frozen=True, slots=True)
class _Start:
    """An image that steps start from, where they run."""

    inputs: RealizeInputs
    image: Pin
    platform: str

    @classmethod
    def of(cls, inputs: RealizeInputs, own: OwnBase | None) -> "_Start":
        platform = (own and own.platform) or inputs.platform
        return cls(inputs, for_platform(inputs.lock, platform).on(own).base, platform)


def _base_of(start: _Start) -> Base:
    inputs = start.inputs
    if start.image.empty:
        return Base((), {}, config_of_nothing(start.platform))
    digest = _digest(start)
    backends = inputs.backends
    shares = start.image.digest is not None and len(backends.sources) > 1
    if (held := backends.machine.base(digest)) is not None:
        if shares:
            _beside(inputs, digest, partial(_share_again, start, digest))
        return held
    if shares and (taken := _taken(start, digest)) is not None:
        return taken
    what = f"importing {start.image.image}"
    backends.report(Working(what))
    with ExitStack() as alone:
        alone.enter_context(backends.machine.alone([digest], lambda: None))
        base = backends.machine.base(digest)
        if base is None:
            base = _imported(start)
            keep = partial(_share if shares else _keep, start, digest, base)
            _beside(inputs, digest, keep, alone.pop_all())
    backends.report(Working(what, done=True))
    return base


def _digest(start: _Start) -> Digest:
    image, platform = start.image, start.platform
    digest = (
        start.inputs.unpinned[image.image]
        if image.digest is None
        else image.platforms.get(platform)
    )
    if digest is None:
        known = ", ".join(sorted(image.platforms))
        raise DeclarationError(
            Diagnostic(
                "DB0304",
                f"{image.image} does not exist for {platform}",
                hint=f"it exists for {known}: pass one of these as --platform",
            )
        )
    return digest


def _imported(start: _Start) -> Base:
    image, inputs = start.image, start.inputs
    request = inputs.request("", start.platform)
    base = inputs.backends.layer_builder.base(pinned(image), request)
    inputs.check_unpinned(image.image)
    return base


def _taken(start: _Start, digest: Digest) -> Base | None:
    """Return a base as a tier has it, if one has; what is built on it is from there."""
    inputs = start.inputs
    for record in inputs.backends.tier.find([base_step(digest)]):
        documents = _documents(record, digest, inputs)
        image = documents and image_in(record, digest, documents)
        if image:
            return Base(image.layers, record.writes, image.config, record.inside)
    return None


def _documents(
    record: Record, digest: Digest, inputs: RealizeInputs
) -> tuple[bytes, bytes] | None:
    """Return the manifest and the config that a record names, if its tier has them."""
    tier = inputs.backends.tier
    with TemporaryDirectory(dir=inputs.folder) as folder, ThreadPoolExecutor() as pool:
        blobs = documents_in(record, digest)
        paths = [Path(folder, blob) for blob in blobs]
        if not blobs or not all([*pool.map(tier.fetch, blobs, map(str, paths))]):
            return None
        manifest, config = (path.read_bytes() for path in paths)
    return manifest, config


def _keep(start: _Start, digest: Digest, base: Base) -> None:
    start.inputs.backends.machine.keep_base(digest, base)


def _share(start: _Start, digest: Digest, base: Base) -> None:
    _keep(start, digest, base)
    if (record := _record(start, digest, base)) is not None:
        start.inputs.backends.tier.record(record)


def _record(start: _Start, digest: Digest, base: Base) -> Record | None:
    """Return the record of an imported base, and keep its documents.

    None where its registry does not give them, or the builder made something else of
    them.
    """
    inputs, backends = start.inputs, start.inputs.backends
    documents = backends.documents(start.image.image, digest)
    if documents is None:
        return None
    passed = BaseImage(base.layers, base.config)
    made = int(time.time() * 1000)
    record = base_record(digest, start.platform, documents, passed, base.writes, made)
    if record is not None:
        record = replace(record, inside=base.inside)
    if record is not None:
        with TemporaryDirectory(dir=inputs.folder) as folder:
            for blob, data in zip(documents_in(record, digest), documents, strict=True):
                # A store may keep the file itself.
                path = Path(folder, blob)
                path.write_bytes(data)
                backends.tier.keep(blob, str(path))
    return record


def _share_again(start: _Start, digest: Digest) -> None:
    """Share the record of a base that this machine has with tiers that lack it."""
    tier = start.inputs.backends.tier
    found = tier.held([base_step(digest)])
    tier.share([held.record for held in found if held.distance == 0])


def _beside(
    inputs: RealizeInputs,
    digest: Digest,
    work: Callable[[], None],
    ending: ExitStack | None = None,
) -> None:
    def job() -> Iterator[object]:
        with ending or ExitStack():
            work()
        yield from ()

    jobs = inputs.backends.jobs
    if digest in jobs.keys():  # noqa: SIM118 - a port's method, and no mapping's
        return  # a stage starts from the image's own base: both share it once
    jobs.start(digest, job)
