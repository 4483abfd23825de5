"""Bills of materials beside images that were pushed, as what refers to them."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace

from dynbuild.building import Built
from dynbuild.cli.bills import bill_of
from dynbuild.cli.commands.packages import packages_of
from dynbuild.cli.commands.realize_build import BuildJob
from dynbuild.cli.images import ChosenImage
from dynbuild.digest import Digest
from dynbuild.errors import CommandFailed, Diagnostic, UnreachableError
from dynbuild.sbom.kinds import KINDS
from dynbuild.tiers.oci.address import repository
from dynbuild.tiers.registry.referrers import Document, attach


def with_bills(
    jobs: Sequence[BuildJob], made: Mapping[str, Built], form: str
) -> dict[str, Built]:
    """Attach a bill to each platform of the images that were made and pushed.

    Return the images, with the digests of their bills in the metadata. Raises
    CommandFailed, UnreachableError.
    """
    images = {job.name: job for job in jobs if job.name in made}
    return {name: _with_bill(job, made[name], form) for name, job in images.items()}


def _with_bill(job: BuildJob, built: Built, form: str) -> Built:
    image = ChosenImage(job.line, job.environment.project, job.lock)
    called = image.name or image.project.place.root.name or "image"
    bills = []
    for platform in job.options.platforms or (None,):
        found, chosen = packages_of(image, job.environment.cache, platform, job.color)
        bills.append(
            Document(chosen, KINDS[form], bill_of(found, called, chosen, form))
        )
    digests = _attached(job.options.tags, Digest(str(built.digest)), bills)
    referrers = [
        {"artifactType": bill.kind, "platform": bill.platform, "digest": digest}
        for bill, digest in zip(bills, digests, strict=True)
    ]
    return replace(built, metadata={**built.metadata, "dynbuild.referrers": referrers})


def _attached(
    tags: Sequence[str], image: Digest, bills: Sequence[Document]
) -> Sequence[Digest]:
    # Most runs attach nothing, and need not wait for an HTTP library.
    from dynbuild.tiers.oci.client import Client  # noqa: PLC0415
    from dynbuild.tiers.oci.errors import RegistryError  # noqa: PLC0415

    digests: Sequence[Digest] = ()
    try:
        for place in dict.fromkeys(repository(tag) for tag in tags):
            digests = attach(Client(place.host, os.environ), place, image, bills)
    except RegistryError as error:
        message = f"the image is pushed, and its bill of materials is not: {error}"
        if error.retryable:
            hint = "try again when the registry answers"
            raise UnreachableError(Diagnostic("DB0504", message, hint=hint)) from None
        hint = "`dynbuild packages --sbom` writes it into a file"
        raise CommandFailed(Diagnostic("DB0511", message, hint=hint)) from None
    return digests
