"""``dynbuild packages``."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import click

from dynbuild.cli import options
from dynbuild.cli.arguments import Pairs, arguments_of
from dynbuild.cli.bills import bill_of
from dynbuild.cli.completion import stages
from dynbuild.cli.consent import accepted, accepted_before
from dynbuild.cli.images import (
    ChosenImage,
    as_data,
    every_image,
    one_image,
    subjects,
    with_image,
)
from dynbuild.cli.options import request
from dynbuild.cli.output import data, say, show, shows, tell, written
from dynbuild.cli.progress import Color
from dynbuild.cli.project import load_declaration
from dynbuild.cli.render.packages import (
    change_data,
    changes_of_step,
    contents_data,
    packages_text,
    problem_text,
    summary,
)
from dynbuild.cli.render.reasons import listed
from dynbuild.commands import lock as locking
from dynbuild.commands import packages as verb
from dynbuild.commands.why import named, usual_platform
from dynbuild.environment.history import history_of
from dynbuild.environment.model import Environment
from dynbuild.environment.packages import shelf_of
from dynbuild.environment.project import builder, open_project
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.explain.installed import Contents
from dynbuild.lockfile.images import as_images
from dynbuild.sbom.kinds import KINDS
from dynbuild.tiers.declared import Cache, declared_in


@click.command()
@click.argument("names", metavar="[STEP]...", nargs=-1, shell_complete=stages)
@options.frozen
@request(
    "--sbom",
    type=click.Choice([*KINDS]),
    help="Write a bill of materials in this format instead of a table.",
)
@options.output
@options.platform("those of the lock, else that of the last build", several=True)
@options.as_json
@options.color
@options.config
@options.arguments
@options.accept_cache
@options.examples(
    "dynbuild packages                # all that the image has installed",
    "dynbuild packages apt            # what each group of apt changed",
    "dynbuild packages --sbom spdx -o image.spdx.json",
)
def packages(  # noqa: PLR0913 - one parameter a flag
    *,
    names: tuple[str, ...],
    config: str | None,
    expressions: Pairs,
    texts: Pairs,
    frozen: bool,
    sbom: str | None,
    output: str | None,
    platform: str | None,
    as_json: bool,
    color: Color,
) -> int:
    """List what the image has installed, and the step that brought it.

    Reads what apt, yum, apk, pip and npm left in the layers; nothing is built or run.
    Without STEP, lists all packages of the image, those of its base included; of
    several images of each, or of those that are named.

    STEP is a stage, a step that `dynbuild why --order` shows, a kind of step or a
    package; of several images, IMAGE/STEP. For each STEP, shows the packages that it
    brought, changed and removed. With --sbom, of several images one has to be named
    instead.

    Exits with status 1 if a step is in no tier, so that what it installed is unknown.
    """
    project = open_project(config, lock_alone=frozen)
    recipe = locking.held_by(project.locks)
    if frozen:
        cache = accepted_before(project)
    else:
        given = arguments_of(expressions, texts)
        loaded = load_declaration(project, given, locking.recorded(project.locks))
        cache = accepted(project, declared_in(loaded.declaration)).cache
    if sbom is not None:
        _refuse_with_bill(names, platform, as_json=as_json)
        of = names[0] if names else None
        image = one_image(project, recipe, of, "a bill of materials")
        found, chosen = packages_of(image, cache, platform, color)
        called = image.name or project.place.root.name or "image"
        written(bill_of(found, called, chosen, sbom).decode(), output)
        return 0
    images = {*as_images(recipe).images} & {*names}
    asked = with_image(recipe, [name for name in names if name not in images])
    whole = True
    told: dict[tuple[str, str], object] = {}
    for subject in subjects(every_image(project, recipe), platform):
        image = subject.image
        steps = [step for name, step in asked if name == image.name]
        if names and not steps and image.name not in images:
            continue
        found, _ = packages_of(image, cache, subject.platform, color)
        contents = found.contents()
        by_step = {
            placed.id: found.contents_with(placed, contents)
            for name in steps
            for placed in named(found.order, name)
        }
        if as_json:
            told[subject.key] = _data(contents, by_step if steps else None)
        else:
            if subject.heading:
                say(subject.heading)
            _say(contents, by_step if steps else None)
        for one in _each((contents,) if not steps else by_step.values()):
            show(incomplete(one), color)
            whole = whole and not one.unknown
    if as_json:
        data(as_data(told))
    return 0 if whole else 1


def _refuse_with_bill(
    names: Sequence[str], platform: str | None, *, as_json: bool
) -> None:
    if platform and "," in platform:
        message = "--sbom is about one image, and so about one platform"
        raise DeclarationError(Diagnostic("DB0317", message, hint="name one of them"))
    if as_json or len(names) > 1:
        message = "--sbom is about one image, whole, in a format of its own"
        hint = "leave --json out, and name no more than one image"
        raise DeclarationError(Diagnostic("DB0317", message, hint=hint))


def packages_of(
    image: ChosenImage, cache: Cache, platform: str | None, color: Color
) -> tuple[verb.Image, str]:
    """Return an image with what its steps installed, and the platform looked at.

    That is the given one, or that of the last build.
    """
    environment = Environment(image.project, cache, tell=shows(color))
    if not platform:
        history = history_of(image.project, environment.tell)
        platform = usual_platform(image.lock, history, lambda: builder().platform(None))
    return verb.packages(image.lock, shelf_of(environment), platform), platform


def _each(found: Iterable[Contents]) -> list[Contents]:
    """Return contents, each once: those of the image stand for all of its steps."""
    return [*{id(one): one for one in found}.values()]


def _say(contents: Contents, by_step: Mapping[str, Contents] | None) -> None:
    if by_step is None:
        say(packages_text(contents))
        tell(summary(contents))
        return
    for step, one in by_step.items():
        if step not in one.unknown:
            say(changes_of_step(step, one.changes.get(step, ())))


def _data(
    contents: Contents, by_step: Mapping[str, Contents] | None
) -> dict[str, object]:
    if by_step is None:
        return {"version": 1, **contents_data(contents)}
    steps = {
        step: {
            "known": step not in one.unknown,
            "changes": [*map(change_data, one.changes.get(step, ()))],
        }
        for step, one in by_step.items()
    }
    return {"version": 1, "steps": steps}


def incomplete(contents: Contents) -> Iterator[Diagnostic]:
    """Yield a warning for all that keeps contents from being known whole."""
    if contents.unknown:
        names = listed([step or "the base" for step in contents.unknown])
        message = f"nobody knows what {names} installed: no tier holds it"
        hint = "`dynbuild realize` builds what is missing"
        yield Diagnostic("DB0640", message, hint=hint, severity="warning")
    for problem in contents.problems:
        message = f"cannot tell all packages: {problem_text(problem)}"
        hint = "ask the package manager that wrote it; all other files were read"
        yield Diagnostic("DB0641", message, hint=hint, severity="warning")
