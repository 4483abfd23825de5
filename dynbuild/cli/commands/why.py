"""``dynbuild why``."""

from dataclasses import replace

import click

from dynbuild import api
from dynbuild.cli import options
from dynbuild.cli.arguments import Pairs, arguments_of
from dynbuild.cli.commands.why_installed import none_is_a_step, tell_installed
from dynbuild.cli.completion import stages
from dynbuild.cli.consent import accepted, accepted_before
from dynbuild.cli.images import (
    Key,
    as_data,
    every_image,
    heading,
    subjects,
    with_image,
)
from dynbuild.cli.options import request
from dynbuild.cli.output import data, say, show, shows
from dynbuild.cli.progress import Color
from dynbuild.cli.project import load_declaration
from dynbuild.cli.render.why_data import answer_data
from dynbuild.cli.render.why_text import order_text, overview_text, step_text
from dynbuild.commands import lock as locking
from dynbuild.commands.why import Explanation, is_on
from dynbuild.environment.model import Environment
from dynbuild.environment.project import Project, images, open_project
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.lockfile.images import AnyLock
from dynbuild.tiers.declared import Cache, declared_in


@click.command()
@click.argument("names", metavar="[STEP]...", nargs=-1, shell_complete=stages)
@options.frozen
@request(
    "--order",
    is_flag=True,
    help="Explain the place of every step in the install order.",
)
@request(
    "--since",
    metavar="REV",
    help="Compare with the lock at git revision REV instead of the last realization.",
)
@request(
    "--package",
    "installed",
    metavar="NAME",
    multiple=True,
    help="Explain why package NAME is installed, declared or not; repeatable.",
)
@options.platform("those of the lock, else that of the last build", several=True)
@options.as_json
@options.color
@options.config
@options.arguments
@options.accept_cache
@options.examples(
    "dynbuild why                     # what the next realize would run",
    "dynbuild why app                 # and what if the stage app changed",
    "dynbuild why --package libssl3   # which declared package pulled it in",
)
def why(  # noqa: PLR0913 - one parameter a flag
    *,
    names: tuple[str, ...],
    config: str | None,
    expressions: Pairs,
    texts: Pairs,
    frozen: bool,
    order: bool,
    since: str | None,
    installed: tuple[str, ...],
    platform: str | None,
    as_json: bool,
    color: Color,
) -> int:
    """Explain what would run, and why, without building anything.

    Without STEP, shows all that would run, grouped by root cause, and what it costs.

    STEP is a stage, a step that --order shows, a kind of step (apt, script, user) or a
    package; of several images, IMAGE/STEP. For each STEP, shows its place, what it
    stands on, where it would come from, and what would run if it changed next.

    A name that no step has is looked for among the packages that the image has
    installed, as --package does: by which step it came, and what needs it.
    """
    _refuse_both(order=order, names=names, installed=installed)
    project = open_project(config, lock_alone=frozen)
    if frozen:
        recipe, cache = locking.held_by(project.locks), accepted_before(project)
    else:
        recipe, cache = _current(project, expressions, texts, color)
    if installed:
        wanted = [(None, name) for name in installed]
        return tell_installed(
            project, recipe, cache, wanted, platform, color, as_json=as_json
        )
    asked = with_image(recipe, names)
    if asked and none_is_a_step(recipe, asked):
        return tell_installed(
            project,
            recipe,
            cache,
            asked,
            platform,
            color,
            as_json=as_json,
            as_step=True,
        )
    answers: dict[Key, Explanation] = {}
    for subject in subjects(every_image(project, recipe), platform):
        image = subject.image
        steps = [step for name, step in asked if name == image.name]
        if subject.told:
            # Some are there for one of the platforms and not for another.
            steps = [one for one in steps if is_on(image.lock, one, subject.told)]
        if steps or not names:
            environment = Environment(image.project, cache, tell=shows(color))
            answers[subject.key] = api.why(
                image.lock, environment, steps, since=since, platform=subject.platform
            )
    if as_json:
        data(as_data({key: answer_data(one) for key, one in answers.items()}))
        return 0
    blocks = []
    for key, answer in answers.items():
        text = _text(answer, since, order=order)
        head = heading(*key)
        blocks.append(f"{head}\n{text}" if head else text)
    say("\n\n".join(blocks))
    return 0


def _refuse_both(
    *, order: bool, names: tuple[str, ...], installed: tuple[str, ...]
) -> None:
    if order and names:
        message = "--order and a step contradict one another"
        hint = "--order speaks of all steps"
        raise DeclarationError(Diagnostic("DB0317", message, hint=hint))
    if installed and (order or names):
        message = "--package stands alone"
        hint = "ask for steps in a command of their own"
        raise DeclarationError(Diagnostic("DB0317", message, hint=hint))


def _text(answer: Explanation, since: str | None, *, order: bool) -> str:
    if order:
        return order_text(answer)
    if answer.steps:
        return "\n\n".join(step_text(answer, step, since) for step in answer.steps)
    return overview_text(answer, since)


def _current(
    project: Project, expressions: Pairs, texts: Pairs, color: Color
) -> tuple[AnyLock, Cache]:
    """Return the lock of the file, and the tiers that the declaration names."""
    recorded = locking.recorded(project.locks)
    loaded = load_declaration(project, arguments_of(expressions, texts), recorded)
    locked = locking.check(loaded, project.files, project.locks, images)
    recipe = locking.held_by(project.locks)
    if locked.text is not None:
        (stale,) = locking.stale(locked).diagnostics
        hint = "what follows is of the lock as it is; `dynbuild lock` brings it up"
        show([replace(stale, severity="warning", hint=hint)], color)
    declared = declared_in(loaded.declaration)
    return recipe, accepted(project, declared).cache
