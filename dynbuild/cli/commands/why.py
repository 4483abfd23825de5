"""``dynbuild why``."""

from dataclasses import replace

import click

from dynbuild import api
from dynbuild.cli import options
from dynbuild.cli.consent import accepted, accepted_before
from dynbuild.cli.options import request
from dynbuild.cli.output import data, say, show, shows
from dynbuild.cli.progress import Color
from dynbuild.cli.project import Pairs, arguments_of, load_declaration
from dynbuild.cli.render.why_data import answer_data
from dynbuild.cli.render.why_text import order_text, overview_text, step_text
from dynbuild.commands import lock as locking
from dynbuild.environment.model import Environment
from dynbuild.environment.project import Project, images, open_project
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.lockfile.model import Lock
from dynbuild.tiers.declared import Cache, declared_in


@click.command()
@click.argument("names", metavar="[STEP]...", nargs=-1)
@options.config
@options.arguments
@options.accept_cache
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
@options.platform("that of the last build here")
@options.as_json
@options.color
def why(  # noqa: PLR0913 - one parameter a flag
    *,
    names: tuple[str, ...],
    config: str | None,
    expressions: Pairs,
    texts: Pairs,
    frozen: bool,
    order: bool,
    since: str | None,
    platform: str | None,
    as_json: bool,
    color: Color,
) -> int:
    """Explain what would run, and why, without building anything.

    Without STEP, shows all that would run, grouped by root cause, and what it costs.

    STEP is a stage, a step that --order shows, a kind of step (apt, script, user) or a
    package. For each STEP, shows its place, what it stands on, where it would come
    from, and what would run if it changed next.
    """
    if order and names:
        message = "--order and a step contradict one another"
        hint = "--order speaks of all steps"
        raise DeclarationError(Diagnostic("DB0317", message, hint=hint))
    project = open_project(config, lock_alone=frozen)
    if frozen:
        lock, cache = locking.frozen(project.locks), accepted_before(project)
    else:
        lock, cache = _current(project, expressions, texts, color)
    environment = Environment(project, cache, tell=shows(color))
    answer = api.why(lock, environment, names, since=since, platform=platform)
    if as_json:
        data(answer_data(answer))
    elif order:
        say(order_text(answer))
    elif names:
        blocks = [step_text(answer, step, since) for step in answer.steps]
        say("\n\n".join(blocks))
    else:
        say(overview_text(answer, since))
    return 0


def _current(
    project: Project, expressions: Pairs, texts: Pairs, color: Color
) -> tuple[Lock, Cache]:
    """Return the lock of the file, and the tiers that the declaration names."""
    recorded = locking.recorded(project.locks)
    loaded = load_declaration(project, arguments_of(expressions, texts), recorded)
    locked = locking.check(loaded, project.files, project.locks, images)
    lock = locking.frozen(project.locks)
    if locked.text is not None:
        (stale,) = locking.stale(locked).diagnostics
        hint = "what follows is of the lock as it is; `dynbuild lock` brings it up"
        show([replace(stale, severity="warning", hint=hint)], color)
    declared = declared_in(loaded.declaration)
    return lock, accepted(project, declared).cache
