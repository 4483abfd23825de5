"""``dynbuild realize`` and ``dynbuild build``."""

import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from dynbuild.building import Built, Nowhere
from dynbuild.cli import options
from dynbuild.cli.commands.image_outputs import outputs
from dynbuild.cli.commands.realize_build import (
    Job,
    build_linear,
    build_steps,
    open_shell,
)
from dynbuild.cli.consent import Accepted, accepted, accepted_before
from dynbuild.cli.options import option
from dynbuild.cli.output import changes_text, give, show, tell
from dynbuild.cli.progress import choose
from dynbuild.cli.project import (
    Fresh,
    Given,
    Pairs,
    Project,
    given,
    images,
    load_declaration,
    open_project,
)
from dynbuild.commands import lock as locking
from dynbuild.commands import secret_warnings
from dynbuild.commands.lock_warnings import left_out
from dynbuild.digest import sha256, short
from dynbuild.errors import CommandFailed, DeclarationError, Diagnostic
from dynbuild.lock.model import Lock
from dynbuild.project.checkout import copy_of
from dynbuild.project.writing import is_refused, put
from dynbuild.realize.request import RealizeOptions, dockerfile
from dynbuild.realize.run import StepwiseOptions
from dynbuild.reference import parse
from dynbuild.tiers.declared import Cache, cache_of

_Command = Callable[..., Any]

_NOTHING = Accepted(Cache(), given=False)
"""For when no declaration is read, or none of its caches is used."""


def _build_options(command: _Command) -> _Command:
    """Add the flags that ``realize`` and ``build`` share, in the order of the help."""
    for decorate in reversed(
        (
            options.config,
            options.arguments,
            options.accept_cache,
            option(
                "-t",
                "--tag",
                "tags",
                multiple=True,
                metavar="NAME",
                help="Name the image and load it into Docker.",
            ),
            option(
                "--push",
                is_flag=True,
                help="Push the image to the registry of its name, without loading it.",
            ),
            option(
                "-o",
                "--output",
                "layouts",
                multiple=True,
                metavar="oci:DIR",
                help="Write an OCI image layout to DIR.",
            ),
            options.platform("the engine's", several=True),
            option("--no-cache", is_flag=True, help="Run every step again."),
            option(
                "--no-cache-stage",
                "anew",
                multiple=True,
                metavar="NAME",
                help="Run stage NAME again, and what depends on it.",
            ),
            option(
                "-j",
                "--jobs",
                type=click.IntRange(min=1),
                metavar="N",
                help="Run at most N steps at once.  [default: one per processor, at "
                "least 4]",
            ),
            option(
                "--linear",
                is_flag=True,
                help="Build the Dockerfile as a whole, step upon step; store nothing.",
            ),
            option(
                "--compare-linear",
                "compare",
                is_flag=True,
                help="Build both ways, list the paths that differ, and fail if any do.",
            ),
            option(
                "--strict",
                is_flag=True,
                help="Fail if independent stages write the same path.",
            ),
            option("--builder", metavar="NAME", help="Use this buildx builder."),
            option(
                "--network",
                type=click.Choice(["default", "none", "host"]),
                help="Select the network of the steps.",
            ),
            option(
                "--allow",
                type=click.Choice(["network.host"]),
                help="Let stages that ask for the host's network use it.",
            ),
            option(
                "--secret",
                "secrets",
                multiple=True,
                metavar="id=ID,env=VAR|src=FILE",
                help="Provide the value of a declared secret.",
            ),
            option(
                "--ssh",
                multiple=True,
                metavar="default",
                help="Provide the SSH agent to stages that declare it.",
            ),
            option(
                "--progress",
                type=click.Choice(["auto", "tty", "plain", "rawjson", "quiet"]),
                default="auto",
                help="Set the progress output; auto is tty on a terminal, else plain.",
            ),
            option(
                "--metadata-file",
                metavar="FILE",
                help="Write what was built to FILE as JSON.",
            ),
            options.color,
        )
    ):
        command = decorate(command)
    return command


@click.command()
@_build_options
@options.frozen
@option("--locked", is_flag=True, help="Fail if the lock is stale (the default).")
@option(
    "--print", "only_print", is_flag=True, help="Print the Dockerfile; build nothing."
)
@option("--shell", metavar="STAGE", help="Open a shell where STAGE would begin.")
def realize(  # noqa: PLR0913 - one parameter a flag
    *,
    config: str | None,
    expressions: Pairs,
    texts: Pairs,
    frozen: bool,
    locked: bool,
    only_print: bool,
    shell: str | None,
    **flags: Any,  # noqa: ANN401
) -> int:
    """Build the image that the lock describes.

    Runs only the steps that no tier holds. Never writes the lock, and fails if it does
    not match the declaration, unless --frozen is given. `dynbuild lock` updates it, and
    `dynbuild build` does both.
    """
    arguments = given(expressions, texts)
    if frozen and arguments:
        raise _contradiction(
            "--frozen and --arg", "--frozen uses the lock, which records its arguments"
        )
    if frozen and locked:
        raise _contradiction(
            "--frozen and --locked", "--frozen uses the lock unchecked, --locked checks"
        )
    if shell is not None:
        _check_alone("--shell", flags | {"only_print": only_print}, _NOT_OF_A_SHELL)
    asked = _asked(flags)
    project = open_project(config, lock_alone=frozen)
    if frozen:
        lock = locking.frozen(project.locks)
        agreed = Accepted(accepted_before(project), given=False)
    else:
        lock, declared = _fresh(project, arguments, (expressions, texts))
        agreed = _NOTHING if only_print else accepted(project, declared)
    if only_print:
        platform = flags["platform"]
        text = dockerfile(lock, platform.split(",")[0] if platform else None)
        give(text)
        project.keep(text, "")
        return 0
    if shell is not None:
        return open_shell(_job(project, lock, asked, agreed, flags), shell)
    return _realize(_job(project, lock, asked, agreed, flags), flags)


@click.command()
@_build_options
def build(
    *,
    config: str | None,
    expressions: Pairs,
    texts: Pairs,
    **flags: Any,  # noqa: ANN401
) -> int:
    """Update the lock, then build the image.

    Does the same as `dynbuild lock` followed by `dynbuild realize`.
    """
    asked = _asked(flags)
    project = open_project(config)
    arguments = given(expressions, texts)
    loaded = load_declaration(project, arguments, locking.recorded(project.locks))
    locked = locking.lock(
        loaded,
        project.files,
        project.locks,
        images,
        locking.LockOptions(),
    )
    show(locked.warnings, flags["color"])
    if locked.text is not None:
        project.locks.write(locked.text)
        if locked.changes:
            tell(changes_text(locked.changes))
        tell(f"wrote {project.place.lock}")
    declared = cache_of(loaded.declaration.cache.model_dump_json())
    agreed = accepted(project, declared)
    return _realize(_job(project, locked.lock, asked, agreed, flags), flags)


def _fresh(project: Project, arguments: Given, asked: object) -> tuple[Lock, Cache]:
    """Return the up-to-date lock, and the tiers that the declaration names.

    ``asked`` are the arguments as they were written.
    """
    if (known := project.known_fresh(asked)) is not None:
        return locking.frozen(project.locks), cache_of(known.cache)
    recorded = locking.recorded(project.locks)
    loaded = load_declaration(project, arguments, recorded)
    locked = locking.check(loaded, project.files, project.locks, images)
    if locked.text is not None:
        show(locked.warnings)
        raise locking.stale(locked)
    fresh = Fresh(loaded.declaration.cache.model_dump_json())
    project.note_fresh(asked, fresh)
    return locked.lock, cache_of(fresh.cache)


_STEP_BY_STEP = {
    "compare": "--compare-linear",
    "strict": "--strict",
    "anew": "--no-cache-stage",
}
"""Flags that do not apply to a build of the whole Dockerfile, by parameter name."""

_NOT_OF_A_SHELL = {
    "tags": "--tag",
    "push": "--push",
    "layouts": "--output",
    "metadata_file": "--metadata-file",
    "only_print": "--print",
    "linear": "--linear",
    "no_cache": "--no-cache",
    **_STEP_BY_STEP,
}
"""Flags that do not apply to ``--shell``, which makes no image."""


def _check_alone(flag: str, flags: Mapping[str, Any], others: dict[str, str]) -> None:
    """Refuse flags that would be silently ignored."""
    for name, other in others.items():
        if flags[name]:
            raise _contradiction(f"{flag} and {other}", "leave one of them out")


def _asked(flags: dict[str, Any]) -> RealizeOptions:
    """Return the flags' options; refuse invalid ones before writing or building."""
    tags, platform = flags["tags"], flags["platform"]
    if flags["linear"]:
        _check_alone("--linear", flags, _STEP_BY_STEP)
    elif "," in (platform or ""):
        _check_alone("--platform with several", flags, _STEP_BY_STEP)
    for tag in tags:
        parse(tag)
    if flags["metadata_file"] is not None:
        _check_writable(flags["metadata_file"])
    return RealizeOptions(
        outputs=outputs(tags, flags["layouts"], push=flags["push"]),
        tags=tags,
        platforms=tuple(platform.split(",")) if platform else (),
        builder=flags["builder"],
        network=flags["network"],
        host_network=flags["allow"] is not None,
        no_cache=flags["no_cache"],
        source_date_epoch=_latest_time(os.environ.get("SOURCE_DATE_EPOCH")),
        secrets=flags["secrets"],
        ssh=flags["ssh"],
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
    asked: RealizeOptions,
    agreed: Accepted,
    flags: Mapping[str, Any],
) -> Job:
    # Two checkouts differ in their files' timestamps, which tools compare with those of
    # files in cache mounts: each has mounts of its own.
    whose = [str(project.place.root), "agreed" if agreed.given else "not agreed"]
    project_id = short(sha256("\0".join(whose).encode("utf-8", "surrogateescape")))
    how = StepwiseOptions(
        flags["jobs"] or max(4, os.cpu_count() or 4),
        flags["anew"],
        strict=flags["strict"],
        compare=partial(copy_of, project.files) if flags["compare"] else None,
    )
    mode = choose(flags["progress"], sys.stderr, os.environ)
    own = replace(asked, project=project_id)
    return Job(project, agreed.cache, lock, own, how, mode, flags["color"])


def _realize(job: Job, flags: Mapping[str, Any]) -> int:
    several = len(job.asked.platforms) > 1
    if several and not flags["linear"]:
        tell("for several platforms the Dockerfile is built as a whole, step upon step")
    show(secret_warnings.concerns(job.lock, job.asked.secrets), job.color)
    way = build_linear if flags["linear"] or several else build_steps
    known = frozenset(job.project.files.left_out)
    built, status = way(job)
    if more := job.project.files.left_out - known:
        show([left_out(more)], job.color)
    if flags["metadata_file"] is not None:
        _write_metadata(flags["metadata_file"], built)
    if job.asked.outputs == (Nowhere(),):
        kept = "nothing of it is" if way is build_linear else "only its steps are"
        tell(f"the image has no name: {kept} kept (give one with -t)")
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
