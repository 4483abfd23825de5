"""``dynbuild realize`` and ``dynbuild build``."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from dynbuild.cli import options
from dynbuild.cli.options import option
from dynbuild.cli.output import changes_text, show, tell
from dynbuild.cli.progress import Color, Mode, choose, progress, use_color
from dynbuild.cli.progress_summary import failure, summary, totals
from dynbuild.cli.progress_text import Titles
from dynbuild.cli.project import (
    Project,
    builder,
    images,
    load_declaration,
    open_project,
    site,
)
from dynbuild.commands import lock as locking
from dynbuild.commands.realize import RealizeOptions, dockerfile, prepare, titles
from dynbuild.commands.realize_link import Stepwise, UnsuitedError
from dynbuild.commands.realize_link import realize as realize_linked
from dynbuild.commands.realize_link import shell as open_shell
from dynbuild.errors import AnswerIsNoError, DeclarationError, Diagnostic
from dynbuild.lock.model import Lock
from dynbuild.ports import BuildFailed, Built, Load, Nowhere, OciLayout, Output, Push

_Command = Callable[..., Any]
_JOBS = max(2, os.cpu_count() or 2)
"""How many steps run at once unless told otherwise."""


def _build_options(command: _Command) -> _Command:
    """The flags that ``realize`` and ``build`` share, in the order of the help."""
    for decorate in reversed(
        (
            options.config,
            option("-t", "--tag", "tags", multiple=True, help="Name of the image."),
            option("--push", is_flag=True, help="Push it to the registry of its name."),
            option("-o", "--output", metavar="oci:DIR", help="Write an OCI layout."),
            option(
                "--platform", help="os/arch, several with commas; else the engine's."
            ),
            option("--no-cache", is_flag=True, help="Run every step again."),
            option(
                "--no-cache-stage",
                "anew",
                multiple=True,
                metavar="NAME",
                help="Run one stage again, and what depends on it.",
            ),
            option(
                "-j",
                "--jobs",
                type=click.IntRange(min=1),
                help="How many steps may run at once; else one for each processor.",
            ),
            option(
                "--linear",
                is_flag=True,
                help="Build the Dockerfile as a whole, step upon step.",
            ),
            option(
                "--compare-linear",
                "compare",
                is_flag=True,
                help="Build it as a whole too, and list the paths that differ.",
            ),
            option(
                "--strict",
                is_flag=True,
                help="Refuse stages that undo one another without a dependency.",
            ),
            option("--builder", help="The buildx builder to use."),
            option("--network", help="Network of the steps: default, none, host."),
            option(
                "--secret",
                "secrets",
                multiple=True,
                metavar="id=ID,env=VAR|src=FILE",
                help="Give a declared secret its value.",
            ),
            option("--ssh", multiple=True, help="Give the SSH agent: default."),
            option(
                "--progress",
                type=click.Choice(["auto", "tty", "plain", "rawjson", "quiet"]),
                default="auto",
                help="How progress is shown; auto: tty on a terminal, else plain.",
            ),
            option(
                "--metadata-file", metavar="FILE", help="Write what was built as JSON."
            ),
            options.color,
        )
    ):
        command = decorate(command)
    return command


@click.command()
@_build_options
@option("--frozen", is_flag=True, help="Use the lock as it is; read no declaration.")
@option("--locked", is_flag=True, help="Fail if the lock is stale (as always).")
@option(
    "--print", "only_print", is_flag=True, help="Print the Dockerfile; build nothing."
)
@option("--shell", metavar="STAGE", help="Open a shell where a stage would begin.")
def realize(
    *,
    config: str | None,
    frozen: bool,
    locked: bool,
    only_print: bool,
    shell: str | None,
    **flags: Any,  # noqa: ANN401
) -> int:
    """Make the image that the lock describes.

    Fails when the lock does not fit the declaration: `dynbuild lock` mends it, and
    `dynbuild build` does both.
    """
    if frozen and locked:
        raise _contradiction(
            "--frozen and --locked", "--frozen uses the lock unchecked, --locked checks"
        )
    project = open_project(config)
    if frozen:
        lock = locking.frozen(project.locks)
    else:
        project, lock = _fresh(project)
    if only_print:
        platform = flags["platform"]
        sys.stdout.write(dockerfile(lock, platform.split(",")[0] if platform else None))
        return 0
    if shell is not None:
        return _shell(project, lock, shell, flags)
    return _realize(project, lock, **flags)


def _shell(project: Project, lock: Lock, stage: str, flags: Mapping[str, Any]) -> int:
    asked = RealizeOptions(
        outputs=(Nowhere(),),
        builder=flags["builder"],
        network=flags["network"],
        secrets=flags["secrets"],
        ssh=flags["ssh"],
    )
    how = Stepwise(flags["jobs"] or _JOBS)
    chosen = choose(flags["progress"], sys.stderr, os.environ)
    # What is drawn anew all the time would be drawn over the shell.
    mode: Mode = "plain" if chosen == "tty" else chosen
    names = titles(lock)
    try:
        with (
            progress(mode, sys.stderr, names) as report,
            site(project, report, _damaged) as place,
        ):
            return open_shell(
                lock, project.files, images(), builder(), place, asked, how, stage
            )
    except BuildFailed as error:
        raise AnswerIsNoError(failure(error, names)) from None


@click.command()
@_build_options
def build(*, config: str | None, **flags: Any) -> int:  # noqa: ANN401
    """Lock and realize in one: bring the lock up to date, then make the image."""
    project = open_project(config)
    loaded = load_declaration(project)
    project = replace(project, store=loaded.declaration.cache.local)
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
    return _realize(project, locked.lock, **flags)


def _fresh(project: Project) -> tuple[Project, Lock]:
    loaded = load_declaration(project)
    locked = locking.check(loaded, project.files, project.locks, images)
    if locked.text is not None:
        raise locking.stale(locked)
    return replace(project, store=loaded.declaration.cache.local), locked.lock


def _realize(  # noqa: PLR0913 - one parameter a flag
    project: Project,
    lock: Lock,
    *,
    tags: tuple[str, ...],
    push: bool,
    output: str | None,
    platform: str | None,
    no_cache: bool,
    anew: tuple[str, ...],
    jobs: int | None,
    linear: bool,
    compare: bool,
    strict: bool,
    builder: str | None,
    network: str | None,
    secrets: tuple[str, ...],
    ssh: tuple[str, ...],
    progress: str,
    metadata_file: str | None,
    color: Color,
) -> int:
    asked = RealizeOptions(
        outputs=_outputs(tags, output, push=push),
        tags=tags,
        platforms=tuple(platform.split(",")) if platform else (),
        builder=builder,
        network=network,
        no_cache=no_cache,
        secrets=secrets,
        ssh=ssh,
    )
    how = Stepwise(jobs or _JOBS, anew, strict=strict, compare=compare)
    status = 0
    if not linear and len(asked.platforms) > 1:
        tell("for several platforms the Dockerfile is built as a whole, step upon step")
    if linear or len(asked.platforms) > 1:
        built = _build(project, lock, asked, progress, color)
    else:
        built, status = _build_steps(project, lock, asked, how, progress, color)
    if metadata_file is not None:
        _write_metadata(metadata_file, built)
    if asked.outputs == (Nowhere(),):
        tell("the image has no name: only its steps are kept (give one with -t)")
    return status


def _build(
    project: Project, lock: Lock, asked: RealizeOptions, mode: str, color: Color
) -> Built:
    buildx = builder()
    chosen = choose(mode, sys.stderr, os.environ)
    colored = use_color(sys.stderr, color, os.environ)
    with prepare(lock, project.files, images(), buildx, asked) as prepared:
        try:
            with progress(chosen, sys.stderr, prepared.titles, color=colored) as report:
                built = buildx.build(prepared.request, report)
        except BuildFailed as error:
            raise AnswerIsNoError(failure(error, prepared.titles)) from None
        _sum_up(chosen, built, prepared.titles)
    return built


def _build_steps(  # noqa: PLR0913, PLR0917 - what a build is told
    project: Project,
    lock: Lock,
    asked: RealizeOptions,
    how: Stepwise,
    mode: str,
    color: Color,
) -> tuple[Built, int]:
    chosen = choose(mode, sys.stderr, os.environ)
    colored = use_color(sys.stderr, color, os.environ)
    names = titles(lock)
    try:
        with (
            progress(chosen, sys.stderr, names, color=colored) as report,
            site(project, report, _damaged) as place,
        ):
            linked = realize_linked(
                lock, project.files, images(), builder(), place, asked, how
            )
    except BuildFailed as error:
        raise AnswerIsNoError(failure(error, names)) from None
    except UnsuitedError as error:
        show([_unsuited(error)], color)
        return _build(project, lock, asked, mode, color), 0
    _sum_up(chosen, linked.built, names)
    show(linked.warnings, color)
    if linked.differences is None:
        return linked.built, 0
    for found in linked.differences:
        sys.stdout.write(f"/{found.path}: {found.what}\n")
    count = len(linked.differences)
    tell(
        f"{count} paths differ from a plain build"
        if count
        else "a plain build has the same files"
    )
    return linked.built, 1 if count else 0


def _damaged(what: str) -> None:
    show([Diagnostic("DB0601", what, hint="it is made anew", severity="warning")])


def _unsuited(error: UnsuitedError) -> Diagnostic:
    return Diagnostic(
        "DB0512",
        f"this builder cannot realize step by step: {error}",
        hint="the Dockerfile is built as a whole, so a change runs again all that "
        "comes after it;\nDocker's containerd image store, or another builder, can: "
        "see `docker buildx ls`",
        severity="warning",
    )


def _sum_up(chosen: Mode, built: Built, names: Titles) -> None:
    match chosen:
        case "plain":
            tell(summary(built.steps, names))
        case "tty":
            # Each step has its line already.
            tell(totals(built.steps))
        case "quiet" | "rawjson":
            pass


def _outputs(
    tags: tuple[str, ...], output: str | None, *, push: bool
) -> tuple[Output, ...]:
    outputs: list[Output] = []
    if output is not None:
        kind, _, directory = output.partition(":")
        if kind != "oci" or not directory:
            raise DeclarationError(
                Diagnostic(
                    "DB0318",
                    f"-o {output}: an output is oci:DIR",
                    hint="-t NAME loads the image into Docker, --push pushes it",
                )
            )
        outputs.append(OciLayout(directory))
    if push:
        if not tags:
            raise _contradiction(
                "--push without -t", "the name says which registry: -t HOST/NAME"
            )
        outputs.append(Push())
    if tags and not outputs:
        outputs.append(Load())
    return tuple(outputs) or (Nowhere(),)


def _contradiction(what: str, hint: str) -> DeclarationError:
    return DeclarationError(Diagnostic("DB0317", f"{what} cannot be", hint=hint))


def _write_metadata(path: str, built: Built) -> None:
    steps = [
        {"step": step.step, "seconds": step.seconds, "ran": step.ran}
        for step in built.steps
    ]
    text = json.dumps({**built.metadata, "dynbuild.steps": steps}, indent=2)
    try:
        Path(path).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise AnswerIsNoError(
            Diagnostic(
                "DB0316", f"cannot write {path}: {(error.strerror or '').lower()}"
            )
        ) from None
