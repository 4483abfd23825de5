"""What is told of images beside them, where they were pushed: bills and provenance."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from dynbuild.building import Built
from dynbuild.cli.bills import bill_of
from dynbuild.cli.commands.packages import packages_of
from dynbuild.cli.commands.realize_build import BuildJob
from dynbuild.cli.images import ChosenImage, platforms_asked
from dynbuild.commands.packages import Image
from dynbuild.digest import Digest, sha256
from dynbuild.emit.manifest import INDEX
from dynbuild.errors import CommandFailed, Diagnostic, UnreachableError
from dynbuild.sbom.kinds import KINDS
from dynbuild.sbom.provenance import KIND, Making, provenance
from dynbuild.tiers.oci.address import Repository, repository
from dynbuild.tiers.registry.referrers import attach, subject_of


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of an image beside it: a bill in this format, its provenance."""

    sbom: str | None
    provenance: bool


@dataclass(frozen=True, slots=True)
class _Platform:
    """An image for one platform: what it is called, what it has installed."""

    name: str
    platform: str
    image: Image


def attached(
    jobs: Sequence[BuildJob], made: Mapping[str, Built], told: Told
) -> dict[str, Built]:
    """Attach what is told to each platform of the images that were made and pushed.

    Return the images, with what was attached in the metadata. Raises CommandFailed,
    UnreachableError.
    """
    images = {job.name: job for job in jobs if job.name in made}
    return {name: _attached(job, made[name], told) for name, job in images.items()}


def _attached(job: BuildJob, built: Built, told: Told) -> Built:
    chosen = ChosenImage(job.line, job.environment.project, job.lock)
    called = chosen.name or chosen.project.place.root.name or "image"
    cache = job.environment.cache
    referrers: list[Mapping[str, object]] = []
    for platform in _platforms(job, built) or (None,):
        image, of = packages_of(chosen, cache, platform, job.color)
        referrers += _everywhere(
            job, Digest(str(built.digest)), _Platform(called, of, image), told
        )
    return replace(built, metadata={**built.metadata, "dynbuild.referrers": referrers})


def _platforms(job: BuildJob, built: Built) -> tuple[str, ...]:
    """Return the platforms that an image was pushed for; none is that of the build."""
    asked = platforms_asked(job.lock, ",".join(job.options.platforms))
    about = cast("Mapping[str, object]", built.metadata["containerimage.descriptor"])
    # Where something else can hold one alone, an image of several is made for that.
    return () if len(asked) > 1 and about["mediaType"] != INDEX else asked


def _everywhere(
    job: BuildJob, top: Digest, one: _Platform, told: Told
) -> list[Mapping[str, object]]:
    # Most runs attach nothing, and need not wait for an HTTP library.
    from dynbuild.tiers.oci.client import Client  # noqa: PLC0415
    from dynbuild.tiers.oci.errors import RegistryError  # noqa: PLC0415

    found: dict[Digest, Mapping[str, object]] = {}
    try:
        for place in dict.fromkeys(repository(tag) for tag in job.options.tags):
            client = Client(place.host, os.environ)
            subject = subject_of(client, place, top, one.platform)
            manifest = Digest(str(subject["digest"]))
            for kind, data in _documents(job, place, manifest, one, told):
                digest = attach(client, place, subject, kind, data)
                about = {"artifactType": kind, "platform": one.platform}
                found[digest] = {**about, "digest": digest}
    except RegistryError as error:
        message = f"the image is pushed, and what is told of it is not: {error}"
        if error.retryable:
            hint = "try again when the registry answers"
            raise UnreachableError(Diagnostic("DB0504", message, hint=hint)) from None
        hint = "`dynbuild packages --sbom` writes a bill of materials into a file"
        raise CommandFailed(Diagnostic("DB0511", message, hint=hint)) from None
    return [*found.values()]


def _documents(
    job: BuildJob, place: Repository, manifest: Digest, one: _Platform, told: Told
) -> Iterator[tuple[str, bytes]]:
    if told.sbom is not None:
        yield KINDS[told.sbom], bill_of(one.image, one.name, one.platform, told.sbom)
    if told.provenance:
        lock = job.lock
        making = Making(
            name=str(place),
            platform=one.platform,
            lock=sha256((job.environment.project.locks.read() or "").encode()),
            pins=[lock.base, *lock.images.values()],
            downloads=[d for one in lock.stages.values() for d in one.stage.add],
            steps=[*one.image.records()],
        )
        yield KIND, provenance(making, manifest)
