"""From a declaration to the target of a lock: reading files, pinning images."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from posixpath import basename
from typing import Literal

from dynbuild.commands.copied import as_copy, is_pattern, pattern_of, sources_of
from dynbuild.commands.downloads import Digester, undigested, with_downloads
from dynbuild.commands.listed import (
    indexes_of,
    own_indexes_of,
    packages_of,
    snapshot_of,
)
from dynbuild.commands.programs import Lacks, unasked
from dynbuild.commands.resolving import resolved
from dynbuild.commands.unfit_stages import (
    refuse_conflicts,
    refuse_platforms,
    refuse_shells,
)
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.schema import Argument, Declaration, ImageFields
from dynbuild.declaration.schema import Healthcheck as DeclaredHealthcheck
from dynbuild.declaration.schema import User as DeclaredUser
from dynbuild.declaration.schema_stage import Copy as DeclaredCopy
from dynbuild.declaration.schema_stage import InlineFile as DeclaredFile
from dynbuild.declaration.syntax.tree import Path
from dynbuild.emit.modes import in_letters
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.lockfile.images import ONLY, TargetImage, Targets
from dynbuild.lockfile.model import Target
from dynbuild.lockfile.own_packages import key_of
from dynbuild.ports import Files, NotThereError
from dynbuild.reference import SCRATCH, parse, start
from dynbuild.steps.image import Healthcheck, RuntimeConfig
from dynbuild.steps.late import REFERENCE
from dynbuild.steps.model import (
    DEFAULT_SHELL,
    AptSource,
    Copy,
    InlineFile,
    Pin,
    Setup,
    Stage,
    User,
)
from dynbuild.steps.nothing import NOTHING
from dynbuild.steps.recipe import content_of
from dynbuild.steps.touched import touched

Pinner = Callable[[str], Pin]
"""Returns the pin of a full reference, from a lock or from its registry."""


def targets_of(
    loaded: Loaded,
    files: Files,
    pin: Pinner,
    digests: Digester = undigested,
    lacks: Lacks = unasked,
) -> Targets:
    """Return the targets of all images of a declaration; its only one has no name.

    Raises as ``target_of`` does, and tells what is inherited once.
    """
    if not loaded.images:
        whole = target_of(loaded, files, pin, digests, lacks)
        return {ONLY: TargetImage(None, publish=True, whole=whole, config=whole.config)}
    found: dict[str, TargetImage] = {}
    problems: dict[tuple[object, ...], Diagnostic] = {}
    for image in loaded.images:
        try:
            whole = target_of(image.whole, files, pin, digests, lacks)
            whole = replace(whole, arguments=loaded.arguments)
        except DeclarationError as error:
            for one in error.diagnostics:
                problems.setdefault((one.code, one.message, one.span), one)
            continue
        config = _config(image.own, whole.shell, loaded.declaration.args)
        found[image.name] = TargetImage(image.extends, image.publish, whole, config)
    if problems:
        raise DeclarationError(*problems.values())
    return found


def target_of(
    loaded: Loaded,
    files: Files,
    pin: Pinner,
    digests: Digester = undigested,
    lacks: Lacks = unasked,
) -> Target:
    """Return the target of a declaration, with its files and images looked up.

    Raises DeclarationError with every missing file, or with the first variable that
    cannot be expanded or that two stages set to different values; UnreachableError
    where an image or a download is asked for in vain.
    """
    declaration = loaded.declaration
    problems: list[Diagnostic] = []
    below = loaded.below
    stages = tuple(
        _stage(loaded, place, below[stage.name], files, problems)
        for place, stage in enumerate(declaration.stages)
    )
    setups = tuple(_setups(loaded, files, problems))
    sources = tuple(_sources(loaded, (), files, problems))
    if problems:
        raise DeclarationError(*problems)

    def pinned(image: str) -> Pin:
        return NOTHING if image == SCRATCH else pin(image)

    shell = _shell(declaration.shell) or DEFAULT_SHELL
    base = pinned(start(declaration.base))
    stages = with_downloads(loaded, stages, lambda one: digests(one, base))
    images = {image: pinned(image) for stage in stages for image in stage.images}
    refuse_shells(loaded, lambda image, program: lacks(pinned(start(image)), program))
    refuse_platforms(loaded, stages, base, images)
    refuse_conflicts(loaded, stages, base, images)
    return Target(
        base=base,
        packages=packages_of(declaration),
        setups=setups,
        sources=sources,
        indexes=indexes_of(declaration),
        scripts=declaration.env_scripts,
        user=_user(declaration),
        stages=stages,
        images=images,
        shell=shell,
        config=_config(declaration, shell, declaration.args),
        arguments=loaded.arguments,
        found=frozenset(
            stage.name for stage in declaration.stages if stage.touches is None
        ),
        resolve=declaration.lock.resolve,
        snapshot=snapshot_of(declaration),
    )


def _user(declaration: Declaration) -> User | None:
    if declaration.user is None or not declaration.user.create:
        return None
    others = tuple(_account(one) for one in declaration.users)
    return replace(_account(declaration.user), sudo=declaration.sudo, others=others)


def _account(declared: DeclaredUser) -> User:
    uid = declared.uid
    home = declared.home
    if home is None and declared.system:
        home = False
    account: User = resolved(
        User,
        declared,
        uid=(999 if declared.system else 1000) if uid is None else uid,
        home="" if home is False else home,
        sudo=False,
        others=(),
    )
    return account


def _config(
    declaration: ImageFields, shell: tuple[str, ...], args: Mapping[str, Argument]
) -> RuntimeConfig:
    """Resolve the runtime config; lines for the shell name it, as in an image."""
    lines = {
        name: (*shell, line.strip())
        for name in ("entrypoint", "cmd")
        if isinstance(line := getattr(declaration, name), str)
    }
    user = declaration.user
    config: RuntimeConfig = resolved(
        RuntimeConfig,
        declaration,
        user=user.name if user and not user.create else None,
        healthcheck=_healthcheck(declaration.healthcheck),
        late=_late(declaration, args),
        **lines,
    )
    return config


def _late(declaration: ImageFields, args: Mapping[str, Argument]) -> dict[str, str]:
    """Return the defaults of the arguments that are known when the image is made."""
    tables = (declaration.labels, declaration.annotations, declaration.env)
    texts = [text for table in tables for text in table.values()]
    named = {name for text in texts for name in REFERENCE.findall(text)}
    return {
        name: one.default or ""
        for name, one in args.items()
        if one.late and name in named
    }


def _healthcheck(
    declared: DeclaredHealthcheck | Literal[False] | None,
) -> Healthcheck | None:
    if not declared:
        return None if declared is None else Healthcheck(none=True)
    line = declared.cmd.strip() if isinstance(declared.cmd, str) else None
    cmd = () if isinstance(declared.cmd, str) else declared.cmd
    found: Healthcheck = resolved(
        Healthcheck, declared, cmd=cmd, shell=line, none=False
    )
    return found


def _sources(
    loaded: Loaded, at: Path, files: Files, problems: list[Diagnostic]
) -> Iterator[AptSource]:
    declared = loaded.declaration.stages[int(at[1])] if at else loaded.declaration
    for place, source in enumerate(declared.apt_sources):
        digest = None
        if source.key is not None:
            try:
                digest = files.content(source.key, ())
            except NotThereError as error:
                where = (*at, "apt_sources", place, "key")
                problems.append(_missing(loaded, source.key, error, where))
        yield resolved(AptSource, source, key_digest=digest)


def _setups(
    loaded: Loaded, files: Files, problems: list[Diagnostic]
) -> Iterator[Setup]:
    for place, setup in enumerate(loaded.declaration.setup):
        at = ("setup", place)
        copies = _copies(loaded, setup.copies, at, True, files, problems)  # noqa: FBT003
        written = _written(setup.files)
        yield Setup(tuple(copies), written, setup.commands)


def _written(declared: Mapping[str, DeclaredFile]) -> tuple[InlineFile, ...]:
    return tuple(
        InlineFile(to, one.text, one.owner, one.mode)
        for to, one in sorted(declared.items())
    )


def _copies(  # noqa: PLR0913, PLR0917 - all that copies depend on
    loaded: Loaded,
    declared: Sequence[DeclaredCopy],
    at: tuple[str | int, ...],
    track: bool | None,  # noqa: FBT001
    files: Files,
    problems: list[Diagnostic],
) -> Iterator[Copy]:
    for number, copy in enumerate(declared):
        try:
            yield from _copied(copy, track, files)
        except NotThereError as error:
            where = (*at, "copy", number, "from")
            problems.append(_missing(loaded, copy.from_, error, where))


def _stage(
    loaded: Loaded,
    place: int,
    below: tuple[str, ...],
    files: Files,
    problems: list[Diagnostic],
) -> Stage:
    stage = loaded.declaration.stages[place]
    at = ("stages", place)
    copies = _copies(loaded, stage.copies, at, stage.track, files, problems)
    found: Stage = resolved(
        Stage,
        stage,
        name=stage.name,
        dependencies=below,
        copies=tuple(copies),
        files=_written(stage.files),
        mounts=tuple(_mounts(loaded, place, files, problems)),
        add=(),
        shell=_shell(stage.shell),
        bump=0,
        **({"touches": touched(stage.commands)} if stage.touches is None else {}),
        **({} if stage.base is None else {"base": start(stage.base)}),
        packages={
            key_of(manager, key): spec
            for manager, specs in packages_of(stage).items()
            for key, spec in specs.items()
        },
        apt_sources=tuple(sorted(_sources(loaded, at, files, problems), key=repr)),
        **own_indexes_of(loaded.declaration, stage),
    )
    return found


def _mounts(
    loaded: Loaded, place: int, files: Files, problems: list[Diagnostic]
) -> Iterator[Copy]:
    stage = loaded.declaration.stages[place]
    for number, mount in enumerate(stage.mounts):
        where = ("stages", place, "mounts", number)
        try:
            found = _copy(as_copy(mount), stage.track, files)
            below = found.of_project and found.to.endswith("/")
            if below and not files.is_directory(found.path):
                name = found.to + basename(found.path)
                message = f"the file {found.path!r} is mounted as a file, not below one"
                span = loaded.span(*where, "to")
                problems.append(Diagnostic("DB0138", message, span, f"write {name!r}"))
            yield found
        except NotThereError as error:
            problems.append(_missing(loaded, mount.from_, error, (*where, "from")))


def _copied(copy: DeclaredCopy, track: bool | None, files: Files) -> Iterator[Copy]:  # noqa: FBT001
    """Yield what a copy takes, which is nothing if it may be. Raises NotThereError."""
    if copy.stage is not None or copy.image is not None:
        yield _copy(copy, track, files)
        return
    found = sources_of(copy, files)
    if not is_pattern(copy):
        yield from (_copy(copy, track, files) for _ in found)
    elif found:
        matched: Copy = resolved(
            Copy, copy, path=copy.from_, files=found, digest=None, pattern="none"
        )
        yield replace(matched, digest=content_of(matched, files.content))


def _copy(copy: DeclaredCopy, track: bool | None, files: Files) -> Copy:  # noqa: FBT001
    digest, mode = None, copy.mode
    if copy.stage is None and copy.image is None:
        is_directory = files.is_directory(copy.from_)
        if mode is not None and is_directory:
            mode = in_letters(mode, of_file=False)
        if track or (track is None and not is_directory):
            digest = files.content(copy.from_, copy.exclude)
    image = None if copy.image is None else str(parse(copy.image))
    found: Copy = resolved(
        Copy,
        copy,
        path=copy.from_,
        image=image,
        mode=mode,
        digest=digest,
        files=(),
        pattern=pattern_of(copy),
    )
    return found


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
