"""``dynbuild realize --onto``: what it tells."""

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import replace

from dynbuild.api import WantedImage, put_onto
from dynbuild.building import BuildFailed, Built, UnsuitedError
from dynbuild.cli.commands.realize_build import BuildJob, sum_up, titles_of
from dynbuild.cli.commands.realize_settings import RealizeSettings
from dynbuild.cli.output import show, tell
from dynbuild.cli.progress import once, progress, use_color
from dynbuild.cli.progress_summary import failure
from dynbuild.errors import CommandFailed, DeclarationError, Diagnostic
from dynbuild.steps.model import Pin


def unfit(settings: RealizeSettings) -> Mapping[str, object]:
    """Return what does not apply to an image on another base, by its flag."""
    by_step = {f: v for f, v in settings.step_by_step.items() if f != "--strict"}
    return {
        "--print": settings.only_print,
        "--shell": settings.shell,
        "--linear": settings.linear,
        "--no-cache": settings.no_cache,
        "--sbom": settings.sbom,
        "--provenance": settings.provenance,
        "--attest-in-index": settings.attest_in_index,
        "--sign": settings.sign,
        **by_step,
    }


def build_onto(job: BuildJob, base: Pin) -> Built:
    """Make an image on another base. Raises CommandFailed, DeclarationError."""
    if job.line:
        message = "--onto is for a declaration of one image, and this has several"
        hint = "change the base in the declaration, and run `dynbuild lock`"
        raise DeclarationError(Diagnostic("DB0450", message, hint=hint))
    named = f"{base.image}@{base.digest}" if base.digest else base.image
    tell(f"onto {named}")
    start = time.monotonic()
    names = titles_of([job])
    colored = use_color(sys.stderr, job.color, os.environ)
    try:
        with progress(job.mode, sys.stderr, names, color=colored) as shown:
            environment = replace(job.environment, report=once(shown))
            put = put_onto(WantedImage(job.lock, environment, job.options), base)
    except UnsuitedError as error:
        (why,) = error.diagnostics
        hint = "without --onto the Dockerfile is built as a whole"
        raise CommandFailed(
            Diagnostic("DB0452", f"--onto needs layers: {why.message}", hint=hint)
        ) from None
    except BuildFailed as error:
        raise CommandFailed(failure(error, names)) from None
    linked = put.linked
    steps = linked.built.steps
    sum_up(job.mode, steps, names, time.monotonic() - start, linked.steps)
    show(linked.warnings, job.color)
    stayed = [id_ for id_, why in put.verdicts.items() if why is None]
    tell(f"stages that stay as they were built: {', '.join(stayed) or 'none'}")
    for id_, reason in put.verdicts.items():
        if reason is not None:
            tell(f"{id_} was built on it: {reason}")
    about = {"base": named, "rebased": stayed}
    built = linked.built
    return replace(built, metadata={**built.metadata, "dynbuild.onto": about})
