"""``dynbuild realize --onto``: images on another base, and what it tells of them."""

import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dynbuild.api import WantedImage, put_onto
from dynbuild.building import BuildFailed, Built, UnsuitedError
from dynbuild.cli.commands.realize_build import BuildJob, Ended, sum_up, titles_of
from dynbuild.cli.commands.realize_settings import RealizeSettings
from dynbuild.cli.output import show, tell
from dynbuild.cli.progress import once, progress, use_color
from dynbuild.cli.progress_summary import failure
from dynbuild.environment.project import images
from dynbuild.errors import CommandFailed, DeclarationError, Diagnostic, DynbuildError
from dynbuild.lockfile.model import is_same
from dynbuild.steps.model import Pin

if TYPE_CHECKING:
    from dynbuild.cli.commands.realize_bills import OnPlatform
    from dynbuild.realization.onto import PutPlatform


def unfit(settings: RealizeSettings) -> Mapping[str, object]:
    """Return what does not apply to an image on another base, by its flag."""
    by_step = {f: v for f, v in settings.step_by_step.items() if f != "--strict"}
    return {
        "--print": settings.only_print,
        "--shell": settings.shell,
        "--linear": settings.linear,
        "--no-cache": settings.no_cache,
        **by_step,
    }


def new_base(jobs: Sequence[BuildJob], name: str) -> Pin | None:
    """Return the base that images are put onto; None if it is theirs.

    Raises DeclarationError for images that cannot be put onto one.
    """
    # Where none is put onto anything, nothing of it is needed.
    from dynbuild.realization.onto import refuse_unmovable  # noqa: PLC0415

    for job in jobs:
        refuse_unmovable(job.lock, job.line)
    base = images().pin(name)
    others = [job.name for job in jobs if not is_same(job.lock.base, base)]
    if others and len(others) < len(jobs):
        there = [job.name for job in jobs if job.name not in others]
        message = f"{base.reference} is the base of {', '.join(there)} already"
        hint = f"name the images that are to go there: {' '.join(others)}"
        raise DeclarationError(Diagnostic("DB0450", message, hint=hint))
    return base if others else None


def build_onto(
    jobs: Sequence[BuildJob], base: Pin
) -> "tuple[Ended, dict[str, list[OnPlatform]]]":
    """Make images on another base, one after the other; return also what is in each.

    Raises CommandFailed, DeclarationError where none was made.
    """
    tell(f"onto {base.reference}")
    made: dict[str, Built] = {}
    known: dict[str, list[OnPlatform]] = {}
    for at, job in enumerate(jobs):
        if job.name:
            tell(f"image {job.name}")
        try:
            made[job.name], known[job.name] = _put(job, base)
        except DynbuildError as error:
            if not made:
                raise
            if behind := [one.name for one in jobs[at + 1 :]]:
                tell(f"not tried: {', '.join(behind)}")
            return Ended(made, 0, error), known
    return Ended(made, 0), known


def _put(job: BuildJob, base: Pin) -> "tuple[Built, list[OnPlatform]]":
    # What reads packages takes time to import.
    from dynbuild.cli.commands.realize_bills import OnPlatform  # noqa: PLC0415
    from dynbuild.sbom.provenance import Rebased  # noqa: PLC0415

    start = time.monotonic()
    names = titles_of([job])
    colored = use_color(sys.stderr, job.color, os.environ)
    try:
        with progress(job.mode, sys.stderr, names, color=colored) as shown:
            environment = replace(job.environment, report=once(shown))
            wanted = WantedImage(job.lock, environment, job.options)
            put, found = put_onto(wanted, base)
    except UnsuitedError as error:
        (why,) = error.diagnostics
        hint = "without --onto the Dockerfile is built as a whole"
        raise CommandFailed(
            Diagnostic("DB0452", f"--onto needs layers: {why.message}", hint=hint)
        ) from None
    except BuildFailed as error:
        raise CommandFailed(failure(error, names)) from None
    built = put.linked.built
    seconds = time.monotonic() - start
    sum_up(job.mode, built.steps, names, seconds, put.linked.steps)
    show(put.linked.warnings, job.color)
    _tell(put.platforms)
    about = {"base": base.reference, "lock": job.lock.base.reference}
    each = {one.platform: _data(one) for one in put.platforms}
    (only, *others) = each.values()
    told = {**about, **({"platforms": each} if others else only)}
    built = replace(built, metadata={**built.metadata, "dynbuild.onto": told})
    return built, [
        OnPlatform(
            one.platform,
            found[one.platform],
            Rebased(base, job.lock.base, one.stayed),
        )
        for one in put.platforms
    ]


def _tell(platforms: "Sequence[PutPlatform]") -> None:
    for one in platforms:
        where = f"{one.platform}: " if len(platforms) > 1 else ""
        stayed = ", ".join(one.stayed) or "none"
        tell(f"{where}stages that stay as they were built: {stayed}")
        for id_, reason in _reasons(one):
            tell(f"{where}{id_} was built on it: {reason}")


def _data(one: "PutPlatform") -> Mapping[str, object]:
    return {"rebased": [*one.stayed], "built": dict(_reasons(one))}


def _reasons(one: "PutPlatform") -> Iterable[tuple[str, str]]:
    return ((id_, why) for id_, why in one.verdicts.items() if why is not None)
