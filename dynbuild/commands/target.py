"""From a declaration to the target of a lock: reading files, pinning images."""

import re
from collections.abc import Callable, Iterator

from pydantic import BaseModel

from dynbuild.declaration.graph import stands_on
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.schema import Copy as DeclaredCopy
from dynbuild.declaration.schema import Declaration
from dynbuild.declaration.variables import not_expanded
from dynbuild.emit.modes import in_letters
from dynbuild.errors import DeclarationError, Diagnostic, Label
from dynbuild.lockfile.model import DEFAULT_SHELL, Target
from dynbuild.ports import Files, NotThereError
from dynbuild.reference import parse
from dynbuild.steps.environment import EnvironmentConflict, Environments
from dynbuild.steps.expansion import VariableError
from dynbuild.steps.fields import COLUMNS, FieldValue
from dynbuild.steps.kinds import FieldKind, RecordKind, Records
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.model import (
    AptSource,
    Copy,
    Pin,
    RuntimeConfig,
    Stage,
    User,
)
from dynbuild.steps.touched import touched

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
        config=_resolved(RuntimeConfig, declaration),
        arguments=loaded.arguments,
        found=frozenset(
            stage.name for stage in declaration.stages if stage.touches is None
        ),
    )


def _packages(declaration: Declaration) -> dict[str, dict[str, str]]:
    return {
        manager.name: {manager.key(spec): spec for spec in sorted(specs)}
        for manager in MANAGERS.values()
        if (specs := getattr(declaration, manager.field))
    }


def _user(declaration: Declaration) -> User | None:
    if declaration.user is None:
        return None
    user: User = _resolved(User, declaration.user, sudo=declaration.sudo)
    return user


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
        yield _resolved(AptSource, source, key_digest=digest)


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
    resolved: Stage = _resolved(
        Stage,
        stage,
        name=stage.name,
        dependencies=below,
        copies=tuple(copies),
        shell=_shell(stage.shell),
        bump=0,
        **({"touches": touched(stage.commands)} if stage.touches is None else {}),
    )
    return resolved


def _resolved(of: type, declared: BaseModel, **found: FieldValue) -> FieldValue:
    """Return a declared value as its resolved type; ``found`` overrides fields."""
    for column in COLUMNS[of]:
        value = None if column.name in found else getattr(declared, column.name)
        if value is not None:
            found[column.name] = _as_declared(column.kind, value)
    return of(**found)


def _as_declared(kind: FieldKind, value: FieldValue) -> FieldValue:
    match kind:
        case RecordKind(of):
            return _resolved(of, value)
        case Records(of):
            return tuple(_resolved(of, item) for item in value)
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
    image = None if copy.image is None else str(parse(copy.image))
    resolved: Copy = _resolved(
        Copy, copy, path=copy.from_, image=image, mode=mode, digest=digest
    )
    return resolved


def _shell(words: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Append ``-c`` if missing: Docker's SHELL ends in the flag for the script."""
    if words is None or re.fullmatch(r"-[a-z]*c", words[-1]):
        return words
    return (*words, "-c")


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
