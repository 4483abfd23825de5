"""``dynbuild verify``."""

import os
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import click

from dynbuild.building import BuildFailed
from dynbuild.cli import options
from dynbuild.cli.arguments import arguments_of
from dynbuild.cli.commands.realize import fresh, realize_options, settled_with
from dynbuild.cli.commands.realize_build import BuildJob
from dynbuild.cli.commands.realize_made import job_of
from dynbuild.cli.commands.realize_settings import (
    RunningSettings,
    running_options,
    without_image,
)
from dynbuild.cli.completion import stages
from dynbuild.cli.consent import accepted
from dynbuild.cli.images import ChosenImage, every_image, with_image
from dynbuild.cli.output import data, say, tell
from dynbuild.cli.progress import progress, use_color
from dynbuild.cli.progress_summary import failure
from dynbuild.commands.why import named
from dynbuild.engine.looking import entries_of
from dynbuild.environment.project import Project, open_project
from dynbuild.environment.wiring import backends_twice
from dynbuild.errors import CommandFailed
from dynbuild.explain.reproducing import TIMES, Irreproducible, irreproducible
from dynbuild.lockfile.images import AnyLock, as_images
from dynbuild.lockfile.order import install_order
from dynbuild.realization.request import titles
from dynbuild.realization.verifying import runs_of
from dynbuild.values import dataclass

_MOST, _FEW = 20, 3
"""Paths of a step that are shown, and of those only in their times; --json has all."""


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
    "dynbuild verify                  # every step",
    "dynbuild verify app              # one stage",
)
def verify(settings: VerifySettings) -> int:
    """Run steps twice, and list what they do not write the same.

    Each runs on what the store holds below it, with nothing cached but its cache
    mounts. For each path that differs, the likely reason is told: the time, an order, a
    random name. What was built is kept as it is.

    STEP is a stage, a step that `dynbuild why --order` shows, or a kind of step; of
    several images IMAGE/STEP, or IMAGE for what it has beside what it extends.

    Exits with status 1 if a step writes something else the second time.
    """
    project = open_project(settings.config)
    arguments = arguments_of(settings.expressions, settings.texts)
    recipe, declared = fresh(project, arguments, (settings.expressions, settings.texts))
    recipe = settled_with(recipe, arguments)
    running = without_image(settings, settings.platform)
    request, agreed = realize_options(running), accepted(project, declared)
    found: dict[str, tuple[Irreproducible, ...]] = {}
    for image, steps in _chosen(project, recipe, settings.names):
        of = f"{image.name}/" if image.name else ""
        ran = _found(job_of(image, request, agreed, running), steps)
        found |= {f"{of}{step}": differ for step, differ in ran.items()}
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


def _chosen(
    project: Project, recipe: AnyLock, names: Sequence[str]
) -> Iterator[tuple[ChosenImage, list[str]]]:
    """Yield the images with their steps that are named, or with all that are theirs."""
    whole = {*as_images(recipe).images} & {*names}
    asked = with_image(recipe, [name for name in names if name not in whole])
    inherited: dict[str, Collection[str]] = {"": ()}
    for image in every_image(project, recipe):
        order = install_order(image.lock)
        above = inherited["".join(image.line[-2:-1])]
        inherited[image.name] = {placed.id for placed in order}
        if not names or image.name in whole:
            steps = [placed.id for placed in order if placed.id not in above]
        else:
            own = [step for name, step in asked if name == image.name]
            steps = [placed.id for name in own for placed in named(order, name)]
        if steps:
            yield image, [*dict.fromkeys(steps)]


def _found(
    job: BuildJob, steps: Sequence[str]
) -> Mapping[str, tuple[Irreproducible, ...]]:
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
