"""Images that are realized at once, and what is done with them once they are made."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dynbuild.building import Built, Nowhere
from dynbuild.cli.commands.realize_build import (
    BuildJob,
    Ended,
    build_linear,
    build_steps,
)
from dynbuild.cli.commands.realize_lock import with_digests
from dynbuild.cli.commands.realize_metadata import write_metadata
from dynbuild.cli.commands.realize_notes import unheld
from dynbuild.cli.commands.realize_onto import build_onto
from dynbuild.cli.commands.realize_settings import BuildSettings
from dynbuild.cli.commands.realize_signing import Attached, signed, signing
from dynbuild.cli.consent import Accepted
from dynbuild.cli.images import ChosenImage
from dynbuild.cli.output import show, shows, tell
from dynbuild.cli.progress import choose
from dynbuild.commands import secret_warnings
from dynbuild.commands.lock_warnings import left_out
from dynbuild.environment.model import Environment
from dynbuild.realization.request import RealizeOptions
from dynbuild.steps.model import Pin

if TYPE_CHECKING:
    from dynbuild.cli.commands.realize_bills import OnPlatform


def realize_each(
    jobs: Sequence[BuildJob],
    settings: BuildSettings,
    base: Pin | None = None,
) -> int:
    """Realize images, each step once, on another base if one is given.

    Then attach what is told of them, sign them, and return the exit status.
    """
    if warning := unheld(settings, jobs[0].options.outputs):
        show([warning], settings.color)
    cosign = signing(settings.sign, pushed=settings.push) if settings.sign else None
    locks = [job.lock for job in jobs]
    show(secret_warnings.concerns(locks, jobs[0].options.secrets), settings.color)
    ended, known = _realize(jobs, settings, base)
    beside: Attached = {}
    if settings.sbom or settings.provenance:
        # What reads packages takes time to import.
        from dynbuild.cli.commands.realize_bills import Told, attached  # noqa: PLC0415

        told = Told(settings.sbom, settings.provenance, settings.attest_in_index)
        made, beside = attached(jobs, ended.made, told, known)
        ended = replace(ended, made=made)
    unsigned = None
    if cosign is not None:
        made, unsigned = signed(jobs, ended.made, beside, cosign)
        ended = replace(ended, made=made)
    if settings.metadata_file is not None and (ended.made or len(jobs) > 1):
        write_metadata(settings.metadata_file, ended.made)
    if ended.failed is not None:
        if ended.made:
            tell(f"made nevertheless: {', '.join(ended.made)}")
        show(unsigned.diagnostics if unsigned else (), settings.color)
        raise ended.failed
    if unsigned is not None:
        raise unsigned
    return ended.status


def job_of(
    image: ChosenImage,
    request: RealizeOptions,
    agreed: Accepted,
    settings: BuildSettings,
) -> BuildJob:
    environment = Environment(
        image.project, agreed.cache, trusted=agreed.given, tell=shows(settings.color)
    )
    mode = choose(settings.progress, sys.stderr, os.environ)
    own = replace(request, project=environment.owner, image=image.name)
    lock = with_digests(image.project, image.lock)
    return BuildJob(environment, lock, own, mode, settings.color, image.line)


def _realize(
    jobs: Sequence[BuildJob], settings: BuildSettings, base: Pin | None
) -> "tuple[Ended, Mapping[str, Sequence[OnPlatform]]]":
    """Realize images; return also what is in them, where no tier will know it."""
    # The files of a project are one, whatever image looks at them.
    files = jobs[0].environment.project.files
    left_out_before = frozenset(files.left_out)
    known: Mapping[str, Sequence[OnPlatform]] = {}
    kept = "only its steps are"
    if base is not None:
        ended, known = build_onto(jobs, base)
        kept = "only its packages are"
    elif settings.linear:
        ended = _built_whole(jobs, settings)
        kept = "nothing of it is"
    else:
        ended = build_steps(jobs)
    if more := files.left_out - left_out_before:
        show([left_out(more)], settings.color)
    if ended.made and jobs[0].options.outputs == (Nowhere(),):
        tell(_nameless(kept, several=len(jobs) > 1))
    return ended, known


def _nameless(kept: str, *, several: bool) -> str:
    if several:
        kept = kept.replace("its", "their").replace("it ", "them ")
        return f"the images have no names: {kept} kept (give some with -t)"
    return f"the image has no name: {kept} kept (give one with -t)"


def _built_whole(jobs: Sequence[BuildJob], settings: BuildSettings) -> Ended:
    """Build the Dockerfiles of images one after the other."""
    made: dict[str, Built] = {}
    for job in jobs:
        if job.name and settings.progress not in {"quiet", "rawjson"}:
            tell(f"image {job.name}")
        made[job.name] = build_linear(job)
    return Ended(made, 0)
