"""What is told of images beside them, where they were pushed: bills and provenance."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias, cast

from dynbuild.building import Built, OciLayout, Push
from dynbuild.cli.bills import bill_of
from dynbuild.cli.commands.packages import packages_of
from dynbuild.cli.commands.realize_build import BuildJob
from dynbuild.cli.images import ChosenImage, platforms_asked
from dynbuild.commands.packages import Image
from dynbuild.digest import Digest, sha256
from dynbuild.emit.manifest import IN_TOTO, INDEX
from dynbuild.engine.layout import attach as attach_in
from dynbuild.engine.layout import newest, subject_at
from dynbuild.errors import CommandFailed, Diagnostic, UnreachableError
from dynbuild.realization.request import latest_time
from dynbuild.reference import parse
from dynbuild.sbom.kinds import KINDS, PREDICATES
from dynbuild.sbom.provenance import PREDICATE, Making, Rebased, provenance, statement
from dynbuild.tiers.oci.address import Repository, repository
from dynbuild.tiers.oci.errors import RegistryError
from dynbuild.tiers.registry.publish import LATEST
from dynbuild.tiers.registry.referrers import attach, attest, subject_of
from dynbuild.values import dataclass

_Pushed: TypeAlias = dict[str, list[Digest]]
"""What refers to an image, by the repository that it was pushed to."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of an image beside it: a bill in this format, its provenance.

    ``provenance`` says who vouches for the steps unless it is ``min``.

    With ``in_index`` it is told in the index as well that the image's name stands for.
    """

    sbom: str | None
    provenance: str | None
    in_index: bool = False


@dataclass(frozen=True, slots=True)
class OnPlatform:
    """An image for one platform: what it has installed, how it got onto its base."""

    platform: str
    image: Image
    rebased: Rebased | None = None


@dataclass(frozen=True, slots=True)
class _Platform:
    """An image for one platform, and what it is called."""

    name: str
    of: OnPlatform

    @property
    def platform(self) -> str:
        return self.of.platform


def attached(
    jobs: Sequence[BuildJob],
    made: Mapping[str, Built],
    told: Told,
    known: Mapping[str, Sequence[OnPlatform]],
) -> tuple[dict[str, Built], dict[str, _Pushed]]:
    """Attach what is told to each platform of the images that were made and pushed.

    What is not ``known`` of images, by name, is what tiers hold of their locks. Return
    the images, with what was attached in the metadata, and what was pushed of it.
    Raises CommandFailed, UnreachableError.
    """
    images = {job.name: job for job in jobs if job.name in made}
    pushed: dict[str, _Pushed] = {name: {} for name in images}
    return {
        name: _attached(job, made[name], told, pushed[name], known.get(name))
        for name, job in images.items()
    }, pushed


def _attached(
    job: BuildJob,
    built: Built,
    told: Told,
    pushed: _Pushed,
    known: Sequence[OnPlatform] | None,
) -> Built:
    called = job.name or job.environment.project.place.root.name or "image"
    made = _held(job, built) if known is None else known
    each = [_Platform(called, one) for one in made]
    layouts = [one for one in job.options.outputs if isinstance(one, OciLayout)]
    written = [_in_layout(job, Path(one.directory), each, told) for one in layouts]
    try:
        if any(isinstance(one, Push) for one in job.options.outputs):
            built = _pushed(job, built, each, told, pushed)
    except RegistryError as error:
        message = f"the image is pushed, and what is told of it is not: {error}"
        if error.retryable:
            hint = "try again when the registry answers"
            raise UnreachableError(Diagnostic("DB0504", message, hint=hint)) from None
        hint = "`dynbuild packages --sbom` writes a bill of materials into a file"
        raise CommandFailed(Diagnostic("DB0511", message, hint=hint)) from None
    key = "dynbuild.referrers"
    before = cast("Sequence[Mapping[str, object]]", built.metadata.get(key, ()))
    every = {one["digest"]: one for part in (before, *written) for one in part}
    return replace(built, metadata={**built.metadata, key: [*every.values()]})


def _held(job: BuildJob, built: Built) -> list[OnPlatform]:
    """Return an image as tiers hold it, for each platform that it was made for."""
    chosen = ChosenImage(job.line, job.environment.project, job.lock)
    found = []
    for asked in _platforms(job, built) or (None,):
        image, platform = packages_of(chosen, job.environment.cache, asked, job.color)
        found.append(OnPlatform(platform, image))
    return found


def _in_layout(
    job: BuildJob, folder: Path, each: Sequence[_Platform], told: Told
) -> list[Mapping[str, object]]:
    """Add what is told to the image that a layout was given last."""
    top = newest(folder)
    found = []
    for one in each:
        manifest = Digest(str(subject_at(folder, top, one.platform)["digest"]))
        for kind, data in _documents(job, one.name, manifest, one, told):
            digest = attach_in(folder, top, one.platform, kind, data)
            found.append(_about(kind, one, digest))
    return found


def _about(kind: str, one: _Platform, digest: Digest) -> Mapping[str, object]:
    return {"artifactType": kind, "platform": one.platform, "digest": digest}


def _platforms(job: BuildJob, built: Built) -> tuple[str, ...]:
    """Return the platforms that an image was pushed for; none is that of the build."""
    asked = platforms_asked(job.lock, ",".join(job.options.platforms))
    about = cast("Mapping[str, object]", built.metadata["containerimage.descriptor"])
    # Where something else can hold one alone, an image of several is made for that.
    return () if len(asked) > 1 and about["mediaType"] != INDEX else asked


def _pushed(
    job: BuildJob,
    built: Built,
    each: Sequence[_Platform],
    told: Told,
    pushed: _Pushed,
) -> Built:
    # Most runs attach nothing, and need not wait for an HTTP library.
    from dynbuild.tiers.oci.client import Client  # noqa: PLC0415

    top = Digest(str(built.digest))
    found: dict[Digest, Mapping[str, object]] = {}
    more: dict[str, object] = {}
    places: dict[Repository, list[str]] = {}
    for tag in job.options.tags:
        places.setdefault(repository(tag), []).append(parse(tag).tag or LATEST)
    # One index is the same everywhere, whatever else a registry calls the image.
    name = str(next(iter(places)))
    for place, tags in places.items():
        client = Client(place.host, os.environ)
        subjects = [subject_of(client, place, top, one.platform) for one in each]
        for one, subject in zip(each, subjects, strict=True):
            manifest = Digest(str(subject["digest"]))
            for kind, data in _documents(job, str(place), manifest, one, told):
                digest = attach(client, place, subject, kind, data)
                found[digest] = _about(kind, one, digest)
                pushed.setdefault(str(place), []).append(digest)
        if told.in_index:
            said = [
                (one.platform, subject, _statements(job, name, subject, one, told))
                for one, subject in zip(each, subjects, strict=True)
            ]
            index = attest(client, place, top, said, tags)
            more = {
                "containerimage.digest": index["digest"],
                "containerimage.descriptor": index,
                "dynbuild.unattested.digest": top,
            }
    digest = Digest(str(more.get("containerimage.digest", top)))
    more["dynbuild.referrers"] = [*found.values()]
    return replace(built, digest=digest, metadata={**built.metadata, **more})


def _documents(
    job: BuildJob, name: str, manifest: Digest, one: _Platform, told: Told
) -> Iterator[tuple[str, bytes]]:
    if told.sbom is not None:
        yield KINDS[told.sbom], bill_of(one.of.image, one.name, one.platform, told.sbom)
    if told.provenance:
        making, vouched = _making(job, name, one), told.provenance != "min"
        yield IN_TOTO, provenance(making, manifest, vouched=vouched)


def _statements(
    job: BuildJob,
    name: str,
    subject: Mapping[str, object],
    one: _Platform,
    told: Told,
) -> dict[str, bytes]:
    """Return what the index says of a manifest, by the types of the predicates.

    It is the same on every machine that makes the image of the same records.
    """
    manifest = Digest(str(subject["digest"]))
    said: dict[str, bytes] = {}
    if told.sbom is not None:
        asked = latest_time(job.lock, job.options)
        made = None if asked is None else asked * 1000
        bill = bill_of(one.of.image, name, one.platform, told.sbom, made)
        kind = PREDICATES[told.sbom]
        said[kind] = statement(kind, json.loads(bill), name, manifest)
    if told.provenance:
        making = _making(job, name, one)
        said[PREDICATE] = provenance(making, manifest, vouched=False)
    return said


def _making(job: BuildJob, name: str, one: _Platform) -> Making:
    lock = job.lock
    return Making(
        name=name,
        platform=one.platform,
        lock=sha256((job.environment.project.locks.read() or "").encode()),
        pins=[lock.base, *lock.images.values()],
        downloads=[d for entry in lock.stages.values() for d in entry.stage.add],
        steps=[*one.of.image.records()],
        rebased=one.of.rebased,
    )
