"""``dynbuild realize`` and ``dynbuild build``."""

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import click

from dynbuild import api
from dynbuild.building import Built, Nowhere
from dynbuild.cli import options
from dynbuild.cli.commands.image_outputs import outputs
from dynbuild.cli.commands.realize_build import (
    BuildJob,
    build_linear,
    build_steps,
    open_shell,
)
from dynbuild.cli.commands.realize_settings import (
    BuildSettings,
    RealizeSettings,
    build_options,
)
from dynbuild.cli.consent import Accepted, accepted, accepted_before
from dynbuild.cli.options import option
from dynbuild.cli.output import changes_text, give, show, shows, tell
from dynbuild.cli.progress import choose
from dynbuild.cli.project import (
    Fresh,
    arguments_of,
    keep,
    known_fresh,
    load_declaration,
    note_fresh,
)
from dynbuild.commands import lock as locking
from dynbuild.commands import secret_warnings
from dynbuild.commands.lock_warnings import left_out
from dynbuild.environment.model import Environment
from dynbuild.environment.project import Given, Project, images, open_project
from dynbuild.errors import CommandFailed, DeclarationError, Diagnostic
from dynbuild.lockfile.model import Lock
from dynbuild.project.writing import is_refused, put
from dynbuild.realization.request import RealizeOptions, dockerfile
from dynbuild.reference import parse
from dynbuild.tiers.declared import Cache, cache_of, declared_in

_NOTHING = Accepted(Cache(), given=False)
"""For when no declaration is read, or none of its caches is used."""


@click.command()
@build_options
@options.frozen
@option("--locked", is_flag=True, help="Fail if the lock is stale (the default).")
@option(
    "--print", "only_print", is_flag=True, help="Print the Dockerfile; build nothing."
)
@option("--shell", metavar="STAGE", help="Open a shell where STAGE would begin.")
@options.settings(RealizeSettings)
def realize(settings: RealizeSettings) -> int:
    """Build the image that the lock describes.

    Runs only the steps that no tier holds. Never writes the lock, and fails if it does
    not match the declaration, unless --frozen is given. `dynbuild lock` updates it, and
    `dynbuild build` does both.
    """
    frozen, shell = settings.frozen, settings.shell
    arguments = arguments_of(settings.expressions, settings.texts)
    if frozen and arguments:
        raise _contradiction(
            "--frozen and --arg", "--frozen uses the lock, which records its arguments"
        )
    if frozen and settings.locked:
        raise _contradiction(
            "--frozen and --locked", "--frozen uses the lock unchecked, --locked checks"
        )
    if shell is not None:
        _check_alone("--shell", settings.of_an_image)
    request = _options(settings)
    project = open_project(settings.config, lock_alone=frozen)
    if frozen:
        lock = locking.frozen(project.locks)
        agreed = Accepted(accepted_before(project), given=False)
    else:
        lock, declared = _fresh(
            project, arguments, (settings.expressions, settings.texts)
        )
        agreed = _NOTHING if settings.only_print else accepted(project, declared)
    if settings.only_print:
        platforms = settings.platforms
        text = dockerfile(lock, platforms[0] if platforms else None)
        give(text)
        keep(project, text, "")
        return 0
    job = _job(project, lock, request, agreed, settings)
    return _realize(job, settings) if shell is None else open_shell(job, shell)


@click.command()
@build_options
@options.settings(BuildSettings)
def build(settings: BuildSettings) -> int:
    """Update the lock, then build the image.

    Does the same as `dynbuild lock` followed by `dynbuild realize`.
    """
    request = _options(settings)
    project = open_project(settings.config)
    arguments = arguments_of(settings.expressions, settings.texts)
    loaded = load_declaration(project, arguments, locking.recorded(project.locks))
    locked = api.lock(loaded, Environment(project))
    show(locked.warnings, settings.color)
    if locked.text is not None:
        if locked.changes:
            tell(changes_text(locked.changes))
        tell(f"wrote {project.place.lock}")
    declared = declared_in(loaded.declaration)
    agreed = accepted(project, declared)
    return _realize(_job(project, locked.lock, request, agreed, settings), settings)


def _fresh(project: Project, arguments: Given, written: object) -> tuple[Lock, Cache]:
    """Return the up-to-date lock, and the tiers that the declaration names.

    ``written`` are the arguments as they were written.
    """
    if (previous := known_fresh(project, written)) is not None:
        return locking.frozen(project.locks), cache_of(previous.cache)
    recorded = locking.recorded(project.locks)
    loaded = load_declaration(project, arguments, recorded)
    locked = locking.check(loaded, project.files, project.locks, images)
    if locked.text is not None:
        show(locked.warnings)
        raise locking.stale(locked)
    fresh = Fresh(loaded.declaration.cache.model_dump_json())
    note_fresh(project, written, fresh)
    return locked.lock, cache_of(fresh.cache)


def _check_alone(flag: str, others: Mapping[str, object]) -> None:
    """Refuse flags that would be silently ignored."""
    for other, value in others.items():
        if value:
            raise _contradiction(f"{flag} and {other}", "leave one of them out")


def _options(settings: BuildSettings) -> RealizeOptions:
    """Return the options of a build; refuse invalid ones before writing or building."""
    if settings.linear:
        _check_alone("--linear", settings.step_by_step)
    elif len(settings.platforms) > 1:
        _check_alone("--platform with several", settings.step_by_step)
    for tag in settings.tags:
        parse(tag)
    if settings.metadata_file is not None:
        _check_writable(settings.metadata_file)
    return RealizeOptions(
        outputs=outputs(settings.tags, settings.layouts, push=settings.push),
        tags=settings.tags,
        platforms=settings.platforms,
        builder=settings.builder,
        network=settings.network,
        host_network=settings.allow is not None,
        no_cache=settings.no_cache,
        source_date_epoch=_latest_time(os.environ.get("SOURCE_DATE_EPOCH")),
        secrets=settings.secrets,
        ssh=settings.ssh,
        jobs=settings.jobs or max(4, os.cpu_count() or 4),
        anew=settings.anew,
        strict=settings.strict,
        compare=settings.compare,
    )


def _latest_time(text: str | None) -> int | None:
    """Parse the common variable of reproducible builds, SOURCE_DATE_EPOCH, if set."""
    if not text:
        return None
    if re.fullmatch(r"[0-9]{1,11}", text) is None:
        message = f"SOURCE_DATE_EPOCH is {text[:20]!r}: seconds since 1970 are digits"
        hint = "`git log -1 --format=%ct` prints those of the last commit"
        raise DeclarationError(Diagnostic("DB0327", message, hint=hint))
    return int(text)


def _job(
    project: Project,
    lock: Lock,
    request: RealizeOptions,
    agreed: Accepted,
    settings: BuildSettings,
) -> BuildJob:
    environment = Environment(
        project, agreed.cache, trusted=agreed.given, tell=shows(settings.color)
    )
    mode = choose(settings.progress, sys.stderr, os.environ)
    own = replace(request, project=environment.owner)
    return BuildJob(environment, lock, own, mode, settings.color)


def _realize(job: BuildJob, settings: BuildSettings) -> int:
    several = len(job.options.platforms) > 1
    if several and not settings.linear:
        tell("for several platforms the Dockerfile is built as a whole, step upon step")
    show(secret_warnings.concerns(job.lock, job.options.secrets), job.color)
    way = build_linear if settings.linear or several else build_steps
    left_out_before = frozenset(job.environment.project.files.left_out)
    built, status = way(job)
    if more := job.environment.project.files.left_out - left_out_before:
        show([left_out(more)], job.color)
    if settings.metadata_file is not None:
        _write_metadata(settings.metadata_file, built)
    if job.options.outputs == (Nowhere(),):
        remainder = "nothing of it is" if way is build_linear else "only its steps are"
        tell(f"the image has no name: {remainder} kept (give one with -t)")
    return status


def _contradiction(what: str, hint: str) -> DeclarationError:
    return DeclarationError(
        Diagnostic("DB0317", f"{what} cannot be combined", hint=hint)
    )


def _check_writable(path: str) -> None:
    place = Path(path)
    target = place if place.exists() else place.parent
    if place.is_dir() or is_refused(place) or not os.access(target, os.W_OK):
        message = f"cannot write {path}"
        hint = "name a file, not a link, in a directory that can be written"
        raise CommandFailed(Diagnostic("DB0316", message, hint=hint))


def _write_metadata(path: str, built: Built) -> None:
    steps = [
        {"step": step.step, "seconds": step.seconds, "ran": step.ran}
        | ({"platform": step.platform} if step.platform else {})
        for step in built.steps
    ]
    text = json.dumps({**built.metadata, "dynbuild.steps": steps}, indent=2)
    try:
        put(Path(path), text + "\n")
    except OSError as error:
        raise CommandFailed(
            Diagnostic(
                "DB0316", f"cannot write {path}: {(error.strerror or '').lower()}"
            )
        ) from None
