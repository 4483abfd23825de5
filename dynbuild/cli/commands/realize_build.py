"""Realization with progress: step by step, as a whole, or a shell before a stage."""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace

from dynbuild.api import WantedImage, realize_images
from dynbuild.building import ABLE, BuildFailed, Built, StepResult, UnsuitedError
from dynbuild.cli.commands.realize_ends import united, united_failure, warnings_of
from dynbuild.cli.output import say, show, tell
from dynbuild.cli.progress import Color, ProgressMode, once, progress, use_color
from dynbuild.cli.progress_summary import failure, summary, totals
from dynbuild.cli.progress_text import Titles
from dynbuild.cli.tracing import tracing
from dynbuild.environment.model import Environment
from dynbuild.environment.project import builder, images
from dynbuild.environment.wiring import backends, machine_of
from dynbuild.errors import CommandFailed, DeclarationError, DynbuildError
from dynbuild.explain.past import PastStep
from dynbuild.lockfile.images import ONLY
from dynbuild.lockfile.model import Lock
from dynbuild.realization.images import Linked
from dynbuild.realization.noted import note_onto
from dynbuild.realization.request import RealizeOptions, prepare, titles
from dynbuild.realization.shell import shell
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class BuildJob:
    """The lock to realize, where and how, and how to show progress.

    ``line`` has the image's name after those of the images that it extends, the root
    first; the only image has none.
    """

    environment: Environment
    lock: Lock
    options: RealizeOptions
    mode: ProgressMode
    color: Color
    line: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of the image."""
        return self.line[-1] if self.line else ONLY


@dataclass(frozen=True, slots=True)
class Ended:
    """The images that were made, by name, the exit status, and what failed, if any."""

    made: Mapping[str, Built]
    status: int
    failed: DynbuildError | None = None


def build_linear(job: BuildJob) -> Built:
    """Build the Dockerfile as a whole."""
    buildx = builder()
    colored = use_color(sys.stderr, job.color, os.environ)
    files = job.environment.project.files
    start = time.monotonic()
    with prepare(job.lock, files, images(), buildx, job.options) as prepared:
        names = prepared.titles
        show([prepared.narrowed] if prepared.narrowed else [], job.color)
        try:
            with progress(job.mode, sys.stderr, names, color=colored) as report:
                built = buildx.build(prepared.request, report)
        except BuildFailed as error:
            raise CommandFailed(failure(error, names)) from None
        sum_up(job.mode, built.steps, names, time.monotonic() - start)
        _note_own_base(job, prepared.request.platforms)
    return built


def _note_own_base(job: BuildJob, platforms: Sequence[str]) -> None:
    """Note that an image was made last on the base of its lock."""
    # It is built without a store too: then nothing was noted.
    with suppress(DeclarationError):
        machine = machine_of(job.environment)
        for platform in platforms:
            name = (job.options.project, job.options.image, platform)
            note_onto(machine, name, None)


def build_steps(jobs: Sequence[BuildJob]) -> Ended:
    """Realize images step by step, all at once, and link them."""
    start = time.monotonic()
    try:
        ends = realized(jobs)
    except UnsuitedError as error:
        hint = (
            "the Dockerfile is built as a whole, so a change runs again all that "
            f"comes after it;\n{_unkept(jobs)}{ABLE}"
        )
        (why,) = error.diagnostics
        show([replace(why, hint=hint, severity="warning")], jobs[0].color)
        return Ended({job.name: build_linear(job) for job in jobs}, 0)
    seconds = time.monotonic() - start
    linked = {name: end for name, end in ends.items() if isinstance(end, Linked)}
    failed = {n: end for n, end in ends.items() if isinstance(end, DynbuildError)}
    if linked:
        steps, past = united(linked.values())
        sum_up(jobs[0].mode, steps, titles_of(jobs), seconds, past)
        show(warnings_of(linked), jobs[0].color)
    made = {name: one.built for name, one in linked.items()}
    status = max((_compared(one) for one in linked.values()), default=0)
    return Ended(made, status, united_failure(failed, [*made]) if failed else None)


def _unkept(jobs: Sequence[BuildJob]) -> str:
    """Return what else a build of whole Dockerfiles does not do of what is declared."""
    locks = [job.lock for job in jobs]
    lost = ["versions of the lock are installed, and not compared with what comes"]
    lost = lost if any(lock.resolved for lock in locks) else []
    if any(lock.config.reproducible for lock in locks):
        lost.append("layers tell when they were made, though the image is reproducible")
    return "".join(f"{one};\n" for one in lost)


def _compared(linked: Linked) -> int:
    """Tell what differs from a plain build, if that was asked; return the status."""
    if linked.differences is None:
        return 0
    for difference in linked.differences:
        say(f"/{difference.path}: {difference.what}")
    count = len(linked.differences)
    noun = "path differs" if count == 1 else "paths differ"
    tell(f"{count or 'no'} {noun} from a plain build")
    return 1 if count else 0


def realized(jobs: Sequence[BuildJob]) -> dict[str, Linked | DynbuildError]:
    """Realize step by step, and tell of nothing but progress; return images by name."""
    names = titles_of(jobs)
    colored = use_color(sys.stderr, jobs[0].color, os.environ)
    with ExitStack() as stack:
        traces = [
            stack.enter_context(tracing(job.lock, job.environment, job.options))
            for job in jobs
        ]
        shown = stack.enter_context(
            progress(jobs[0].mode, sys.stderr, names, color=colored)
        )
        told = once(shown) if len(jobs) > 1 else shown
        ends = realize_images(
            [
                WantedImage(
                    job.lock,
                    replace(job.environment, report=trace.of(told)),
                    job.options,
                    job.line if len(jobs) > 1 else (),
                )
                for job, trace in zip(jobs, traces, strict=True)
            ]
        )
        found: dict[str, Linked | DynbuildError] = {}
        for job, trace, end in zip(jobs, traces, ends, strict=True):
            if isinstance(end, BuildFailed):
                trace.failed = (end.step or "", end.platform)
                found[job.name] = CommandFailed(
                    *(failure(one, names) for one in (end, *end.others))
                )
            else:
                trace.steps = end.steps if isinstance(end, Linked) else ()
                found[job.name] = end
        return found


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


def titles_of(jobs: Sequence[BuildJob]) -> Titles:
    """Return the titles of the steps of all images; of several, by image and step."""
    if len(jobs) == 1:
        return titles(jobs[0].lock)
    return {
        f"{image}/{step}": label
        for job in jobs
        for step, label in titles(job.lock).items()
        for image in job.line
    }


def sum_up(
    mode: ProgressMode,
    steps: Sequence[StepResult],
    names: Titles,
    seconds: float,
    past: Sequence[PastStep] = (),
) -> None:
    match mode:
        case "plain":
            tell(summary(steps, names, seconds, past))
        case "tty":
            # Each step already has its line.
            tell(totals(steps, seconds, past))
        case "quiet" | "rawjson":
            pass
