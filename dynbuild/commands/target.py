"""From a declaration to the target of a lock: reading files, pinning images."""

import re
from collections.abc import Callable, Iterator

from dynbuild.declaration.graph import stands_on
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.schema import Copy as DeclaredCopy
from dynbuild.declaration.schema import Declaration
from dynbuild.declaration.variables import not_expanded
from dynbuild.emit.modes import in_letters
from dynbuild.errors import DeclarationError, Diagnostic, Label
from dynbuild.lock.model import DEFAULT_SHELL, Target
from dynbuild.ports import Files, NotThereError
from dynbuild.reference import parse
from dynbuild.steps.environment import EnvironmentConflict, Environments
from dynbuild.steps.expansion import VariableError
from dynbuild.steps.fields import FIELDS, FieldValue, Records, StageField, defaults
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import (
    AptSource,
    Copy,
    Healthcheck,
    Pin,
    RuntimeConfig,
    Stage,
    User,
)

Pinner = Callable[[str], Pin]
"""Returns the pin of a full reference, from a lock or from its registry."""


def target_of(loaded: Loaded, files: Files, pin: Pinner) -> Target:
    """Return the target of a declaration, with its files and images looked up.

    Raises DeclarationError with every missing file, or with the first variable that
    cannot be expanded or that two stages set to different values.
    """
    declaration = loaded.declaration
    problems: list[Diagnostic] = []
    below = stands_on(declaration.stages)
    stages = tuple(
        _stage(loaded, place, below[stage.name], files, problems)
        for place, stage in enumerate(declaration.stages)
    )
    sources = tuple(_sources(loaded, files, problems))
    if problems:
        raise DeclarationError(*problems)
    base = pin(str(parse(declaration.base)))
    _refuse_conflicts(loaded, stages, base)
    return Target(
        base=base,
        packages=_packages(declaration),
        sources=sources,
        scripts=declaration.env_scripts,
        user=_user(declaration),
        stages=stages,
        images={
            copy.image: pin(copy.image)
            for stage in stages
            for copy in stage.copies
            if copy.image is not None
        },
        shell=_shell(declaration.shell) or DEFAULT_SHELL,
        config=_config(declaration),
        arguments=loaded.arguments,
    )


def _packages(declaration: Declaration) -> dict[str, dict[str, str]]:
    return {
        manager.name: {manager.key(spec): spec for spec in sorted(specs)}
        for manager in MANAGERS.values()
        if (specs := getattr(declaration, manager.field))
    }


def _user(declaration: Declaration) -> User | None:
    user = declaration.user
    if user is None:
        return None
    return User(user.name, user.uid, user.shell, declaration.sudo)


def _sources(
    loaded: Loaded, files: Files, problems: list[Diagnostic]
) -> Iterator[AptSource]:
    for place, source in enumerate(loaded.declaration.apt_sources):
        digest = None
        if source.key is not None:
            try:
                digest = files.content(source.key, ())
            except NotThereError as error:
                problems.append(
                    _missing(loaded, source.key, error, ("apt_sources", place, "key"))
                )
        yield AptSource(
            source.uri, source.suites, source.components, source.key, digest
        )


def _stage(
    loaded: Loaded,
    place: int,
    below: tuple[str, ...],
    files: Files,
    problems: list[Diagnostic],
) -> Stage:
    stage = loaded.declaration.stages[place]
    copies = []
    for number, copy in enumerate(stage.copies):
        try:
            copies.append(_copy(copy, stage.track, files))
        except NotThereError as error:
            where = ("stages", place, "copy", number, "from")
            problems.append(_missing(loaded, copy.from_, error, where))
    found: dict[str, FieldValue] = {
        "dependencies": below,
        "copies": tuple(copies),
        "shell": _shell(stage.shell),
    }
    as_declared = {
        row.name: _as_declared(row, getattr(stage, row.name))
        for row in FIELDS
        if row.is_declared and row.is_kept and row.name not in found
    }
    return Stage(**found, **as_declared)


def _as_declared(row: StageField, value: FieldValue) -> FieldValue:
    """Return what a stage holds for what its declaration says."""
    if value is None:
        return defaults(Stage)[row.name]
    match row.kind:
        case Records(of, columns):
            return tuple(
                of(**{column.name: getattr(item, column.name) for column in columns})
                for item in value
            )
        case _:
            return value


def _copy(copy: DeclaredCopy, track: bool | None, files: Files) -> Copy:  # noqa: FBT001
    digest, mode = None, copy.mode
    if copy.stage is None and copy.image is None:
        is_directory = files.is_directory(copy.from_)
        if mode is not None and is_directory:
            mode = in_letters(mode, of_file=False)
        if track or (track is None and not is_directory):
            digest = files.content(copy.from_, copy.exclude)
    return Copy(
        path=copy.from_,
        to=copy.to,
        stage=copy.stage,
        image=None if copy.image is None else str(parse(copy.image)),
        owner=copy.owner,
        mode=mode,
        exclude=copy.exclude,
        digest=digest,
    )


def _shell(words: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Append ``-c`` if missing: Docker's SHELL ends in the flag for the script."""
    if words is None or re.fullmatch(r"-[a-z]*c", words[-1]):
        return words
    return (*words, "-c")


def _config(declaration: Declaration) -> RuntimeConfig:
    check = declaration.healthcheck
    return RuntimeConfig(
        env=declaration.env,
        workdir=declaration.workdir,
        entrypoint=declaration.entrypoint,
        cmd=declaration.cmd,
        labels=declaration.labels,
        expose=declaration.expose,
        volumes=declaration.volumes,
        healthcheck=None
        if check is None
        else Healthcheck(
            check.cmd,
            check.interval,
            check.timeout,
            check.start_period,
            check.retries,
        ),
        stop_signal=declaration.stop_signal,
        source_date_epoch=declaration.source_date_epoch,
    )


def _missing(
    loaded: Loaded, path: str, error: NotThereError, where: tuple[str | int, ...]
) -> Diagnostic:
    message = f"cannot copy {path!r}: {error}"
    return Diagnostic(error.code, message, loaded.span(*where), hint=error.hint)


def _refuse_conflicts(loaded: Loaded, stages: tuple[Stage, ...], base: Pin) -> None:
    places = {stage.name: place for place, stage in enumerate(stages)}
    try:
        environments = Environments(stages, base.env)
        for stage in stages:
            environments.of_stage(stage.name)
        environments.of_container(loaded.declaration.env)
    except VariableError as error:
        stage_path = ("stages", places[error.stage]) if error.stage else ()
        raise DeclarationError(
            not_expanded(loaded, (*stage_path, error.table, error.variable), error)
        ) from None
    except EnvironmentConflict as conflict:
        raise DeclarationError(
            Diagnostic(
                "DB0307",
                f"stages {conflict.first!r} and {conflict.second!r} set "
                f"{conflict.variable} to two values",
                loaded.span(
                    "stages", places[conflict.second], "env", conflict.variable
                ),
                hint="let one depend on the other, whose value then gives way, or "
                f'let both extend it, as in "/opt/x:${{{conflict.variable}:-}}"',
                labels=(
                    Label(
                        loaded.span(
                            "stages", places[conflict.first], "env", conflict.variable
                        ),
                        "set here as well",
                    ),
                ),
            )
        ) from None
