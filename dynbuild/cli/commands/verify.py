"""``dynbuild verify``."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import click

from dynbuild.building import BuildFailed
from dynbuild.cli import options
from dynbuild.cli.arguments import arguments_of
from dynbuild.cli.commands.realize import fresh, job_of, realize_options, settled_with
from dynbuild.cli.commands.realize_build import BuildJob
from dynbuild.cli.commands.realize_settings import (
    RunningSettings,
    running_options,
    without_image,
)
from dynbuild.cli.completion import stages
from dynbuild.cli.consent import accepted
from dynbuild.cli.images import ChosenImage, one_image, with_image
from dynbuild.cli.output import data, say, tell
from dynbuild.cli.progress import progress, use_color
from dynbuild.cli.progress_summary import failure
from dynbuild.commands.why import named
from dynbuild.engine.looking import entries_of
from dynbuild.environment.project import open_project
from dynbuild.environment.wiring import backends_twice
from dynbuild.errors import CommandFailed, DeclarationError, Diagnostic
from dynbuild.explain.reproducing import TIMES, Irreproducible, irreproducible
from dynbuild.lockfile.order import install_order
from dynbuild.realization.request import titles
from dynbuild.realization.verifying import runs_of

_MOST, _FEW = 20, 3
"""Paths of a step that are shown, and of those only in their times; --json has all."""

Found = Mapping[str, tuple[Irreproducible, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifySettings(RunningSettings):
    """What ``verify`` is called with."""

    names: tuple[str, ...]
    as_json: bool


@click.command()
@click.argument("names", metavar="[STEP]...", nargs=-1, shell_complete=stages)
@running_options
@options.as_json
@options.color
@options.config
@options.arguments
@options.accept_cache
@options.settings(VerifySettings)
@options.examples(
    "dynbuild verify                  # every step of the image",
    "dynbuild verify app              # one stage",
)
def verify(settings: VerifySettings) -> int:
    """Run steps twice, and list what they do not write the same.

    Each runs on what the store holds below it, with nothing cached but its cache
    mounts. For each path that differs, the likely reason is told: the time, an order, a
    random name. What was built is kept as it is.

    STEP is a stage, a step that `dynbuild why --order` shows, or a kind of step; of
    several images, IMAGE/STEP.

    Exits with status 1 if a step writes something else the second time.
    """
    project = open_project(settings.config)
    arguments = arguments_of(settings.expressions, settings.texts)
    recipe, declared = fresh(project, arguments, (settings.expressions, settings.texts))
    recipe = settled_with(recipe, arguments)
    asked = with_image(recipe, settings.names)
    names = {name for name, _ in asked}
    if len(names) > 1:
        message = f"verify is of one image, and here are {len(names)}"
        raise DeclarationError(Diagnostic("DB0350", message, hint="name steps of one"))
    image = one_image(project, recipe, next(iter(names), "") or None, "verify")
    running = without_image(settings)
    job = job_of(image, realize_options(running), accepted(project, declared), running)
    found = _found(job, _steps(image, [step for _, step in asked]))
    if settings.as_json:
        data({"version": 1, "steps": {name: _data(one) for name, one in found.items()}})
    else:
        for name, differ in found.items():
            for line in _lines(name, differ):
                say(line)
    count = sum(map(bool, found.values()))
    those = f"{len(found)} step{'s' * (len(found) != 1)}"
    what = "differs" if count == 1 else "differ"
    tell(f"{those} ran twice: {count or 'none'} {what if count else 'differs'}")
    return 1 if count else 0


def _steps(image: ChosenImage, names: Sequence[str]) -> list[str]:
    order = install_order(image.lock)
    if not names:
        return [placed.id for placed in order]
    chosen = [placed.id for name in names for placed in named(order, name)]
    return [*dict.fromkeys(chosen)]


def _found(job: BuildJob, steps: Sequence[str]) -> Found:
    names = titles(job.lock)
    colored = use_color(sys.stderr, job.color, os.environ)
    found: dict[str, tuple[Irreproducible, ...]] = {}
    try:
        with (
            progress(job.mode, sys.stderr, names, color=colored) as report,
            backends_twice(replace(job.environment, report=report), job.lock) as both,
        ):
            opened, aside = both
            for step, (one, other) in runs_of(
                job.lock, opened, aside, job.options, steps
            ):
                found[step] = ()
                if one.layers != other.layers:
                    first, second = (
                        entries_of(run.layers, aside.tier) for run in (one, other)
                    )
                    found[step] = irreproducible(first, second)
    except BuildFailed as error:
        raise CommandFailed(failure(error, names)) from None
    return found


def _lines(name: str, differ: Sequence[Irreproducible]) -> Iterator[str]:
    yield f"{name}: {'differs' if differ else 'the same twice'}"
    times = [f"/{one.path}" for one in differ if one.what == TIMES]
    others = [one for one in differ if one.what != TIMES]
    width = max((len(one.path) for one in others[:_MOST]), default=0)
    for one in others[:_MOST]:
        reason = f": {one.reason}" if one.reason else ""
        yield f"  /{one.path:{width}}  {one.what}{reason}"
    if len(others) > _MOST:
        yield f"  and {len(others) - _MOST} more (--json has all)"
    if times:
        more = f" and {len(times) - _FEW} more" if len(times) > _FEW else ""
        yield f"  the time at which they were written: {', '.join(times[:_FEW])}{more}"


def _data(differ: Sequence[Irreproducible]) -> Mapping[str, object]:
    paths = [
        {"path": f"/{one.path}", "differs": one.what, "reason": one.reason}
        for one in differ
    ]
    return {"same": not differ, "paths": paths}
