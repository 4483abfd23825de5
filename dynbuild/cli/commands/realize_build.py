"""Realization with progress: step by step, as a whole, or a shell before a stage."""

import os
import sys
import time
from dataclasses import dataclass, replace

from dynbuild.api import realize
from dynbuild.building import BuildFailed, Built
from dynbuild.cli.output import say, show, tell
from dynbuild.cli.progress import Color, ProgressMode, progress, use_color
from dynbuild.cli.progress_summary import failure, summary, totals
from dynbuild.cli.progress_text import Titles
from dynbuild.environment.model import Environment
from dynbuild.environment.project import builder, images
from dynbuild.environment.wiring import backends
from dynbuild.errors import CommandFailed
from dynbuild.lockfile.model import Lock
from dynbuild.realization.request import RealizeOptions, prepare, titles
from dynbuild.realization.run import ABLE, UnsuitedError
from dynbuild.realization.shell import shell


@dataclass(frozen=True, slots=True)
class BuildJob:
    """The lock to realize, where and how, and how to show progress."""

    environment: Environment
    lock: Lock
    options: RealizeOptions
    mode: ProgressMode
    color: Color


def build_linear(job: BuildJob) -> tuple[Built, int]:
    """Build the Dockerfile as a whole; return the result and the exit status."""
    buildx = builder()
    colored = use_color(sys.stderr, job.color, os.environ)
    files = job.environment.project.files
    start = time.monotonic()
    with prepare(job.lock, files, images(), buildx, job.options) as prepared:
        names = prepared.titles
        try:
            with progress(job.mode, sys.stderr, names, color=colored) as report:
                built = buildx.build(prepared.request, report)
        except BuildFailed as error:
            raise CommandFailed(failure(error, names)) from None
        _sum_up(job.mode, built, names, time.monotonic() - start)
    return built, 0


def build_steps(job: BuildJob) -> tuple[Built, int]:
    """Realize step by step and link; return the result and the exit status."""
    start = time.monotonic()
    colored = use_color(sys.stderr, job.color, os.environ)
    names = titles(job.lock)
    try:
        with progress(job.mode, sys.stderr, names, color=colored) as report:
            environment = replace(job.environment, report=report)
            linked = realize(job.lock, environment, job.options)
    except BuildFailed as error:
        raise CommandFailed(failure(error, names)) from None
    except UnsuitedError as error:
        hint = (
            "the Dockerfile is built as a whole, so a change runs again all that "
            f"comes after it;\n{ABLE}"
        )
        (why,) = error.diagnostics
        show([replace(why, hint=hint, severity="warning")], job.color)
        return build_linear(job)
    _sum_up(job.mode, linked.built, names, time.monotonic() - start)
    show(linked.warnings, job.color)
    if linked.differences is None:
        return linked.built, 0
    for difference in linked.differences:
        say(f"/{difference.path}: {difference.what}")
    count = len(linked.differences)
    noun = "path differs" if count == 1 else "paths differ"
    tell(f"{count or 'no'} {noun} from a plain build")
    return linked.built, 1 if count else 0


def open_shell(job: BuildJob, stage: str) -> int:
    """Open a shell where a stage would begin; return its exit status."""
    # A live display would be redrawn over the shell.
    mode: ProgressMode = "plain" if job.mode == "tty" else job.mode
    names = titles(job.lock)
    try:
        with (
            progress(mode, sys.stderr, names) as report,
            backends(replace(job.environment, report=report), job.lock) as opened,
        ):
            options = replace(job.options, tags=(), outputs=())
            return shell(job.lock, opened, options, stage)
    except BuildFailed as error:
        raise CommandFailed(failure(error, names)) from None


def _sum_up(mode: ProgressMode, built: Built, names: Titles, seconds: float) -> None:
    match mode:
        case "plain":
            tell(summary(built.steps, names, seconds))
        case "tty":
            # Each step already has its line.
            tell(totals(built.steps, seconds))
        case "quiet" | "rawjson":
            pass
