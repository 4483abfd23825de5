"""``dynbuild realize`` and ``dynbuild build``."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import click

from dynbuild.cli import options
from dynbuild.cli.arguments import arguments_of
from dynbuild.cli.commands.image_outputs import outputs
from dynbuild.cli.commands.realize_build import (
    open_shell,
)
from dynbuild.cli.commands.realize_images import PLACEHOLDER, options_of_each
from dynbuild.cli.commands.realize_lock import up_to_date, with_digests
from dynbuild.cli.commands.realize_made import job_of, realize_each
from dynbuild.cli.commands.realize_metadata import check_writable
from dynbuild.cli.commands.realize_notes import NO_NOTES, Notes, notes_of
from dynbuild.cli.commands.realize_onto import new_base, unfit
from dynbuild.cli.commands.realize_settings import (
    BuildSettings,
    RealizeSettings,
    builders_of,
    everyday_options,
    refuse_unattached,
    seldom_options,
)
from dynbuild.cli.commands.realize_signing import signing
from dynbuild.cli.completion import stages
from dynbuild.cli.consent import Accepted, accepted, accepted_before
from dynbuild.cli.images import ChosenImage, chosen_images, one_image, with_image
from dynbuild.cli.options import option
from dynbuild.cli.output import give, show
from dynbuild.cli.project import Fresh, keep, known_fresh, load_declaration, note_fresh
from dynbuild.commands import lock as locking
from dynbuild.environment.project import Given, Project, images, open_project
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.lockfile.images import AnyLock, as_images, as_recipe
from dynbuild.lockfile.model import Lock
from dynbuild.realization.request import RealizeOptions, dockerfile
from dynbuild.reference import parse
from dynbuild.steps.late import settled
from dynbuild.tiers.declared import Cache, cache_of

_NOTHING = Accepted(Cache(), given=False)
"""For when no declaration is read, or none of its caches is used."""


@click.command()
@everyday_options
@option(
    "--print", "only_print", is_flag=True, help="Print the Dockerfile; build nothing."
)
@option(
    "--shell",
    metavar="STAGE",
    shell_complete=stages,
    help="Open a shell where STAGE would begin.",
)
@option(
    "--onto",
    metavar="IMAGE",
    help="Put the image on this base, and let stages stay as they are where they can.",
)
@options.frozen
@option("--locked", is_flag=True, help="Fail if the lock is stale (the default).")
@seldom_options
@options.config
@options.arguments
@options.accept_cache
@options.settings(RealizeSettings)
@options.examples(
    "dynbuild realize -t app          # build it, and load it into Docker",
    "dynbuild realize --print         # the Dockerfile that stands for it",
)
def realize(settings: RealizeSettings) -> int:
    """Build the image that the lock describes.

    Of several images those that are published, or those that are named.

    Runs only the steps that no cache tier holds: what was built before, here or by
    others. Never writes the lock, and fails if it does
    not match the declaration, unless --frozen is given. `dynbuild lock` updates it, and
    `dynbuild build` does both.
    """
    frozen, shell = settings.frozen, settings.shell
    arguments = arguments_of(settings.expressions, settings.texts)
    if frozen and settings.locked:
        raise _contradiction(
            "--frozen and --locked", "--frozen uses the lock unchecked, --locked checks"
        )
    if shell is not None:
        _check_alone("--shell", settings.of_an_image)
    if len(settings.platforms) > 1:
        of_one = {"--shell": shell, "--print": settings.only_print}
        _check_alone("--platform with several", of_one)
    _check_alone("--onto", unfit(settings) if settings.onto else {})
    request = realize_options(settings)
    project = open_project(settings.config, lock_alone=frozen)
    if frozen:
        recipe = locking.held_by(project.locks)
        request = replace(request, unresolved=True)
        late = all(isinstance(text, str) for text in arguments.values())
        if not (late and arguments.keys() <= _late(recipe)):
            raise _contradiction(
                "--frozen and --arg",
                "--frozen uses the lock, which records its arguments",
            )
        agreed = Accepted(accepted_before(project), given=False)
    else:
        recipe, declared = fresh(
            project, arguments, (settings.expressions, settings.texts)
        )
        agreed = _NOTHING if settings.only_print else accepted(project, declared)
    recipe = settled_with(recipe, arguments, notes_of(settings))
    if settings.only_print:
        platforms = settings.platforms
        one = _alone(project, recipe, settings, "--print")
        whole = with_digests(project, one.lock)
        text = dockerfile(whole, platforms[0] if platforms else None)
        give(text)
        keep(project, text, "")
        return 0
    if shell is not None:
        ((image, stage),) = with_image(recipe, [shell])
        one = one_image(project, recipe, image or None, "--shell")
        return open_shell(job_of(one, request, agreed, settings), stage)
    return _realize_each(project, recipe, request, agreed, settings, settings.onto)


def _realize_each(  # noqa: PLR0913, PLR0917 - as they were read
    project: Project,
    recipe: AnyLock,
    request: RealizeOptions,
    agreed: Accepted,
    settings: BuildSettings,
    onto: str | None = None,
) -> int:
    """Realize the images that are named, or all that are published."""
    images = chosen_images(project, recipe, settings.images)
    options = options_of_each(images, request, settings, recipe)
    jobs = [
        job_of(image, own, agreed, settings)
        for image, own in zip(images, options, strict=True)
    ]
    base = None if onto is None else new_base(jobs, onto)
    return realize_each(jobs, settings, base)


@click.command()
@everyday_options
@seldom_options
@options.config
@options.arguments
@options.accept_cache
@options.settings(BuildSettings)
@options.examples(
    "dynbuild build -t app",
)
def build(settings: BuildSettings) -> int:
    """Update the lock, then build the image.

    Of several images those that are published, or those that are named.

    Does the same as `dynbuild lock` followed by `dynbuild realize`.
    """
    request = realize_options(settings)
    project = open_project(settings.config)
    arguments = arguments_of(settings.expressions, settings.texts)
    recipe, declared = up_to_date(project, settings)
    agreed = accepted(project, declared)
    return _realize_each(
        project,
        settled_with(recipe, arguments, notes_of(settings)),
        request,
        agreed,
        settings,
    )


def _late(recipe: AnyLock) -> set[str]:
    """Return the arguments that are known only when an image is made."""
    images = as_images(recipe).images.values()
    return {name for image in images for name in image.own.config.late}


def settled_with(recipe: AnyLock, arguments: Given, notes: Notes = NO_NOTES) -> AnyLock:
    """Return a lock with what is known only when its image is made."""
    texts = {name: text for name, text in arguments.items() if isinstance(text, str)}
    several = as_images(recipe)
    images = {
        name: replace(image, own=_with_texts(image.own, texts, notes))
        for name, image in several.images.items()
    }
    return as_recipe(replace(several, images=images))


def _with_texts(lock: Lock, texts: Mapping[str, str], notes: Notes) -> Lock:
    config = settled(lock.config, texts)
    labels = {**config.labels, **notes.labels}
    annotations = {**config.annotations, **notes.annotations}
    return replace(lock, config=replace(config, labels=labels, annotations=annotations))


def _alone(
    project: Project, recipe: AnyLock, settings: BuildSettings, what: str
) -> ChosenImage:
    """Return the image that the command line names, or the only one."""
    if len(settings.images) > 1:
        message = f"{what} is of one image, and here are {len(settings.images)}"
        raise DeclarationError(Diagnostic("DB0350", message, hint="name one"))
    return one_image(project, recipe, next(iter(settings.images), None), what)


def fresh(project: Project, arguments: Given, written: object) -> tuple[AnyLock, Cache]:
    """Return the up-to-date lock, and the tiers that the declaration names.

    ``written`` are the arguments as they were written.
    """
    if (previous := known_fresh(project, written)) is not None:
        return locking.held_by(project.locks), cache_of(previous.cache)
    recorded = locking.recorded(project.locks)
    loaded = load_declaration(project, arguments, recorded)
    locked = locking.check(loaded, project.files, project.locks, images)
    if locked.text is not None:
        show(locked.warnings)
        raise locking.stale(locked)
    now = Fresh(loaded.declaration.cache.model_dump_json())
    note_fresh(project, written, now)
    return locked.lock, cache_of(now.cache)


def _check_alone(flag: str, others: Mapping[str, object]) -> None:
    """Refuse flags that would be silently ignored."""
    for other, value in others.items():
        if value:
            raise _contradiction(f"{flag} and {other}", "leave one of them out")


def realize_options(settings: BuildSettings) -> RealizeOptions:
    """Return the options of a build; refuse invalid ones before writing or building."""
    if settings.linear:
        _check_alone("--linear", settings.step_by_step)
    elif len(settings.platforms) > 1:
        _check_alone("--platform with several", {"--compare-linear": settings.compare})
    for tag in settings.tags:
        parse(tag.replace(PLACEHOLDER, "image"))
    refuse_unattached(settings)
    if settings.sign:
        signing(settings.sign, pushed=settings.push)
    builders = builders_of(settings.builders, os.environ)
    if settings.metadata_file is not None:
        check_writable(settings.metadata_file)
    return RealizeOptions(
        outputs=outputs(settings.tags, settings.layouts, settings.pushed),
        tags=settings.tags,
        platforms=settings.platforms,
        builders=builders,
        network=settings.network,
        host_network=settings.allow is not None,
        no_cache=settings.no_cache,
        source_date_epoch=_latest_time(os.environ.get("SOURCE_DATE_EPOCH")),
        secrets=settings.secrets,
        ssh=settings.ssh,
        jobs=(settings.jobs or max(4, os.cpu_count() or 4)) * _nodes(builders),
        anew=settings.anew,
        strict=settings.strict,
        compare=settings.compare,
        package_timeout=settings.package_timeout,
    )


def _nodes(builders: Sequence[str]) -> int:
    """Return how many builders there are, each node of one counted."""
    if not builders:
        return 1
    # Of the engine it is needed here alone.
    from dynbuild.engine.nodes import nodes_of  # noqa: PLC0415

    return sum(len(nodes_of(os.environ, builder)) for builder in builders)


def _latest_time(text: str | None) -> int | None:
    """Parse the common variable of reproducible builds, SOURCE_DATE_EPOCH, if set."""
    if not text:
        return None
    if re.fullmatch(r"[0-9]{1,11}", text) is None:
        message = f"SOURCE_DATE_EPOCH is {text[:20]!r}: seconds since 1970 are digits"
        hint = "`git log -1 --format=%ct` prints those of the last commit"
        raise DeclarationError(Diagnostic("DB0327", message, hint=hint))
    return int(text)


def _contradiction(what: str, hint: str) -> DeclarationError:
    return DeclarationError(
        Diagnostic("DB0317", f"{what} cannot be combined", hint=hint)
    )
